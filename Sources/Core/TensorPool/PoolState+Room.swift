// Making room, and delivery: who gives way when the budget is reached.

import Precision

extension PoolState {
    /// Frees until `bytes` more fit: evicts what is delivered, oldest first, then demotes.
    mutating func makeRoom(
        _ bytes: Int, for id: UInt16, _ settings: PoolSettings
    ) throws(PoolError) {
        while heldBytes + bytes > budgetBytes {
            if evictOldestDelivered() { continue }
            if try demoteOne(settings) { continue }
            throw .full(series: id)
        }
    }

    private mutating func evictOldestDelivered() -> Bool {
        var oldest: Int?
        for (position, chunk) in chunks.enumerated() where isDelivered(chunk) {
            if let known = oldest,
                chunks[known].header.lastTimeMs <= chunk.header.lastTimeMs
            {
                continue
            }
            oldest = position
        }
        guard let oldest else { return false }
        let chunk = chunks.remove(at: oldest)
        let cost = heapCost(chunk.bytes.count)
        chunkBytes -= cost
        series[chunk.slot].chunkBytes -= cost
        evictedDelivered += UInt64(chunk.header.count)
        if chunk.inWindow {
            evictedWindowBytes += UInt64(cost + MemoryLayout<StoredChunk>.stride)
            evictedHighValues += chunk.highValues
        }
        return true
    }

    /// The 16-bit chunk that loses the least (score × added error, as a fraction of full scale) per
    /// byte freed; chunks of a class above its share go first.
    private mutating func demoteOne(_ settings: PoolSettings) throws(PoolError) -> Bool {
        var best: (position: Int, cost: Double, over: Bool)?
        for (position, chunk) in chunks.enumerated() where chunk.header.tier == .bits16 {
            let freed = Double(chunk.header.count)
            // 1/510 − 1/131070 is the same for all, so the score and the length decide. The floor
            // keeps an order among values scored 0: longest first.
            let cost = (chunk.header.score + 1e-6) * Double(chunk.header.count) / freed
            let over = isOverShare(chunk.header.kind, settings)
            if let known = best {
                if known.over && !over { continue }
                if known.over == over && known.cost <= cost { continue }
            }
            best = (position, cost, over)
        }
        guard let best else { return false }
        let old = chunks[best.position]
        let decoded = try decodeChunk(old.bytes)
        var header = old.header
        header.tier = .bits8
        header.worstTier = .bits8
        header.errorBound = header.upper - header.lower
        header.errorBound /= 510
        let bytes = ChunkCodec.encode(&header, timesMs: decoded.timesMs, values: decoded.values)
        chunks[best.position].header = header
        chunks[best.position].bytes = bytes
        let freed = heapCost(old.bytes.count) - heapCost(bytes.count)
        chunkBytes -= freed
        series[old.slot].chunkBytes -= freed
        return true
    }

    private func isOverShare(_ kind: SeriesClass, _ settings: PoolSettings) -> Bool {
        var used = 0
        for state in series where state.declaration.kind == kind { used += state.chunkBytes }
        return Double(used) > settings.share(of: kind) * Double(budgetBytes)
    }

    mutating func setBudget(_ bytes: Int, _ settings: PoolSettings) throws(PoolError) {
        let old = budgetBytes
        budgetBytes = bytes
        do { try makeRoom(0, for: 0, settings) } catch {
            budgetBytes = old
            throw error
        }
        openWindow()
    }

    // MARK: delivery

    func isDelivered(_ chunk: StoredChunk) -> Bool {
        chunk.end <= series[chunk.slot].deliveredIndex
    }

    func undelivered(maxBytes: Int) throws(PoolError) -> [DeliverableChunk] {
        // Sealing order is time order: every series seals when its buffer is full.
        var order = chunks.indices.filter { !isDelivered(chunks[$0]) }
        order.sort {
            let (left, right) = (chunks[$0].header, chunks[$1].header)
            if left.series == right.series { return left.firstIndex < right.firstIndex }
            return (left.lastTimeMs, left.series) < (right.lastTimeMs, right.series)
        }
        var result: [DeliverableChunk] = []
        var total = 0
        for position in order {
            let chunk = chunks[position]
            if !result.isEmpty && total + chunk.bytes.count > maxBytes { break }
            total += chunk.bytes.count
            result.append(DeliverableChunk(header: chunk.header, bytes: chunk.bytes))
        }
        return result
    }

    mutating func markDelivered(_ ref: ChunkRef) -> Bool {
        guard let slot = slot(of: ref.series), ref.count > 0 else { return false }
        let (end, overflow) = ref.firstIndex.addingReportingOverflow(UInt64(ref.count))
        let sealed = series[slot].nextIndex - UInt64(series[slot].open.values.count)
        guard !overflow, end <= sealed, ref.firstIndex <= series[slot].deliveredIndex else {
            return false
        }
        series[slot].deliveredIndex = max(series[slot].deliveredIndex, end)
        return true
    }

    var undeliveredValues: UInt64 {
        var sum: UInt64 = 0
        for state in series {
            sum += state.nextIndex - UInt64(state.open.values.count) - state.deliveredIndex
        }
        return sum
    }
}
