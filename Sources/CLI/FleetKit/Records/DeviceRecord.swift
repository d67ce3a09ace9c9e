// A device as the operator API describes it. Fields are read when asked for; one that is missing or
// null is nil, which tables show as "no data".

import Model

struct DeviceRecord {
    let json: JSON

    static func list(_ reply: JSON) -> [DeviceRecord] { reply["devices"].items.map(DeviceRecord.init) }

    var id: String { json["id"].string ?? "?" }
    var model: String { json["model"].string ?? "" }
    var serial: String { json["serial"].string ?? "" }
    var status: String { json["status"].string ?? "?" }
    var isPending: Bool { status == "pending" }
    var isAccepted: Bool { status == "accepted" }
    var isLive: Bool { json["isLive"].bool ?? false }
    var enrolledMs: Int64? { json["enrolledMs"].integer }
    var lastSeenMs: Int64? { json["lastSeenMs"].integer }
    var labels: String {
        json["labels"].members.map { "\($0.name)=\($0.value.string ?? "?")" }.joined(separator: " ")
    }

    /// By its id and the labels it carries, as the device itself will judge.
    func isIncluded(in scope: Scope) -> Bool {
        let carried = json["labels"].members.map { Label(key: $0.name, value: $0.value.string ?? "") }
        return DeviceID(hex: id).map { scope.includes($0, labels: carried) } ?? false
    }

    var temperatureC: Double? { json["temperatureC"].double }
    var memoryTotal: Double? { json["memoryTotalBytes"].double }
    var memoryAvailable: Double? { json["memoryAvailableBytes"].double }
    /// Available memory as a share of all of it; nil before the first report.
    var headroom: Double? {
        guard let total = memoryTotal, total > 0, let available = memoryAvailable else { return nil }
        return available / total
    }
    var isThrottling: Bool { json["throttle"]["now"].isSet }
    var hasThrottled: Bool { json["throttle"]["latched"].isSet }
    var sensorsKnown: Int { json["sensors"]["known"].int ?? 0 }
    /// Nothing on the board tells a temperature, as on a virtual machine; the state stays superposed.
    var lacksTemperature: Bool {
        sensorsMissed > 0 && json["zones"].items.isEmpty
            && !json["hwmon"].items.contains { $0["kind"].string == "temperature" }
    }
    /// The agent counts the temperature sensor that isn't there as one that fails; here it is none.
    var sensorsFailed: Int { sensorsMissed - (lacksTemperature ? 1 : 0) }
    private var sensorsMissed: Int {
        let known = max(0, sensorsKnown)
        return known - min(known, max(0, json["sensors"]["healthy"].int ?? known))
    }

    var decision: JSON { json["decision"] }
    var state: String { decision["state"].string ?? "" }
    var parameterVersion: UInt64? { json["parameterVersion"].unsigned }
    var apply: JSON { json["apply"] }
    var runtime: RuntimeRecord { RuntimeRecord(json: json["runtime"]) }
    var gaps: [JSON] { json["gaps"].items }
    var forks: Int { json["forks"].int ?? 0 }
}

/// The runtime account of one device's pool.
struct RuntimeRecord {
    let json: JSON

    var extension81: Double? { json["extension81"].double.flatMap { $0 > 0 ? $0 : nil } }
    var extension64: Double? { json["extension64"].double.flatMap { $0 > 0 ? $0 : nil } }
    /// A stream must have been admitted for there to be a figure.
    var hasData: Bool { (json["valuesAdmitted"].double ?? 0) > 0 && extension64 != nil }
    var basis: String { json["basis"].string ?? "" }
    var baselineHours: Double? { hasData ? json["baselineHours"].double : nil }
    var runtimeHours: Double? { hasData ? json["runtimeHours"].double : nil }
    var highValueCount: Int { json["highValueCount"].int ?? 0 }
    var highValueDegraded: Int { json["highValueDegraded"].int ?? 0 }
    var worstErrorBound: Double? { json["worstErrorBound"].double }
    var shares: [Double?] { ["share81", "share16", "share8"].map { json[$0].double } }
    var refused: Int { json["refused"].int ?? 0 }
}

extension JSON {
    /// true, or a mask of latches with any bit set.
    var isSet: Bool { bool ?? ((integer ?? 0) != 0) }
}
