// Values into open buffers.

import Precision

extension PoolState {
    /// Values by which an open buffer grows: 256 bytes, so that many slow series waste little.
    static let openGrain = 32
    static let openHeader = 8

    mutating func append(
        series id: UInt16, timeMs: Int64, value: Double, score: Double
    ) throws(PoolError) {
        // Nothing here may read `self` as a whole: each value would be charged for a copy of it.
        guard let slot = Self.slot(of: id, in: series) else { throw .unknownSeries(id) }
        guard !score.isNaN else { throw .badScore }
        let high = score >= settings.exactScore && isHigh(score)
        if appendQuickly(slot, timeMs, value, score, high) { return }
        try appendSlowly(slot, timeMs, value, min(1, max(0, score)), high)
    }

    /// Decided now and for good: a value is high when it comes in above the threshold in force.
    private mutating func isHigh(_ score: Double) -> Bool {
        score >= settings.exactThreshold(fill: fill)
    }

    /// The usual case: there is room in the open buffer and in its track. False, and nothing has
    /// changed, if it is not so. A score beyond 0 … 1 is held to it when the block is sealed.
    @inline(__always)
    private mutating func appendQuickly(
        _ slot: Int, _ timeMs: Int64, _ value: Double, _ score: Double, _ high: Bool
    ) -> Bool {
        let own = series.pointer(slot)
        let count = own.pointee.open.count
        guard count > 0, count < own.pointee.open.capacity,
            count < UInt16(TensorPool.blockValues - 1)
        else { return false }
        let track = tracks.pointer(Int(own.pointee.open.track))
        let times = (arena.pointer(track.pointee.ref) + Self.trackHeader)
            .assumingMemoryBound(to: Int64.self)
        if track.pointee.count > count {
            guard times[Int(count)] == timeMs else { return false }
        } else {
            guard track.pointee.count < track.pointee.capacity else { return false }
            times[Int(count)] = timeMs
            track.pointee.count = count &+ 1
        }
        (arena.pointer(own.pointee.open.ref) + Self.openHeader)
            .assumingMemoryBound(to: Double.self)[Int(count)] = value
        own.pointee.open.count = count &+ 1
        if score > own.pointee.open.scoreMax { own.pointee.open.scoreMax = score }
        if high {
            own.pointee.open.highValues &+= 1
            counts.highValues &+= 1
        }
        own.pointee.nextIndex &+= 1
        counts.admitted &+= 1
        return true
    }

    private mutating func appendSlowly(
        _ slot: Int, _ timeMs: Int64, _ value: Double, _ score: Double, _ high: Bool
    ) throws(PoolError) {
        do throws(PoolError) {
            if Int(series[slot].open.count) == TensorPool.blockValues {
                // The last seal found no room; it must succeed before another value is taken.
                try seal(slot)
            }
            if series[slot].open.count == series[slot].open.capacity { try growOpen(slot) }
            try noteTime(slot, timeMs)
        } catch {
            counts.refused += 1
            if exhausted == nil { exhausted = (counts.admitted, UInt64(heldBytesNeeded)) }
            throw error
        }
        let position = Int(series[slot].open.count)
        arena.pointer(series[slot].open.ref).storeBytes(
            of: value, toByteOffset: Self.openHeader + position * 8, as: Double.self)
        series[slot].open.count += 1
        series[slot].open.scoreMax = max(series[slot].open.scoreMax, score)
        if high {
            series[slot].open.highValues += 1
            counts.highValues += 1
        }
        series[slot].nextIndex += 1
        counts.admitted += 1
        if position + 1 == TensorPool.blockValues {
            // If there is no room the values stay open, and the next append meets the full pool.
            do throws(PoolError) { try seal(slot) } catch {}
        }
    }

    /// Values of an open buffer, in place.
    func openValues(_ slot: Int) -> UnsafeBufferPointer<Double> {
        let open = series[slot].open
        guard open.capacity > 0 else { return UnsafeBufferPointer(start: nil, count: 0) }
        let start = (arena.pointer(open.ref) + Self.openHeader)
            .assumingMemoryBound(to: Double.self)
        return UnsafeBufferPointer(start: start, count: Int(open.count))
    }

    private mutating func growOpen(
        _ slot: Int
    ) throws(PoolError) {
        let old = Int(series[slot].open.capacity)
        // While there is plenty of room, at once: growing copies.
        let capacity = fill < 0.5 ? TensorPool.blockValues : old + Self.openGrain
        let bytes = Self.openHeader + capacity * 8
        let ref = try room(bytes, .open, for: slot)
        let at = arena.pointer(ref)
        at.storeBytes(of: UInt16(slot), toByteOffset: 4, as: UInt16.self)
        if old > 0 {
            let before = series[slot].open.ref
            (at + Self.openHeader).copyMemory(
                from: arena.pointer(before) + Self.openHeader, byteCount: old * 8)
            arena.free(before)
        }
        series[slot].open.ref = ref
        series[slot].open.capacity = UInt16(capacity)
    }
}
