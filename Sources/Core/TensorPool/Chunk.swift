// What a sealed chunk says of itself, and the handles by which it is delivered.

public struct ChunkHeader: Equatable, Sendable {
    public var series: UInt16
    public var kind: SeriesClass
    /// Index in the series of the chunk's first value; the others follow without a gap.
    public var firstIndex: UInt64
    public var count: Int
    public var firstTimeMs: Int64
    public var lastTimeMs: Int64
    public var tier: Tier
    /// The lowest tier the chunk was ever held at.
    public var worstTier: Tier
    /// |error| of every value ≤ this, in the value's unit; 0 is exact.
    public var errorBound: Double
    /// Of one block the highest score of its values; of a compacted chunk the mean over the blocks
    /// that may be demoted. In steps of 1/65535.
    public var score: Double
    /// The full scale its grids divide.
    public var lower: Double
    public var upper: Double
    public var crc: UInt32

    public var ref: ChunkRef { ChunkRef(series: series, firstIndex: firstIndex, count: count) }
}

/// Names a run of samples of one series; what a receiver acknowledges.
public struct ChunkRef: Equatable, Hashable, Sendable {
    public var series: UInt16
    public var firstIndex: UInt64
    public var count: Int

    public init(series: UInt16, firstIndex: UInt64, count: Int) {
        self.series = series
        self.firstIndex = firstIndex
        self.count = count
    }
}

/// A chunk ready to be sent: `bytes` is self-describing, `decodeChunk` needs nothing else.
public struct DeliverableChunk: Equatable, Sendable {
    public var header: ChunkHeader
    public var bytes: [UInt8]
    public var ref: ChunkRef { header.ref }
}

/// Limits of the format; a decoder refuses what exceeds them before it allocates.
public enum ChunkLimits {
    /// Values in a chunk.
    public static let values = 4096
    /// Values a series may ever have: an index fits 48 bits.
    public static let indices: UInt64 = 1 << 48
    /// Bytes of a chunk: 4096 raw 81-bit values and raw times, and the header.
    public static let bytes = 128 * 1024
}
