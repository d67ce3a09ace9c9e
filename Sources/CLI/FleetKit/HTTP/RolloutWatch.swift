// Follows a rollout until it ends, pauses or the time is over: one line per wave, which moves.

struct RolloutWatch {
    let api: API
    let call: Invocation
    /// nil: as long as it takes.
    let timeoutS: Int?

    /// What the end of a rollout gives a script; shared by `push --wait` and `rollout show`.
    static let exits: [(ExitCode, String)] = [
        (.success, "converged, or (not watched) running"),
        (.differs, "aborted, or the command failed"),
        (.gateFailed, "a gate failed: a device refused or reverted the set; nothing more is offered"),
        (.paused, "paused, or inconclusive"),
        (.timedOut, "timed out watching; the rollout goes on"),
    ]

    private static let intervalMs = 500
    /// A server that restarts is back well before.
    private static let absenceMsMax: Int64 = 60_000

    func follow(_ first: RolloutRecord) throws(Failure) -> (RolloutRecord, ExitCode) {
        var rollout = first
        var wave = first.wave
        let startMs = call.timepiece.steadyMs
        var answeredMs = startMs
        while true {
            if rollout.wave != wave {
                call.terminal.endProgress()
                wave = rollout.wave
            }
            if !call.wantsJSON { call.terminal.progress(Self.line(rollout)) }
            if rollout.state != "running" { return (rollout, rollout.exit) }
            if let timeoutS, call.timepiece.steadyMs - startMs >= Int64(timeoutS) * 1000 {
                return (rollout, .timedOut)
            }
            call.timepiece.sleep(milliseconds: Self.intervalMs)
            do {
                rollout = RolloutRecord(json: try api.get("/v1/rollouts/\(API.segment(first.id))"))
                answeredMs = call.timepiece.steadyMs
            } catch {
                guard error.exit == .unreachable,
                    call.timepiece.steadyMs - answeredMs < Self.absenceMsMax
                else { throw error }
            }
        }
    }

    static func line(_ rollout: RolloutRecord) -> Styled {
        var parts = [
            "wave \(rollout.wave)/\(max(1, rollout.waves.count))",
            "\(rollout.applied)/\(rollout.targets) applied", "\(rollout.count("confirmed")) confirmed",
        ]
        for name in ["refused", "reverted", "offline"] where rollout.count(name) > 0 {
            parts.append("\(rollout.count(name)) \(name)")
        }
        if let (p50, _) = rollout.convergence { parts.append("p50 \(Format.span(seconds: p50))") }
        let waves = rollout.waves
        if waves.indices.contains(rollout.wave - 1), waves[rollout.wave - 1]["state"].string == "soaking" {
            parts.append("soaking")
        }
        return Styled(parts.joined(separator: " · "))
    }

    /// How it ended, in a few lines: figures, then whoever isn't there, by name.
    func report(_ rollout: RolloutRecord, _ exit: ExitCode) {
        let terminal = call.terminal
        terminal.line(outcome(rollout, exit))
        if let failure = rollout.failure { terminal.line(Styled("  \(failure)", .bad)) }
        let refusals = rollout.devices.filter(\.isRefusal)
        for device in refusals {
            let what = Styled(" \(device.id.prefix(12)) \(device.model): \(device.reason)")
            terminal.line("  " + RolloutPage.phaseText(device) + what)
        }
        let missing = rollout.devices.filter { $0.phase != "confirmed" && !$0.isRefusal }
        let stragglers = missing.filter(\.isLive)
        let offline = missing.filter { !$0.isLive }
        if !stragglers.isEmpty, exit != .success || rollout.state == "converged" {
            terminal.line("  stragglers: \(names(stragglers))")
        }
        if !offline.isEmpty { terminal.line("  offline, will catch up: \(names(offline))") }
        if exit == .timedOut || exit == .paused {
            terminal.line("  go on watching: fleet rollout show \(rollout.id) -w")
        }
    }

    private func outcome(_ rollout: RolloutRecord, _ exit: ExitCode) -> Styled {
        let state = exit == .timedOut
            ? Styled("timed out, still running", .warning) : RolloutListCommand.stateText(rollout.state)
        var text = ": v\(rollout.version) confirmed on \(rollout.count("confirmed")) of \(rollout.targets)"
        if let (p50, p99) = rollout.convergence {
            text += ", p50 \(Format.span(seconds: p50)), p99 \(Format.span(seconds: p99)) from push to applied"
        }
        return state + Styled(text)
    }

    /// Twenty names fill a screen; the page has them all.
    private func names(_ devices: [RolloutDevice]) -> String {
        let names = devices.prefix(20).map { String($0.id.prefix(12)) }.joined(separator: " ")
        return devices.count > 20 ? "\(names) and \(devices.count - 20) more" : names
    }
}
