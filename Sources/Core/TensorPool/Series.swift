// What a caller says about a series, and what it reads back from one.

/// The precision a block is held at. A block can move down this list, never up.
public enum Tier: UInt8, Comparable, Sendable, CaseIterable {
    /// |error| ≤ full scale / 510.
    case bits8 = 0
    /// |error| ≤ full scale / 131070.
    case bits16 = 1
    /// Exact: every bit of the value comes back.
    case bits81 = 2

    public static func < (left: Tier, right: Tier) -> Bool { left.rawValue < right.rawValue }
}

/// What a series is for; each class has a share of the budget (`PoolSettings`).
public enum SeriesClass: UInt8, Sendable, CaseIterable {
    case signal = 0
    case history = 1
    case scratch = 2
}

/// A series and its full scale: the range (in the values' own unit) that the 16- and 8-bit grids
/// divide. Values outside it are still held within the same bound.
public struct SeriesDeclaration: Equatable, Sendable {
    public var id: UInt16
    public var kind: SeriesClass
    public var lower: Double
    public var upper: Double
    /// Decimal places of the source, when known (0…18): a hint to the coder, no promise.
    public var decimals: UInt8?

    public init(
        id: UInt16, kind: SeriesClass, lower: Double, upper: Double, decimals: UInt8? = nil
    ) {
        self.id = id
        self.kind = kind
        self.lower = lower
        self.upper = upper
        self.decimals = decimals
    }
}

/// One value read back.
public struct PoolSample: Equatable, Sendable {
    /// Position in the series since it was declared, from 0. Evicted values leave a gap.
    public var index: UInt64
    /// As given to `append`: milliseconds, any epoch, may jump.
    public var timeMs: Int64
    public var value: Double
    /// |value − the value appended| ≤ this, in the value's unit; 0 is exact.
    public var errorBound: Double
    /// What it is held at now.
    public var tier: Tier

    public init(
        index: UInt64, timeMs: Int64, value: Double, errorBound: Double, tier: Tier = .bits81
    ) {
        self.index = index
        self.timeMs = timeMs
        self.value = value
        self.errorBound = errorBound
        self.tier = tier
    }
}
