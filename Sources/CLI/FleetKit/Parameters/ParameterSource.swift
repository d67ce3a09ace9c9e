// What `parameters show` and `diff` take: a version, a file, `default`, or `current`.

import Bytes
import Model

struct ParameterSource {
    let name: String
    let profile: Profile
    let values: ParameterValues
    /// Where it came from the server.
    let set: SetRecord?

    private init(name: String, profile: Profile, values: ParameterValues, set: SetRecord? = nil) {
        self.name = name
        self.profile = profile
        self.values = values
        self.set = set
    }

    init(_ word: String, _ call: Invocation) throws(Failure) {
        if word == "default" || word == "0" || word == "v0" {
            self = Self.builtIn
        } else if word == "current" {
            self = try Self.current(try call.api(), for: ScopeText(devices: [], labels: []))
        } else if let version = Self.version(word) {
            self = try Self.fetched(version, try call.api())
        } else {
            let file = try ParameterFile.load(word)
            self.init(name: word, profile: file.profile, values: file.values)
        }
    }

    static let builtIn = ParameterSource(
        name: "built-in defaults", profile: .pi, values: ParameterValues())

    static func current(_ api: API, for scope: ScopeText) throws(Failure) -> ParameterSource {
        guard let version = try SetList(api: api).inForce(for: scope) else { return builtIn }
        return try fetched(version, api)
    }

    static func fetched(_ version: UInt64, _ api: API) throws(Failure) -> ParameterSource {
        let set = SetRecord(json: try api.get("/v1/parameters/\(version)"))
        return ParameterSource(name: "v\(version)", profile: set.profile, values: set.values, set: set)
    }

    /// `4` or `v4`.
    private static func version(_ word: String) -> UInt64? {
        UInt64(word.hasPrefix("v") ? word.dropFirst() : word[...])
    }

    var json: JSON {
        if let set { return set.json }
        let file = ParameterFile(profile: profile, values: values).json
        let groups = file.members.filter { $0.name != "profile" }
        return .object([
            "version": .number(0), "profile": .text(profile.name), "values": JSON(.object(groups)),
        ])
    }
}
