// One rollout on one page.

struct RolloutPage {
    let rollout: RolloutRecord
    let now: Int64

    func show(_ terminal: Terminal) {
        terminal.line(
            Styled("Rollout \(rollout.id)", .bold) + " · v\(rollout.version) · "
                + RolloutListCommand.stateText(rollout.state))
        let age = Format.ago(rollout.createdMs, now: now).plain
        terminal.line("for \(rollout.scope.text), by \(rollout.author), \(age): \(rollout.message)")
        if let failure = rollout.failure { terminal.line(Styled("failed: \(failure)", .bad)) }
        terminal.line(summary)
        terminal.line()
        terminal.table(waves)
        guard !rollout.devices.isEmpty else { return }
        terminal.line()
        terminal.table(devices)
    }

    private var summary: Styled {
        var parts = [Format.count(rollout.targets, "target")]
        for name in ["waiting", "offered", "trial", "confirmed", "refused", "reverted", "offline"]
        where rollout.count(name) > 0 { parts.append("\(rollout.count(name)) \(name)") }
        if let (p50, p99) = rollout.convergence {
            parts.append("p50 \(Format.span(seconds: p50)), p99 \(Format.span(seconds: p99))")
        }
        return Styled(parts.joined(separator: " · "))
    }

    private var waves: Table {
        var table = Table([.right("WAVE"), .right("DEVICES"), .left("STATE"), .left("STARTED"), .right("TOOK")])
        for wave in rollout.waves {
            let started = wave["startedMs"].integer
            let took = started.map { Double((wave["finishedMs"].integer ?? now)) / 1000 - Double($0) / 1000 }
            table.add([
                "\((wave["index"].int ?? 0) + 1)", "\(wave["size"].int ?? 0)",
                Styled(wave["state"].string ?? "?"),
                started == nil ? Styled("–", .dim) : Format.ago(started, now: now),
                took.map { Styled(Format.span(seconds: $0)) } ?? Styled("–", .dim),
            ])
        }
        return table
    }

    private var devices: Table {
        var table = Table([
            .left("DEVICE"), .text("MODEL"), .right("WAVE"), .left("PHASE"), .right("APPLIED AFTER"),
            .right("CONFIRMED AFTER"), .text("REASON"),
        ])
        for device in rollout.devices.sorted(by: { ($0.wave, $0.id) < ($1.wave, $1.id) }) {
            table.add([
                Format.shortID(device.id), Format.text(device.model), "\(device.wave)",
                Self.phaseText(device), after(device.appliedMs), after(device.confirmedMs),
                Styled(device.reason),
            ])
        }
        return table
    }

    private func after(_ timeMs: Int64?) -> Styled {
        guard let timeMs, let createdMs = rollout.createdMs else { return Styled("–", .dim) }
        return Styled(Format.span(seconds: Double(timeMs) / 1000 - Double(createdMs) / 1000))
    }

    static func phaseText(_ device: RolloutDevice) -> Styled {
        switch device.phase {
        case "confirmed": Styled("confirmed", .good)
        case "refused", "reverted": Styled(device.phase, .bad)
        case let phase where !device.isLive: Styled("\(phase) (offline)", .dim)
        case let phase: Styled(phase)
        }
    }
}
