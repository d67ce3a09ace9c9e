// A pool that has reached its budget and goes on: what each row then costs, in calls to the heap above all.

import Bytes
public import TensorPool

public struct SteadyTrial {
    /// How room is made.
    public enum Way: UInt8, CaseIterable, Sendable {
        /// A ring gives up what is worth least.
        case ring
        /// A receiver acknowledges what there is now and then, and what it has is evicted.
        case delivered
        /// A ring whose values may all go to 8 bits: most of the work is recoding.
        case coarse

        public var name: StaticString {
            switch self {
            case .ring: "ring"
            case .delivered: "delivered"
            case .coarse: "coarse"
            }
        }
    }

    private let way: Way
    private let pool: TensorPool
    private var board = BoardSeries()
    private var row = [Double](repeating: 0, count: BoardSeries.names.count)
    private var rows = 0

    public init(_ way: Way, budgetBytes: Int) throws(PoolError) {
        self.way = way
        var settings = PoolSettings()
        settings.isRing = way != .delivered
        if way == .coarse {
            settings.lowScore = settings.exactScore
            (settings.roomShortShare, settings.roomEaseShare) = (0, -1)
            settings.pressureBias = 0
        }
        pool = try TensorPool(budgetBytes: budgetBytes, settings: settings)
        for (id, scale) in BoardSeries.scales.enumerated() {
            try pool.declare(
                SeriesDeclaration(id: UInt16(id), kind: .signal, lower: scale.lower, upper: scale.upper))
        }
    }

    /// So many more rows of a board's channels.
    public mutating func run(rows count: Int) throws(PoolError) {
        for _ in 0..<count {
            board.next(into: &row)
            // Of ten blocks one is of high value, and the others are of more or less.
            let block = rows / TensorPool.blockValues
            let score = block % 10 == 9 ? 0.9 : Double(block % 7) / 10
            for id in row.indices {
                try pool.append(
                    series: UInt16(id), timeMs: Int64(rows) * BoardSeries.intervalMs, value: row[id],
                    score: score)
            }
            rows += 1
            if way == .delivered, rows % Self.rowsPerReport == 0 { acknowledge() }
        }
    }

    /// Whole blocks: then nothing is in open buffers.
    private static let rowsPerReport = 40 * TensorPool.blockValues

    private func acknowledge() {
        for id in row.indices {
            guard let next = pool.nextIndex(of: UInt16(id)), let delivered = pool.deliveredIndex(of: UInt16(id))
            else { continue }
            pool.markDelivered(
                ChunkRef(series: UInt16(id), firstIndex: delivered, count: Int(next - delivered)))
        }
    }

    /// Values that made room for others.
    public var gone: UInt64 { pool.dropped.total + pool.account.evictedDelivered }

    public var scratchBytes: Int { pool.scratchBytes }

    /// Of all that the pool holds.
    public func digest() throws(PoolError) -> UInt64 {
        var imprint = Imprint()
        imprint.add(try pool.snapshot())
        return imprint.value
    }
}
