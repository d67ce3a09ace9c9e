// One device on one page.

struct DevicePage {
    let device: DeviceRecord
    let now: Int64

    func show(_ terminal: Terminal) {
        for section in [identity, senses, decision] + controls + [parameters, pool] + spool {
            terminal.line(Styled(section.title, .bold))
            var table = Table([.left(""), .left("")])
            for (name, value) in section.rows { table.add([Styled(name, .dim), value]) }
            for line in table.lines(width: nil).dropFirst() { terminal.line("  " + line) }
        }
        showGaps(terminal)
    }

    private typealias Section = (title: String, rows: [(String, Styled)])

    private var json: JSON { device.json }

    private var identity: Section {
        let hardware = json["hardware"]
        let cores = hardware["cpuCores"].int.map { "\($0) cores" } ?? "? cores"
        let mhz = hardware["cpuMaxMHz"].int.map { "\($0) MHz" } ?? "? MHz"
        let memory = Format.bytes(hardware["memoryBytes"].double)
        return (
            "Device \(device.id)",
            [
                ("status", DevicesListCommand.statusText(device)),
                ("model", Format.text(device.model)),
                ("serial", Format.text(device.serial)),
                ("labels", Format.text(device.labels)),
                ("hardware", hardware.isNull ? Format.noData : Styled("\(cores), \(mhz), ") + memory),
                ("agent", Format.text(json["agentVersion"].string ?? "")),
                ("enrolled", Format.ago(device.enrolledMs, now: now)),
                ("last seen", Format.ago(device.lastSeenMs, now: now)),
                (
                    "boot, sequence",
                    Styled("\(json["boot"].int ?? 0), \(json["sequence"].int ?? 0)")
                ),
                (
                    "stored",
                    Styled("\(json["reportsStored"].int ?? 0) reports, \(json["chunksStored"].int ?? 0) chunks")
                ),
            ]
        )
    }

    private var senses: Section {
        var rows: [(String, Styled)] = [("temperature", Format.temperature(device.temperatureC))]
        for zone in json["zones"].items {
            rows.append(("  \(zone["name"].string ?? "?")", Format.temperature(zone["temperatureC"].double)))
        }
        for sensor in json["hwmon"].items {
            let name = "  \(sensor["chip"].string ?? "?") \(sensor["label"].string ?? "")"
            rows.append((name, reading(sensor)))
        }
        rows += [
            (
                "memory",
                free(device.memoryAvailable, of: device.memoryTotal)
            ),
            ("swap", free(json["swapFreeBytes"].double, of: json["swapTotalBytes"].double)),
        ]
        if !json["zram"].isNull { rows.append(("zram", zram)) }
        rows += [
            ("busy", share(json["busyShare"].double, waiting: json["iowaitShare"].double)),
            ("load", number(json["load1"].double)),
            (
                "memory pressure",
                json["pressureMemorySomePercent"].double.map { "\(Format.number($0, decimals: 1)) %" }
                    ?? reclaim
            ),
            ("frequency", frequency),
            ("disk", traffic(json["disk"], ("read", "readBytesPerS"), ("written", "writtenBytesPerS"))),
            ("network", traffic(json["network"], ("received", "receivedBytesPerS"), ("sent", "sentBytesPerS"))),
            ("uptime", Format.seconds(json["uptimeS"].double)),
            ("throttling", throttling),
            ("sensors", sensors),
        ]
        for fault in json["sensors"]["faults"].items { rows.append(("  failing", reason(fault))) }
        return ("Senses", rows)
    }

    /// What is in it, and what that takes: its free space is no headroom.
    private var zram: Styled {
        let zram = json["zram"]
        return Format.bytes(zram["originalBytes"].double) + " held in " + Format.bytes(zram["usedBytes"].double)
            + " of memory"
    }

    private func share(_ busy: Double?, waiting: Double?) -> Styled {
        guard let busy else { return Format.noData }
        let text = "\(Format.number(busy * 100, decimals: 0)) %"
        guard let waiting, waiting >= 0.005 else { return Styled(text) }
        return Styled("\(text), and \(Format.number(waiting * 100, decimals: 0)) % waiting for storage")
    }

    /// Where the kernel has no PSI: how hard it looks for memory.
    private var reclaim: Styled {
        guard let faults = json["reclaim"]["majorFaultsPerS"].double else { return Format.noData }
        return Styled("no PSI; \(Format.number(faults, decimals: 1)) major faults a second")
    }

    private var frequency: Styled {
        guard let now = json["frequencyKHz"].double else { return Format.noData }
        let text = "\(Format.number(now / 1000, decimals: 0)) MHz"
        guard let ceiling = json["frequencyCeilingKHz"].double, let most = json["frequencyMaximumKHz"].double,
            ceiling < most
        else { return Styled(text) }
        return Styled("\(text), capped at \(Format.number(ceiling / 1000, decimals: 0)) MHz", .warning)
    }

