// Counts of small integers, −15 … 15, as running sums: for signals that take few values, or move in
// few steps, whose distribution is no bell. Asking costs one look, adding four vector additions.

struct SmallCounts {
    static var reach: Int64 { 15 }
    private static var increment: Int16 { 32 }
    private static var limit: Int16 { 8192 }

    /// Element i: the count of all integers below i − 15. The last: of all.
    /// Lies first in memory: `share` looks there.
    private var below: InlineArray<32, Int16>
    private var scale: Float

    @inline(__always)
    init() {
        // A little of everything, more towards zero.
        below = [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 18, 24, 36, 60, 72, 78, 82, 84, 86, 87, 88,
            89, 90, 91, 92, 93, 94, 95, 96,
        ]
        scale = 1.0 / 96
    }

    /// The share of all integers below this one. By pointer: a value would be copied to be indexed.
    @inline(__always)
    static func share(
        below integer: Int64, of counts: UnsafeMutablePointer<SmallCounts>
    ) -> Float {
        // Below the first place nothing is counted, from the last one on all is.
        let index = max(0, min(31, integer &+ Self.reach))
        let sum = UnsafeRawPointer(counts).load(fromByteOffset: Int(index) &* 2, as: Int16.self)
        return Float(sum) * counts.pointee.scale
    }

    /// False for an integer out of reach.
    @inline(__always) @discardableResult
    mutating func add(_ integer: Int64) -> Bool {
        guard integer >= -Self.reach, integer <= Self.reach else { return false }
        let own = SIMD8(repeating: Int16(truncatingIfNeeded: integer &+ Self.reach))
        // By hand: the device's compiler makes no vectors of loops.
        withUnsafeMutablePointer(to: &below) { memory in
            let sums = UnsafeMutableRawPointer(memory)
            Self.grow(sums, own, SIMD8(0, 1, 2, 3, 4, 5, 6, 7))
            Self.grow(sums + 16, own, SIMD8(8, 9, 10, 11, 12, 13, 14, 15))
            Self.grow(sums + 32, own, SIMD8(16, 17, 18, 19, 20, 21, 22, 23))
            Self.grow(sums + 48, own, SIMD8(24, 25, 26, 27, 28, 29, 30, 31))
        }
        if below[unchecked: 31] > Self.limit { halve() }
        scale = 1 / Float(below[unchecked: 31])
        return true
    }

    /// Adds to the sums at those places that lie above the integer's own.
    @inline(__always)
    private static func grow(
        _ sums: UnsafeMutableRawPointer, _ own: SIMD8<Int16>, _ places: SIMD8<Int16>
    ) {
        let above = (own &- places) &>> 15
        let grown = sums.loadUnaligned(as: SIMD8<Int16>.self) &+ (above & increment)
        sums.storeBytes(of: grown, as: SIMD8<Int16>.self)
    }

    /// Rounds down, and sums stay sums.
    private mutating func halve() {
        for index in 0..<32 { below[unchecked: index] &>>= 1 }
    }
}

/// The counts of up to three mixtures, for as long as something is coded: 5.5 KiB on the stack.
struct CountTable {
    private var counts = InlineArray<81, SmallCounts>(repeating: SmallCounts())

    @inline(__always)
    static func with<Result, Fault: Error>(
        _ body: (UnsafeMutablePointer<SmallCounts>) throws(Fault) -> Result
    ) throws(Fault) -> Result {
        var table = CountTable()
        return try withUnsafeMutablePointer(to: &table) { table throws(Fault) in
            try body(UnsafeMutableRawPointer(table).assumingMemoryBound(to: SmallCounts.self))
        }
    }
}
