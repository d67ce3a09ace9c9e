// Reports: their sequence, the chain, and the one that waits for its acknowledgement.
//
// One report is under way at a time. Its exact bytes are kept until it is acknowledged, and resent
// as they are: a repeat is then recognised as one. Samples taken meanwhile wait in the pool.

import Digest
import Model
import TensorPool
import Wire

struct ReportDesk {
    /// Chunk bytes in one report at most: a backlog returns at a bounded rate.
    static let chunkBytesMax = 64 * 1024

    let device: DeviceID
    let boot: UInt64
    private var sequence: UInt64 = 0
    private var head: Digest32
    private var cycleDigest = Digest32.zero
    private(set) var pending: SealedReport?
    private var pendingChunks: [ChunkRef] = []

    init(device: DeviceID, boot: UInt64) {
        self.device = device
        self.boot = boot
        head = Report.firstHead(of: device, boot: boot)
    }

    /// Folds a cycle's digest into the next report's.
    mutating func note(cycle decision: Decision, at instant: Instant) {
        var fold = ShortMessage()
        fold.append(cycleDigest)
        fold.append(decision.activation)
        // The lowest byte first.
        fold.append(decision.factor.bitPattern.byteSwapped)
        fold.append(UInt64(bitPattern: instant.monotonicMs).byteSwapped)
        fold.append(UInt64(decision.bitDepth.rawValue).byteSwapped)
        cycleDigest = Digest.sha256(fold)
    }

    /// Seals the next report. The caller fills what it knows; sequence, chain and cycle digest are
    /// the desk's.
    mutating func seal(
        _ draft: Report, backlog: [[UInt8]] = [], chunks: [DeliverableChunk]
    ) -> SealedReport {
        sequence += 1
        var report = draft
        report.sequence = sequence
        report.previousHead = head
        report.cycleDigest = cycleDigest
        report.chunks = backlog + chunks.map { $0.bytes }
        let sealed = SealedReport(sealing: report)
        head = sealed.head
        cycleDigest = .zero
        pending = sealed
        pendingChunks = chunks.map { $0.ref }
        return sealed
    }

    /// The pending report was committed by the aggregator.
    /// - Returns: that report, and the chunks that arrived with it; nil when the reply is for another.
    mutating func acknowledge(_ reply: ReportReply) -> (Report, [ChunkRef])? {
        guard let pending, reply.boot == pending.report.boot,
            reply.sequence == pending.report.sequence
        else { return nil }
        self.pending = nil
        defer { pendingChunks = [] }
        return (pending.report, pendingChunks)
    }

    /// Gives the pending report up: the aggregator will never take it. Its chunks stay undelivered.
    mutating func abandon() {
        pending = nil
        pendingChunks = []
    }
}
