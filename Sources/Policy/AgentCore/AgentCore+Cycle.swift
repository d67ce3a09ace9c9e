// A cycle: when the sensors are looked at, and what follows from what they say.

import Chamber
import Digest
import Model

extension AgentCore {
    /// After the first one, at once, observations lie on a grid that the observer phase shifts: a
    /// fleet that was powered on together doesn't go on reporting in a herd.
    @inline(__always)
    func followingObservation(after nowMs: Int64) -> Int64 {
        let interval = max(1, sampleIntervalMs)
        let hash = state.hardwareHash ?? hardware.hash
        let phase = Double(hash.words.0) / 18_446_744_073_709_551_616
        let offset = Int64(phase * Double(interval))
        let since = nowMs - offset
        let passed = since >= 0 ? since / interval : -((interval - 1 - since) / interval)
        return (passed + 1) * interval + offset
    }

    mutating func cycle(
        _ sample: Sample, _ record: HardwareRecord, _ signals: Signals,
        _ actions: inout [AgentAction]
    ) {
        guard farewellEndMs == nil else { return }
        samplesTaken += 1
        if record != hardware {
            hardware = record
            mustTellHardware = true
            state.hardwareHash = record.hash
            persist(.other, &actions)
            actions.append(.log(.notice, "the hardware changed: \(record.model)"))
        } else if isDirty {
            persist(.other, &actions)
        }
        let decision = chamber.decide(
            ChamberInput(
                hardware: record, sample: sample, signals: signals, poolPressure: feed.pressure,
                scalesFrequency: scalesFrequency, isEarly: workload.isEarly),
            keeper.current)
        feed.take(sample, decision, signals, keeper.current.values)
        noteRing(&actions)
        desk.note(cycle: decision, at: sample.instant)
        noteHealth(sample, decision)
        latest = (sample, decision)
        latestSignals = signals
        actions.append(.govern(decision, keeper.current))
        if state.reportKey != nil, desk.pending == nil, reportBackoff.failures == 0 {
            nextReportMs = sample.instant.monotonicMs
        }
    }

    /// A cycle is healthy when what could be observed before still can, and the board isn't beyond
    /// its critical temperature.
    mutating func noteHealth(_ sample: Sample, _ decision: Decision) {
        let sensorsHold = sample.health.healthy >= healthyBefore
        healthyBefore = sample.health.healthy
        let isCool = !decision.triggers.contains(.safetyOverride)
        keeper.noteCycle(isHealthy: sensorsHold && isCool)
    }

    /// The next observation comes as soon as it may; those after it lie on the grid as before.
    mutating func nudge(_ now: Instant) {
        guard farewellEndMs == nil else { return }
        let earliest = lastObserveMs.map { $0 + Self.nudgeLeastMs } ?? now.monotonicMs
        nextObserveMs = min(nextObserveMs, max(now.monotonicMs, earliest))
    }
}