    private func traffic(
        _ counters: JSON, _ inward: (word: String, key: String), _ outward: (word: String, key: String)
    ) -> Styled {
        guard let first = counters[inward.key].double, let second = counters[outward.key].double else {
            return Format.noData
        }
        return Format.bytes(first) + "/s \(inward.word), " + Format.bytes(second) + "/s \(outward.word)"
    }

    private func reason(_ fault: JSON) -> Styled {
        let condition = fault["condition"].string ?? "?"
        let code = fault["errorCode"].int ?? 0
        let name = fault["name"].string ?? "?"
        let text = "\(name): " + (code == 0 ? condition : "\(condition), errno \(code)")
        return Styled(fault["lastGoodMs"].isNull ? "\(text), never good" : text, .warning)
    }

    private func reading(_ sensor: JSON) -> Styled {
        guard let value = sensor["value"].double else { return Format.noData }
        switch sensor["kind"].string ?? "" {
        case "temperature": return Format.temperature(value)
        case "voltage": return "\(Format.number(value)) V"
        case "fan": return "\(Format.number(value, decimals: 0)) rpm"
        case "power": return "\(Format.number(value)) W"
        case "alarm": return value == 0 ? "quiet" : Styled("alarm", .bad)
        case let kind: return Styled("\(Format.number(value)) \(kind)")
        }
    }

    private var throttling: Styled {
        if json["throttle"].isNull { return Format.noData }
        if device.isThrottling { return Styled("now", .bad) }
        return device.hasThrottled ? Styled("not now, but since boot", .warning) : Styled("no", .good)
    }

    private var sensors: Styled {
        let text = "\(device.sensorsKnown - (device.lacksTemperature ? 1 : 0)) known, "
            + "\(device.sensorsFailed) failed, \(json["sensors"]["failuresTotal"].int ?? 0) failures in all"
            + (device.lacksTemperature ? "; no temperature sensor" : "")
        return Styled(text, device.sensorsFailed > 0 ? .warning : .plain)
    }

    private var decision: Section {
        let decision = device.decision
        let confidence = decision["confidence"]
        var rows: [(String, Styled)] = [
            ("state", DevicesListCommand.stateText(device)),
            ("factor", number(decision["factor"].double, 4) + " = φ^" + number(decision["exponent"].double, 4)),
            (
                "memory ceiling",
                Format.bytes(decision["memoryCeilingBytes"].double) + " (adjustment "
                    + number(decision["memoryAdjustment"].double, 3) + ")"
            ),
            ("bit depth", Styled(decision["bitDepth"].int.map { "\($0)" } ?? "no data")),
            (
                "confidence",
                number(confidence["value"].double, 3) + " = signals " + number(confidence["signalQuality"].double)
                    + " × agreement " + number(confidence["agreement"].double) + " × predictor "
                    + number(confidence["predictorQuality"].double)
            ),
            ("applicable", Styled(decision["applicable"].bool.map { $0 ? "yes" : "no" } ?? "no data")),
            ("triggers", Format.text(decision["triggers"].items.compactMap(\.string).joined(separator: ", "))),
            ("operating coherence", number(decision["operatingCoherence"].double, 3)),
            ("capacity coherence", number(decision["capacityCoherence"].double, 3)),
            ("slot", Styled(decision["slot"].int.map { "\($0)" } ?? "no data")),
            ("control", Format.text(decision["controlMode"].string ?? "")),
        ]
        for vote in decision["votes"].members {
            let text = "φ^" + number(vote.value["exponent"].double, 3) + " × weight "
                + number(vote.value["weight"].double) + ", alone " + number(vote.value["factor"].double, 3)
            rows.append(("  \(vote.name)", text))
        }
        return ("Decision", decision.isNull ? [("", Format.noData)] : rows)
    }

    /// Nothing for a device that governs nothing.
    private var controls: [Section] {
        let controls = json["controls"]
        guard !controls.isNull else { return [] }
        let group = controls["group"].string ?? ""
        var rows = [
            ("group", Format.text(group.isEmpty ? "none" : "\(group), by \(controls["by"].string ?? "?")"))
        ]
        for limit in controls["limits"].items {
            rows.append(
                (
                    limit["file"].string ?? "?",
                    Styled("\(limit["value"].string ?? "?")   before: \(limit["original"].string ?? "?")")
                ))
        }
        if controls["limits"].items.isEmpty { rows.append(("limits", Styled("none in force"))) }
        let missing = controls["missing"].items.compactMap(\.string)
        if !missing.isEmpty {
            rows.append(("missing", Styled(missing.joined(separator: ", "), .warning)))
        }
        return [("Controls", rows)]
    }

