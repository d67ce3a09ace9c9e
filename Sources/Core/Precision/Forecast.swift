// What the cold coding expects of the next value: three forecasts and how far each has been off.
//
//   - the last value,
//   - a running mean (rate 1/10),
//   - a linear combination of the last four values, least squares with forgetting (0.998), solved
//     again every eighth value, drawn to "the last value" while it has seen little.
//
// All from + − × ÷ on Doubles in a fixed order, so host and device agree bit for bit (Swift never
// contracts a · b + c). Values come in units of the series' typical step, near 1; a caller that
// decodes arbitrary bytes may bring any finite value, and every forecast stays finite.

/// The forecasts themselves; a small value, where `Forecast` would be copied at some cost.
struct Outlook {
    var linear = 0.0
    var last = 0.0
    var mean = 0.0
    /// The mean |error| of each.
    var linearSpread = 1.0
    var lastSpread = 1.0
    var meanSpread = 1.0
}

struct Forecast {
    /// Largest magnitude that enters; larger values are held there.
    static let limit = 17_592_186_044_416.0  // 2^44
    private static let forgetting = 0.998
    private static let meanRate = 0.1
    private static let spreadRate = 0.03
    private static let solveEvery = 8
    /// One error moves a spread as if it were at most this many times the spread; and one beyond
    /// `outlier` spreads is kept out of the least squares: a gap in a clock must not spoil the
    /// hundreds of values after it.
    private static let clip = 8.0
    private static let outlier = 16.0

    private(set) var outlook = Outlook()

    private var origin = 0.0
    private var seen = 0
    private var sinceSolved = 0
    private var recovering = 0
    /// The last four values, less the origin, newest first.
    private var history = SIMD4<Double>(repeating: 0)
    private var weights = SIMD4<Double>(1, 0, 0, 0)
    /// Rows of the (symmetric) matrix of sums of products, and the right-hand side.
    private var row0 = SIMD4<Double>(repeating: 0)
    private var row1 = SIMD4<Double>(repeating: 0)
    private var row2 = SIMD4<Double>(repeating: 0)
    private var row3 = SIMD4<Double>(repeating: 0)
    private var right = SIMD4<Double>(repeating: 0)

    @inline(__always)
    mutating func observe(_ value: Double) {
        let value = value.magnitude <= Self.limit ? value : outlook.last
        if seen == 0 {
            origin = value
            (outlook.last, outlook.mean, outlook.linear) = (value, value, value)
            seen = 1
            return
        }
        // Quick at first, then with a memory of about 33 values.
        let rate = seen < 32 ? 1 / Double(seen + 1) : Self.spreadRate
        let linearError = (value - outlook.linear).magnitude
        let lastError = (value - outlook.last).magnitude
        // Five values pass before an outlier has left the history.
        if min(linearError, lastError)
            > Self.outlier * (outlook.linearSpread + outlook.lastSpread + 0.01)
        {
            recovering = 5
        }
        Self.move(&outlook.linearSpread, by: linearError, rate)
        Self.move(&outlook.lastSpread, by: lastError, rate)
        Self.move(&outlook.meanSpread, by: (value - outlook.mean).magnitude, rate)
        seen = min(seen + 1, 32)

        let target = value - origin
        if recovering > 0 {
            recovering -= 1
        } else {
            learn(target)
        }

        history = SIMD4(target, history.x, history.y, history.z)
        outlook.mean += (value - outlook.mean) * Self.meanRate
        outlook.last = value
        let product = weights * history
        let sum = origin + ((product.x + product.y) + (product.z + product.w))
        // False for NaN as well.
        outlook.linear = sum.magnitude <= Self.limit ? sum : value
    }

    @inline(__always)
    private static func move(_ spread: inout Double, by error: Double, _ rate: Double) {
        spread += (min(error, clip * spread + 0.1) - spread) * rate
    }

    @inline(__always)
    private mutating func learn(_ target: Double) {
        row0 = row0 * Self.forgetting + history * history.x
        row1 = row1 * Self.forgetting + history * history.y
        row2 = row2 * Self.forgetting + history * history.z
        row3 = row3 * Self.forgetting + history * history.w
        right = right * Self.forgetting + history * target
        sinceSolved += 1
        if sinceSolved == Self.solveEvery {
            sinceSolved = 0
            solve()
        }
    }

    /// (A + I) w = b + (1, 0, 0, 0) by LDLᵀ; an ill-conditioned system leaves the weights alone.
    private mutating func solve() {
        let d0 = row0.x + 1
        let l10 = row0.y / d0
        let l20 = row0.z / d0
        let l30 = row0.w / d0
        let d1 = row1.y + 1 - l10 * row0.y
        guard d1 > 1e-9 else { return }
        let e21 = row1.z - l20 * row0.y
        let e31 = row1.w - l30 * row0.y
        let l21 = e21 / d1
        let l31 = e31 / d1
        let d2 = row2.z + 1 - l20 * row0.z - l21 * e21
        guard d2 > 1e-9 else { return }
        let e32 = row2.w - l30 * row0.z - l31 * e21
        let l32 = e32 / d2
        let d3 = row3.w + 1 - l30 * row0.w - l31 * e31 - l32 * e32
        guard d3 > 1e-9 else { return }
        let z0 = right.x + 1
        let z1 = right.y - l10 * z0
        let z2 = right.z - l20 * z0 - l21 * z1
        let z3 = right.w - l30 * z0 - l31 * z1 - l32 * z2
        let w3 = z3 / d3
        let w2 = z2 / d2 - l32 * w3
        let w1 = z1 / d1 - l21 * w2 - l31 * w3
        let w0 = z0 / d0 - l10 * w1 - l20 * w2 - l30 * w3
        weights = SIMD4(w0, w1, w2, w3)
    }
}
