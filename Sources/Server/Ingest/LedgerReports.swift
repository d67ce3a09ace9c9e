// One report in a batch: repeat, fork or new; its gaps; what it means to rollouts; its reply.

import Merge
import Model
import Store
import Synchronization
import Wire

extension Ledger {
    /// - Returns: the reply, to be let go after the commit.
    func accept(_ verified: VerifiedReport) throws(StoreFault) -> @Sendable () -> Void {
        let report = verified.sealed.report
        let call = verified.call
        // The device was known when the report was verified, and devices are never forgotten.
        guard var device = device(report.device) else {
            return { call.refuse(503, code: "unknown", "the device went away", retryAfterS: 5) }
        }
        let position = Position(boot: report.boot, sequence: report.sequence)
        let isNew = try store.insert(
            verified.sealed, device: device.record.number, receivedMs: verified.receivedMs)
        if !isNew {
            let head = try store.head(device: device.record.number, position)
            guard head == verified.sealed.head else {
                return try reject(verified, device, fork: position)
            }
        }
        // A repeat says nothing new, not even that its sender lives: anybody who once listened can
        // send it again.
        guard isNew else { return reply(to: verified, .repeated) }
        device.hasNewState = true
        try absorb(verified, &device)
        draft.devices[report.device] = device
        try observe(report)
        return reply(to: verified, .accepted)
    }

    private func absorb(_ verified: VerifiedReport, _ device: inout DeviceDraft) throws(StoreFault) {
        let report = verified.sealed.report
        let number = device.record.number
        let before = device.state.newest
        let found = device.state.absorb(
            report, head: verified.sealed.head, receivedMs: verified.receivedMs)
        if let spacingMs = KnownDevice.spacingMs(from: before, to: device.state.newest) {
            device.spacingMs = spacingMs
        }
        for (key, gap) in found {
            try store.add(gap, at: key, device: number)
            if key.kind == .chain { counters.chainBreaks.add(1, ordering: .relaxed) }
        }
        let added = try store.addRuns(report, device: number)
        counters.samples.add(added.samples, ordering: .relaxed)
        counters.repeatedSamples.add(added.repeated, ordering: .relaxed)
        let clock = BootClock(report.kernelBootID, report.instant)
        if clock.betters(before.map { BootClock($0.report.kernelBootID, $0.report.instant) }) {
            try store.note(clock, device: number)
        }
        device.reportsStored += 1
        device.chunksStored += report.chunks.count

        let isNewest = device.state.newest?.position == Position(boot: report.boot, sequence: report.sequence)
        let hardware = report.hardware ?? device.record.hardware
        if isNewest, hardware != device.record.hardware || report.agentVersion != device.record.agentVersion {
            device.record.hardware = hardware
            device.record.agentVersion = report.agentVersion
            try store.save(&device.record)
        }
        let status = report.applyStatus
        if status.phase == .refused || status.phase == .reverted,
            !device.refused.contains(status.version), draft.sets[status.version] != nil
        {
            device.refused.insert(status.version)
            try store.addRefusal(device: number, status, nowMs: verified.receivedMs)
        }
    }

    /// Two reports claim one place in the chain: a cloned card, or a forger. Both are flagged, the first
    /// one stays.
    private func reject(
        _ verified: VerifiedReport, _ known: DeviceDraft, fork position: Position
    ) throws(StoreFault) -> @Sendable () -> Void {
        // Once for a place: a device that makes up heads fills nothing.
        if !known.state.forks.contains(position) {
            var device = known
            device.state.addFork(position)
            draft.devices[device.record.id] = device
            try store.addFork(
                device: device.record.number, position, head: verified.sealed.head, nowMs: nowMs)
        }
        let counters = counters
        return {
            counters.count(.fork)
            verified.call.refuse(
                409, code: "fork",
                "another report for boot \(position.boot), sequence \(position.sequence) is stored")
        }
    }

    private func reply(
        to verified: VerifiedReport, _ result: ReportResult
    ) -> @Sendable () -> Void {
        let (registry, counters, epoch) = (registry, counters, epoch)
        return {
            let report = verified.sealed.report
            counters.count(result)
            if result == .accepted { counters.chunks.add(report.chunks.count, ordering: .relaxed) }
            let due = registry.due(report.device, after: report.parameterVersion)
            if due != nil { counters.envelopes.add(1, ordering: .relaxed) }
            let reply = ReportReply(
                boot: report.boot, sequence: report.sequence, serverTimeMs: Clock.wallMs(),
                serverEpoch: epoch, envelope: due?.envelope)
            verified.call.reply(200, reply.encoded(), contentType: protobufType)
        }
    }
}

public let protobufType = "application/x-protobuf"
