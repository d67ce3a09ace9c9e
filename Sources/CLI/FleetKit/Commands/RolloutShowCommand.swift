enum RolloutShowCommand {
    private static let watch = Option.flag("watch", short: "w", "follow it until it ends, then show it")
    private static let timeout = Option.value("timeout", "DURATION", "with -w: give up watching then (default never)")

    static let command = Command(
        path: ["rollout", "show"], summary: "one rollout: its waves, devices, refusals and reasons",
        arguments: [.maybe("ID", "the rollout, or the beginning of its id; a set's version as v4; default: the newest")],
        options: [watch, timeout],
        json: "Rollout, as GET /v1/rollouts/{id} gives it",
        examples: [
            Example("the newest", "fleet rollout show"),
            Example("follow the one that pushes v6", "fleet rollout show v6 -w"),
        ],
        exits: RolloutWatch.exits,
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        let api = try call.api()
        let id = try RolloutWord.id(call.arguments.positionals.first, api)
        var rollout = RolloutRecord(json: try api.get("/v1/rollouts/\(API.segment(id))"))
        var exit = rollout.exit
        if call.arguments.has(watch) {
            let limit = try call.seconds(timeout, standard: 0)
            (rollout, exit) = try RolloutWatch(
                api: api, call: call, timeoutS: limit > 0 ? limit : nil).follow(rollout)
        }
        if call.wantsJSON {
            call.terminal.verbatim(rollout.json.pretty)
        } else {
            RolloutPage(rollout: rollout, now: call.timepiece.nowMs).show(call.terminal)
        }
        return exit
    }
}

/// How an operator names a rollout.
enum RolloutWord {
    static func id(_ word: String?, _ api: API) throws(Failure) -> String {
        let rollouts = RolloutRecord.list(try api.get("/v1/rollouts"))
            .sorted { ($0.createdMs ?? 0) > ($1.createdMs ?? 0) }
        guard let word else {
            guard let newest = rollouts.first else { throw Failure("there are no rollouts yet", hint: "the first one: fleet push") }
            return newest.id
        }
        if rollouts.contains(where: { $0.id == word }) { return word }
        let found = rollouts.filter { $0.id.hasPrefix(word) || "v\($0.version)" == word }
        guard let first = found.first else { throw Failure("no rollout is “\(word)”", hint: "see: fleet rollout list") }
        guard found.count == 1 else {
            throw Failure("“\(word)” may be any of \(found.map(\.id).joined(separator: ", "))", exit: .refused)
        }
        return first.id
    }
}
