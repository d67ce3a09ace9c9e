// Two pairs of time constants at a time: their parameters (b, Rf, Rs, c), the covariance, and how well
// each has foretold its readings.
//
// The step is a Kalman filter's whose state is the parameters; it has no branch, so two pairs go through
// it in the lanes of one vector register, on x86 as on the boards, with the very same bits: the lanes
// are added, multiplied and divided one by one, never fused.

struct PairLanes: Sendable {
    typealias Two = SIMD2<Double>

    var base: Two
    var fastRise: Two
    var slowRise: Two
    var past: Two
    // The symmetric covariance, °C².
    private var p00: Two
    private var p01 = Two.zero
    private var p02 = Two.zero
    private var p03 = Two.zero
    private var p11: Two
    private var p12 = Two.zero
    private var p13 = Two.zero
    private var p22: Two
    private var p23 = Two.zero
    private var p33: Two
    /// Weighted sum of squared innovations over their variance.
    private(set) var cost = Two.zero

    /// Both lanes begin at the prior; the deviations are of what isn't known of it, °C.
    init(
        baseC: Double, fastRiseC: Double, slowRiseC: Double, baseDeviationC: Double,
        fastDeviationC: Double, slowDeviationC: Double, pastDeviationC: Double
    ) {
        func both(_ value: Double) -> Two { Two(repeating: value) }
        base = both(baseC)
        fastRise = both(fastRiseC)
        slowRise = both(slowRiseC)
        past = .zero
        p00 = both(baseDeviationC * baseDeviationC)
        p11 = both(fastDeviationC * fastDeviationC)
        p22 = both(slowDeviationC * slowDeviationC)
        p33 = both(pastDeviationC * pastDeviationC)
    }

    /// What the fit says, with the regressors (1, f, s, d).
    func fitted(_ f: Double, _ s: Two, _ d: Two) -> Two {
        base + fastRise * f + slowRise * s + past * d
    }

    /// A reading while the poles are at rest: only the base can have moved.
    mutating func rest(
        _ temperatureC: Double, _ f: Double, _ s: Two, _ d: Two, walk: Double, keep: Double
    ) {
        p00 += walk
        let innovation = temperatureC - fitted(f, s, d)
        let k = 1 / (ThermalModel.readingVariance + p00)
        cost = cost * keep + innovation * innovation * k
        base += p00 * k * innovation
        let left = 1 - p00 * k
        p00 *= left
        p01 *= left
        p02 *= left
        p03 *= left
    }

    /// One reading, with the regressors (1, f, s, d).
    mutating func note(
        _ temperatureC: Double, _ f: Double, _ s: Two, _ d: Two, walk: Double, riseWalk: Double,
        keep: Double
    ) {
        p00 += walk
        p11 += riseWalk
        p22 += riseWalk
        let h0 = p00 + p01 * f + p02 * s + p03 * d
        let h1 = p01 + p11 * f + p12 * s + p13 * d
        let h2 = p02 + p12 * f + p22 * s + p23 * d
        let h3 = p03 + p13 * f + p23 * s + p33 * d
        let variance = ThermalModel.readingVariance + h0 + h1 * f + h2 * s + h3 * d
        let innovation = temperatureC - fitted(f, s, d)
        let k = 1 / variance
        cost = cost * keep + innovation * innovation * k
        let gain = innovation * k
        base += h0 * gain
        fastRise = Self.held(fastRise + h1 * gain, ThermalModel.riseLimitsC)
        slowRise = Self.held(slowRise + h2 * gain, ThermalModel.riseLimitsC)
        past = Self.held(past + h3 * gain, ThermalModel.pastLimitsC)
        let k0 = h0 * k
        let k1 = h1 * k
        let k2 = h2 * k
        p00 -= h0 * k0
        p01 -= k0 * h1
        p02 -= k0 * h2
        p03 -= k0 * h3
        p11 -= h1 * k1
        p12 -= k1 * h2
        p13 -= k1 * h3
        p22 -= h2 * k2
        p23 -= k2 * h3
        p33 -= h3 * h3 * k
        // Rounding may cost a variance its sign after very long runs; a little walk restores it.
        p33.replace(with: 1e-9, where: p33 .< 1e-9)
    }

    /// `clamp`, lane by lane: what is no number becomes the lower limit.
    private static func held(_ x: Two, _ limits: ClosedRange<Double>) -> Two {
        var held = x
        held.replace(with: limits.upperBound, where: x .>= limits.upperBound)
        held.replace(with: limits.lowerBound, where: .!(x .>= limits.lowerBound))
        return held
    }
}
