// SplitMix64: a whole simulation follows from one seed, on every machine.
// https://prng.di.unimi.it/splitmix64.c

import Phi

public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Uniform in [0,1), 53 bits.
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    public mutating func uniform(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
    }

    /// Near enough to a standard normal: the sum of twelve uniforms, within ±6.
    public mutating func normal() -> Double {
        var sum = -6.0
        for _ in 0..<12 { sum += uniform() }
        return sum
    }
}

/// The share of the way to its target that a first-order lag covers in `seconds`: 1 − e^(−t/τ).
func lagShare(seconds: Double, tau: Double) -> Double {
    1 - Phi.exp2(-seconds / tau * 1.4426950408889634)
}
