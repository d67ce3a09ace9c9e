// Fixed workloads, for counting instructions: the board's series through the pool and through its
// peers. What a mode costs is the difference between two counts, so making the values, starting the
// process and printing drop out.

public import TensorPool

public enum Kernel: UInt8, CaseIterable, Sendable {
    /// The values are made and thrown away.
    case generate
    /// Room enough for all: append and seal.
    case append
    /// Until the budget refuses a value: append, seal, cold chunks, merging, demotion. One block in
    /// ten of high value, the rest ends at 8 bits.
    case life
    /// The same, then every value read back.
    case read
    /// The values kept as they are, without a coder: what `gorillaEncode` and `copy` start from.
    case collect
    case gorillaEncode
    case gorillaDecode
    /// Raw: collected, and copied.
    case copy

    /// What the agent takes if it is told nothing else.
    public static let lifeBudgetBytes = 512 << 10
    private static let appendBudgetBytes = 64 << 20

    public var name: StaticString {
        switch self {
        case .generate: "generate"
        case .append: "append"
        case .life: "life"
        case .read: "read"
        case .collect: "collect"
        case .gorillaEncode: "gorilla-encode"
        case .gorillaDecode: "gorilla-decode"
        case .copy: "copy"
        }
    }

    /// Answers how many values went through, and bits that depend on all of them.
    public func run(rows: Int) throws(PoolError) -> (values: Int, trace: UInt64) {
        switch self {
        case .generate: try generate(rows)
        case .append, .life, .read: try pool(rows)
        case .collect, .gorillaEncode, .gorillaDecode, .copy: peer(rows)
        }
    }

    /// The loop of `fill`, down to a call for each value; what is called does nothing with it.
    private func generate(_ rows: Int) throws(PoolError) -> (Int, UInt64) {
        var board = BoardSeries()
        var row = [Double](repeating: 0, count: BoardSeries.names.count)
        var trace: UInt64 = 0
        for position in 0..<rows {
            board.next(into: &row)
            let score = Self.score(position)
            for id in row.indices {
                try Self.drop(
                    series: UInt16(id), timeMs: Int64(position) * BoardSeries.intervalMs, value: row[id],
                    score: score, &trace)
            }
        }
        return (rows * row.count, trace)
    }

    @inline(never)
    private static func drop(
        series: UInt16, timeMs: Int64, value: Double, score: Double, _ trace: inout UInt64
    ) throws(PoolError) {
        guard score <= 1 else { throw .badScore }
        trace ^= value.bitPattern
    }

    /// One block in ten is of high value.
    private static func score(_ row: Int) -> Double {
        row / TensorPool.blockValues % 10 == 9 ? 0.9 : 0.3
    }

    private func pool(_ rows: Int) throws(PoolError) -> (Int, UInt64) {
        var settings = PoolSettings()
        if self != .append {
            settings.lowScore = settings.exactScore
            (settings.roomShortShare, settings.roomEaseShare) = (0, -1)
            settings.pressureBias = 0
        }
        let pool = try TensorPool(
            budgetBytes: self == .append ? Self.appendBudgetBytes : Self.lifeBudgetBytes,
            settings: settings)
        for (id, scale) in BoardSeries.scales.enumerated() {
            try pool.declare(
                SeriesDeclaration(id: UInt16(id), kind: .signal, lower: scale.lower, upper: scale.upper))
        }
        let values = try fill(pool, rows)
        var trace: UInt64 = 0
        if self == .read {
            for id in BoardSeries.scales.indices {
                try pool.forEach(series: UInt16(id), in: 0..<ChunkLimits.indices) {
                    trace ^= $0.value.bitPattern
                }
            }
        }
        return (values, trace)
    }

    private func fill(_ pool: TensorPool, _ rows: Int) throws(PoolError) -> Int {
        var board = BoardSeries()
        var row = [Double](repeating: 0, count: BoardSeries.names.count)
        var values = 0
        for position in 0..<rows {
            board.next(into: &row)
            let score = Self.score(position)
            for id in row.indices {
                do throws(PoolError) {
                    try pool.append(
                        series: UInt16(id), timeMs: Int64(position) * BoardSeries.intervalMs,
                        value: row[id], score: score)
                } catch {
                    guard case .full = error else { throw error }
                    return values
                }
                values += 1
            }
        }
        return values
    }

    private func peer(_ rows: Int) -> (Int, UInt64) {
        var board = BoardSeries()
        var row = [Double](repeating: 0, count: BoardSeries.names.count)
        var columns: [[Double]] = row.map { _ in [] }
        for id in columns.indices { columns[id].reserveCapacity(rows) }
        for _ in 0..<rows {
            board.next(into: &row)
            for id in row.indices { columns[id].append(row[id]) }
        }
        var trace: UInt64 = 0
        for column in columns {
            switch self {
            case .gorillaEncode: trace ^= UInt64(Gorilla.encode(column).count)
            case .gorillaDecode:
                let back = Gorilla.decode(Gorilla.encode(column), count: column.count)
                trace ^= back.last?.bitPattern ?? 0
            case .copy:
                let copy = [Double](unsafeUninitializedCapacity: column.count) { memory, count in
                    count = memory.initialize(fromContentsOf: column)
                }
                trace ^= copy.last?.bitPattern ?? 0
            default: trace ^= column.last?.bitPattern ?? 0
            }
        }
        return (rows * row.count, trace)
    }
}
