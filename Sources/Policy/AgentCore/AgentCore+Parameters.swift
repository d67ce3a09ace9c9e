// Parameters: offered in replies, on trial, confirmed or taken back.

import Model
import TensorPool
import Wire

extension AgentCore {
    mutating func holdEnded(
        _ result: LinkResult, _ now: Instant, _ actions: inout [AgentAction]
    ) {
        switch result {
        case .reply(204, _, true, _):
            let heldMs = now.monotonicMs - holdStartedMs
            if heldMs * 2 >= Int64(keeper.current.values[.holdS]) * 1000 {
                holdBackoff.succeeded()
                nextHoldMs = now.monotonicMs
            } else {
                // Sent away early: the aggregator is closing, and wouldn't hold the next one either.
                nextHoldMs = now.monotonicMs + holdBackoff.failed(&random)
            }
        case .reply(200, let body, true, _):
            holdBackoff.succeeded()
            nextHoldMs = now.monotonicMs
            if let envelope = try? Envelope(decoding: body) {
                offered(envelope, now, &actions)
            } else {
                actions.append(.log(.warning, "parameters refused: \(Refusal.malformed.text)"))
                nextHoldMs = now.monotonicMs + holdBackoff.failed(&random)
            }
        case .reply(_, _, let isAuthentic, let retryAfterS):
            let leastMs = isAuthentic ? Int64(max(0, min(retryAfterS ?? 0, 3600))) * 1000 : 0
            nextHoldMs = now.monotonicMs + holdBackoff.failed(&random, leastMs: leastMs)
        case .failed:
            nextHoldMs = now.monotonicMs + holdBackoff.failed(&random)
        }
    }

    mutating func offered(
        _ envelope: Envelope, _ now: Instant, _ actions: inout [AgentAction]
    ) {
        let statusBefore = keeper.status
        do throws(Refusal) {
            guard let next = try keeper.offer(envelope, state, at: now) else { return }
            persist(.trial, next, &actions)
        } catch {
            actions.append(.log(.warning, "parameters refused: \(error.text)"))
            // Told at once; the same refusal again waits for the cycle.
            if keeper.status != statusBefore { reportSoon(now) }
            nextHoldMs = now.monotonicMs + holdBackoff.failed(&random)
        }
    }

    mutating func applyParameters(_ now: Instant, _ actions: inout [AgentAction]) {
        let budget = Int(keeper.current.values[.poolBudgetKiB]) * 1024
        do throws(PoolError) {
            if feed.summary.budgetBytes != UInt64(budget) { try feed.setBudget(bytes: budget) }
        } catch {
            actions.append(
                .log(.warning, "the pool keeps its budget: \(error.hint)"))
        }
        nextObserveMs = min(nextObserveMs, followingObservation(after: now.monotonicMs))
    }

    mutating func settleTrial(_ now: Instant, _ actions: inout [AgentAction]) {
        guard keeper.isOnTrial else { return }
        switch keeper.settle(state, at: now) {
        case .confirmed(let next):
            state = next
            persist(.other, &actions)
            reportSoon(now)
            actions.append(.log(.notice, "parameters \(keeper.current.version) confirmed"))
        case .reverted(let next):
            state = next
            persist(.other, &actions)
            applyParameters(now, &actions)
            reportSoon(now)
            actions.append(
                .log(
                    .warning,
                    "parameters \(keeper.status.version) taken back: \(keeper.status.reason)"))
        case .prolonged:
            actions.append(
                .log(.info, "the trial of parameters is prolonged: no word from the aggregator"))
        case nil: break
        }
    }
}
