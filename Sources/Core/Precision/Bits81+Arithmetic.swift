// + − × ÷ and comparison of 81-bit numbers, each correctly rounded to nearest, ties to even, with
// IEEE 754's rules for zeros, infinities and NaNs. The work is done on 128-bit integers: two 65-bit
// significands need 130 bits for their product, so the product is made of 64-bit halves.

extension Bits81 {
    /// significand · 2^power, already rounded to 65 bits (fewer at the least exponent).
    init(isNegative: Bool, significand: UInt128, power: Int) {
        guard significand != 0 else {
            self.init(isNegative: isNegative, exponent: 0, fraction: 0)
            return
        }
        let leading = 127 - significand.leadingZeroBitCount
        let biased = power + leading + Self.bias
        if biased >= 0xFFFF {
            self.init(isNegative: isNegative, exponent: 0xFFFF, fraction: 0)
        } else if biased >= 1 {
            let aligned = significand << UInt128(64 - leading)
            self.init(
                isNegative: isNegative, exponent: UInt16(biased),
                fraction: UInt64(truncatingIfNeeded: aligned))
        } else {
            // Subnormal: the unit is 2^(1 − bias − 64).
            let shift = power - (1 - Self.bias - 64)
            self.init(
                isNegative: isNegative, exponent: 0,
                fraction: UInt64(truncatingIfNeeded: significand << UInt128(shift)))
        }
    }

    /// value = significand · 2^power, for a finite number.
    var parts: (significand: UInt128, power: Int) {
        exponent == 0
            ? (UInt128(fraction), 1 - Self.bias - 64)
            : (UInt128(1) << 64 | UInt128(fraction), Int(exponent) - Self.bias - 64)
    }

    /// Rounds significand · 2^power; `sticky`: the true value lies a little above.
    private static func rounded(
        isNegative: Bool, _ significand: UInt128, _ power: Int, sticky: Bool
    ) -> Bits81 {
        guard significand != 0 else {
            return Bits81(isNegative: isNegative, exponent: 0, fraction: 0)
        }
        let leading = 127 - significand.leadingZeroBitCount
        // Drop all below 65 bits, and all below the unit of the subnormals.
        let drop = max(leading - 64, (1 - bias - 64) - power)
        if drop <= 0 {
            // Nothing to drop; a sticky rest below is less than half a unit.
            return Bits81(isNegative: isNegative, significand: significand, power: power)
        }
        if drop > 127 {
            return Bits81(isNegative: isNegative, exponent: 0, fraction: 0)
        }
        let kept = significand >> UInt128(drop)
        let rest = significand & ((1 << UInt128(drop)) - 1)
        let half = UInt128(1) << UInt128(drop - 1)
        let up = rest > half || rest == half && (sticky || kept & 1 == 1)
        return Bits81(
            isNegative: isNegative, significand: kept + (up ? 1 : 0), power: power + drop)
    }

    public static prefix func - (value: Bits81) -> Bits81 {
        Bits81(
            isNegative: !value.isNegative, exponent: value.exponent, fraction: value.fraction)
    }

    public static func + (left: Bits81, right: Bits81) -> Bits81 {
        if left.isNaN { return left }
        if right.isNaN { return right }
        if left.isInfinite {
            return right.isInfinite && right.isNegative != left.isNegative ? .notANumber : left
        }
        if right.isInfinite { return right }
        if left.isZero && right.isZero {
            return Bits81(
                isNegative: left.isNegative && right.isNegative, exponent: 0, fraction: 0)
        }
        if left.isZero { return right }
        if right.isZero { return left }
        // The larger magnitude first; 60 bits below its significand take part, the rest is sticky.
        let leftIsLarger =
            (left.exponent, left.fraction) >= (right.exponent, right.fraction)
        let (large, small) = leftIsLarger ? (left, right) : (right, left)
        let (highSignificand, highPower) = large.parts
        let (lowSignificand, lowPower) = small.parts
        let distance = highPower - lowPower
        let high = highSignificand << 60
        var low: UInt128 = 0
        var sticky = false
        let shifted = lowSignificand << 60
        if distance < 127 {
            low = shifted >> UInt128(distance)
            sticky = low << UInt128(distance) != shifted
        } else {
            sticky = true
        }
        if large.isNegative == small.isNegative {
            return rounded(
                isNegative: large.isNegative, high + low, highPower - 60, sticky: sticky)
        }
        // Below the difference lies a little less than one unit, if sticky: borrow it.
        let difference = high - low - (sticky ? 1 : 0)
        if difference == 0 && !sticky { return .zero }
        return rounded(
            isNegative: large.isNegative, difference, highPower - 60, sticky: sticky)
    }

