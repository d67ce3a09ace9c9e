enum RolloutListCommand {
    static let command = Command(
        path: ["rollout", "list"], summary: "the rollouts, newest first",
        json: "{\"rollouts\": [Rollout without devices]}, as GET /v1/rollouts gives them",
        examples: [Example("what is under way", "fleet rollout list")],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        let reply = try call.api().get("/v1/rollouts")
        if call.wantsJSON {
            call.terminal.verbatim(reply.pretty)
            return .success
        }
        var table = Table([
            .left("ROLLOUT"), .right("SET"), .left("STATE"), .left("STRATEGY"), .right("WAVE"),
            .right("CONFIRMED"), .right("P50"), .right("P99"), .left("BEGAN"), .left("BY"), .text("FOR"),
            .text("WHY"),
        ])
        let rollouts = RolloutRecord.list(reply).sorted { ($0.createdMs ?? 0) > ($1.createdMs ?? 0) }
        for rollout in rollouts {
            let convergence = rollout.convergence
            table.add([
                Styled(rollout.id), "v\(rollout.version)", stateText(rollout.state), Styled(rollout.strategy),
                "\(rollout.wave)/\(rollout.waves.count)",
                "\(rollout.count("confirmed"))/\(rollout.targets)", Format.seconds(convergence?.p50),
                Format.seconds(convergence?.p99), Format.ago(rollout.createdMs, now: call.timepiece.nowMs),
                Format.text(rollout.author), Styled(rollout.scope.text), Format.text(rollout.message),
            ])
        }
        if table.isEmpty {
            call.terminal.line("no rollouts yet; the first one: fleet push")
        } else {
            call.terminal.table(table)
        }
        return .success
    }

    static func stateText(_ state: String) -> Styled {
        switch state {
        case "converged": Styled(state, .good)
        case "running": Styled(state, .bold)
        case "paused": Styled(state, .warning)
        case "failed": Styled(state, .bad)
        default: Styled(state, .dim)
        }
    }
}
