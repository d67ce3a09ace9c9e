// The cold coding of one integer: a mixture of curves and counts, weighted by how well each has
// foretold the values so far (Bayes, with a fixed share given back so that none dies out).
//
// Four curves of different widths stand on the linear forecast, three on the last value, one on
// the running mean (`Forecast`). The curve is Student's t with four degrees of freedom: its
// distribution function needs one square root and one division, no table and no exp,
//     F(t) = 1/2 + s (3 − s²) / 4,  s = t / √(t² + 4),
// and its tails are what sensors have. Measured against a logistic: equal to 0.3 %. Beside the
// curves stand counts (`SmallCounts`): of steps, of steps after each pair of steps, of levels.
//
// An integer is looked at in symbols of 2^shift, chosen so that the narrowest forecast error spans
// 8 … 16 of them; the bits below are as good as random and are coded plain. There are 511 symbols
// around the forecast, and an escape at each end. Encoder and decoder compute the same boundaries
// with the same operations; the decoder searches for the one it needs. Single precision is enough:
// all the rounding of one boundary stays below half of what every symbol is given at least.

/// How an integer domain lies on the forecast's axis: integer = value · scale + offset.
struct IntegerDomain {
    var scale: Double
    var offset: Double
}

/// What the members of the mixture say of one boundary, less one half.
struct Edges {
    var curves: SIMD8<Float>
    /// Steps, steps in context, levels.
    var counts: SIMD4<Float>
}

struct Mixture {
    private static var reach: Int64 { 255 }
    private static var symbols: Int64 { 511 }
    /// Least share of a symbol, of 2^30. Rounding moves a boundary by less than half of it.
    private static var floor: UInt64 { 2048 }
    /// 2^30 less all the floors; a Float holds it exactly.
    private static var curveTotal: Float { Float((1 << 30) - 2048 * 513) }
    private static var fixedShare: Float { 0.01 }
    private static var members: Float { 11 }
    /// Widths of the curves, in mean errors of their forecasts.
    private static var widths: SIMD8<Float> { SIMD8(0.18, 0.54, 1.08, 2.2, 0.03, 0.18, 0.6, 0.9) }
    /// Least width, in symbols.
    private static var leastWidth: Float { 0.03 }

    private var weights = SIMD8<Float>(repeating: 0.09)
    private var countWeights = SIMD4<Float>(0.09, 0.09, 0.09, 0)
    /// Of all steps, of levels, and of steps after each pair of steps. Outside of this value, so
    /// that looking something up copies nothing.
    private let counts: UnsafeMutablePointer<SmallCounts>
    static let countsEach = 27
    private var steps: UnsafeMutablePointer<SmallCounts> { counts }
    private var levels: UnsafeMutablePointer<SmallCounts> { counts + 1 }
    private var stepsInContext: UnsafeMutablePointer<SmallCounts> { counts + context }
    /// Where the counts after the last two steps lie: each step is held to −2 … 2.
    private var context = 14
    private var lastStep = 2
    private var previous: Int64 = 0
    private var anchor: Int64 = 0

    // Of the integer at hand:
    private var slope = SIMD8<Float>(repeating: 0)
    private var start = SIMD8<Float>(repeating: 0)
    private var shift: Int64 = 0
    private var first: Int64 = 0
    /// The least spread, in symbols: where a search begins.
    private var reachOfSearch: Int64 = 1

    /// On `countsEach` counts that nothing was counted in yet, of a `CountTable`.
    init(on counts: UnsafeMutablePointer<SmallCounts>) { self.counts = counts }

    /// Lays the curves out for the next integer.
    @inline(__always)
    private mutating func prepare(_ outlook: Outlook, _ domain: IntegerDomain) {
        let linear = Self.held(outlook.linear * domain.scale + domain.offset)
        let last = Self.held(outlook.last * domain.scale + domain.offset)
        let mean = Self.held(outlook.mean * domain.scale + domain.offset)
        let base = Int64(linear)
        let least = min(outlook.linearSpread, min(outlook.lastSpread, outlook.meanSpread))
        let exponent = Int64(((least * domain.scale).bitPattern &>> 52) & 0x7FF) &- 1023
        shift = max(0, min(50, exponent &- 3))
        first = (base &>> shift) &- Self.reach
        // One over a symbol, and everything in symbols from the first one's lower boundary on. The
        // lower boundary of symbol n lies half an integer below its first integer.
        let unit = Double(bitPattern: UInt64(bitPattern: 1023 &- shift) &<< 52)
        let origin = Double(first &<< shift) - 0.5
        let byLinear = Float((linear - origin) * unit)
        let byLast = Float((last - origin) * unit)
        let byMean = Float((mean - origin) * unit)
        let perSpread = domain.scale * unit
        // 8 … 16 where symbols are more than one integer, else less.
        reachOfSearch = Int64(min(16, least * perSpread)) | 1
        let linearSpread = Float(outlook.linearSpread * perSpread)
        let lastSpread = Float(outlook.lastSpread * perSpread)
        let meanSpread = Float(outlook.meanSpread * perSpread)
        let spreads = SIMD8(
            linearSpread, linearSpread, linearSpread, linearSpread, lastSpread, lastSpread,
            lastSpread, meanSpread)
        let centres = SIMD8(
            byLinear, byLinear, byLinear, byLinear, byLast, byLast, byLast, byMean)
        slope = SIMD8(repeating: 1) / (spreads * Self.widths + Self.leastWidth)
        start = centres * slope
    }

    @inline(__always) private static func held(_ value: Double) -> Double {
        let limit = 9_007_199_254_740_992.0  // 2^53
        return value.magnitude <= limit ? value : value > 0 ? limit : -limit
    }

