// The pool's state: series, the arena of records, running counts. Its parts:
//
//   PoolState+Append      values into open buffers
//   PoolState+Tracks      the times of open buffers, shared by series that are appended together
//   PoolState+Seal        open buffer → hot block
//   PoolState+Compaction  hot blocks → cold chunk, demotion
//   PoolState+Room        who gives way when the budget is reached
//   PoolScratch           what all of these work in
//   PoolState+Ring        what a pool that nobody empties gives up
//   PoolState+Read, +Delivery, +Account, +Snapshot

import Precision

struct OpenBuffer {
    var row = OpenRow<Double>()
    var count: UInt16 = 0
    var track: UInt16 = 0
    var highValues: UInt16 = 0
    var scoreMax = 0.0
}

struct SeriesState {
    var declaration: SeriesDeclaration
    /// Index into `PoolState.scales`.
    var scale: Int
    /// The first index that is not in a sealed block.
    var sealedIndex: UInt64 = 0
    /// Everything below is acknowledged, or handed to the spill.
    var deliveredIndex: UInt64 = 0
    var open = OpenBuffer()
    var hotBlocks = 0
    var settledBlocks = 0
    /// Bytes of its blocks and chunks.
    var bytes = 0
    /// Decimal places of the last block.
    var places: UInt8 = 0
    var forecast = ScoreForecast()

    var nextIndex: UInt64 { sealedIndex + UInt64(open.count) }
}

struct PoolState {
    var budgetBytes: Int
    var settings: PoolSettings
    var spill: SpillHook?
    var series = Table<SeriesState>()
    var scales: [Grid] = []
    var tracks = Table<Track>()
    var arena = Arena()
    /// A block is being sealed: no other may be sealed early to make room for it.
    var isSealing = false
    /// Times that must not be joined with others while a block that will use them is being sealed.
    var protectedTimes: UInt32 = 0
    var nextTimesId: UInt32 = 1
    var roomIsShort = false
    /// Free bytes that the last packing left in pieces.
    var scatteredBytes = 0
    /// Somewhere before the end of a series values are missing that nobody acknowledged.
    var hasHoles = false

    /// Behind the series that was appended to last.
    var turn = 0
    /// Beside the budget, its own allocation and this pointer included.
    let scratch: UnsafeMutablePointer<PoolScratch>

    var counts = PoolCounts()
    /// Figures at the first value of this window that would have had to be dropped.
    var exhausted: (admitted: UInt64, bytesNeeded: UInt64)?

    init(budgetBytes: Int, _ settings: PoolSettings) {
        self.budgetBytes = budgetBytes
        self.settings = settings
        scratch = .allocate(capacity: 1)
        scratch.initialize(to: PoolScratch())
    }

    mutating func deallocate() {
        arena.deallocateAll()
        series.deallocate()
        tracks.deallocate()
        scratch.pointee.deallocate()
        scratch.deinitialize(count: 1)
        scratch.deallocate()
    }

    /// What an array's storage costs on the heap.
    @inline(__always)
    static func arrayBytes(_ capacity: Int, _ stride: Int) -> Int {
        capacity == 0 ? 0 : Arena.rounded(32 + capacity * stride) + Arena.allocatorBytes
    }

    /// Heap bytes besides the arena's: this object and the directory of series, without the scratch.
    // Inlined, as what follows: a call would be given a copy of the whole state.
    @inline(__always)
    var fixedBytes: Int {
        MemoryLayout<PoolState>.stride - MemoryLayout<UnsafeMutablePointer<PoolScratch>>.stride
            + Arena.allocatorBytes
            + 32 + Arena.allocatorBytes  // the object that points to it
            + Self.arrayBytes(series.capacity, MemoryLayout<SeriesState>.stride)
            + Self.arrayBytes(scales.capacity, MemoryLayout<Grid>.stride)
            + Self.arrayBytes(tracks.capacity, MemoryLayout<Track>.stride)
            + Self.arrayBytes(arena.segments.capacity, MemoryLayout<Arena.Segment>.stride)
    }

