// The runtime extension before anything was exhausted: what it will be when the budget is full, at
// the cost per value seen so far.
//
// In its first minutes a pool holds little but its own state and half-empty buffers. The ratio of
// fixed-width bytes to bytes needed then speaks of those, not of the stream. So a projection counts
// them once, as they lie, and divides the rest of the budget by what a value costs: in sealed
// records as measured, in open buffers as they would be coded now, with a record's header spread
// over a full block. Demotion and cold chunks, which come later, only better the figure.
//
// An account is drawn up every few cycles, so the open buffers' bytes are counted, not made.

import Precision

extension PoolState {
    /// Against 64-bit values. Nil without values, or where the fixed part alone fills the budget.
    var projectedExtension64: Double? {
        var values = 0
        var bytes = 0.0
        arena.forEach { _, kind, at in
            if isChunk(kind) {
                values += ChunkRecord(at: at).count
                bytes += Double(ChunkRecord(at: at).length)
            } else if kind == .times {
                bytes += Double(TimesRecord(at: at).length)
            }
        }
        for slot in series.indices where series[slot].open.count > 0 {
            let count = Int(series[slot].open.count)
            let payload = ExactBlock.length(openValues(slot), hint: Int(series[slot].places))
            values += count
            bytes += Self.shareOfFullBlock(
                ChunkRecord.bytes(payload: 0), payload: payload, count: count)
        }
        for track in tracks.indices where tracks[track].users > 0 && tracks[track].count > 0 {
            let count = Int(tracks[track].count)
            let times = UnsafeBufferPointer(start: trackTimes(track), count: count)
            bytes += Self.shareOfFullBlock(
                TimesRecord.bytes(payload: 0), payload: TimeBlock.hotLength(times), count: count)
        }
        let room = Double(budgetBytes - fixedBytes - openBytes)
        guard values > 0, bytes > 0, room > 0 else { return nil }
        return room / bytes * Double(values) * 8 / Double(budgetBytes)
    }

    private static func shareOfFullBlock(_ header: Int, payload: Int, count: Int) -> Double {
        Double(header) * Double(count) / Double(TensorPool.blockValues) + Double(payload)
    }

    /// Bytes of the open buffers and of the times they share.
    private var openBytes: Int {
        var bytes = 0
        arena.forEach { ref, kind, _ in
            if !isChunk(kind), kind != .times { bytes += arena.length(ref) }
        }
        return bytes
    }
}
