/// pause, resume, promote, abort.
enum RolloutVerbCommand {
    static let all = [
        command("pause", "offer the set to no more devices for now", "paused", (.success, "paused")),
        command("resume", "go on with a paused rollout", "resumed", (.success, "resumed")),
        command(
            "promote", "begin the next wave now, without waiting for the soak", "promoted",
            (.success, "promoted")),
        command(
            "abort", "end a rollout for good; devices that took the set keep it", "aborted",
            (.success, "aborted")),
    ]

    private static func command(
        _ verb: String, _ summary: String, _ done: String, _ exit: (ExitCode, String)
    ) -> Command {
        Command(
            path: ["rollout", verb], summary: summary,
            arguments: [.one("ID", "the rollout, or the beginning of its id; a set's version as v4")],
            json: "Rollout, as POST /v1/rollouts/{id}/\(verb) gives it",
            examples: [Example("by the version it pushes", "fleet rollout \(verb) v6")],
            exits: [exit],
            run: { call throws(Failure) in
                let api = try call.api()
                let id = try RolloutWord.id(call.arguments.positionals[0], api)
                let rollout = RolloutRecord(
                    json: try api.post("/v1/rollouts/\(API.segment(id))/\(verb)"))
                if call.wantsJSON {
                    call.terminal.verbatim(rollout.json.pretty)
                } else {
                    call.terminal.line(
                        "\(done) \(rollout.id): v\(rollout.version) is \(rollout.state), wave \(rollout.wave)/\(rollout.waves.count), \(rollout.count("confirmed"))/\(rollout.targets) confirmed")
                }
                return .success
            })
    }
}
