/// `devices accept` and `devices reject`: one job, two verdicts.
enum DevicesJudgeCommand {
    private static let allPending = Option.flag("all-pending", "every device that is pending now")

    static let accept = command(
        "accept", "let pending devices into the fleet",
        "Compare the ids with what the devices themselves show (phi-agent status) before you accept.")
    static let reject = command(
        "reject", "turn devices away; their reports are refused", "A rejected device may be accepted later.")

    private static func command(_ verdict: String, _ summary: String, _ discussion: String) -> Command {
        Command(
            path: ["devices", verdict], summary: summary, discussion: [discussion],
            usage: "(ID… | --all-pending) [options]",
            arguments: [.any("ID", "device ids, or at least 4 digits that no other id begins with")],
            options: [allPending],
            json: "{\"devices\": [Device]}, the devices concerned",
            examples: [
                Example("one", "fleet devices \(verdict) 3f9a"),
                Example("a whole batch", "fleet devices \(verdict) --all-pending"),
            ],
            run: { call throws(Failure) in try run(call, verdict) })
    }

    private static func run(_ call: Invocation, _ verdict: String) throws(Failure) -> ExitCode {
        let words = call.arguments.positionals
        guard words.isEmpty == call.arguments.has(allPending) else {
            throw .usage(
                "fleet devices \(verdict) takes ids or --all-pending, one of the two",
                hint: "who is pending: fleet devices list --status pending")
        }
        var ids: [String] = []
        for word in words { ids.append(try DeviceIDText.checked(word)) }
        let api = try call.api()
        if words.isEmpty {
            ids = DeviceRecord.list(try api.get("/v1/devices?status=pending")).filter(\.isPending).map(\.id)
        }
        var devices: [JSON] = []
        var failures: [Failure] = []
        for id in ids {
            // One that fails doesn't keep the others waiting.
            do { devices.append(try api.post("/v1/devices/\(API.segment(id))/\(verdict)")) } catch {
                let failure = Failure("\(id): \(error.what)", hint: error.hint, exit: error.exit)
                if error.exit == .unreachable { throw failure }
                failures.append(failure)
            }
        }
        show(devices, verdict, call)
        for failure in failures.dropLast() { call.terminal.fail(failure) }
        if let last = failures.last { throw last }
        return .success
    }

    private static func show(_ devices: [JSON], _ verdict: String, _ call: Invocation) {
        if call.wantsJSON {
            call.terminal.verbatim(JSON.object(["devices": .array(devices)]).pretty)
        } else if devices.isEmpty {
            if call.arguments.has(allPending) { call.terminal.line("no device is pending") }
        } else {
            for device in devices.map(DeviceRecord.init) {
                call.terminal.line("\(verdict)ed \(device.id)  \(device.model)  \(device.labels)")
            }
        }
    }
}
