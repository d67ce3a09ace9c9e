enum RolloutShowCommand {
    private static let watch = Option.flag("watch", short: "w", "follow it until it ends, then show it")
    private static let timeout = Option.value("timeout", "DURATION", "with -w: give up watching then (default never)")

    static let command = Command(
        path: ["rollout", "show"], summary: "one rollout: its waves, devices, refusals and reasons",
        arguments: [.maybe("ID", RolloutWord.meaning + "; default: the newest")],
        options: [watch, timeout],
        json: "Rollout, as GET /v1/rollouts/{id} gives it",
        examples: [
            Example("the newest", "fleet rollout show"),
            Example("follow the one that pushes v6", "fleet rollout show v6 -w"),
        ],
        exits: RolloutWatch.exits,
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        let limit = try call.seconds(timeout, standard: 0)
        let word = call.arguments.positionals.first
        if let word { try RolloutWord.check(word) }
        let api = try call.api()
        let id = try RolloutWord.find(word, api).id
        var rollout = RolloutRecord(json: try api.get("/v1/rollouts/\(API.segment(id))"))
        var exit = rollout.exit
        if call.arguments.has(watch) {
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
    static let meaning = "a set's version, as 4 or v4; or the rollout's id, or at least 4 digits it begins with"
    private static let digitsLeast = 4

    /// What can be said of the word before any server is asked.
    static func check(_ word: String) throws(Failure) {
        if word.trimmingSpaces.isEmpty {
            throw .usage("an empty word names no rollout", hint: "see: fleet rollout list")
        }
    }

    /// A version comes first: few digits are meant as one, and each rollout has its own.
    static func find(_ word: String?, _ api: API) throws(Failure) -> RolloutRecord {
        let rollouts = RolloutRecord.list(try api.get("/v1/rollouts"))
            .sorted { ($0.createdMs ?? 0) > ($1.createdMs ?? 0) }
        guard let word else {
            guard let newest = rollouts.first else {
                throw Failure("there are no rollouts yet", hint: "the first one: fleet push")
            }
            return newest
        }
        try check(word)
        var found = rollouts.filter { "\($0.version)" == word || "v\($0.version)" == word }
        if found.isEmpty { found = rollouts.filter { $0.id == word } }
        if found.isEmpty, word.utf8.count >= digitsLeast {
            found = rollouts.filter { $0.id.hasPrefix(word.lowercased()) }
        }
        guard let first = found.first else {
            throw Failure(
                "no rollout is “\(word)”",
                hint: "a version, or at least \(digitsLeast) digits of an id: fleet rollout list")
        }
        guard found.count == 1 else {
            throw Failure(
                "“\(word)” may be any of \(found.map(\.id).joined(separator: ", "))", exit: .refused)
        }
        return first
    }
}
