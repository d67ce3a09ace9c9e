// The cold coding of one integer: a mixture of four bell curves, weighted by how well each has
// foretold the values so far (Bayes, with a fixed share given back so that none dies out).
//
// Two curves stand on the linear forecast (narrow and wide), one on the last value, one on the
// running mean (`Forecast`). The curve is Student's t with four degrees of freedom: its
// distribution function needs one square root and one division, no table and no exp,
//     F(t) = 1/2 + t (t² + 6) / (2 (t² + 4)^(3/2)),
// and its tails are what sensors have. Measured against a logistic: equal to 0.3 %.
//
// An integer is looked at in steps of 2^shift, chosen so that the narrowest curve spans 16 … 32
// steps; the bits below are as good as random and are coded plain. Symbols are the 1023 steps
// around the forecast, and an escape at each end. Encoder and decoder compute the same
// boundaries with the same operations; the decoder searches for the one it needs.

/// How an integer domain lies on the forecast's axis: integer = value · scale + offset.
struct IntegerDomain {
    var scale: Double
    var offset: Double
}

/// What the members of the mixture say of one boundary.
struct Edges {
    var curves: SIMD8<Double>
    var step: Double
    var level: Double
}

struct Mixture {
    private static let reach: Int64 = 511
    private static let symbols = 2 * reach + 1
    /// Least share of a symbol, of 2^30.
    private static let floor: UInt64 = 32
    private static let curveTotal = Double(
        (UInt64(1) << RangeEncoder.totalBits) - floor * UInt64(symbols + 2))
    private static let fixedShare = 0.01
    /// Widths of the curves, in mean errors of their forecasts.
    private static let widths = SIMD8<Double>(
        0.18, 0.54, 1.08, 2.2, 0.03, 0.18, 0.6, 0.9)
    /// Least width, in steps of the integer.
    private static let leastWidth = 0.03

    private var weights = SIMD8<Double>(repeating: 0.1)
    private var stepWeight = 0.1
    private var levelWeight = 0.1
    private var steps = SmallCounts()
    private var levels = SmallCounts()
    private var previous: Int64 = 0
    private var anchor: Int64 = 0

    // Of the integer at hand:
    private var centres = SIMD8<Double>(repeating: 0)
    private var inverse = SIMD8<Double>(repeating: 0)
    private var base: Int64 = 0
    private var shift: Int64 = 0
    private var first: Int64 = 0

    /// Lays the curves out for the next integer.
    @inline(__always)
    private mutating func prepare(_ forecast: Forecast, _ domain: IntegerDomain) {
        let limit = 9_007_199_254_740_992.0  // 2^53
        let linear = Self.held(forecast.linear * domain.scale + domain.offset, limit)
        let last = Self.held(forecast.last * domain.scale + domain.offset, limit)
        let mean = Self.held(forecast.mean * domain.scale + domain.offset, limit)
        base = Int64(linear)
        let centre = Double(base)
        let (byLinear, byLast) = (linear - centre, last - centre)
        centres = SIMD8(
            byLinear, byLinear, byLinear, byLinear, byLast, byLast, byLast, mean - centre)
        let linearSpread = forecast.linearSpread * domain.scale
        let lastSpread = forecast.lastSpread * domain.scale
        let meanSpread = forecast.meanSpread * domain.scale
        let scaled = SIMD8(
            linearSpread, linearSpread, linearSpread, linearSpread, lastSpread, lastSpread,
            lastSpread, meanSpread)
        let width = scaled * Self.widths + Self.leastWidth
        inverse = SIMD8(repeating: 1) / width
        let least = min(linearSpread, min(lastSpread, meanSpread))
        let exponent = Int64((least.bitPattern >> 52) & 0x7FF) - 1023
        shift = max(0, min(50, exponent - 4))
        first = (base &>> shift) - Self.reach
    }

    @inline(__always) private static func held(_ value: Double, _ limit: Double) -> Double {
        value.magnitude <= limit ? value : value > 0 ? limit : -limit
    }

    /// The four distribution functions at the lower boundary of a symbol.
    @inline(__always)
    private func curves(_ symbol: Int64) -> SIMD8<Double> {
        let edge = Double(((first &+ symbol) &<< shift) &- base) - 0.5
        let far = SIMD8<Double>(repeating: 1e6)
        let raw = (SIMD8(repeating: edge) - centres) * inverse
        let t = raw.clamped(lowerBound: -far, upperBound: far)
        let square = t * t
        let four = square + 4
        return 0.5 + t * (square + 6) / (four * four.squareRoot() * 2)
    }

    /// The distribution functions at the lower boundary of a symbol.
    @inline(__always)
    private func edges(_ symbol: Int64) -> Edges {
        let curves = curves(symbol)
        guard shift == 0 else { return Edges(curves: curves, step: curves[0], level: curves[0]) }
        let value = first &+ symbol
        return Edges(
            curves: curves, step: steps.share(below: value &- previous),
            level: levels.share(below: value &- anchor))
    }

    /// The lower boundary of a symbol, of 2^30, from the distribution functions there.
    @inline(__always)
    private func boundary(_ symbol: Int64, _ edges: Edges) -> UInt64 {
        let parts = edges.curves * weights
        let sum = Self.sum(parts) + (edges.step * stepWeight + edges.level * levelWeight)
        return UInt64(max(0, min(1, sum)) * Self.curveTotal) &+ Self.floor
            &* UInt64(bitPattern: symbol &+ 1)
    }

