// The pool's memory: open buffers, sealed chunks, and the running sums of the account.
//
// Every heap byte is counted where it is taken: a Swift array of n bytes costs its object header
// and the allocator's rounding (`heapCost`).

import Precision

struct OpenBuffer {
    var timesMs: [Int64] = []
    var values: [Double] = []
    var scoreMax = 0.0
    /// Scores at or above the exact threshold cannot be counted before the threshold at sealing is
    /// known, so they are kept, in steps of 1/65535.
    var scores: [UInt16] = []
}

struct SeriesState {
    var declaration: SeriesDeclaration
    var grid: Grid
    /// Index of the next value.
    var nextIndex: UInt64 = 0
    /// Everything below is acknowledged.
    var deliveredIndex: UInt64 = 0
    var open = OpenBuffer()
    var chunkBytes = 0
}

struct StoredChunk {
    var header: ChunkHeader
    var slot: Int
    var bytes: [UInt8]
    var highValues: UInt64
    /// Admitted in the current window.
    var inWindow: Bool

    var end: UInt64 { header.firstIndex + UInt64(header.count) }
}

/// What a heap object of `payload` bytes costs: Swift's 32-byte array header, the allocator's word
/// and its rounding to 16.
func heapCost(_ payload: Int) -> Int { payload == 0 ? 0 : (payload + 32 + 8 + 15) / 16 * 16 }

struct PoolState {
    var budgetBytes: Int
    var series: [SeriesState] = []
    /// In the order they were sealed.
    var chunks: [StoredChunk] = []
    var chunkBytes = 0
    var roomIsShort = false

    var admitted: UInt64 = 0
    var refused: UInt64 = 0
    var evictedDelivered: UInt64 = 0
    /// Of the current window: bytes of chunks no longer held, and the first refusal's figures.
    var evictedWindowBytes: UInt64 = 0
    var evictedHighValues: UInt64 = 0
    var exhausted: (admitted: UInt64, bytesNeeded: UInt64)?

    init(budgetBytes: Int) { self.budgetBytes = budgetBytes }

    static let openCost =
        heapCost(TensorPool.blockValues * 8) * 2 + heapCost(TensorPool.blockValues * 2)

    var fixedBytes: Int {
        heapCost(MemoryLayout<PoolState>.size)
            + heapCost(series.capacity * MemoryLayout<SeriesState>.stride)
            + series.count * Self.openCost
            + heapCost(chunks.capacity * MemoryLayout<StoredChunk>.stride)
    }

    var heldBytes: Int { fixedBytes + chunkBytes }
    var fill: Double { Double(heldBytes) / Double(budgetBytes) }

    func slot(of id: UInt16) -> Int? { series.firstIndex { $0.declaration.id == id } }

    // MARK: series

    mutating func declare(_ declaration: SeriesDeclaration) throws(PoolError) {
        guard slot(of: declaration.id) == nil else { throw .seriesExists(declaration.id) }
        guard series.count < TensorPool.seriesLimit else { throw .tooManySeries }
        guard let grid = Grid(lower: declaration.lower, upper: declaration.upper) else {
            throw .badFullScale(declaration.id)
        }
        guard heldBytes + Self.openCost + 2 * MemoryLayout<SeriesState>.stride <= budgetBytes
        else { throw .full(series: declaration.id) }
        series.append(SeriesState(declaration: declaration, grid: grid))
        let slot = series.count - 1
        series[slot].open.timesMs.reserveCapacity(TensorPool.blockValues)
        series[slot].open.values.reserveCapacity(TensorPool.blockValues)
        series[slot].open.scores.reserveCapacity(TensorPool.blockValues)
    }

    mutating func redeclare(
        _ declaration: SeriesDeclaration, _ settings: PoolSettings
    ) throws(PoolError) {
        guard let slot = slot(of: declaration.id) else { throw .unknownSeries(declaration.id) }
        guard let grid = Grid(lower: declaration.lower, upper: declaration.upper) else {
            throw .badFullScale(declaration.id)
        }
        try seal(slot, settings)
        series[slot].declaration = declaration
        series[slot].grid = grid
    }

    // MARK: append and seal

    mutating func append(
        series id: UInt16, timeMs: Int64, value: Double, score: Double, _ settings: PoolSettings
    ) throws(PoolError) {
        guard let slot = slot(of: id) else { throw .unknownSeries(id) }
        guard !score.isNaN else { throw .badScore }
        if series[slot].open.values.count == TensorPool.blockValues {
            // The last seal found no room; it must succeed before another value is taken.
            do { try seal(slot, settings) } catch {
                refused += 1
                if exhausted == nil { exhausted = (admitted, bytesNeeded) }
                throw error
            }
        }
        let clamped = min(1, max(0, score))
        series[slot].open.timesMs.append(timeMs)
        series[slot].open.values.append(value)
        series[slot].open.scores.append(ChunkCodec.scoreIndex(clamped))
        series[slot].open.scoreMax = max(series[slot].open.scoreMax, clamped)
        series[slot].nextIndex += 1
        admitted += 1
        if series[slot].open.values.count == TensorPool.blockValues {
            do { try seal(slot, settings) } catch {
                // The value is held; the next append meets the full pool.
            }
        }
    }

