// The entropy signal, estimated where the workload supplies none: permutation entropy of the board's
// own activity.
//
// Three successive values form one of six orders, or a seventh pattern, "flat", where they differ by
// less than the tolerance; the Shannon entropy of the patterns among the last 64 values, over its
// greatest value, is 0 for a steady or steadily rising load and near 1 for one without order. Without
// the flat pattern, the noise of an idle board would be taken for a lively one.
//
// Bandt and Pompe: Permutation entropy, Physical Review Letters 88 (2002) 174102.

import Phi

public struct StreamEntropy: Sendable {
    public static let window = 64
    /// Patterns seen before an estimate is given.
    public static let patternsLeast = 16
    private static let flat: UInt8 = 6
    private static let none: UInt8 = 255

    private let tolerance: Double
    private var patterns: InlineArray<64, UInt8>
    private var counts: InlineArray<7, Int>
    private var estimate: Double?
    private var next = 0
    private var seen = 0
    private var held = 0
    private var before = 0.0
    private var last = 0.0

    /// - Parameter tolerance: values closer than this count as equal, in their unit.
    public init(tolerance: Double) {
        self.tolerance = tolerance
        patterns = InlineArray(repeating: Self.none)
        counts = InlineArray(repeating: 0)
    }

    public mutating func note(_ value: Double) {
        guard value.isFinite else { return }
        defer {
            before = last
            last = value
            seen = min(2, seen + 1)
        }
        guard seen == 2 else { return }
        let pattern = pattern(before, last, value)
        let old = patterns[next]
        patterns[next] = pattern
        next = (next + 1) % Self.window
        guard old != pattern else { return }
        if old != Self.none { counts[Int(old)] -= 1 } else { held += 1 }
        counts[Int(pattern)] += 1
        if held >= Self.patternsLeast { estimate = entropy() }
    }

    private func pattern(_ a: Double, _ b: Double, _ c: Double) -> UInt8 {
        let low = min(a, min(b, c))
        let high = max(a, max(b, c))
        if high - low < tolerance { return Self.flat }
        if a <= b { return b <= c ? 0 : a <= c ? 1 : 2 }
        return a <= c ? 3 : b <= c ? 4 : 5
    }

    /// 0…1; nil before enough was seen.
    public var value: Double? { estimate }

    private func entropy() -> Double {
        var sum = 0.0
        for pattern in counts.indices where counts[pattern] > 0 {
            let share = Double(counts[pattern]) / Double(held)
            sum -= share * Phi.log2(share)
        }
        // log2 7
        return clamp(sum / 2.807354922057604, 0...1)
    }
}

/// ψ wave trigger: the time between successive inputs leaves its band, median ± 3 scaled MAD, and an
/// early observation is called for. The band is never narrower than a twentieth of the median: a
/// timer's own jitter isn't news.
public struct InputTiming: Sendable {
    static let memory = 9
    static let least = 8
    static let floorShare = 0.05

    /// The last gaps between inputs, ms: in order of arrival, and in order of length.
    private var gapsMs = InlineArray<9, Double>(repeating: 0)
    private var sortedMs = InlineArray<9, Double>(repeating: 0)
    private var next = 0
    private var count = 0
    private var lastMs: Int64?
    /// The last input came too early or too late.
    public private(set) var isTriggered = false

    public init() {}

    /// An input at `nowMs`. One that the trigger itself called for says so, and isn't counted.
    public mutating func note(nowMs: Int64, isEarly: Bool = false) {
        defer { lastMs = nowMs }
        isTriggered = false
        guard let lastMs, nowMs > lastMs, !isEarly else { return }
        let gap = Double(nowMs - lastMs)
        if count >= Self.least {
            let middle = sortedMs[count / 2]
            let width = max(
                SensorFilter.rejectionScale * SensorFilter.madScale * deviation(from: middle),
                Self.floorShare * middle)
            isTriggered = abs(gap - middle) > width
        }
        if count == Self.memory { forget(gapsMs[next]) }
        gapsMs[next] = gap
        next = (next + 1) % Self.memory
        var place = count
        while place > 0, sortedMs[place - 1] > gap {
            sortedMs[place] = sortedMs[place - 1]
            place -= 1
        }
        sortedMs[place] = gap
        count += 1
    }

    private mutating func forget(_ gap: Double) {
        var place = 0
        while place < count - 1, sortedMs[place] != gap { place += 1 }
        while place < count - 1 {
            sortedMs[place] = sortedMs[place + 1]
            place += 1
        }
        count -= 1
    }

    /// The median of the distances from the median: the gaps being sorted, the nearest lie next to it, and
    /// a step to one side or the other finds the next nearest.
    private func deviation(from middle: Double) -> Double {
        var below = count / 2 - 1
        var above = count / 2 + 1
        var distance = 0.0
        // By its span: an element of an array in a row costs a copy of it on some compilers.
        let sorted = sortedMs.span
        for _ in 0..<count / 2 {
            let down = below >= 0 ? middle - sorted[below] : .infinity
            let up = above < count ? sorted[above] - middle : .infinity
            if down <= up {
                distance = down
                below -= 1
            } else {
                distance = up
                above += 1
            }
        }
        return distance
    }
}