    /// In a fixed order, whatever the processor's vectors are.
    @inline(__always) private static func sum(_ parts: SIMD8<Double>) -> Double {
        let four = parts.lowHalf + parts.highHalf
        return (four.x + four.y) + (four.z + four.w)
    }

    @inline(__always)
    private mutating func learn(_ low: Edges, _ high: Edges, _ integer: Int64) {
        let hits = weights * (high.curves - low.curves + 1e-9)
        let step = stepWeight * (high.step - low.step + 1e-9)
        let level = levelWeight * (high.level - low.level + 1e-9)
        let scale = (1 - Self.fixedShare) / (Self.sum(hits) + (step + level))
        weights = hits * scale + Self.fixedShare / 10
        stepWeight = step * scale + Self.fixedShare / 10
        levelWeight = level * scale + Self.fixedShare / 10
        remember(integer)
    }

    @inline(__always)
    private mutating func remember(_ integer: Int64) {
        if shift == 0 {
            steps.add(integer &- previous)
            if !levels.add(integer &- anchor) {
                anchor = integer
                levels = SmallCounts()
                levels.add(0)
            }
        }
        previous = integer
    }

    @inline(__always)
    mutating func encode(
        _ integer: Int64, _ forecast: Forecast, _ domain: IntegerDomain,
        to encoder: inout RangeEncoder
    ) {
        prepare(forecast, domain)
        let step = integer &>> shift
        let symbol = step &- first
        if symbol < 0 || symbol >= Self.symbols {
            escape(integer, symbol: symbol, to: &encoder)
            return remember(integer)
        }
        let low = edges(symbol)
        let high = edges(symbol + 1)
        encoder.encode(from: boundary(symbol, low), to: boundary(symbol + 1, high))
        if shift > 0 {
            encoder.encodePlain(
                UInt64(bitPattern: integer &- step &<< shift), bits: UInt64(shift))
        }
        learn(low, high, integer)
    }

    /// A distance from the window, as a length of 6 bits and that many bits; in plain steps of 1.
    private func escape(_ integer: Int64, symbol: Int64, to encoder: inout RangeEncoder) {
        let total = UInt64(1) << RangeEncoder.totalBits
        let distance: UInt64
        if symbol < 0 {
            encoder.encode(from: 0, to: boundary(0, edges(0)))
            distance = UInt64(bitPattern: (first &<< shift) &- 1 &- integer)
        } else {
            encoder.encode(from: boundary(Self.symbols, edges(Self.symbols)), to: total)
            distance = UInt64(bitPattern: integer &- (first &+ Self.symbols) &<< shift)
        }
        let length = UInt64(64 - distance.leadingZeroBitCount)
        encoder.encodePlain(length, bits: 7)
        encoder.encodePlain(distance, bits: length)
    }

    @inline(__always)
    mutating func decode(
        _ forecast: Forecast, _ domain: IntegerDomain, from decoder: inout RangeDecoder
    ) throws(PrecisionError) -> Int64 {
        prepare(forecast, domain)
        let target = decoder.peek()
        // The symbol lies in [below, above): widen from the middle, then close in.
        var below = Self.reach
        var low = edges(below)
        var lowBoundary = boundary(below, low)
        var above = below
        var high = low
        var highBoundary = lowBoundary
        var stride: Int64 = 1
        if target >= lowBoundary {
            repeat {
                (below, low, lowBoundary) = (above, high, highBoundary)
                if above == Self.symbols { return try escaped(above: true, highBoundary, &decoder) }
                above = min(Self.symbols, above + stride)
                high = edges(above)
                highBoundary = boundary(above, high)
                stride *= 4
            } while target >= highBoundary
        } else {
            repeat {
                (above, high, highBoundary) = (below, low, lowBoundary)
                if below == 0 { return try escaped(above: false, lowBoundary, &decoder) }
                below = max(0, below - stride)
                low = edges(below)
                lowBoundary = boundary(below, low)
                stride *= 4
            } while target < lowBoundary
        }
        while above - below > 1 {
            let middle = (below + above) / 2
            let there = edges(middle)
            let cut = boundary(middle, there)
            if target >= cut {
                (below, low, lowBoundary) = (middle, there, cut)
            } else {
                (above, high, highBoundary) = (middle, there, cut)
            }
        }
        // Boundaries rise by the floor at least; if rounding of the curves ever ate that, an
        // encoder's symbol would be empty: refuse rather than loop on nothing.
        guard highBoundary > lowBoundary else { throw .malformed }
        decoder.remove(from: lowBoundary, to: highBoundary)
        var integer = (first &+ below) &<< shift
        if shift > 0 {
            integer = integer | Int64(bitPattern: decoder.decodePlain(bits: UInt64(shift)))
        }
        learn(low, high, integer)
        return integer
    }

    private mutating func escaped(
        above: Bool, _ boundary: UInt64, _ decoder: inout RangeDecoder
    ) throws(PrecisionError) -> Int64 {
        if above {
            decoder.remove(from: boundary, to: 1 << RangeEncoder.totalBits)
        } else {
            decoder.remove(from: 0, to: boundary)
        }
        let length = decoder.decodePlain(bits: 7)
        guard length <= 64 else { throw .malformed }
        let distance = Int64(bitPattern: decoder.decodePlain(bits: length))
        let integer =
            above
            ? (first &+ Self.symbols) &<< shift &+ distance
            : (first &<< shift) &- 1 &- distance
        remember(integer)
        return integer
    }
}
