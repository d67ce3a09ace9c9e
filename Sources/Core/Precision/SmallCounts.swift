// Counts of small integers, −15 … 15, as running sums: for signals that take few values, or move in
// few steps, whose distribution is no bell. Asking costs one look, adding one vector operation.

struct SmallCounts {
    static let reach: Int64 = 15
    private static let increment: UInt16 = 32
    private static let limit: UInt16 = 8192

    /// Element i: the count of all integers below i − 15. The last: of all.
    private var below: InlineArray<32, UInt16>
    private var scale: Double

    init() {
        // A little of everything, more towards zero.
        below = [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 18, 24, 36, 60, 72, 78, 82, 84, 86, 87, 88,
            89, 90, 91, 92, 93, 94, 95, 96,
        ]
        scale = 1.0 / 96
    }

    /// The share of all integers below this one.
    @inline(__always)
    func share(below integer: Int64) -> Double {
        let index = integer &+ Self.reach
        if index <= 0 { return 0 }
        if index > 30 { return 1 }
        return Double(below[unchecked: Int(index)]) * scale
    }

    /// False for an integer out of reach.
    @inline(__always) @discardableResult
    mutating func add(_ integer: Int64) -> Bool {
        guard integer >= -Self.reach, integer <= Self.reach else { return false }
        let own = UInt16(truncatingIfNeeded: integer &+ Self.reach)
        // No branch inside: this becomes a few vector instructions.
        for index in 0..<32 {
            below[unchecked: index] &+=
                UInt16(truncatingIfNeeded: index) > own ? Self.increment : 0
        }
        if below[unchecked: 31] > Self.limit {
            // Halving rounds down, and sums stay sums.
            for index in 0..<32 { below[unchecked: index] &>>= 1 }
        }
        scale = 1 / Double(below[unchecked: 31])
        return true
    }
}