    /// The distribution functions at the lower boundary of a symbol, less one half.
    @inline(__always)
    private func edges(_ symbol: Int64) -> Edges {
        // At most 2^54 · 34 in magnitude: its square fits a Float.
        let t = slope * Float(symbol) - start
        let s = t / (t * t + 4).squareRoot()
        let curves = s * (0.75 - s * s * 0.25)
        // Where symbols are no single integers, counts have nothing to say.
        guard shift == 0 else {
            return Edges(curves: curves, counts: SIMD4(curves[1], curves[2], curves[6], 0))
        }
        let value = first &+ symbol
        let step = value &- previous
        let counts = SIMD4(
            SmallCounts.share(below: step, of: steps),
            SmallCounts.share(below: step, of: stepsInContext),
            SmallCounts.share(below: value &- anchor, of: levels), 0.5)
        return Edges(curves: curves, counts: counts - 0.5)
    }

    /// The lower boundary of a symbol, of 2^30, from the distribution functions there.
    @inline(__always)
    private func boundary(_ symbol: Int64, _ edges: Edges) -> UInt64 {
        let sum = 0.5 + Self.sum(edges.curves * weights, edges.counts * countWeights)
        // 0 … 2^30, so adding 2^52 leaves the nearest integer in the low bits.
        let scaled = Double(max(0, min(1, sum)) * Self.curveTotal) + 4_503_599_627_370_496
        return (scaled.bitPattern & 0xFFFF_FFFF) &+ Self.floor &* UInt64(bitPattern: symbol &+ 1)
    }

    /// In a fixed order, whatever the processor's vectors are.
    @inline(__always)
    private static func sum(_ eight: SIMD8<Float>, _ more: SIMD4<Float>) -> Float {
        let four = eight.lowHalf + eight.highHalf + more
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }

    @inline(__always)
    private mutating func learn(_ low: Edges, _ high: Edges, _ integer: Int64) {
        let hits = weights * (high.curves - low.curves + 1e-7)
        let counted = countWeights * (high.counts - low.counts + 1e-7)
        let scale = (1 - Self.fixedShare) / Self.sum(hits, counted)
        let back = Self.fixedShare / Self.members
        weights = hits * scale + back
        countWeights = counted * scale + SIMD4(back, back, back, 0)
        remember(integer)
    }

    @inline(__always)
    private mutating func remember(_ integer: Int64) {
        let step = integer &- previous
        if shift == 0 {
            steps.pointee.add(step)
            stepsInContext.pointee.add(step)
            if !levels.pointee.add(integer &- anchor) {
                anchor = integer
                levels.pointee = SmallCounts()
                levels.pointee.add(0)
            }
        }
        let held = Int(max(-2, min(2, step))) &+ 2
        context = 2 &+ lastStep &* 5 &+ held
        lastStep = held
        previous = integer
    }

    @inline(__always)
    mutating func encode(
        _ integer: Int64, _ outlook: Outlook, _ domain: IntegerDomain,
        to encoder: inout RangeEncoder
    ) {
        prepare(outlook, domain)
        let step = integer &>> shift
        let symbol = step &- first
        if symbol < 0 || symbol >= Self.symbols {
            escape(integer, symbol: symbol, to: &encoder)
            return remember(integer)
        }
        let low = edges(symbol)
        let high = edges(symbol &+ 1)
        encoder.encode(from: boundary(symbol, low), to: boundary(symbol &+ 1, high))
        if shift > 0 {
            encoder.encodePlain(
                UInt64(bitPattern: integer &- step &<< shift), bits: UInt64(shift))
        }
        learn(low, high, integer)
    }

    /// A distance from the window, as a length of 7 bits and that many bits; in plain steps of 1.
    private mutating func escape(_ integer: Int64, symbol: Int64, to encoder: inout RangeEncoder) {
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
        _ outlook: Outlook, _ domain: IntegerDomain, from decoder: inout RangeDecoder
    ) throws(PrecisionError) -> Int64 {
        prepare(outlook, domain)
        let target = decoder.peek()
        // The symbol lies in [below, above): widen from the middle, then close in.
        var below = Self.reach
        var low = edges(below)
        var lowBoundary = boundary(below, low)
        var above = below
        var high = low
        var highBoundary = lowBoundary
        var stride = reachOfSearch
        if target >= lowBoundary {
            repeat {
                (below, low, lowBoundary) = (above, high, highBoundary)
                if above == Self.symbols { return try escaped(above: true, highBoundary, &decoder) }
                above = min(Self.symbols, above &+ stride)
                high = edges(above)
                highBoundary = boundary(above, high)
                stride &*= 3
            } while target >= highBoundary
        } else {
            repeat {
                (above, high, highBoundary) = (below, low, lowBoundary)
                if below == 0 { return try escaped(above: false, lowBoundary, &decoder) }
                below = max(0, below &- stride)
                low = edges(below)
                lowBoundary = boundary(below, low)
                stride &*= 3
            } while target < lowBoundary
        }
        // By interpolation and halving in turn: the first is quick, the second ends for sure.
        var halves = false
        while above &- below > 1 {
            var middle = (below &+ above) / 2
            if !halves {
                let width = highBoundary &- lowBoundary
                guard width < 1 << 31 else { throw .malformed }
                let share = (target &- lowBoundary) &* UInt64(bitPattern: above &- below) / max(1, width)
                middle = max(below &+ 1, min(above &- 1, below &+ Int64(share)))
            }
            halves.toggle()
            let there = edges(middle)
            let cut = boundary(middle, there)
            if target >= cut {
                (below, low, lowBoundary) = (middle, there, cut)
            } else {
                (above, high, highBoundary) = (middle, there, cut)
            }
        }
        // Boundaries rise by half the floor at least; should that ever fail, refuse rather than
        // loop on nothing.
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
