enum EnrollTokenCommand {
    private static let label = Option.value("label", "TEXT", "what the token is for, such as a site")
    private static let uses = Option.value("uses", "N", "how many devices may use it (default 1)")
    private static let expires = Option.value("expires", "DURATION", "how long it is good (default 1d)")
    private static let autoAccept = Option.flag(
        "auto-accept", "devices that use it needn't be accepted by hand")

    static let command = Command(
        path: ["enroll", "token"], summary: "make a token by which new devices enrol",
        discussion: [
            "Prints SECRET.FINGERPRINT: the secret is the server's, the fingerprint is of your own root key, "
                + "taken from keyset.json. So a device knows whose parameters to take, whatever the server may "
                + "say. The secret can't be shown again."
        ],
        options: [label, uses, expires, autoAccept],
        json: "the server's token {\"id\", \"secret\", \"label\", \"uses\", \"used\", \"expiresMs\", "
            + "\"autoAccept\"} and \"token\", the text for the device",
        examples: [
            Example("one device", "fleet enroll token"),
            Example(
                "a golden image for fifty, accepted by hand",
                "fleet enroll token --uses 50 --expires 7d --label site-a"),
            Example("into a variable", "TOKEN=$(fleet enroll token --auto-accept)"),
        ],
        run: run)

    /// The server may allow less; no image is flashed more often.
    private static let usesMax = 1_000_000

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        let count: Int
        if let text = call.arguments.value(uses) {
            guard let number = Int(text), (1...usesMax).contains(number) else {
                throw .usage("--uses: “\(text)” is no number of devices", hint: "1 to \(usesMax)")
            }
            count = number
        } else {
            count = 1
        }
        let seconds = try call.seconds(expires, standard: 86_400)
        guard seconds > 0 else { throw .usage("--expires must lie in the future") }
        let keySet = try SignedKeySet(file: call.home.path("keyset.json"))
        let api = try call.api()
        let reply = try api.post(
            "/v1/enrolment-tokens",
            .object([
                "label": .text(call.arguments.value(label) ?? ""), "uses": .number(count),
                "expiresInS": .number(seconds), "autoAccept": .bool(call.arguments.has(autoAccept)),
            ]))
        guard let secret = reply["secret"].string else {
            throw Failure("the server gave no secret with the token")
        }
        let token = "\(secret).\(keySet.root.fingerprint.hex)"
        if call.wantsJSON {
            call.terminal.verbatim(reply.with("token", .text(token)).pretty)
        } else {
            call.terminal.line(Styled(token))
            let approval = call.arguments.has(autoAccept) ? "accepted at once" : "pending until accepted"
            call.terminal.note(
                "good for \(Format.count(count, "device")) and \(Seconds.text(seconds)); devices are \(approval)")
            call.terminal.note(
                "on the device: phi-agent run --server \(api.server) --token-file FILE-WITH-THIS-LINE"
                    + (api.server.hasPrefix("https:") ? " --ca-file ca.crt" : ""))
        }
        return .success
    }
}
