// The local API: what a workload asked for, done or refused.

import Model
import TensorPool

extension AgentCore {
    mutating func local(
        _ request: LocalRequest, _ client: UInt64, _ now: Instant, _ actions: inout [AgentAction]
    ) {
        do throws(LocalRefusal) {
            actions.append(.answer(try answer(request, now), client: client))
        } catch {
            actions.append(.answer(.refused(error), client: client))
        }
    }

    private mutating func answer(_ request: LocalRequest, _ now: Instant)
        throws(LocalRefusal) -> LocalAnswer
    {
        switch request {
        case .signal(let signals):
            let isOut = workload.note(signals, nowMs: now.monotonicMs)
            if isOut { observeEarly(now) }
            return .noted
        case .append(let append): return .appended(try take(append, now))
        case .read(let read): return .values(try values(read, now))
        case .series: return .series(feed.allSeries)
        case .status: return .status(localStatus(now))
        }
    }

    /// The time between two signals has left its band.
    private mutating func observeEarly(_ now: Instant) {
        guard farewellEndMs == nil, !isObserving, latest != nil,
            let early = workload.early(before: nextObserveMs, nowMs: now.monotonicMs)
        else { return }
        nextObserveMs = early
    }

    private mutating func take(_ append: LocalAppend, _ now: Instant)
        throws(LocalRefusal) -> LocalReceipt
    {
        // What came now would be neither sealed nor delivered.
        guard farewellEndMs == nil else { throw .stopping }
        let signals = signals(now, over: workload.lastSignals)
        let offset = workload.wallOffsetMs(now)
        return try feed.append(
            append, score: append.score ?? signals.value ?? keeper.current.values[.valueNeutral],
            timeMs: append.timeMs.map { $0 - offset } ?? now.monotonicMs)
    }

    private mutating func values(_ read: LocalRead, _ now: Instant)
        throws(LocalRefusal) -> LocalValues
    {
        let offset = workload.wallOffsetMs(now)
        var values = try feed.read(
            read, fromMs: read.fromMs.map { $0 - offset } ?? Int64.min,
            toMs: read.toMs.map { $0 - offset } ?? Int64.max)
        for index in values.samples.indices { values.samples[index].timeMs += offset }
        return values
    }

    /// What counts now: by the socket, else by `other`.
    @inline(__always)
    func signals(_ now: Instant, over other: Signals) -> Signals {
        workload.signals(over: other, nowMs: now.monotonicMs, intervalMs: sampleIntervalMs)
    }

    private func localStatus(_ now: Instant) -> LocalStatus {
        LocalStatus(
            agentVersion: configuration.agentVersion, device: state.device, boot: desk.boot,
            isEnrolled: state.reportKey != nil, failuresInARow: reportBackoff.failures,
            parameters: keeper.status, parameterVersion: keeper.current.version,
            controlMode: controlMode, intervalMs: sampleIntervalMs, samplesTaken: samplesTaken,
            pool: feed.summary, undeliveredValues: feed.undeliveredValues,
            signals: signals(now, over: workload.lastSignals), signalsTaken: workload.signalsTaken,
            earlyObservations: workload.earlyObservations, seriesCount: feed.user.entries.count,
            valuesAppended: feed.user.appended, valuesRefused: feed.user.refused)
    }
}
