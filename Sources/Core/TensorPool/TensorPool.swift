// The tensor pool: numeric series under a hard byte budget.
//
// Values are appended to their series' open buffer. A full buffer (128 values) is sealed into a hot
// block, losslessly coded. When the budget is reached the pool makes room: it compacts hot blocks
// into cold chunks of up to 4096 values, each block at the tier its score earns; it evicts delivered
// chunks; it demotes 16-bit chunks to 8 bits, those first that lose the least (score × added error)
// per byte freed; as a ring it gives up what is worth least, and counts it; it hands chunks to the
// spill hook; and then it refuses the value with `PoolError.full` (`PoolState+Room` has the order). It
// never drops a value silently, and never touches the precision of a block that holds a value scored
// as exact.
//
// Terms: *tier*, *open buffer*, *chunk*, *retention window* are the glossary's. The pool has no
// clock, does no I/O and belongs to one thread.

/// See `TensorPool.spill`.
public typealias SpillHook = (DeliverableChunk) -> Bool

public final class TensorPool {
    /// Values in an open buffer.
    public static let blockValues = 128
    /// More series than any board has channels; it keeps the directory's share of a budget small.
    public static let seriesLimit = 1024
    /// Room for the pool's state, one open buffer and a few chunks.
    public static let budgetMinimumBytes = 16 * 1024

    /// Thresholds, heat and pressure: may be set at any time.
    public var settings: PoolSettings {
        get { storage.pointee.settings }
        set { storage.pointee.settings = newValue }
    }

    /// Takes a chunk out of the pool, to disk: called when nothing else can give way any more, and
    /// before a value is refused. True: it is stored safely, and the pool may forget it.
    public var spill: SpillHook? {
        get { storage.pointee.spill }
        set { storage.pointee.spill = newValue }
    }

    /// On its own allocation: a class's stored properties are checked for exclusive access on every
    /// use, and a value would pay for that more than for its coding.
    private let storage: UnsafeMutablePointer<PoolState>
    var state: PoolState {
        _read { yield storage.pointee }
        _modify { yield &storage.pointee }
    }

    public init(budgetBytes: Int, settings: PoolSettings = PoolSettings()) throws(PoolError) {
        guard budgetBytes >= Self.budgetMinimumBytes else {
            throw .budgetTooSmall(minimumBytes: Self.budgetMinimumBytes)
        }
        storage = .allocate(capacity: 1)
        storage.initialize(to: PoolState(budgetBytes: budgetBytes, settings))
    }

    deinit {
        storage.pointee.deallocate()
        storage.deinitialize(count: 1)
        storage.deallocate()
    }

    /// Adds a series. Its indices count from 0.
    public func declare(_ series: SeriesDeclaration) throws(PoolError) {
        try state.declare(series)
    }

    /// A new full scale for an existing series: its open buffer is sealed first, and its sealed
    /// chunks keep the full scale they were sealed with.
    public func redeclare(_ series: SeriesDeclaration) throws(PoolError) {
        try state.redeclare(series)
    }

    /// Adds one value. `score` is the value of the period, 0 … 1 (clamped). On an error nothing
    /// was stored; `.full` is counted.
    public func append(
        series: UInt16, timeMs: Int64, value: Double, score: Double
    ) throws(PoolError) {
        try storage.pointee.append(
            series: series, timeMs: timeMs, value: value, score: score)
    }

    /// Seals every open buffer, however short: at shutdown, and before a flush after an outage.
    public func sealAll() throws(PoolError) {
        try state.sealAll()
    }

    /// Indices from the oldest value held to the next to be appended; evicted runs within it are
    /// gaps. Nil for an unknown series.
    public func indices(of series: UInt16) -> Range<UInt64>? {
        state.indices(of: series)
    }

    /// Values of a series whose index lies in `range`, ascending, open buffer included.
    public func read(
        series: UInt16, in range: Range<UInt64>
    ) throws(PoolError) -> [PoolSample] {
        var samples: [PoolSample] = []
        try forEach(series: series, in: range) { samples.append($0) }
        return samples
    }

