// Store and forward: checkpoints of what nobody has acknowledged, the backlog's way into the reports,
// and what is kept over a restart.
//
// Why no report is written to disk before it is sent. A report an interval, synced, would spend a day's
// write budget ten times over. Instead samples have names: (device, stream, series, index), and the aggregator
// keeps each name once. So a report may be lost or sent twice without harm to a sample; a crash begins
// a new boot counter, and a new chain, so that no two reports ever claim one place; and only what nobody
// has acknowledged by the time of a checkpoint is written at all.

import Chamber
import Model
import TensorPool
import Wire

extension AgentCore {
    /// Samples that neither the disk nor the aggregator has.
    @inline(__always)
    public var atRisk: AtRisk { feed.atRisk }
    /// The agent's own samples under this boot counter, and the workloads' values.
    @inline(__always)
    public var samplesTakenSoFar: UInt64 { samplesTaken &+ feed.user.appended }

    /// What is due now of checkpoints and snapshots.
    mutating func advanceSpool(_ now: Instant, _ actions: inout [AgentAction]) {
        if now.isSynced, !spool.wasSynced {
            // From now on this boot's times can be dated: the disk shall know.
            spool.wasSynced = true
            if spool.nextCheckpointMs != nil { spool.nextCheckpointMs = now.monotonicMs }
        }
        if spool.isBurst(feed.user.appended) { feed.book.wantsCheckpoint = true }
        if feed.book.wantsCheckpoint, let next = spool.nextCheckpointMs {
            feed.book.wantsCheckpoint = false
            let soon = (spool.lastCheckpointMs ?? .min / 2) + SpoolDesk.hurryMs
            if !spool.isStretched { spool.nextCheckpointMs = min(next, max(now.monotonicMs, soon)) }
        }
        if let due = spool.nextCheckpointMs, now.monotonicMs >= due, !spool.isWriting {
            checkpoint(now, isLast: false, &actions)
        }
        if let due = spool.nextChamberMs, now.monotonicMs >= due {
            spool.nextChamberMs = now.monotonicMs + SpoolDesk.chamberIntervalMs
            actions.append(.keep(.chamber, chamber.snapshot()))
        }
    }

    mutating func checkpoint(_ now: Instant, isLast: Bool, _ actions: inout [AgentAction]) {
        spool.promise(feed.user.appended)
        let stamp = SpoolStamp(
            device: desk.device, stream: spool.stream, boot: state.boot,
            kernelBootID: configuration.kernelBootID, instant: now, samplesTaken: samplesTakenSoFar,
            samplesAtRiskMost: spool.samplesAtRiskMost(sampleMs: sampleIntervalMs) &+ feed.atRisk.bare,
            dropped: feed.book.dropped, names: feed.allNames, acknowledged: feed.marks)
        let batch = SpoolBatch(
            stamp: stamp, chunks: feed.unspooled(), isLast: isLast, allowsMs: max(0, spool.stretchedMs))
        spool.writing = batch
        spool.nextCheckpointMs = nil
        actions.append(.checkpoint(batch))
    }

    mutating func checkpointed(
        _ result: CheckpointResult, _ now: Instant, _ actions: inout [AgentAction]
    ) {
        guard let batch = spool.writing else { return }
        spool.writing = nil
        let intervalMs = spool.intervalMs ?? 0
        switch result {
        case .stored(let flags, let lost, let dropped):
            feed.book.stored(batch.chunks, flags)
            spool.noteStored()
            feed.book.lost(lost)
            feed.book.dropped.low &+= dropped.low
            feed.book.dropped.normal &+= dropped.normal
            feed.book.dropped.high &+= dropped.high
            if let last = spool.lastCheckpointMs {
                spool.stretchedMs = max(intervalMs, now.monotonicMs - last)
            }
            spool.lastCheckpointMs = now.monotonicMs
            spool.isStretched = false
            if spool.stretching.stored(now.monotonicMs) {
                actions.append(.log(.notice, "checkpoints follow their interval again"))
            }
            spool.nextCheckpointMs = now.monotonicMs + intervalMs
        case .deferred(let waitMs):
            spool.isStretched = true
            if spool.stretching.deferred(now.monotonicMs, waitMs: waitMs) {
                let sinceMs = spool.lastCheckpointMs.map { max(0, now.monotonicMs - $0) } ?? intervalMs
                actions.append(
                    .log(
                        .warning,
                        "the day's write budget is spent: the next checkpoint waits \(waitMs / 1000) s more, and a "
                            + "crash until then would lose up to \((sinceMs + waitMs) / 1000) s (raise --write-budget)"))
            }
            spool.nextCheckpointMs = now.monotonicMs + max(1_000, waitMs)
        case .failed:
            spool.nextCheckpointMs = now.monotonicMs + intervalMs
        }
        if farewellEndMs != nil { finishNow(&actions) }
    }

