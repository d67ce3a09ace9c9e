// Bits81: the 81-bit number, one sign bit, a 16-bit exponent (bias 32767) and a 64-bit fraction
// whose leading bit is implicit, so that the precision is 65 bits.
//
// The implicit bit is what makes it worth its 81 bits: every Double (subnormals, infinities and
// NaN payloads too), every Int64 and UInt64, and every decimal of up to 19 digits survives a round
// trip, since 10^19 < 2^64. The layout follows IEEE 754: exponent 0 holds zero and the subnormals,
// exponent 65535 the infinities (fraction 0) and the NaNs.
//
// This file holds the number and its conversions; `Bits81Planes` its bytes.

public struct Bits81: Equatable, Hashable, Sendable {
    /// 65535 marks infinities and NaNs, 0 zero and subnormals.
    public var exponent: UInt16
    /// The 64 bits below the implicit leading one.
    public var fraction: UInt64
    public var isNegative: Bool

    public static let bias = 32767
    static let specialExponent: UInt16 = 0xFFFF

    public init(isNegative: Bool, exponent: UInt16, fraction: UInt64) {
        self.isNegative = isNegative
        self.exponent = exponent
        self.fraction = fraction
    }

    public static let zero = Bits81(isNegative: false, exponent: 0, fraction: 0)
    public static let infinity = Bits81(isNegative: false, exponent: 0xFFFF, fraction: 0)
    /// Quiet NaN, what `Double.nan` converts to.
    public static let notANumber = Bits81(isNegative: false, exponent: 0xFFFF, fraction: 1 << 63)

    public var isNaN: Bool { exponent == Self.specialExponent && fraction != 0 }
    public var isInfinite: Bool { exponent == Self.specialExponent && fraction == 0 }
    public var isFinite: Bool { exponent != Self.specialExponent }
    public var isZero: Bool { exponent == 0 && fraction == 0 }

    /// Exact for every Double; a NaN keeps its sign and payload.
    public init(_ value: Double) {
        let bits = value.bitPattern
        let biased = Int((bits >> 52) & 0x7FF)
        let mantissa = bits & 0x000F_FFFF_FFFF_FFFF
        let negative = bits >> 63 != 0
        switch biased {
        case 0x7FF:
            self.init(isNegative: negative, exponent: 0xFFFF, fraction: mantissa << 12)
        case 0 where mantissa == 0:
            self.init(isNegative: negative, exponent: 0, fraction: 0)
        case 0:
            // A subnormal Double is mantissa · 2^-1074; here it has room to be normal.
            self.init(isNegative: negative, magnitude: mantissa, scale: -1074)
        default:
            self.init(
                isNegative: negative, exponent: UInt16(biased - 1023 + Self.bias),
                fraction: mantissa << 12)
        }
    }

    public init(_ value: Int64) {
        self.init(isNegative: value < 0, magnitude: value.magnitude, scale: 0)
    }

    public init(_ value: UInt64) {
        self.init(isNegative: false, magnitude: value, scale: 0)
    }

    /// magnitude · 2^scale, exactly; the scale is one that keeps it normal.
    private init(isNegative: Bool, magnitude: UInt64, scale: Int) {
        guard magnitude != 0 else {
            self.init(isNegative: isNegative, exponent: 0, fraction: 0)
            return
        }
        let leading = 63 - magnitude.leadingZeroBitCount
        self.init(
            isNegative: isNegative, exponent: UInt16(leading + scale + Self.bias),
            fraction: leading == 0 ? 0 : magnitude << UInt64(64 - leading))
    }

    /// The Double with exactly this value, or nil if there is none. NaNs answer when their payload
    /// fits the 52 bits of a Double's.
    public var exactDouble: Double? {
        let rounded = doubleValue
        return Bits81(rounded) == self ? rounded : nil
    }

    /// The nearest Double, ties to even; beyond its range ±∞.
    public var doubleValue: Double {
        let sign: UInt64 = isNegative ? 1 << 63 : 0
        if exponent == Self.specialExponent {
            var payload = fraction >> 12
            if fraction != 0 && payload == 0 { payload = 1 << 51 }
            return Double(bitPattern: sign | 0x7FF << 52 | payload)
        }
        // A subnormal Bits81 is below 2^-32766, far below the least Double.
        if exponent == 0 { return Double(bitPattern: sign) }
        let power = Int(exponent) - Self.bias
        if power > 1023 { return Double(bitPattern: sign | 0x7FF << 52) }
        // How many of the 64 fraction bits a Double keeps at this power; fewer below 2^-1022.
        let dropped = power >= -1022 ? 12 : 12 + (-1022 - power)
        if dropped > 65 { return Double(bitPattern: sign) }
        let significand = UInt128(1) << 64 | UInt128(fraction)
        let kept = UInt64(truncatingIfNeeded: significand >> UInt128(dropped))
        let rest = significand & ((UInt128(1) << UInt128(dropped)) - 1)
        let half = UInt128(1) << UInt128(dropped - 1)
        let roundsUp = rest > half || (rest == half && kept & 1 == 1)
        // `kept` carries its leading bit at 52 when normal, and that bit is added into the exponent
        // field: so a carry out of the fraction moves to the next power by itself.
        let biased = power >= -1022 ? UInt64(power + 1022) : 0
        return Double(bitPattern: sign | ((biased << 52) + kept + (roundsUp ? 1 : 0)))
    }

    /// The integer with exactly this value, or nil. Negative zero answers nil: an integer would lose its sign.
    public var exactInt64: Int64? {
        guard let magnitude = exactMagnitude else { return nil }
        if isNegative {
            return magnitude <= UInt64(1) << 63 && magnitude != 0
                ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
        }
        return Int64(exactly: magnitude)
    }

    public var exactUInt64: UInt64? { isNegative ? nil : exactMagnitude }

    private var exactMagnitude: UInt64? {
        if isZero { return 0 }
        let power = Int(exponent) - Self.bias
        guard exponent != 0, power >= 0, power <= 63 else { return nil }
        let significand = UInt128(1) << 64 | UInt128(fraction)
        let dropped = UInt128(64 - power)
        guard significand & ((UInt128(1) << dropped) - 1) == 0 else { return nil }
        return UInt64(truncatingIfNeeded: significand >> dropped)
    }
}