    /// The same, without holding more than one decoded chunk at a time.
    public func forEach(
        series: UInt16, in range: Range<UInt64>, _ body: (PoolSample) -> Void
    ) throws(PoolError) {
        try state.forEach(series: series, in: range, body)
    }

    /// Sealed chunks that no one has acknowledged, oldest (by last time) first, up to `maxBytes`
    /// in all, but at least one if there is any. Within a series they come in index order. A chunk
    /// may overlap samples handed out before (small chunks are merged in time): a receiver keeps
    /// values by (series, index).
    public func undelivered(maxBytes: Int) throws(PoolError) -> [DeliverableChunk] {
        try state.undelivered(maxBytes: maxBytes)
    }

    /// Acknowledges a run. Everything of a series is acknowledged in index order: a run that does
    /// not continue what is acknowledged already is ignored (false), and will be handed out again.
    @discardableResult
    public func markDelivered(_ ref: ChunkRef) -> Bool {
        state.markDelivered(ref)
    }

    /// Sealed values not yet acknowledged, of all series.
    public var undeliveredValues: UInt64 { state.undeliveredValues }

    /// A new budget, and with it a new retention window. A smaller one demotes and evicts at once;
    /// if that is not enough, `.full` is thrown and the old budget stays.
    public func setBudget(bytes: Int) throws(PoolError) {
        guard bytes >= Self.budgetMinimumBytes else {
            throw .budgetTooSmall(minimumBytes: Self.budgetMinimumBytes)
        }
        try state.setBudget(bytes)
    }

    /// All that the pool holds, as bytes to be restored after a restart; open buffers are sealed.
    public func snapshot() throws(PoolError) -> [UInt8] { try state.snapshot() }

    /// A pool from a snapshot: same series, indices and acknowledgements. Chunks that do not fit the
    /// budget are given up, the newest first, and counted as refused.
    public convenience init(
        budgetBytes: Int, settings: PoolSettings = PoolSettings(), restoring snapshot: [UInt8]
    ) throws(PoolError) {
        try self.init(budgetBytes: budgetBytes, settings: settings)
        let fault: PoolError? = snapshot.withUnsafeBytes { bytes in
            do throws(PoolError) {
                try storage.pointee.restore(bytes)
                return nil
            } catch {
                return error
            }
        }
        if let fault { throw fault }
    }

    /// Bytes that sealing and making room work in, held beside the budget.
    public var scratchBytes: Int { state.scratch.pointee.heldBytes }

    /// Values that a ring gave up, since the start.
    public var dropped: WorthCounts { state.counts.dropped }

    /// A walk over all chunks: for reports, not for every value.
    /// Share of the budget in use, 0…1: what decides when room is short. Cheap, unlike the account.
    public var fill: Double { state.fill }

    public var account: PoolAccount { state.account() }

    /// The score from which a value that comes in now is held exactly, for good.
    public var exactScoreInForce: Double { state.thresholds().exact }

    /// What one series takes; nothing for an unknown one.
    public func usage(of series: UInt16) -> SeriesUsage { state.usage(of: series) }
}

/// Decodes one chunk, for a receiver that knows nothing but the bytes.
public func decodeChunk(
    _ bytes: [UInt8]
) throws(PoolError) -> (header: ChunkHeader, timesMs: [Int64], values: [Double]) {
    let faultOrChunk: Result<DecodedChunk, ChunkFault> = bytes.withUnsafeBytes { raw in
        do throws(ChunkFault) { return .success(try ChunkCodec.decode(raw)) } catch {
            return .failure(error)
        }
    }
    switch faultOrChunk {
    case .success(let chunk): return (chunk.header, chunk.timesMs, chunk.values)
    case .failure(let fault): throw .corruptChunk(fault)
    }
}
