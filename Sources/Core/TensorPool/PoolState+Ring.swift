// A pool that nobody empties, as a ring: what is worth least goes, so that what is new finds room.
//
// In this order: series of a class above its share before all others; then chunks by their worth (low,
// normal, high: the glossary's compression limit and resonance threshold part them; a chunk that holds
// a high value is high); then, of each series, in the order of its indices; then by time. A series' order
// never rests on its times: they are the workload's word.

import Phi
import Precision

/// Values by the worth of their period.
public struct WorthCounts: Equatable, Sendable {
    public var low: UInt64 = 0
    public var normal: UInt64 = 0
    public var high: UInt64 = 0

    public init() {}

    public var total: UInt64 { low &+ normal &+ high }
}

extension PoolState {
    enum Worth: Int {
        case low, normal, high

        init(score: UInt16) {
            let score = Double(score) / ChunkCodec.scoreSteps
            if score >= Phi.resonanceThreshold {
                self = .high
            } else {
                self = score <= Phi.compressionLimit ? .low : .normal
            }
        }
    }

    struct Candidate {
        var ref: RecordRef
        var worth: Worth
        var firstIndex: UInt64
        var timesId: UInt32
    }

    /// Gives up a few chunks, so that room isn't short again at once: looking for it is what costs.
    /// False: there is none, all is in open buffers.
    mutating func dropSome() -> Bool {
        guard settings.isRing, dropCheapest() else { return false }
        while freeBytes < reserveBytes + budgetBytes / Self.clearedShare, dropCheapest() {}
        return true
    }

    /// Of the budget, what a ring clears at a time: one part in so many.
    private static let clearedShare = 32

    private mutating func dropCheapest() -> Bool {
        scratch.pointee.candidates.removeAll()
        for _ in series.indices { scratch.pointee.candidates.append(nil) }
        let bySlot = scratch.pointee.candidates
        arena.forEach { ref, kind, at in
            guard isChunk(kind) else { return }
            let record = ChunkRecord(at: at)
            let next = Candidate(
                ref: ref, worth: worth(record, kind), firstIndex: record.firstIndex,
                timesId: record.timesId)
            if let known = bySlot[record.slot],
                (known.worth.rawValue, known.firstIndex) <= (next.worth.rawValue, next.firstIndex)
            {
                return
            }
            bySlot[record.slot] = next
        }
        let index = timesIndex()
        var best: (candidate: Candidate, order: (Int, Int, Int64))?
        for slot in bySlot.indices {
            guard let candidate = bySlot[slot] else { continue }
            let last = times(candidate.timesId, by: index)?.last ?? .min
            let order = (isOverShare(slot) ? 0 : 1, candidate.worth.rawValue, last)
            if let best, best.order <= order { continue }
            best = (candidate, order)
        }
        guard let best else { return false }
        if exhausted == nil { exhausted = (admitted, UInt64(heldBytesNeeded)) }
        drop(best.candidate.ref)
        return true
    }

    private mutating func drop(_ ref: RecordRef) {
        let record = ChunkRecord(at: arena.pointer(ref))
        let slot = record.slot
        // What is damaged was counted when it was found.
        if !record.isDamaged {
            let high = highValues(record, arena.kind(ref))
            counts.dropped.high += UInt64(high)
            let rest = UInt64(record.count - high)
            switch Worth(score: record.score) {
            case .low: counts.dropped.low += rest
            case .normal: counts.dropped.normal += rest
            case .high: counts.dropped.high += rest
            }
        }
        depart(ref)
        hasHoles = true
        skipHoles(slot)
    }

    private func worth(_ record: ChunkRecord, _ kind: RecordKind) -> Worth {
        if record.isDamaged { return .low }
        return highValues(record, kind) > 0 ? .high : Worth(score: record.score)
    }

    /// Values that came in as high: kept exact for good.
    private func highValues(_ record: ChunkRecord, _ kind: RecordKind) -> Int {
        guard kind == .cold else { return min(record.count, record.highValues) }
        var count = 0
        ColdBlock.forEachRun(of: record.payload, count: record.count) { run in
            if run.isKept { count += run.count }
        }
        return min(record.count, count)
    }

    /// What a snapshot holds has holes where a ring gave something up, or where there was no room for it.
    mutating func findHoles() {
        var held: UInt64 = 0
        arena.forEach { _, kind, at in
            guard isChunk(kind) else { return }
            let record = ChunkRecord(at: at)
            let from = max(record.firstIndex, series[record.slot].deliveredIndex)
            held += record.end - min(record.end, from)
        }
        hasHoles = held < undeliveredValues
        for slot in series.indices { skipHoles(slot) }
    }

    /// Nobody can acknowledge what is gone: the delivery goes on at what is held.
    mutating func skipHoles(_ slot: Int) {
        guard hasHoles else { return }
        var next = series[slot].sealedIndex
        arena.forEach { _, kind, at in
            guard isChunk(kind) else { return }
            let record = ChunkRecord(at: at)
            if record.slot == slot, record.end > series[slot].deliveredIndex {
                next = min(next, record.firstIndex)
            }
        }
        series[slot].deliveredIndex = max(series[slot].deliveredIndex, next)
    }
}
