enum ParametersListCommand {
    static let command = Command(
        path: ["parameters", "list"], summary: "the parameter sets that were pushed",
        json: "{\"next\", \"sets\": [{\"version\", \"previousVersion\", \"createdMs\", \"author\", \"message\", "
            + "\"rolloutID\"}]}, as GET /v1/parameters gives it",
        examples: [Example("who changed what, and why", "fleet parameters list")],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        let list = try SetList(api: try call.api())
        if call.wantsJSON {
            call.terminal.verbatim(list.json.pretty)
            return .success
        }
        var table = Table([
            .right("VERSION"), .left("MADE"), .left("BY"), .text("FOR"), .left("ROLLOUT"), .text("WHY"),
        ])
        for set in list.sets {
            let rollout = list.rollout(of: set.version)
            table.add([
                "v\(set.version)", Format.ago(set.createdMs, now: call.timepiece.nowMs), Format.text(set.author),
                Format.text(rollout?.scope.text ?? ""),
                rollout.map { RolloutListCommand.stateText($0.state) } ?? Format.text(""),
                Format.text(set.message),
            ])
        }
        if table.isEmpty {
            call.terminal.line("nothing was pushed yet: devices run their built-in defaults")
        } else {
            call.terminal.table(table)
        }
        return .success
    }
}
