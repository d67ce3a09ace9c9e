// The golden ratio and the constants of the glossary that follow from it.
//
// Everything that reaches a decision or a digest is computed from + − × ÷ √ alone, never from libm,
// so that the host build and the device build agree bit for bit (see `Elementary.swift`).

public enum Phi {
    /// φ = (1+√5)/2.
    public static let ratio = 1.6180339887498948

    /// 1/φ ≈ 0.618: least resonance for a block to keep its tier, least value for the 81-bit tier.
    public static let resonanceThreshold = 0.6180339887498949

    /// φ−1 ≈ 0.618: the utilisation that allocation steers to.
    public static let efficiencyTarget = 0.6180339887498949

    /// 1/φ² ≈ 0.382: below it a period is of low value; the most one step may shrink an allocation to.
    public static let compressionLimit = 0.38196601125010515

    /// φ² ≈ 2.618: the most one step may grow an allocation, and one rollout wave over the one before.
    public static let expansionLimit = 2.618033988749895

    /// log2 φ, the exponent that turns powers of φ into powers of two.
    public static let log2Ratio = 0.6942419136306173

    /// φ-alignment of a share: 1 at 1/φ, falling with the distance from it, never below 0.
    public static func alignment(_ share: Double) -> Double {
        max(0, 1 - ratio * (share - 1 / ratio).magnitude)
    }

    /// φ^exponent.
    public static func power(_ exponent: Double) -> Double {
        exp2(exponent * log2Ratio)
    }

    /// log_φ x; NaN for a negative x, −∞ for zero.
    public static func logarithm(_ x: Double) -> Double {
        log2(x) / log2Ratio
    }
}

/// `x` held within `bounds`; a NaN gives the lower bound, so that no limit is ever passed by one.
public func clamp(_ x: Double, _ bounds: ClosedRange<Double>) -> Double {
    if x >= bounds.upperBound { return bounds.upperBound }
    return x >= bounds.lowerBound ? x : bounds.lowerBound
}
