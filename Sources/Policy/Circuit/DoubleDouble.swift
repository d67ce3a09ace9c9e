// DoubleDouble: a number as an unevaluated sum of two Doubles, about 106 significant bits.
//
// Amplitudes stored at 81 bits have 65 significant bits, twelve more than a Double: computed in
// Doubles they would only carry those twelve as zeros. So the 81-bit simulator and the sines of
// every gate are computed here, from + − × ÷ alone: the same bits on every machine, no fma, no libm.
// Algorithms: Dekker 1971, Knuth's two-sum; see Hida, Li, Bailey, "Library for Double-Double and
// Quad-Double Arithmetic" (2000). Magnitudes in use lie far from overflow.

struct DoubleDouble: Equatable, Sendable {
    var high: Double
    /// |low| ≤ half a unit in the last place of `high`.
    var low: Double

    @inline(__always) init(_ high: Double, _ low: Double = 0) {
        self.high = high
        self.low = low
    }

    static let zero = DoubleDouble(0)
    static let one = DoubleDouble(1)
    static let half = DoubleDouble(0.5)
    /// √½.
    static let halfRoot = DoubleDouble(0.7071067811865476, -4.833646656726457e-17)
    static let halfPi = DoubleDouble(1.5707963267948966, 6.123233995736766e-17)

    /// a + b where |a| ≥ |b|, exactly.
    @inline(__always) static func ordered(_ a: Double, _ b: Double) -> DoubleDouble {
        let sum = a + b
        return DoubleDouble(sum, b - (sum - a))
    }

    /// a + b, exactly.
    @inline(__always) static func sum(_ a: Double, _ b: Double) -> DoubleDouble {
        let sum = a + b
        let bb = sum - a
        return DoubleDouble(sum, (a - (sum - bb)) + (b - bb))
    }

    /// a · b, exactly, by Veltkamp's split of each factor into 26 bits and 27.
    @inline(__always) static func product(_ a: Double, _ b: Double) -> DoubleDouble {
        let p = a * b
        let ca = 134_217_729.0 * a
        let aHigh = ca - (ca - a)
        let aLow = a - aHigh
        let cb = 134_217_729.0 * b
        let bHigh = cb - (cb - b)
        let bLow = b - bHigh
        return DoubleDouble(p, ((aHigh * bHigh - p) + aHigh * bLow + aLow * bHigh) + aLow * bLow)
    }

    @inline(__always) static func + (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
        let s = sum(a.high, b.high)
        let t = sum(a.low, b.low)
        let u = ordered(s.high, s.low + t.high)
        return ordered(u.high, u.low + t.low)
    }

    @inline(__always) static prefix func - (a: DoubleDouble) -> DoubleDouble {
        DoubleDouble(-a.high, -a.low)
    }

    @inline(__always) static func - (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble { a + (-b) }

    @inline(__always) static func * (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
        let p = product(a.high, b.high)
        return ordered(p.high, p.low + (a.high * b.low + a.low * b.high))
    }

    @inline(__always) static func / (a: DoubleDouble, b: Double) -> DoubleDouble {
        let first = a.high / b
        let rest = a - product(first, b)
        return ordered(first, (rest.high + rest.low) / b)
    }

    /// sin x and cos x together, |x| ≤ 65536: to about 2^-88, far below the 65 bits that are kept.
    static func sineAndCosine(_ x: Double) -> (sine: DoubleDouble, cosine: DoubleDouble) {
        let k = (x / halfPi.high).rounded(.toNearestOrEven)
        // k has at most 17 bits; the products and sums keep their tails.
        let r = (DoubleDouble(x) - product(k, halfPi.high)) - product(k, halfPi.low)
        let r2 = r * r
        var sine = one
        var cosine = one
        // |r| ≤ 0.786: the terms r^28/28! and r^29/29! are below 2^-105.
        var n = 28.0
        while n >= 2 {
            sine = one - r2 * sine / (n * (n + 1))
            cosine = one - r2 * cosine / (n * (n - 1))
            n -= 2
        }
        sine = r * sine
        switch Int(k) & 3 {
        case 0: return (sine, cosine)
        case 1: return (cosine, -sine)
        case 2: return (-sine, -cosine)
        default: return (-cosine, sine)
        }
    }

    /// 1/√x for x > 0: one Newton step on the Double's root doubles its digits.
    static func inverseRoot(_ x: DoubleDouble) -> DoubleDouble {
        let guess = 1 / x.high.squareRoot()
        let error = one - x * product(guess, guess)
        return DoubleDouble(guess) + DoubleDouble(guess) * error * half
    }
}

/// A complex number of two such sums.
struct Complex: Equatable, Sendable {
    var re: DoubleDouble
    var im: DoubleDouble

    @inline(__always) init(_ re: DoubleDouble, _ im: DoubleDouble = .zero) {
        self.re = re
        self.im = im
    }

    static let zero = Complex(.zero)
    static let one = Complex(.one)
    static let i = Complex(.zero, .one)

    /// e^(ix).
    static func phase(_ x: Double) -> Complex {
        let (sine, cosine) = DoubleDouble.sineAndCosine(x)
        return Complex(cosine, sine)
    }

    @inline(__always) static func + (a: Complex, b: Complex) -> Complex {
        Complex(a.re + b.re, a.im + b.im)
    }

    @inline(__always) static func * (a: Complex, b: Complex) -> Complex {
        Complex(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re)
    }

    static prefix func - (a: Complex) -> Complex { Complex(-a.re, -a.im) }
}