    // MARK: Backlog

    /// Asks for the oldest of the backlog; the report follows with it.
    mutating func fetchBacklog(_ actions: inout [AgentAction]) {
        spool.isFetching = true
        actions.append(
            .fetchBacklog(
                maxBytes: SpoolDesk.backlogBytesMax,
                CurrentStream(stream: spool.stream, spilled: feed.book.spilled, done: feed.marks)))
    }

    mutating func fetched(_ backlog: Backlog, _ now: Instant, _ actions: inout [AgentAction]) {
        spool.isFetching = false
        spool.fetched = backlog
        if backlog.isEmpty {
            spool.mayHaveBacklog = false
            let gone = feed.book.giveUpSpilled()
            if gone > 0 {
                actions.append(.log(.error, "the disk has lost \(gone) values that the pool had given to it"))
            }
        }
        if state.reportKey != nil, !mustEnrolAgain { report(now, &actions) }
    }

    /// Origins of a report's chunks: the backlog's, then the pool's.
    func origins(_ backlog: Backlog?, poolChunks: Int, _ now: Instant) -> [ChunkOrigin] {
        var origins = backlog?.origins ?? []
        if poolChunks > 0 {
            origins.append(
                ChunkOrigin(
                    chunkCount: poolChunks, stream: spool.stream,
                    kernelBootID: configuration.kernelBootID, instant: now))
        }
        return origins
    }

    mutating func backlogAcknowledged(_ actions: inout [AgentAction]) {
        if feed.book.hasSpilled { spool.mayHaveBacklog = true }
        guard let backlog = spool.underWay else { return }
        spool.underWay = nil
        guard !backlog.isEmpty else { return }
        spool.refusals = 0
        feed.book.forwarded(backlog.current)
        actions.append(.releaseBacklog)
    }

    /// The report that carried it will never be taken.
    mutating func backlogRefused(_ actions: inout [AgentAction]) {
        guard let backlog = spool.underWay else { return }
        spool.underWay = nil
        guard !backlog.isEmpty else { return }
        spool.refusals += 1
        guard spool.refusals >= SpoolDesk.refusalsMax else { return }
        spool.refusals = 0
        // It would stand in the way of everything behind it for ever.
        feed.book.dropped.low &+= backlog.values.low
        feed.book.dropped.normal &+= backlog.values.normal
        feed.book.dropped.high &+= backlog.values.high
        feed.book.forwarded(backlog.current)
        actions.append(
            .log(
                .error,
                "the aggregator refuses a stretch of the backlog for good: \(backlog.values.total) values are given up"))
        actions.append(.releaseBacklog)
    }

    // MARK: A server that forgot

    /// A server that was restored from a backup has another epoch, and has lost what came after the backup.
    /// A new boot counter begins a new chain, so that neither looks forked, and what the pool still holds
    /// is offered again: the aggregator keeps what it has not.
    mutating func noteEpoch(_ epoch: UInt64, _ now: Instant, _ actions: inout [AgentAction]) {
        guard epoch != 0, state.serverEpoch != epoch else { return }
        let isAnother = state.serverEpoch != nil
        state.serverEpoch = epoch
        isDirty = true
        guard isAnother else { return }
        feed.offerAgain()
        mustMoveBoot = true
        reportSoon(now)
        actions.append(
            .log(
                .notice,
                "the aggregator begins anew (restored from a backup?): what this device still holds is offered again"))
    }

    // MARK: The end

    /// Everything that could be sent was: what remains goes to disk, then the agent may end.
    mutating func finish(_ actions: inout [AgentAction], _ now: Instant) {
        guard !state.wasClean, !spool.isWriting else { return }
        if spool.isOn, feed.atRisk.total > 0 {
            checkpoint(now, isLast: true, &actions)
        } else {
            finishNow(&actions)
        }
    }

    mutating func finishNow(_ actions: inout [AgentAction]) {
        guard !state.wasClean else { return }
        state.wasClean = true
        state.dropped = feed.book.dropped
        // Every sample gives several values: a sample counts as lost when any of its values is.
        state.samplesLost = min(
            samplesTakenSoFar, spool.isOn ? feed.atRisk.total : feed.undeliveredSamples)
        actions.append(.keep(.chamber, chamber.snapshot()))
        if let pool = feed.snapshot(stream: spool.stream, kernelBootID: configuration.kernelBootID) {
            actions.append(.keep(.pool, pool))
        }
        actions.append(.persist(state))
        actions.append(.finish(failed: false))
    }

    var spoolReport: SpoolSummary? {
        guard var summary = spoolSummary, spool.isOn else { return nil }
        summary.dropped = feed.book.dropped
        summary.checkpointMs = UInt64(max(0, spool.stretchedMs))
        summary.samplesAtRisk = feed.atRisk.total
        return summary
    }
}