    mutating func sealAll(_ settings: PoolSettings) throws(PoolError) {
        for slot in series.indices { try seal(slot, settings) }
    }

    private mutating func seal(_ slot: Int, _ settings: PoolSettings) throws(PoolError) {
        let count = series[slot].open.values.count
        guard count > 0 else { return }
        updateRoom(settings)
        let thresholds = Thresholds(settings, fill: fill)
        let tier = thresholds.tier(
            forScore: series[slot].open.scoreMax, roomIsShort: roomIsShort)
        let open = series[slot].open
        let declaration = series[slot].declaration
        var header = ChunkHeader(
            series: declaration.id, kind: declaration.kind,
            firstIndex: series[slot].nextIndex - UInt64(count), count: count,
            firstTimeMs: open.timesMs[0], lastTimeMs: open.timesMs[count - 1], tier: tier,
            worstTier: tier, errorBound: ChunkCodec.bound(tier, series[slot].grid),
            score: Double(ChunkCodec.scoreIndex(open.scoreMax)) / ChunkCodec.scoreSteps, lower: declaration.lower, upper: declaration.upper, crc: 0)
        let bytes = ChunkCodec.encode(&header, timesMs: open.timesMs, values: open.values)
        try makeRoom(heapCost(bytes.count) + directoryGrowth, for: declaration.id, settings)
        var high: UInt64 = 0
        for score in open.scores where Double(score) / ChunkCodec.scoreSteps >= thresholds.exact {
            high += 1
        }
        add(
            StoredChunk(
                header: header, slot: slot, bytes: exactCapacity(bytes), highValues: high,
                inWindow: true))
        series[slot].open.timesMs.removeAll(keepingCapacity: true)
        series[slot].open.values.removeAll(keepingCapacity: true)
        series[slot].open.scores.removeAll(keepingCapacity: true)
        series[slot].open.scoreMax = 0
    }

    private func exactCapacity(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, count in
            for index in bytes.indices { buffer.initializeElement(at: index, to: bytes[index]) }
            count = bytes.count
        }
    }

    private var directoryGrowth: Int {
        chunks.count < chunks.capacity
            ? 0 : (chunks.capacity + 4) * MemoryLayout<StoredChunk>.stride * 2
    }

    private mutating func add(_ chunk: StoredChunk) {
        chunks.append(chunk)
        let cost = heapCost(chunk.bytes.count)
        chunkBytes += cost
        series[chunk.slot].chunkBytes += cost
    }

    mutating func updateRoom(_ settings: PoolSettings) {
        let level = max(fill, settings.externalPressure)
        if level >= settings.roomShortShare { roomIsShort = true }
        if level < settings.roomEaseShare { roomIsShort = false }
    }

    // MARK: reading

    func indices(of id: UInt16) -> Range<UInt64>? {
        guard let slot = slot(of: id) else { return nil }
        let next = series[slot].nextIndex
        var oldest = next - UInt64(series[slot].open.values.count)
        for chunk in chunks where chunk.slot == slot {
            oldest = min(oldest, chunk.header.firstIndex)
        }
        return oldest..<next
    }

    func forEach(
        series id: UInt16, in range: Range<UInt64>, _ body: (PoolSample) -> Void
    ) throws(PoolError) {
        guard let slot = slot(of: id) else { throw .unknownSeries(id) }
        for chunk in chunks
        where chunk.slot == slot && chunk.end > range.lowerBound
            && chunk.header.firstIndex < range.upperBound
        {
            let decoded = try decodeChunk(chunk.bytes)
            for offset in 0..<chunk.header.count {
                let index = chunk.header.firstIndex + UInt64(offset)
                if range.contains(index) {
                    body(
                        PoolSample(
                            index: index, timeMs: decoded.timesMs[offset],
                            value: decoded.values[offset], errorBound: chunk.header.errorBound))
                }
            }
        }
        let open = series[slot].open
        let first = series[slot].nextIndex - UInt64(open.values.count)
        for offset in open.values.indices where range.contains(first + UInt64(offset)) {
            body(
                PoolSample(
                    index: first + UInt64(offset), timeMs: open.timesMs[offset],
                    value: open.values[offset], errorBound: 0))
        }
    }
}
