enum StatusCommand {
    private static let check = Option.flag("check", "exit with 1 when something wants a look")

    static let command = Command(
        path: ["status"], summary: "is my fleet well? Counts, heat, headroom, rollouts, oddities",
        options: [check],
        json: "{\"fleet\": GET /v1/fleet, \"devices\": [Device], \"rollouts\": [Rollout without devices]}",
        examples: [
            Example("a look", "fleet status"),
            Example("for a script: is anything wrong?", "fleet status --check > /dev/null || echo look"),
        ],
        exits: [(.differs, "failed; with --check: something wants a look, and the screen says what")],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        let api = try call.api()
        let page = StatusPage(
            fleet: try api.get("/v1/fleet"), devices: DeviceRecord.list(try api.get("/v1/devices")),
            rollouts: RolloutRecord.list(try api.get("/v1/rollouts")), now: call.timepiece.nowMs)
        if call.wantsJSON {
            call.terminal.verbatim(page.json.pretty)
        } else {
            page.show(call.terminal)
        }
        return call.arguments.has(check) && page.hasFaults ? .differs : .success
    }
}
