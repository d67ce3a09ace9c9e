// exp2, log2, sin and cos from + − × ÷ alone.
//
// libm differs between glibc versions and between machines, and Embedded Swift has none. A decision
// taken on the device must equal the one the host computes from the same input, so these are the
// only elementary functions below the server. Accuracy (tests compare against libm): exp2 and log2
// within 2 ulp of it everywhere; sin and cos for |x| ≤ 10⁵ within 2 ulp, or 10⁻²¹ where they are nearly 0.

extension Phi {
    /// 2^x. Overflows to +∞ above 1024 and to 0 below −1075; NaN stays NaN.
    public static func exp2(_ x: Double) -> Double {
        guard x == x else { return x }
        if x >= 1024 { return .infinity }
        if x <= -1075 { return 0 }
        let whole = x.rounded(.toNearestOrEven)
        let f = (x - whole) * ln2
        // e^f for |f| ≤ 0.347: thirteen Taylor terms leave less than 1e-17.
        var sum = 1.0
        var index = 13.0
        while index >= 1 {
            sum = 1 + sum * f / index
            index -= 1
        }
        return scaled(sum, Int(whole))
    }

    /// The binary logarithm; NaN for a negative x, −∞ for zero.
    public static func log2(_ x: Double) -> Double {
        guard x == x, x >= 0 else { return .nan }
        if x == 0 { return -.infinity }
        if x == .infinity { return x }
        var exponent = Double(x.exponent)
        var m = x.significand
        if m > sqrt2 {
            m /= 2
            exponent += 1
        }
        // ln m = 2·artanh s, s = (m−1)/(m+1), |s| ≤ 0.1716: the term s^23 is below 1e-17.
        // With 2s = f − s·f, where f = m − 1 is exact, s and the series only correct f, so that their
        // rounding hardly counts (as fdlibm's e_log.c has it).
        let f = m - 1
        let s = f / (m + 1)
        let s2 = s * s
        var sum = 0.0
        var k = 23.0
        while k >= 3 {
            sum = sum * s2 + 1 / k
            k -= 2
        }
        return exponent + (f - s * (f - 2 * s2 * sum)) / ln2
    }

    /// sin x for |x| up to about 10⁵; beyond that the reduction loses digits, and past 10¹⁵ there are
    /// none to lose: it stays at the value of that bound.
    public static func sin(_ x: Double) -> Double {
        guard x.isFinite else { return .nan }
        let (r, quadrant) = reduced(x)
        switch quadrant {
        case 0: return sinTaylor(r)
        case 1: return cosTaylor(r)
        case 2: return -sinTaylor(r)
        default: return -cosTaylor(r)
        }
    }

    /// cos x, with the range of `sin`.
    public static func cos(_ x: Double) -> Double {
        guard x.isFinite else { return .nan }
        let (r, quadrant) = reduced(x)
        switch quadrant {
        case 0: return cosTaylor(r)
        case 1: return -sinTaylor(r)
        case 2: return -cosTaylor(r)
        default: return sinTaylor(r)
        }
    }

    public static let twoPi = 6.283185307179586

    private static let ln2 = 0.6931471805599453
    private static let sqrt2 = 1.4142135623730951
    /// π/2 in two parts (Cody and Waite): the first has 33 significant bits, so k·high is exact.
    private static let halfPiHigh = 1.57079632673412561417e+00
    private static let halfPiLow = 6.07710050650619224932e-11

    private static func reduced(_ unbounded: Double) -> (Double, Int) {
        let x = clamp(unbounded, -1e15...1e15)
        let k = (x / (halfPiHigh + halfPiLow)).rounded(.toNearestOrEven)
        let r = (x - k * halfPiHigh) - k * halfPiLow
        return (r, Int(k) & 3)
    }

    private static func sinTaylor(_ x: Double) -> Double {
        let x2 = x * x
        var sum = 1.0
        var k = 18.0
        while k >= 2 {
            sum = 1 - sum * x2 / (k * (k + 1))
            k -= 2
        }
        return x * sum
    }

    private static func cosTaylor(_ x: Double) -> Double {
        let x2 = x * x
        var sum = 1.0
        var k = 17.0
        while k >= 1 {
            sum = 1 - sum * x2 / (k * (k + 1))
            k -= 2
        }
        return sum
    }

    /// m · 2^n by the bit pattern, in two steps where the result is subnormal.
    private static func scaled(_ m: Double, _ n: Int) -> Double {
        func powerOfTwo(_ n: Int) -> Double { Double(bitPattern: UInt64(n + 1023) << 52) }
        if n >= -1022 && n <= 1023 { return m * powerOfTwo(n) }
        if n > 1023 { return m * powerOfTwo(1023) * powerOfTwo(n - 1023) }
        return m * powerOfTwo(-1022) * powerOfTwo(max(n + 1022, -1022))
    }
}
