// Values into open buffers.

import Precision

extension PoolState {
    /// Values by which an open buffer grows: 256 bytes, so that many slow series waste little.
    static let openGrain = 32

    /// Every value passes here, most of them no further than to the end of this function. It stays
    /// without a frame on the stack: what does more is called last, and elsewhere.
    mutating func append(
        series id: UInt16, timeMs: Int64, value: Double, score: Double
    ) throws(PoolError) {
        // Callers tend to number their series from 0. Nothing here may read `self` as a whole: each
        // value would be charged for a copy of it. NaN is no score, and not below the threshold.
        if let own = series.find(Int(id)), own.pointee.declaration.id == id,
            score < settings.exactScore, appendQuickly(own, timeMs, value, score)
        {
            return
        }
        try appendScored(id, timeMs, value, score)
    }

    /// The usual case: there is room in the open buffer and in its track. False, and nothing has
    /// changed, if it is not so. A score beyond 0 … 1 is held to it when the block is sealed.
    @inline(__always)
    private func appendQuickly(
        _ own: UnsafeMutablePointer<SeriesState>, _ timeMs: Int64, _ value: Double, _ score: Double
    ) -> Bool {
        let count = own.pointee.open.count
        // The first value of a block and the last one are more than a store.
        guard count &- 1 < UInt16(TensorPool.blockValues - 2), count < own.pointee.open.row.capacity else {
            return false
        }
        let track = tracks.pointer(unchecked: Int(own.pointee.open.track))
        let times = track.pointee.row.base.unsafelyUnwrapped
        if count < track.pointee.count {
            guard times[Int(count)] == timeMs else { return false }
        } else {
            guard count < track.pointee.row.capacity else { return false }
            times[Int(count)] = timeMs
            track.pointee.count = count &+ 1
        }
        own.pointee.open.row.base.unsafelyUnwrapped[Int(count)] = value
        own.pointee.open.count = count &+ 1
        if score > own.pointee.open.scoreMax { own.pointee.open.scoreMax = score }
        return true
    }

    /// Decides whether the value is high, now and for good: it is when it comes in above the
    /// threshold in force.
    @inline(never)
    private mutating func appendScored(
        _ id: UInt16, _ timeMs: Int64, _ value: Double, _ score: Double
    ) throws(PoolError) {
        guard let slot = nextSlot(of: id) else { throw .unknownSeries(id) }
        guard !score.isNaN else { throw .badScore }
        let high = score >= settings.exactScore && score >= settings.exactThreshold(fill: fill)
        if !appendQuickly(series.pointer(slot), timeMs, value, score) {
            try appendSlowly(slot, timeMs, value, min(1, max(0, score)), high)
        } else if high {
            noteHigh(slot)
        }
    }

    /// Callers with ids of their own tend to append to their series in the same order each time.
    @inline(__always)
    private mutating func nextSlot(of id: UInt16) -> Int? {
        if let guess = series.find(turn), guess.pointee.declaration.id == id {
            turn += 1
            return turn - 1
        }
        guard let slot = Self.slot(of: id, in: series) else { return nil }
        turn = slot + 1
        return slot
    }

    @inline(never)
    private mutating func appendSlowly(
        _ slot: Int, _ timeMs: Int64, _ value: Double, _ score: Double, _ high: Bool
    ) throws(PoolError) {
        do throws(PoolError) {
            if Int(series[slot].open.count) == TensorPool.blockValues {
                // The last seal found no room; it must succeed before another value is taken.
                try seal(slot)
            }
            if series[slot].open.count == series[slot].open.row.capacity { try growOpen(slot) }
            try noteTime(slot, timeMs)
        } catch {
            counts.refused += 1
            if exhausted == nil { exhausted = (admitted, UInt64(heldBytesNeeded)) }
            throw error
        }
        let position = Int(series[slot].open.count)
        series[slot].open.row.base.unsafelyUnwrapped[position] = value
        series[slot].open.count += 1
        series[slot].open.scoreMax = max(series[slot].open.scoreMax, score)
        if high { noteHigh(slot) }
        if position + 1 == TensorPool.blockValues {
            // If there is no room the values stay open, and the next append meets the full pool.
            do throws(PoolError) { try seal(slot) } catch {}
        }
    }

    @inline(__always)
    private mutating func noteHigh(_ slot: Int) {
        series[slot].open.highValues += 1
        counts.highValues += 1
    }

    /// Values of an open buffer, in place.
    func openValues(_ slot: Int) -> UnsafeBufferPointer<Double> {
        let open = series[slot].open
        guard open.row.capacity > 0 else { return UnsafeBufferPointer(start: nil, count: 0) }
        return UnsafeBufferPointer(start: open.row.base, count: Int(open.count))
    }

    private mutating func growOpen(
        _ slot: Int
    ) throws(PoolError) {
        let old = Int(series[slot].open.row.capacity)
        // While there is plenty of room, at once: growing copies.
        let capacity = fill < 0.5 ? TensorPool.blockValues : old + Self.openGrain
        let ref = try room(OpenRow<Double>.bytes(capacity: capacity), .open, for: slot)
        let before = series[slot].open.row.ref
        series[slot].open.row.move(
            to: ref, at: arena.pointer(ref), capacity: capacity, owner: slot, keeping: old)
        if old > 0 { arena.free(before) }
    }
}
