// A rollout as the operator API describes it.

import Model

struct RolloutRecord {
    let json: JSON

    static func list(_ reply: JSON) -> [RolloutRecord] {
        reply["rollouts"].items.map(RolloutRecord.init)
    }

    var id: String { json["id"].word ?? "?" }
    var version: UInt64 { json["version"].unsigned ?? 0 }
    var strategy: String { json["strategy"].string ?? "?" }
    var state: String { json["state"].string ?? "?" }
    var isOpen: Bool { state == "running" || state == "paused" }
    var author: String { json["author"].string ?? "" }
    var message: String { json["message"].string ?? "" }
    var createdMs: Int64? { json["createdMs"].integer }
    var finishedMs: Int64? { json["finishedMs"].integer }
    var failure: String? { json["failure"].string }
    var scope: ScopeText { ScopeText(json: json["scope"]) }

    /// Number of the current wave, counted from 1 as people do.
    var wave: Int { max(1, min((json["wave"].int ?? 0) + 1, waves.count)) }
    var waves: [JSON] { json["waves"].items }
    var devices: [RolloutDevice] { json["devices"].items.map(RolloutDevice.init) }

    func count(_ name: String) -> Int { json["counts"][name].int ?? 0 }
    var targets: Int { count("targets") }
    /// Devices that took the set, whatever came of it.
    var applied: Int {
        let known = devices.filter { $0.appliedMs != nil }.count
        return known > 0 ? known : count("trial") + count("confirmed")
    }

    /// Seconds from push to applied: the server's figures, else from the devices that are listed.
    var convergence: (p50: Double, p99: Double)? {
        let given = json["convergence"]
        if let p50 = given["p50S"].double, let p99 = given["p99S"].double { return (p50, p99) }
        guard let createdMs else { return nil }
        let seconds = devices.compactMap(\.appliedMs).map { Double($0) / 1000 - Double(createdMs) / 1000 }
            .sorted()
        guard !seconds.isEmpty else { return nil }
        return (Self.nearestRank(seconds, 0.5), Self.nearestRank(seconds, 0.99))
    }

    private static func nearestRank(_ sorted: [Double], _ quantile: Double) -> Double {
        let rank = Int((quantile * Double(sorted.count)).rounded(.up))
        return sorted[max(0, min(sorted.count, rank) - 1)]
    }

    /// What its end, or its pause, means to a script.
    var exit: ExitCode {
        switch state {
        case "converged", "running": .success
        case "failed": .gateFailed
        case "paused": .paused
        default: .differs
        }
    }
}

struct RolloutDevice {
    let json: JSON

    var id: String { json["id"].string ?? "?" }
    var model: String { json["model"].string ?? "" }
    var wave: Int { (json["wave"].int ?? 0) + 1 }
    var phase: String { json["phase"].string ?? "?" }
    var reason: String { json["reason"].string ?? "" }
    var appliedMs: Int64? { json["appliedMs"].integer }
    var confirmedMs: Int64? { json["confirmedMs"].integer }
    var isLive: Bool { json["isLive"].bool ?? false }
    var isRefusal: Bool { phase == "refused" || phase == "reverted" }
}

/// Whom a set is for, in words.
struct ScopeText: Equatable {
    let devices: [String]
    let labels: [String]

    init(devices: [String], labels: [String]) {
        self.devices = devices.sorted()
        self.labels = labels.sorted()
    }

    init(_ scope: Scope) {
        self.init(devices: scope.devices.map(\.hex), labels: scope.labels.map(\.text))
    }

    init(json: JSON) {
        self.init(
            devices: json["devices"].items.compactMap(\.string),
            labels: json["labels"].items.compactMap(\.string))
    }

    var isEveryDevice: Bool { devices.isEmpty && labels.isEmpty }

    /// What can't be read as a device or a label is left out.
    var scope: Scope {
        Scope(devices: devices.compactMap { DeviceID(hex: $0) }, labels: labels.compactMap { Label($0) })
    }

    var text: String {
        if isEveryDevice { return "every device" }
        var parts = labels
        if devices.count == 1 { parts.append("device \(devices[0].prefix(12))") }
        if devices.count > 1 { parts.append("\(devices.count) devices") }
        return parts.joined(separator: ", ")
    }
}
