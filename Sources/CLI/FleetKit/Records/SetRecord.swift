// Parameter sets as the server lists them, and which one is in force.

import Model

struct SetRecord {
    let json: JSON

    var version: UInt64 { json["version"].unsigned ?? 0 }
    var createdMs: Int64? { json["createdMs"].integer }
    var author: String { json["author"].string ?? "" }
    var message: String { json["message"].string ?? "" }
    var scope: ScopeText { ScopeText(json: json["scope"]) }
    var profile: Profile {
        Profile.allCases.first { $0.name == json["profile"].string } ?? .pi
    }

    /// Values by the table's names; those a newer server knows beyond it are not ours to judge.
    var values: ParameterValues {
        var values = ParameterValues()
        for parameter in Parameter.allCases {
            let description = parameter.description
            if let value = json["values"]["\(description.group)"]["\(description.name)"].double {
                values[parameter] = value
            }
        }
        return values
    }
}

struct SetList {
    let json: JSON
    let rollouts: [RolloutRecord]

    init(api: API) throws(Failure) {
        json = try api.get("/v1/parameters")
        rollouts = RolloutRecord.list(try api.get("/v1/rollouts"))
    }

    var sets: [SetRecord] {
        json["sets"].items.map(SetRecord.init).sorted { $0.version > $1.version }
    }

    /// A thousand pushes by others since this operator's last.
    private static let leapMax: UInt64 = 2000

    /// The version to sign. Devices take newer ones only, so a server that is believed without limit
    /// could have the last version of all signed, and no update would ever be taken again. What it
    /// shows counts only in the lower half of the numbers, as the aggregator itself counts what devices
    /// claim: however a server lies, the other half is left, and only this operator's own word leads on.
    func next(after lastSigned: UInt64, lastFile: String, devices: [DeviceRecord]) throws(Failure) -> UInt64 {
        guard let next = json["next"].unsigned, next > 0 else {
            throw Failure("the server gives no next version of the parameters")
        }
        guard next % 2 == 0 else {
            throw Failure(
                "the server wants version \(next) signed; sets have even versions", exit: .refused)
        }
        let shown = sets.map(\.version) + devices.compactMap(\.parameterVersion)
        let known = max(lastSigned, shown.filter { $0 < ParameterSet.versionLimit / 2 }.max() ?? 0)
        guard next < ParameterSet.versionLimit, next <= known + Self.leapMax else {
            throw Failure(
                "the server wants version \(next) signed, far above \(known), the newest one known: "
                    + "devices that took it would take nothing below it ever again",
                hint: "is the server to be trusted? If so, write the version before it to \(lastFile)",
                exit: .refused)
        }
        return next
    }

    func rollout(of version: UInt64) -> RolloutRecord? {
        rollouts.filter { $0.version == version }.max { ($0.createdMs ?? 0) < ($1.createdMs ?? 0) }
    }

    /// The newest set that converged for these devices: for all of them, or for exactly this scope.
    /// nil: they still run the built-in defaults. A set whose rollout failed is in force nowhere.
    func inForce(for scope: ScopeText) -> UInt64? {
        rollouts.filter { $0.state == "converged" && ($0.scope.isEveryDevice || $0.scope == scope) }
            .map(\.version).max()
    }

    /// Newer sets for some of these devices only: a push replaces them too.
    func narrower(than scope: ScopeText, after version: UInt64) -> [RolloutRecord] {
        rollouts.filter {
            $0.state == "converged" && $0.version > version && $0.scope != scope
                && !$0.scope.isEveryDevice
        }
    }
}
