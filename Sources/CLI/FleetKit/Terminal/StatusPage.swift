// `fleet status`: the one screen that answers "is my fleet well?".

struct StatusPage {
    let fleet: JSON
    let devices: [DeviceRecord]
    let rollouts: [RolloutRecord]
    let now: Int64

    private var accepted: [DeviceRecord] { devices.filter(\.isAccepted) }
    private var live: [DeviceRecord] { accepted.filter(\.isLive) }

    var json: JSON {
        .object([
            "fleet": fleet, "devices": .array(devices.map(\.json)),
            "rollouts": .array(rollouts.map(\.json)),
        ])
    }

    /// The board's soft limit; above it the board slows itself down.
    private static let hotC = 80.0
    /// Below it a workload is about to be stopped.
    private static let headroomLeast = 0.1
    /// Names in one line at most; the list says the rest.
    private static let namesMax = 6

    struct Concern {
        let text: String
        let style: Style
        /// false: worth knowing, but nothing is wrong.
        var isFault = true
    }

    /// What `--check` reports.
    var hasFaults: Bool { concerns.contains(where: \.isFault) }

    /// What wants a look. Empty: all is well.
    var concerns: [Concern] {
        var concerns: [Concern] = []
        func add(_ found: [DeviceRecord], _ what: String, _ style: Style, isFault: Bool = true) {
            guard !found.isEmpty else { return }
            concerns.append(Concern(text: "\(what): \(names(found))", style: style, isFault: isFault))
        }
        add(accepted.filter { !$0.isLive }, "silent", .bad)
        add(live.filter(\.isThrottling), "throttling", .bad)
        add(live.filter { ($0.temperatureC ?? 0) >= Self.hotC }, "hot (80 °C and more)", .bad)
        add(live.filter { ($0.headroom ?? 1) < Self.headroomLeast }, "short of memory (less than 10 % free)", .warning)
        add(accepted.filter { $0.forks > 0 }, "forked (a cloned card?)", .bad)
        add(accepted.filter { $0.sensorsFailed > 0 }, "sensors failed", .warning)
        let unwilling = accepted.filter { ["refused", "reverted"].contains($0.apply["phase"].string ?? "") }
        add(unwilling, "parameters refused or reverted", .bad)
        add(accepted.filter(\.lacksTemperature), "no temperature", .dim, isFault: false)
        for rollout in rollouts where rollout.state == "paused" {
            concerns.append(Concern(text: "rollout \(rollout.id) (v\(rollout.version)) is paused", style: .warning))
        }
        return concerns
    }

    func show(_ terminal: Terminal) {
        let concerns = concerns
        let faults = concerns.filter(\.isFault).count
        if devices.isEmpty {
            terminal.line("no devices yet; the first one enrols with: fleet enroll token")
        } else if accepted.isEmpty {
            terminal.line(Styled("no device is accepted yet", .warning))
        } else if faults == 0 {
            terminal.line(Styled("all is well", .good))
        } else {
            terminal.line(Styled("\(Format.count(faults, "thing")) to look at", .warning))
        }
        for concern in concerns { terminal.line("  " + Styled(concern.text, concern.style)) }
        terminal.line()
        for (name, value) in facts {
            let padding = String(repeating: " ", count: max(1, 12 - name.count))
            let line = Styled(name + padding, .dim) + value
            terminal.line(terminal.console.width.map { line.truncated(to: $0) } ?? line)
        }
    }

    private var facts: [(String, Styled)] {
        var facts: [(String, Styled)] = [("devices", counts), ("parameters", versions)]
        facts.append(("coherence", fleet["coherence"].double.map { "Q \(Format.number($0))" } ?? Format.noData))
        let hottest = live.filter { $0.temperatureC != nil }
            .max { ($0.temperatureC ?? 0) < ($1.temperatureC ?? 0) }
        let heat = hottest.map { Format.temperature($0.temperatureC) + "  " + named($0) }
        facts.append(("hottest", heat ?? Format.noData))
        let tightest = live.filter { $0.headroom != nil }.min { ($0.headroom ?? 1) < ($1.headroom ?? 1) }
        facts.append(("headroom", tightest.map {
            Format.percent($0.headroom) + " (" + Format.bytes($0.memoryAvailable) + ") free  " + named($0)
        } ?? Format.noData))
        facts.append(("gaps", gaps))
        let open = rollouts.filter(\.isOpen)
        if open.isEmpty { facts.append(("rollouts", Styled("none open", .dim))) }
        for rollout in open { facts.append(("rollout", line(rollout))) }
        let server = "version \(fleet["version"].string ?? "?"), epoch \(fleet["epoch"].word ?? "?")"
        facts.append(("server", Styled(server)))
        return facts
    }

    private var counts: Styled {
        let pending = devices.filter(\.isPending).count
        let rejected = devices.filter { $0.status == "rejected" }.count
        let silent = accepted.count - live.count
        var text = Styled("\(accepted.count) accepted: ") + Styled("\(live.count) live", .good)
        if silent > 0 { text = text + ", " + Styled("\(silent) silent", .bad) }
        if pending > 0 { text = text + "; " + Styled("\(pending) pending (fleet devices accept)", .warning) }
        if rejected > 0 { text = text + Styled("; \(rejected) rejected", .dim) }
        return text
    }

    private var versions: Styled {
        let versions = fleet["versions"].items.map { entry in
            let version = entry["version"].int ?? 0
            let name = version == 0 ? "built-in defaults" : "v\(version)"
            return "\(name) on \(entry["count"].int ?? 0)"
        }
        return versions.isEmpty ? Format.noData : Styled(versions.joined(separator: ", "))
    }

    private var gaps: Styled {
        let gapped = accepted.filter { !$0.gaps.isEmpty }
        if gapped.isEmpty { return Styled("none", .dim) }
        let count = gapped.reduce(0) { $0 + $1.gaps.count }
        return Styled("\(count) in the reports of \(names(gapped))")
    }

    private func line(_ rollout: RolloutRecord) -> Styled {
        let state = Styled(rollout.state, rollout.state == "paused" ? .warning : .good)
        let rest = " · v\(rollout.version) to \(rollout.scope.text) · wave \(rollout.wave)/\(rollout.waves.count)"
            + " · \(rollout.count("confirmed"))/\(rollout.targets) confirmed · by \(rollout.author) · \(rollout.id)"
        return state + Styled(rest)
    }

    private func named(_ device: DeviceRecord) -> Styled {
        Format.shortID(device.id) + " " + Styled(device.model, .dim)
    }

    private func names(_ devices: [DeviceRecord]) -> String {
        let names = devices.prefix(Self.namesMax).map { String($0.id.prefix(12)) }.joined(separator: " ")
        return devices.count > Self.namesMax ? "\(names) and \(devices.count - Self.namesMax) more" : names
    }
}