    var heldBytes: Int { fixedBytes + arena.heldBytes }
    /// Room for new records as a share of the budget decides when it is short.
    @inline(__always)
    var fill: Double { Double(fixedBytes + arena.liveBytes) / Double(budgetBytes) }
    /// The arena's limit; the directory of segments may still grow by one doubling.
    var arenaLimit: Int {
        budgetBytes - fixedBytes
            - (arena.segments.count == arena.segments.capacity
                ? (arena.segments.capacity + 2) * 2 * MemoryLayout<Arena.Segment>.stride + 48 : 0)
    }

    func slot(of id: UInt16) -> Int? { Self.slot(of: id, in: series) }

    @inline(__always)
    static func slot(of id: UInt16, in series: Table<SeriesState>) -> Int? {
        // Callers tend to number their series from 0.
        if Int(id) < series.count, series.pointer(Int(id)).pointee.declaration.id == id {
            return Int(id)
        }
        return slotElsewhere(id, in: series)
    }

    private static func slotElsewhere(_ id: UInt16, in series: Table<SeriesState>) -> Int? {
        series.indices.first { series.pointer($0).pointee.declaration.id == id }
    }

    func thresholds() -> Thresholds { Thresholds(settings, fill: fill) }

    // MARK: declaring

    mutating func declare(_ declaration: SeriesDeclaration) throws(PoolError) {
        guard slot(of: declaration.id) == nil else { throw .seriesExists(declaration.id) }
        guard series.count < TensorPool.seriesLimit else { throw .tooManySeries }
        let stride = MemoryLayout<SeriesState>.stride + MemoryLayout<Track>.stride
        if series.count == series.capacity {
            // Both the old and the new arrays are there for a moment.
            let growth = (series.count + 2 * Self.directoryStep) * (stride + MemoryLayout<Grid>.stride)
            guard heldBytes + growth <= budgetBytes else { throw .tooManySeries }
            series.reserve(series.count + Self.directoryStep)
            // A series has one track at most.
            tracks.reserve(series.capacity)
        }
        let scale = try scaleIndex(declaration)
        series.append(SeriesState(declaration: declaration, scale: scale))
        series[series.count - 1].places = declaration.decimals ?? 0
    }

    /// Series by which the directory grows: doubling would waste budget.
    private static let directoryStep = 8

    private func grow<Element>(_ array: inout [Element], to capacity: Int) {
        var larger: [Element] = []
        larger.reserveCapacity(capacity)
        larger.append(contentsOf: array)
        array = larger
    }

    mutating func redeclare(
        _ declaration: SeriesDeclaration
    ) throws(PoolError) {
        guard let slot = slot(of: declaration.id) else { throw .unknownSeries(declaration.id) }
        let scale = try scaleIndex(declaration)
        try seal(slot)
        series[slot].declaration = declaration
        series[slot].scale = scale
    }

    private mutating func scaleIndex(_ declaration: SeriesDeclaration) throws(PoolError) -> Int {
        guard let grid = Grid(lower: declaration.lower, upper: declaration.upper) else {
            throw .badFullScale(declaration.id)
        }
        if let known = scales.firstIndex(of: grid) { return known }
        // A full scale is kept for as long as the pool: chunks refer to it.
        guard scales.count < 0xFFFF else { throw .tooManySeries }
        return append(grid)
    }

    mutating func append(_ grid: Grid) -> Int {
        if scales.count == scales.capacity { grow(&scales, to: scales.count + Self.directoryStep) }
        scales.append(grid)
        return scales.count - 1
    }
}

/// Counts that only grow within a window, or since the start.
struct PoolCounts {
    /// Of the window: sealed values, bytes of chunks that left, high values taken.
    var sealed: UInt64 = 0
    var departedBytes: UInt64 = 0
    var highValues: UInt64 = 0
    var highValuesDegraded: UInt64 = 0
    /// Since the start.
    var refused: UInt64 = 0
    var evictedDelivered: UInt64 = 0
    var spilled: UInt64 = 0
    var dropped = WorthCounts()
    var damaged: UInt64 = 0
    var roomMadeAhead: UInt64 = 0
}
