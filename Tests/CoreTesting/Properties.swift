// Property tests: a statement held against many random cases, each from a seed of its own.
//
// A failure names its seed; PHI_SEED=<seed> runs that one case again.

import Foundation

/// SplitMix64 (Steele, Lea, Flood 2014): small, seedable, the same everywhere.
public struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    public mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

    public mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

    public mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    /// Any width of number is as likely as another, so that small ones and edges come up.
    public mutating func wide() -> UInt64 {
        switch below(8) {
        case 0: 0
        case 1: .max
        default: next() >> UInt64(below(64))
        }
    }

    /// Any finite pattern, now and then a plain number.
    public mutating func finite() -> Double {
        if oneIn(4) { return Double(below(2001) - 1000) / 8 }
        while true {
            let value = Double(bitPattern: next())
            if value.isFinite { return value }
        }
    }

    /// Text of at most `byteCount` bytes of UTF-8, without control characters.
    public mutating func text(upTo byteCount: Int) -> String {
        let alphabet = Array("aZ09 -_.=/\"\\{}':,<>&µ°φé€漢🜁\u{2028}\u{301}")
        var text = ""
        let length = below(byteCount + 1)
        while true {
            let longer = text + String(alphabet[below(alphabet.count)])
            if longer.utf8.count > length { return text }
            text = longer
        }
    }

    public mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }
}

public struct Broken: Error, CustomStringConvertible {
    public let description: String
    public init(_ text: String) { description = text }
}

/// Throws `text` where the condition doesn't hold.
public func hold(_ condition: Bool, _ text: @autoclosure () -> String) throws {
    if !condition { throw Broken(text()) }
}

/// Runs `body` on `count` seeds from `first` on; whatever it throws comes out with its seed.
public func forSeeds(
    _ count: Int, from first: UInt64 = 1, _ body: (inout SeededRandom) throws -> Void
) throws {
    let chosen = ProcessInfo.processInfo.environment["PHI_SEED"].flatMap { UInt64($0) }
    let seeds = chosen.map { [$0] } ?? Array(first..<first + UInt64(count))
    for seed in seeds {
        var random = SeededRandom(seed: seed)
        do {
            try body(&random)
        } catch {
            throw Broken("seed \(seed) (run again with PHI_SEED=\(seed)): \(error)")
        }
    }
}
