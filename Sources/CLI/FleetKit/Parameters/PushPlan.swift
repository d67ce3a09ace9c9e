// What a push would do, worked out before anything is sent: the set, whom it is for, what differs
// from what they run, and the rollout's shape.

import Bytes
import Digest
import Model
import Wire

struct PushPlan {
    let call: Invocation
    let api: API
    let version: UInt64
    let soakS: Int
    let differences: [ParameterDifference]
    private let file: ParameterFile
    private let scope: Scope
    private let old: ParameterSource
    private let narrower: [RolloutRecord]
    private let targets: [DeviceRecord]
    /// Rollouts under way for some of the targets.
    private let overlapping: [RolloutRecord]
    private let canary: String?

    init(_ call: Invocation) throws(Failure) {
        self.call = call
        let arguments = call.arguments
        guard let path = arguments.value(PushCommand.file) else {
            throw .usage("fleet push: -f FILE is missing", hint: "see: fleet push --help")
        }
        try Self.checkShape(arguments)
        canary = try Self.canary(arguments)
        soakS = try call.seconds(
            PushCommand.soak, standard: arguments.value(PushCommand.strategy) == "all" ? 0 : 600)
        file = try ParameterFile.load(path)
        try Self.checkAudience(arguments, file.scope)
        let labels = try call.labels(PushCommand.label).compactMap { Label($0) }
        var ids: [String] = []
        for id in arguments.values(PushCommand.device) { ids.append(try DeviceIDText.checked(id)) }

        api = try call.api()
        scope = try Self.scope(arguments, file.scope, labels, ids, api)
        let sets = try SetList(api: api)
        let accepted = DeviceRecord.list(try api.get("/v1/devices?status=accepted"))
        version = try sets.next(
            after: try call.home.lastVersion(), lastFile: call.home.lastVersionFile, devices: accepted)
        let words = ScopeText(scope)
        let inForce = sets.inForce(for: words)
        narrower = sets.narrower(than: words, after: inForce ?? 0)
        old = if let inForce { try ParameterSource.fetched(inForce, api) } else { .builtIn }
        differences = ParameterDifference.between(
            (old.profile, old.values), (file.profile, file.values))
        let scope = scope
        let targets = accepted.filter { $0.isIncluded(in: scope) }
        self.targets = targets
        overlapping = sets.rollouts.filter { rollout in
            rollout.isOpen
                && (words.isEveryDevice || rollout.scope.isEveryDevice || rollout.scope == words
                    || targets.contains { $0.isIncluded(in: rollout.scope.scope) })
        }
    }

    /// Only where every target runs what the file is compared with, and nothing is under way that would
    /// change it: after an aborted or failed rollout devices run other sets, and the same values are the
    /// way back. Newer sets for a part of the audience would be replaced, which changes something too.
    var changesNothing: Bool {
        differences.isEmpty && narrower.isEmpty && strays.isEmpty && overlapping.isEmpty
            && !call.arguments.has(PushCommand.force)
    }

