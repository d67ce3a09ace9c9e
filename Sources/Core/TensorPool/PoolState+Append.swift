// Values into open buffers.

import Precision

extension PoolState {
    /// Values by which an open buffer grows: 256 bytes, so that many slow series waste little.
    static let openGrain = 32
    static let openHeader = 8

    mutating func append(
        series id: UInt16, timeMs: Int64, value: Double, score: Double,
        _ settings: PoolSettings, _ spill: SpillHook?
    ) throws(PoolError) {
        guard let slot = slot(of: id) else { throw .unknownSeries(id) }
        guard !score.isNaN else { throw .badScore }
        do throws(PoolError) {
            if Int(series[slot].open.count) == TensorPool.blockValues {
                // The last seal found no room; it must succeed before another value is taken.
                try seal(slot, settings, spill)
            }
            if series[slot].open.count == series[slot].open.capacity {
                try growOpen(slot, settings, spill)
            }
            try noteTime(slot, timeMs, settings, spill)
        } catch {
            counts.refused += 1
            if exhausted == nil { exhausted = (counts.admitted, UInt64(heldBytesNeeded)) }
            throw error
        }
        let clamped = min(1, max(0, score))
        let position = Int(series[slot].open.count)
        arena.pointer(series[slot].open.ref).storeBytes(
            of: value, toByteOffset: Self.openHeader + position * 8, as: Double.self)
        series[slot].open.count += 1
        series[slot].open.scoreMax = max(series[slot].open.scoreMax, ChunkCodec.scoreIndex(clamped))
        // Decided now and for good: a value is high when it comes in above the threshold in force.
        if clamped >= settings.exactScore, clamped >= thresholds(settings).exact {
            series[slot].open.highValues += 1
            counts.highValues += 1
        }
        series[slot].nextIndex += 1
        counts.admitted += 1
        if position + 1 == TensorPool.blockValues {
            // If there is no room the values stay open, and the next append meets the full pool.
            do throws(PoolError) { try seal(slot, settings, spill) } catch {}
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
        _ slot: Int, _ settings: PoolSettings, _ spill: SpillHook?
    ) throws(PoolError) {
        let old = Int(series[slot].open.capacity)
        // While there is plenty of room, at once: growing copies.
        let capacity = fill < 0.5 ? TensorPool.blockValues : old + Self.openGrain
        let bytes = Self.openHeader + capacity * 8
        let ref = try room(bytes, .open, for: slot, settings, spill)
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
