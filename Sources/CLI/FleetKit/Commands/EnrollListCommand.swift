enum EnrollListCommand {
    static let command = Command(
        path: ["enroll", "list"], summary: "the enrolment tokens the server knows, without their secrets",
        json: "{\"tokens\": [{\"id\", \"label\", \"uses\", \"used\", \"expiresMs\", \"autoAccept\"}]}",
        examples: [Example("which are still open", "fleet enroll list")],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        let reply = try call.api().get("/v1/enrolment-tokens")
        if call.wantsJSON {
            call.terminal.verbatim(reply.pretty)
            return .success
        }
        var table = Table([
            .left("ID"), .text("LABEL"), .right("USED"), .left("EXPIRES"), .left("DEVICES ARE"),
        ])
        for token in reply["tokens"].items {
            let uses = token["uses"].int ?? 0
            let used = token["used"].int ?? 0
            table.add([
                Styled(token["id"].word ?? "?"),
                Format.text(token["label"].string ?? ""),
                Styled("\(used)/\(uses)", used >= uses ? .dim : .plain),
                expiry(token["expiresMs"].integer, call.timepiece.nowMs),
                token["autoAccept"].bool == true ? "accepted at once" : "pending",
            ])
        }
        if table.isEmpty {
            call.terminal.line("no tokens; make one: fleet enroll token")
        } else {
            call.terminal.table(table)
        }
        return .success
    }

    private static func expiry(_ timeMs: Int64?, _ now: Int64) -> Styled {
        guard let timeMs else { return "never" }
        if timeMs <= now { return Styled("expired", .dim) }
        return Styled("in " + Format.span(seconds: Double(timeMs - now) / 1000))
    }
}
