// The account between pool and spool, of the running stream: what is on disk too, what is on disk
// alone, and what neither disk nor aggregator has.
//
//   index:   0 …… acknowledged …… on disk (and in the pool) …… spooled …… in the pool alone …… next
//
// A reference, since the pool's spill hook needs it in the middle of an append.

import Model
import TensorPool

final class SpoolBook {
    struct Series {
        var id: UInt16
        /// Below it every value is acknowledged, or in a synced record.
        var spooled: UInt64 = 0
        /// Below it copies on disk were given up: what is not acknowledged has the pool alone.
        var unbacked: UInt64 = 0
        /// On disk alone: the pool gave it away. Empty where `from` is `end`.
        var spilledFrom: UInt64 = 0
        var spilledEnd: UInt64 = 0
    }

    var series: [Series] = []
    /// Values given up at the cap, since the installation.
    var dropped = ValueCounts()
    /// The pool is full of what no record holds yet.
    var wantsCheckpoint = false

    func index(_ id: UInt16) -> Int {
        if let known = series.firstIndex(where: { $0.id == id }) { return known }
        series.append(Series(id: id))
        return series.count - 1
    }

    /// Of a series: below which index it is on disk, and below which that copy was given up.
    func backing(of id: UInt16) -> (spooled: UInt64, unbacked: UInt64) {
        for one in series where one.id == id { return (one.spooled, one.unbacked) }
        return (0, 0)
    }

    func spooled(_ id: UInt16) -> UInt64 { series.first { $0.id == id }?.spooled ?? 0 }

    /// The pool's spill hook. It writes nothing: what a record holds already may go, the rest stays
    /// until the next checkpoint has it.
    func takes(_ chunk: DeliverableChunk) -> Bool {
        let first = chunk.header.firstIndex
        let end = first + UInt64(chunk.header.count)
        let at = index(chunk.header.series)
        guard end <= series[at].spooled else {
            wantsCheckpoint = true
            return false
        }
        // Its copy went at the cap, or part of it: those values are gone now, and counted.
        let kept = min(end, max(first, series[at].unbacked))
        if kept > first {
            dropped.add(kept - first, ValueClass(score: chunk.header.score))
        }
        guard kept < end else { return true }
        if series[at].spilledFrom == series[at].spilledEnd { series[at].spilledFrom = kept }
        series[at].spilledEnd = end
        return true
    }

    var spilled: [SpilledRun] {
        var runs: [SpilledRun] = []
        for one in series where one.spilledFrom < one.spilledEnd {
            runs.append(SpilledRun(series: one.id, from: one.spilledFrom, end: one.spilledEnd))
        }
        return runs
    }

    var hasSpilled: Bool { series.contains { $0.spilledFrom < $0.spilledEnd } }

    /// Chunks of this stream came to the aggregator from the disk.
    func forwarded(_ places: [ChunkPlace]) {
        for place in places {
            let at = index(place.series)
            guard place.end > series[at].spilledFrom, place.firstIndex < series[at].spilledEnd else { continue }
            series[at].spilledFrom = min(series[at].spilledEnd, place.end)
        }
    }

    /// The disk was asked for all that the pool gave away, and has none of it: damaged, or removed.
    func giveUpSpilled() -> UInt64 {
        var count: UInt64 = 0
        for at in series.indices {
            count += series[at].spilledEnd - series[at].spilledFrom
            series[at].spilledFrom = series[at].spilledEnd
        }
        // Of what worth they were is lost with them.
        dropped.normal &+= count
        return count
    }

    /// Copies on disk were given up at the cap.
    func lost(_ copies: [LostCopy]) {
        for copy in copies {
            let at = index(copy.place.series)
            let from = max(copy.place.firstIndex, series[at].spilledFrom)
            let end = min(copy.place.end, series[at].spilledEnd)
            if from < end {
                dropped.add(end - from, copy.kind)
                // The oldest go first: what lies before is gone, or was forwarded.
                if copy.place.firstIndex <= series[at].spilledFrom { series[at].spilledFrom = end }
            }
            series[at].unbacked = max(series[at].unbacked, copy.place.end)
        }
    }

    /// A batch's chunks, and which of them are on the disk.
    func stored(_ chunks: [DeliverableChunk], _ flags: [Bool]) {
        var broken: [UInt16] = []
        for (chunk, isStored) in zip(chunks, flags) where !broken.contains(chunk.header.series) {
            // Behind a chunk that isn't there nothing counts: the next checkpoint begins with it.
            guard isStored else {
                broken.append(chunk.header.series)
                continue
            }
            let at = index(chunk.header.series)
            let end = chunk.header.firstIndex + UInt64(chunk.header.count)
            series[at].spooled = max(series[at].spooled, end)
        }
    }
}