    public static func - (left: Bits81, right: Bits81) -> Bits81 { left + (-right) }

    public static func * (left: Bits81, right: Bits81) -> Bits81 {
        if left.isNaN { return left }
        if right.isNaN { return right }
        let negative = left.isNegative != right.isNegative
        if left.isInfinite || right.isInfinite {
            if left.isZero || right.isZero { return .notANumber }
            return Bits81(isNegative: negative, exponent: 0xFFFF, fraction: 0)
        }
        if left.isZero || right.isZero {
            return Bits81(isNegative: negative, exponent: 0, fraction: 0)
        }
        let (a, aPower) = left.normalParts
        let (b, bPower) = right.normalParts
        // (2^64 + f)(2^64 + g) = 2^128 + 2^64 (f + g) + f g, 130 bits: drop the low 34, sticky.
        let f = UInt64(truncatingIfNeeded: a)
        let g = UInt64(truncatingIfNeeded: b)
        let (productHigh, productLow) = f.multipliedFullWidth(by: g)
        let middle = UInt128(f) + UInt128(g) + UInt128(productHigh)
        let top = (UInt128(1) << 64) + middle
        let combined = top << 30 | UInt128(productLow >> 34)
        let sticky = productLow & ((1 << 34) - 1) != 0
        return rounded(
            isNegative: negative, combined, aPower + bPower + 34, sticky: sticky)
    }

    public static func / (left: Bits81, right: Bits81) -> Bits81 {
        if left.isNaN { return left }
        if right.isNaN { return right }
        let negative = left.isNegative != right.isNegative
        if left.isInfinite {
            if right.isInfinite { return .notANumber }
            return Bits81(isNegative: negative, exponent: 0xFFFF, fraction: 0)
        }
        if right.isInfinite { return Bits81(isNegative: negative, exponent: 0, fraction: 0) }
        if right.isZero {
            if left.isZero { return .notANumber }
            return Bits81(isNegative: negative, exponent: 0xFFFF, fraction: 0)
        }
        if left.isZero { return Bits81(isNegative: negative, exponent: 0, fraction: 0) }
        let (a, aPower) = left.normalParts
        let (b, bPower) = right.normalParts
        // 67 bits of quotient and a remainder: the first 62 at once, then bit by bit.
        var quotient = (a << 62) / b
        var remainder = (a << 62) % b
        for _ in 0..<6 {
            remainder <<= 1
            quotient <<= 1
            if remainder >= b {
                remainder -= b
                quotient |= 1
            }
        }
        return rounded(
            isNegative: negative, quotient, aPower - bPower - 68, sticky: remainder != 0)
    }

    /// Like `parts`, with a subnormal's significand moved up to 65 bits.
    private var normalParts: (UInt128, Int) {
        let (significand, power) = parts
        let shift = significand.leadingZeroBitCount - 63
        return (significand << UInt128(shift), power - shift)
    }

    /// −1, 0 or 1 by value; nil if either is a NaN. Zeros are equal, whatever their signs.
    public func compare(_ other: Bits81) -> Int? {
        if isNaN || other.isNaN { return nil }
        if isZero && other.isZero { return 0 }
        if isNegative != other.isNegative { return isNegative ? -1 : 1 }
        if exponent == other.exponent && fraction == other.fraction { return 0 }
        let smaller = (exponent, fraction) < (other.exponent, other.fraction)
        return smaller != isNegative ? -1 : 1
    }
}