    /// How many targets run another version than the one compared with, oldest version first. One that
    /// was never heard of gets the newest set when it comes, so it runs no other.
    private var strays: [(version: UInt64, count: Int)] {
        let compared = old.set?.version ?? 0
        var counts: [UInt64: Int] = [:]
        for device in targets where device.lastSeenMs != nil {
            let version = device.parameterVersion ?? 0
            if version != compared { counts[version, default: 0] += 1 }
        }
        return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    var audience: String {
        let live = targets.filter(\.isLive).count
        let silent = targets.count == live ? "" : ", \(targets.count - live) of them silent"
        return "\(Format.count(targets.count, "device"))\(silent) (\(ScopeText(scope).text))"
    }

    /// Of what the file is compared with.
    private var have: String { old.set == nil ? "have" : "has" }

    func show(isFinal: Bool) throws(Failure) {
        let terminal = call.terminal
        if isFinal, call.wantsJSON {
            let json = JSON.object([
                "version": .number(version), "previousVersion": .number(old.set?.version ?? 0),
                "devices": .array(targets.map { .text($0.id) }),
                "differences": ParameterDifference.json(differences),
                "otherVersions": .array(strays.map {
                    .object(["version": .number($0.version), "count": .number($0.count)])
                }),
                "openRollouts": .array(overlapping.map { .text($0.id) }),
            ])
            return terminal.verbatim(json.pretty)
        }
        if changesNothing {
            terminal.line("nothing changes: \(old.name) \(have) these values")
        } else if differences.isEmpty {
            terminal.line("\(old.name) \(have) these values; v\(version) brings them again, for \(audience)")
        } else {
            terminal.line("\(old.name) → v\(version), \(Format.count(differences.count, "change")) for \(audience)")
            terminal.table(ParameterDifference.table(differences))
        }
        for stray in strays {
            let who = Format.count(stray.count, "device") + (stray.count == 1 ? " runs" : " run")
            let what = stray.version == 0 ? "the built-in defaults" : "v\(stray.version)"
            terminal.line(Styled("\(who) \(what)", .warning))
        }
        for rollout in overlapping {
            let what = "rollout \(rollout.id) of v\(rollout.version) by \(rollout.author) is \(rollout.state)"
            terminal.line(Styled("\(what): the server takes no other before it ends", .warning))
        }
        for rollout in narrower {
            terminal.line(Styled("replaces v\(rollout.version), which \(rollout.scope.text) runs", .warning))
        }
        if targets.isEmpty { terminal.line(Styled("no accepted device is meant by this", .warning)) }
    }

    /// Signs and hands over.
    func submit(signing signer: SetSigner) throws(Failure) -> JSON {
        let arguments = call.arguments
        let set = ParameterSet(
            version: version, previousVersion: old.set?.version ?? 0, createdMs: call.timepiece.nowMs,
            notAfterMs: file.notAfterMs, scope: scope, profile: file.profile, values: file.values)
        let envelope = try signer.envelope(of: set)
        try call.home.remember(lastVersion: version)
        let strategy = arguments.value(PushCommand.strategy) ?? "golden"
        var members = [
            ("envelopeHex", JSON.text(Hex.encode(envelope.encoded()))), ("strategy", .text(strategy)),
            ("soakS", .number(soakS)), ("author", .text(call.author)),
            ("message", .text(arguments.value(PushCommand.message) ?? "")),
        ]
        if strategy == "golden" { members.append(("canary", .text(canary ?? "1"))) }
        return try api.post(
            "/v1/rollouts",
            JSON(.object(members.map { JSON.Member(name: $0.0, line: 0, value: $0.1) })))
    }

    private static func checkShape(_ arguments: ParsedArguments) throws(Failure) {
        guard arguments.value(PushCommand.strategy) == "all" else { return }
        for option in [PushCommand.canary, PushCommand.soak] where arguments.has(option) {
            throw .usage("--\(option.name) means nothing with --strategy all", hint: "it has one wave and no soak")
        }
    }

    private static func canary(_ arguments: ParsedArguments) throws(Failure) -> String? {
        guard let text = arguments.value(PushCommand.canary) else { return nil }
        let isShare = text.hasSuffix("%")
        guard let number = Int(isShare ? text.dropLast() : text[...]),
            (1...(isShare ? 100 : 1_000_000)).contains(number)
        else {
            throw .usage(
                "--canary: “\(text)” is neither a number of devices nor a percentage", hint: "such as 1 or 5%")
        }
        return text
    }

    private static func checkAudience(_ arguments: ParsedArguments, _ inFile: Scope) throws(Failure) {
        let ways = [PushCommand.all, PushCommand.label, PushCommand.device].filter(arguments.has)
        if ways.isEmpty, inFile.isEveryDevice {
            throw .usage(
                "fleet push: for whom? Nobody is meant by default",
                hint: "--all for every device, -l KEY=VALUE for a part, --device ID for one")
        }
        if arguments.has(PushCommand.all), ways.count > 1 {
            throw .usage("--all excludes -l and --device")
        }
        if !ways.isEmpty, !inFile.isEveryDevice {
            throw .usage(
                "the file has a scope of its own",
                hint: "leave out --\(ways[0].name), or the file's \"scope\"")
        }
    }

    private static func scope(
        _ arguments: ParsedArguments, _ inFile: Scope, _ labels: [Label], _ ids: [String], _ api: API
    ) throws(Failure) -> Scope {
        if !inFile.isEveryDevice { return inFile }
        var scope = Scope(labels: labels)
        guard labels.count <= Label.countMax, ids.count <= Scope.deviceCountMax else {
            throw .usage("a set names at most \(Label.countMax) labels and \(Scope.deviceCountMax) devices")
        }
        for id in ids {
            let found = DeviceRecord(json: try api.get("/v1/devices/\(id)")).id
            guard found.hasPrefix(id), let device = DeviceID(hex: found) else {
                throw Failure("the server answered for another device than \(id)")
            }
            if !scope.devices.contains(device) { scope.devices.append(device) }
        }
        return scope
    }
}
