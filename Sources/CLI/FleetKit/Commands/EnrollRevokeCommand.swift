enum EnrollRevokeCommand {
    static let command = Command(
        path: ["enroll", "revoke"], summary: "make enrolment tokens useless",
        discussion: ["Devices that enrolled by them stay; see devices reject."],
        arguments: [.some("ID", "ids as enroll list shows them")],
        json: "{\"revoked\": [ids]}",
        examples: [Example("the golden image has leaked", "fleet enroll revoke 3f9a")],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        let api = try call.api()
        for id in call.arguments.positionals {
            try api.delete("/v1/enrolment-tokens/\(API.segment(id))")
            if !call.wantsJSON { call.terminal.line("revoked \(id)") }
        }
        if call.wantsJSON {
            let ids = JSON.array(call.arguments.positionals.map { .text($0) })
            call.terminal.verbatim(JSON.object(["revoked": ids]).pretty)
        }
        return .success
    }
}
