enum DevicesListCommand {
    private static let status = Option.choice(
        "status", ["pending", "accepted", "rejected"], "only these")
    private static let label = Option.value(
        "label", short: "l", "KEY=VALUE", repeats: true, "only devices with this label")

    static let command = Command(
        path: ["devices", "list"], summary: "the devices, how they are and what they run",
        options: [status, label],
        json: "{\"devices\": [Device]}, as GET /v1/devices gives them",
        examples: [
            Example("who waits to be let in", "fleet devices list --status pending"),
            Example("one site", "fleet devices list -l site=a"),
        ],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        var query = call.arguments.value(status).map { ["status=\($0)"] } ?? []
        query += try call.labels(label).map { "label=\(API.segment($0))" }
        let reply = try call.api().get(
            "/v1/devices" + (query.isEmpty ? "" : "?" + query.joined(separator: "&")))
        if call.wantsJSON {
            call.terminal.verbatim(reply.pretty)
            return .success
        }
        let devices = DeviceRecord.list(reply)
        if devices.isEmpty {
            call.terminal.line(
                query.isEmpty
                    ? "no devices yet; the first one enrols with: fleet enroll token"
                    : "no devices like that")
        } else {
            call.terminal.table(table(devices, now: call.timepiece.nowMs))
        }
        return .success
    }

    static func table(_ devices: [DeviceRecord], now: Int64) -> Table {
        var table = Table([
            .left("DEVICE"), .text("MODEL"), .left("STATUS"), .left("SEEN"), .left("STATE"),
            .right("FACTOR"), .right("TEMP"), .right("FREE"), .right("SET"), .text("LABELS"),
        ])
        for device in devices {
            table.add([
                Format.shortID(device.id), Format.text(device.model), statusText(device),
                Format.ago(device.lastSeenMs, now: now), stateText(device),
                device.decision["factor"].double.map { Styled(Format.number($0, decimals: 3)) }
                    ?? Format.noData,
                Format.temperature(device.temperatureC), Format.percent(device.headroom),
                Format.version(device.parameterVersion), Styled(device.labels),
            ])
        }
        return table
    }

    static func statusText(_ device: DeviceRecord) -> Styled {
        switch device.status {
        case "accepted": device.isLive ? Styled("live", .good) : Styled("silent", .bad)
        case "pending": Styled("pending", .warning)
        default: Styled(device.status, .dim)
        }
    }

    static func stateText(_ device: DeviceRecord) -> Styled {
        switch device.state {
        case "": Format.noData
        case "coherent": Styled(device.state, .good)
        case "decoherent": Styled(device.state, .warning)
        default: Styled(device.state)
        }
    }
}