    private var parameters: Section {
        let phase = device.apply["phase"].string ?? ""
        let reason = device.apply["reason"].string ?? ""
        var rows = [("version", Format.version(device.parameterVersion))]
        if let offered = device.apply["version"].unsigned, offered > 0 {
            rows.append(("last offered", Styled("v\(offered) \(phase) \(reason)".trimmingSpaces)))
        }
        return ("Parameters", rows)
    }

    private var pool: Section {
        let runtime = device.runtime
        guard runtime.hasData else { return ("Runtime", [("", Format.noData)]) }
        return (
            "Runtime",
            [
                (
                    "extension",
                    Format.times(runtime.extension64) + " over 64 bits, "
                        + Format.times(runtime.extension81) + " over 81 bits (" + Styled(runtime.basis) + ")"
                ),
                ("hours", Format.hours(runtime.baselineHours) + " → " + Format.hours(runtime.runtimeHours)),
                (
                    "budget",
                    Format.bytes(runtime.json["heldBytes"].double) + " held of "
                        + Format.bytes(runtime.json["budgetBytes"].double)
                ),
                ("high-value values", RuntimeCommand.degraded(runtime)),
                ("worst error bound", RuntimeCommand.bound(runtime)),
                ("tiers 81/16/8", RuntimeCommand.tiers(runtime)),
            ]
        )
    }

    /// Nothing for a device without a spool.
    private var spool: [Section] {
        let spool = json["spool"]
        guard !spool.isNull else { return [] }
        let dropped = spool["droppedValues"]
        let worths = ["low", "normal", "high"].map { ($0, dropped[$0].int ?? 0) }
        let hasDropped = worths.contains { $0.1 > 0 }
        let fault = spool["fault"].string ?? ""
        let damaged = spool["damagedRecords"].int ?? 0
        let torn = spool["tornBytes"].int ?? 0
        return [
            (
                "Spool",
                [
                    (
                        "on disk",
                        Format.bytes(spool["usedBytes"].double) + " of " + Format.bytes(spool["capBytes"].double)
                    ),
                    ("endurance", Format.hours(spool["enduranceHours"].double.flatMap { $0 > 0 ? $0 : nil })),
                    (
                        "at risk",
                        Styled("\(Format.count(spool["samplesAtRisk"].int ?? 0, "sample")), at most ")
                            + Format.seconds(spool["checkpointS"].double)
                    ),
                    (
                        "writes left",
                        Format.bytes(spool["writeLeftBytes"].double.map { max(0, $0) }) + " now, of "
                            + Format.bytes(spool["writeBudgetBytes"].double) + " a day"
                    ),
                    (
                        "dropped values",
                        Styled(
                            hasDropped ? worths.map { "\($0.1) \($0.0)" }.joined(separator: ", ") : "none",
                            hasDropped ? .bad : .good)
                    ),
                    (
                        "damaged",
                        damaged == 0 && torn == 0
                            ? Styled("nothing", .good)
                            : Styled("\(Format.count(damaged, "record")) skipped, \(torn) bytes cut off", .warning)
                    ),
                ] + (fault.isEmpty ? [] : [("disk", Styled(fault, .bad))])
            )
        ]
    }

    private func lost(_ gap: JSON) -> Styled {
        if let lost = gap["samplesLost"].int { return Styled(Format.count(lost, "sample")) }
        return gap["samplesLostMost"].int.map { Styled("≤ \(Format.count($0, "sample"))") } ?? Format.noData
    }

    private func showGaps(_ terminal: Terminal) {
        if device.forks > 0 {
            let forks = Format.count(device.forks, "fork")
            terminal.line(Styled("\(forks): two histories under one id, as a cloned card gives", .bad))
        }
        guard !device.gaps.isEmpty else { return }
        terminal.line(Styled("Gaps", .bold))
        var table = Table([
            .left("KIND"), .right("BOOT"), .right("SEQUENCE"), .right("LOST"), .right("LENGTH"), .left("SEEN"),
        ])
        for gap in device.gaps {
            table.add([
                Styled(gap["kind"].string ?? "?"), Styled("\(gap["boot"].int ?? 0)"),
                Styled("\(gap["sequence"].int ?? 0)"),
                lost(gap),
                Format.seconds(gap["seconds"].double), Format.ago(gap["detectedMs"].integer, now: now),
            ])
        }
        terminal.table(table, indent: 2)
    }

    private func free(_ free: Double?, of total: Double?) -> Styled {
        guard free != nil, let total else { return Format.noData }
        return total == 0 ? "none" : Format.bytes(free) + " free of " + Format.bytes(total)
    }

    private func number(_ value: Double?, _ decimals: Int = 2) -> Styled {
        value.map { Styled(Format.number($0, decimals: decimals)) } ?? Format.noData
    }
}
