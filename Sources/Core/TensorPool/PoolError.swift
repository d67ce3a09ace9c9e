// What can go wrong with a pool, and what to do about it.

import Precision

public enum PoolError: Error, Equatable, Sendable {
    /// The budget cannot hold even the pool's own state.
    case budgetTooSmall(minimumBytes: Int)
    case unknownSeries(UInt16)
    case seriesExists(UInt16)
    /// The directory of series is full (`TensorPool.seriesLimit`).
    case tooManySeries
    /// Ends not finite, not ascending, or so near to each other that the grid has no steps.
    case badFullScale(UInt16)
    /// A score that is not a number.
    case badScore
    /// No room, and nothing left that may be demoted or evicted: the value was not taken. Counted
    /// in `PoolAccount.refused`.
    case full(series: UInt16)
    /// Bytes that are not one whole chunk.
    case corruptChunk(ChunkFault)

    public var hint: String {
        switch self {
        case .budgetTooSmall(let minimumBytes):
            "raise the pool's budget: it is \(minimumBytes) bytes (\(minimumBytes >> 10) KiB) at least"
        case .unknownSeries: "declare the series before appending to it"
        case .seriesExists: "use redeclare to change the full scale of a series"
        case .tooManySeries: "declare fewer series, or use several pools"
        case .badFullScale: "give finite ends, lower below upper"
        case .badScore: "give a score between 0 and 1"
        case .full: "deliver or spill chunks, raise the budget, or stop the low-value streams"
        case .corruptChunk: "fetch the chunk again; if it recurs, check memory and storage"
        }
    }
}

/// What was wrong with the bytes of a chunk.
public enum ChunkFault: Error, Equatable, Sendable {
    case notAChunk
    /// A later version of the format.
    case unknownVersion(UInt8)
    case checksum
    case malformed(PrecisionError)
    /// Bytes follow the end of the chunk.
    case trailingBytes
}
