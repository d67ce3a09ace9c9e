// The state's way to the disk: one write at a time, and what waits for it.

import Digest
import Model

extension AgentCore {
    enum Persisting {
        case start
        case trial
        case other
        case newBoot
    }

    mutating func persisted(
        _ stored: Bool, _ now: Instant, _ actions: inout [AgentAction]
    ) {
        let purpose = persisting
        persisting = nil
        if stored {
            if let prepared = preparedState { state = prepared }
            isDirty = false
        }
        preparedState = nil
        switch purpose {
        case .start:
            guard stored else {
                // Without a boot counter on the disk a report could not be told from an old one.
                actions.append(.log(.error, "the state can't be stored: the agent can't start"))
                actions.append(.finish(failed: true))
                hasFailed = true
                return
            }
            nextObserveMs = now.monotonicMs
            spool.nextCheckpointMs = spool.intervalMs.map { now.monotonicMs + $0 }
            spool.nextChamberMs = now.monotonicMs + SpoolDesk.chamberIntervalMs
            spool.wasSynced = now.isSynced
            if state.reportKey == nil {
                nextReportMs = now.monotonicMs
            } else {
                nextHoldMs = now.monotonicMs
            }
        case .trial:
            let trialMs = keeper.trialMs(intervalMs: configuration.sampleIntervalMs)
            if keeper.begin(stored: stored, trialMs: trialMs, at: now) {
                applyParameters(now, &actions)
                actions.append(.log(.notice, "parameters \(keeper.current.version) on trial"))
            } else {
                actions.append(.log(.error, "parameters refused: \(keeper.status.reason)"))
            }
            reportSoon(now)
        case .newBoot: beginBoot(stored: stored, now, &actions)
        case .other, nil:
            if !stored {
                // Tried again with each cycle: what was confirmed must not be lost with a restart.
                isDirty = true
                actions.append(.log(.error, "the state can't be stored"))
            }
        }
    }

    mutating func persist(_ purpose: Persisting, _ actions: inout [AgentAction]) {
        persisting = purpose
        actions.append(.persist(state))
    }

    /// Persists a state that becomes the agent's only once it is on the disk.
    mutating func persist(
        _ purpose: Persisting, _ next: AgentState, _ actions: inout [AgentAction]
    ) {
        persisting = purpose
        preparedState = next
        actions.append(.persist(next))
    }
}
