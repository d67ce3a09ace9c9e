// Runtime accounting, as the glossary's "Runtime extension" defines it.

import Phi

public struct PoolAccount: Equatable, Sendable {
    public enum Basis: UInt8, Sendable {
        /// Nothing was admitted in this window.
        case noData = 0
        /// The fixed-width baseline would still fit the budget.
        case projected = 1
        /// The baseline would be exhausted, the pool is not: the figure is a lower bound.
        case atLeast = 2
        /// The pool had to refuse a value: the figure at that moment.
        case measured = 3
    }

    public var budgetBytes = 0
    /// Heap bytes held: segments (chunks, headers, open buffers, what is free between them),
    /// directory of series, sinks.
    public var heldBytes = 0
    /// Values admitted in the current retention window; a new budget opens a new window.
    public var valuesAdmitted: UInt64 = 0
    /// Values that can be read back now, of any window.
    public var valuesHeld: UInt64 = 0
    /// Of the bytes held: coded timestamps, of all series.
    public var timesBytes: UInt64 = 0
    /// Bytes that the values of this window need, as if nothing had been delivered or spilled.
    public var bytesNeeded: UInt64 = 0
    /// Fixed-width bytes of the values admitted ÷ bytesNeeded, at 81 and at 64 bits a value. Nil
    /// when nothing was admitted. At `projected`, what it will be when the budget is full, at the
    /// cost per value so far; at `measured`, frozen at the first refusal.
    public var extension81: Double?
    public var extension64: Double?
    public var basis = Basis.noData
    /// Values of this window scored at or above the exact threshold in force when they came in, and
    /// how many of them were recoded as anything but exact. The second must be 0.
    public var highValueCount: UInt64 = 0
    public var highValueDegraded: UInt64 = 0
    /// Largest error bound in force ÷ its series' full scale; 0 when all is exact.
    public var worstErrorBoundFraction = 0.0
    /// Values held now, by tier. Open buffers count as 81-bit: they are exact.
    public var values81: UInt64 = 0
    public var values16: UInt64 = 0
    public var values8: UInt64 = 0
    /// Values refused for want of room, since the start.
    public var refused: UInt64 = 0
    /// Values evicted after their delivery, since the start.
    public var evictedDelivered: UInt64 = 0
    /// Values handed to the spill hook, since the start.
    public var spilled: UInt64 = 0
    /// Values that a ring gave up for newer ones, since the start.
    public var dropped = WorthCounts()
    /// Values in chunks whose checksum no longer holds: memory has failed. Since the start.
    public var damaged: UInt64 = 0
    /// How often room was made before a forecast rise in value.
    public var roomMadeAhead: UInt64 = 0

    public init() {}

    /// φ metrics of the glossary, against 81-bit values. Nil without data.
    public var compressionRatio: Double? { extension81.map { 1 - 1 / $0 } }
    public var phiAlignment: Double? { compressionRatio.map { Phi.alignment($0) } }
    public var bitScalingEfficiency: Double? { compressionRatio.map { $0 * Phi.ratio } }

    /// Shares of the values held, 0 … 1.
    public var share81: Double { share(values81) }
    public var share16: Double { share(values16) }
    public var share8: Double { share(values8) }

    private func share(_ count: UInt64) -> Double {
        valuesHeld == 0 ? 0 : Double(count) / Double(valuesHeld)
    }
}

/// What one series takes.
public struct SeriesUsage: Equatable, Sendable {
    public var values: UInt64 = 0
    /// Of its sealed blocks and chunks, headers included, timestamps not (they may be shared).
    public var sealedBytes: UInt64 = 0
    public var sealedValues: UInt64 = 0

    public init() {}
}
