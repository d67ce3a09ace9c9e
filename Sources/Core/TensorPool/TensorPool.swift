// The tensor pool: numeric series under a hard byte budget.
//
// Values are appended to their series' open buffer. A full buffer (128 values) is sealed into a
// chunk, at the tier its score earns. When the budget is reached the pool makes room, in this
// order: it evicts delivered chunks, oldest first; it demotes the chunk that loses the least
// (score × added error) per byte freed; then it refuses the value with `PoolError.full`. It never
// drops a value silently, and never demotes a block that was sealed as exact.
//
// Terms: *tier*, *open buffer*, *chunk*, *retention window* are the glossary's. The pool has no
// clock, does no I/O and belongs to one thread.

public final class TensorPool {
    /// Values in an open buffer.
    public static let blockValues = 128
    /// More series than any board has channels; it keeps the directory's share of a budget small.
    public static let seriesLimit = 1024
    /// Room for the pool's state, one open buffer and a few chunks.
    public static let budgetMinimumBytes = 16 * 1024

    /// Thresholds, heat and pressure: may be set at any time.
    public var settings: PoolSettings

    var state: PoolState

    public init(budgetBytes: Int, settings: PoolSettings = PoolSettings()) throws(PoolError) {
        guard budgetBytes >= Self.budgetMinimumBytes else {
            throw .budgetTooSmall(minimumBytes: Self.budgetMinimumBytes)
        }
        self.settings = settings
        state = PoolState(budgetBytes: budgetBytes)
    }

    /// Adds a series. Its indices count from 0.
    public func declare(_ series: SeriesDeclaration) throws(PoolError) {
        try state.declare(series)
    }

    /// A new full scale for an existing series: its open buffer is sealed first, and its sealed
    /// chunks keep the full scale they were sealed with.
    public func redeclare(_ series: SeriesDeclaration) throws(PoolError) {
        try state.redeclare(series, settings)
    }

    /// Adds one value. `score` is the value of the period, 0 … 1 (clamped). On an error nothing
    /// was stored; `.full` is counted.
    public func append(
        series: UInt16, timeMs: Int64, value: Double, score: Double
    ) throws(PoolError) {
        try state.append(
            series: series, timeMs: timeMs, value: value, score: score, settings)
    }

    /// Seals every open buffer, however short: at shutdown, and before a flush after an outage.
    public func sealAll() throws(PoolError) {
        try state.sealAll(settings)
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
        try state.setBudget(bytes, settings)
    }

    public var account: PoolAccount { state.account(settings) }
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
