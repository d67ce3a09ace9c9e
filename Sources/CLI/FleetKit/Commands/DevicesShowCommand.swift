enum DevicesShowCommand {
    static let command = Command(
        path: ["devices", "show"], summary: "everything that is known of one device",
        arguments: [.one("ID", "the device's id, or at least 4 digits that no other id begins with")],
        json: "Device, as GET /v1/devices/{id} gives it",
        examples: [Example("by the beginning of its id", "fleet devices show 3f9a")],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        let id = call.arguments.positionals[0]
        let reply = try call.api().get("/v1/devices/\(try DeviceIDText.checked(id))")
        if call.wantsJSON {
            call.terminal.verbatim(reply.pretty)
        } else {
            DevicePage(device: DeviceRecord(json: reply), now: call.timepiece.nowMs).show(call.terminal)
        }
        return .success
    }
}

/// An id or the beginning of one, as the API takes it.
enum DeviceIDText {
    static func checked(_ text: String) throws(Failure) -> String {
        guard (4...32).contains(text.utf8.count), text.allSatisfy(\.isHexDigit), text.allSatisfy(\.isASCII)
        else {
            throw .usage(
                "“\(text)” is no device id", hint: "4 to 32 hexadecimal digits, as fleet devices list shows them")
        }
        return text.lowercased()
    }
}
