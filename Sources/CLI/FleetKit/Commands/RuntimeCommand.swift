// `fleet runtime`: how much longer each pool lasts than values of fixed width would.

enum RuntimeCommand {
    private static let label = Option.value(
        "label", short: "l", "KEY=VALUE", repeats: true, "only devices with this label")

    static let command = Command(
        path: ["runtime"], summary: "how much longer each device's pool lasts than fixed widths would",
        discussion: [
            "Extension: bytes that the values in the pool's window would take at 64 (plain Double) or 81 bits, "
                + "over the bytes the pool needs for the same values, headers and timestamps counted, as if "
                + "nothing were delivered or spilled. Basis: projected until the baseline would have been "
                + "exhausted, then ≥, at exhaustion measured. Degraded high-value values should be 0."
        ],
        options: [label],
        json: "{\"devices\": [{\"id\", \"model\", \"runtime\": as in Device}], \"median\": {\"devices\", "
            + "\"extension64\", \"extension81\", \"baselineHours\", \"runtimeHours\"}}",
        examples: [Example("one site", "fleet runtime -l site=a")],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        let query = try call.labels(label).map { "&label=\(API.segment($0))" }.joined()
        let devices = DeviceRecord.list(try call.api().get("/v1/devices?status=accepted" + query))
        let medians = Medians(devices.map(\.runtime).filter(\.hasData))
        if call.wantsJSON {
            let list = devices.map { device in
                JSON.object([
                    "id": .text(device.id), "model": .text(device.model), "runtime": device.runtime.json,
                ])
            }
            call.terminal.verbatim(
                JSON.object(["devices": .array(list), "median": medians.json]).pretty)
            return .success
        }
        if devices.isEmpty {
            call.terminal.line("no data: no device is accepted yet")
        } else {
            call.terminal.table(table(devices, medians))
        }
        return .success
    }

    private static func table(_ devices: [DeviceRecord], _ medians: Medians) -> Table {
        var table = Table([
            .left("DEVICE"), .text("MODEL"), .right("OVER 64 BIT"), .right("OVER 81 BIT"), .left("BASIS"),
            .right("BASELINE"), .right("RUNTIME"), .left("HIGH VALUES"), .right("WORST BOUND"),
            .left("81/16/8"),
        ])
        for device in devices {
            let runtime = device.runtime
            table.add([
                Format.shortID(device.id), Format.text(device.model),
                runtime.hasData ? Format.times(runtime.extension64) : Format.noData,
                runtime.hasData ? Format.times(runtime.extension81) : Format.noData,
                Format.text(runtime.hasData ? runtime.basis : ""), Format.hours(runtime.baselineHours),
                Format.hours(runtime.runtimeHours), degraded(runtime), bound(runtime), tiers(runtime),
            ])
        }
        table.add([
            Styled("median", .bold), Styled(Format.count(medians.count, "device")),
            Format.times(medians.extension64), Format.times(medians.extension81), "",
            Format.hours(medians.baselineHours), Format.hours(medians.runtimeHours),
        ])
        return table
    }

    static func degraded(_ runtime: RuntimeRecord) -> Styled {
        guard runtime.hasData else { return Format.noData }
        let text = "\(runtime.highValueDegraded) of \(runtime.highValueCount) degraded"
        return Styled(text, runtime.highValueDegraded > 0 ? .bad : .plain)
    }

    static func bound(_ runtime: RuntimeRecord) -> Styled {
        guard runtime.hasData, let bound = runtime.worstErrorBound else { return Format.noData }
        return bound == 0 ? "exact" : Styled(Self.significant(bound))
    }

    static func tiers(_ runtime: RuntimeRecord) -> Styled {
        guard runtime.hasData else { return Format.noData }
        let shares = runtime.shares.map { $0.map { Format.number($0 * 100, decimals: 0) } ?? "?" }
        return Styled(shares.joined(separator: "/") + " %")
    }

    /// Three significant digits: error bounds span many powers of ten.
    static func significant(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return "\(value)" }
        var mantissa = abs(value)
        var exponent = 0
        while mantissa >= 10 { mantissa /= 10; exponent += 1 }
        while mantissa < 1 { mantissa *= 10; exponent -= 1 }
        if (-3...2).contains(exponent) { return Format.number(value, decimals: 2 - exponent) }
        return "\(value < 0 ? "-" : "")\(Format.number(mantissa, decimals: 2))e\(exponent)"
    }
}

struct Medians {
    let count: Int
    let extension64, extension81, baselineHours, runtimeHours: Double?

    init(_ runtimes: [RuntimeRecord]) {
        func median(_ values: [Double?]) -> Double? {
            let sorted = values.compactMap { $0 }.sorted()
            guard !sorted.isEmpty else { return nil }
            let middle = sorted.count / 2
            return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        }
        count = runtimes.count
        extension64 = median(runtimes.map(\.extension64))
        extension81 = median(runtimes.map(\.extension81))
        baselineHours = median(runtimes.map(\.baselineHours))
        runtimeHours = median(runtimes.map(\.runtimeHours))
    }

    var json: JSON {
        .object([
            "devices": .number(count), "extension64": .number(extension64),
            "extension81": .number(extension81), "baselineHours": .number(baselineHours),
            "runtimeHours": .number(runtimeHours),
        ])
    }
}
