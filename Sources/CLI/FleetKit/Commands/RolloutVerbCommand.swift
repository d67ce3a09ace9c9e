/// pause, resume, promote, abort.
enum RolloutVerbCommand {
    static let all = [
        command("pause", "offer the set to no more devices for now", "paused"),
        command("resume", "go on with a paused rollout", "resumed"),
        command("promote", "begin the next wave now, without waiting for the soak", "promoted", asks: true),
        command("abort", "end a rollout for good; devices that took the set keep it", "aborted", asks: true),
    ]

    private static let yes = Option.flag("yes", short: "y", "don't ask")

    /// - Parameter asks: what can't be taken back is asked about.
    private static func command(
        _ verb: String, _ summary: String, _ done: String, asks: Bool = false
    ) -> Command {
        Command(
            path: ["rollout", verb], summary: summary,
            arguments: [.one("ID", RolloutWord.meaning)],
            options: asks ? [yes] : [],
            json: "Rollout, as POST /v1/rollouts/{id}/\(verb) gives it"
                + (asks ? ". Asks nothing, so it needs --yes" : ""),
            examples: [Example("by the version it pushes", "fleet rollout \(verb) v6")],
            exits: [(.success, done)] + (asks ? [(.differs, "failed, or the answer was no")] : []),
            run: { call throws(Failure) in
                let word = call.arguments.positionals[0]
                try RolloutWord.check(word)
                let api = try call.api()
                let found = try RolloutWord.find(word, api)
                if asks {
                    let what = "\(verb.prefix(1).uppercased())\(verb.dropFirst()) rollout \(found.id)"
                    try call.confirm(
                        "\(what) (v\(found.version) to \(found.scope.text), \(progress(found)))?",
                        unless: yes, done: done, hint: "add --yes")
                }
                let rollout = RolloutRecord(
                    json: try api.post("/v1/rollouts/\(API.segment(found.id))/\(verb)"))
                if call.wantsJSON {
                    call.terminal.verbatim(rollout.json.pretty)
                } else {
                    call.terminal.line(
                        "\(done) \(rollout.id): v\(rollout.version) is \(rollout.state), \(progress(rollout))")
                }
                return .success
            })
    }

    private static func progress(_ rollout: RolloutRecord) -> String {
        "wave \(rollout.wave)/\(rollout.waves.count), "
            + "\(rollout.count("confirmed"))/\(rollout.targets) confirmed"
    }
}
