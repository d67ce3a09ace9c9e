// Decimal text, in and out, correctly rounded (to nearest, ties to even) at 53 and at 65 bits.
// Most numbers of a log take the fast path: up to 15 digits and a power of ten that a Double holds
// exactly need one multiplication or division. The rest is done with whole numbers of any size.

public enum DecimalText {
    /// Digits beyond these only say whether the number lies above the value of those before.
    private static let digitLimit = 1100
    private static let exponentLimit = 20_000

    struct Parsed {
        var isNegative = false
        /// The digits without the point, leading zeros left out, as far as the limit goes.
        var digits: [UInt8] = []
        /// value = digits · 10^exponent (and a little more, if `isSticky`).
        var exponent = 0
        var isSticky = false
    }

    /// The nearest Double to `-12.5e3`, `.5`, `inf` or `nan`; nil for anything else.
    public static func double(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        if let quick = quick(text) { return quick }
        if let special = special(text) { return special.doubleValue }
        guard let parsed = parse(text) else { return nil }
        let (significand, power) = round(parsed, bits: 53, leastPower: -1074)
        // At most 2^53, so exact; the power is applied in two exact steps at most.
        let magnitude = scaled(significand, power)
        return parsed.isNegative ? -magnitude : magnitude
    }

    /// The nearest 81-bit number; every decimal of up to 19 digits comes back as it was.
    public static func bits81(_ text: UnsafeBufferPointer<UInt8>) -> Bits81? {
        if let special = special(text) { return special }
        guard let parsed = parse(text) else { return nil }
        let (significand, power) = round(parsed, bits: 65, leastPower: 1 - Bits81.bias - 64)
        return Bits81(isNegative: parsed.isNegative, significand: significand, power: power)
    }

    /// Up to 15 digits, no exponent: most of what sensors write. Exact by Clinger's argument.
    private static func quick(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        var mantissa: UInt64 = 0
        var places = 0
        var digits = 0
        var point = false
        var index = 0
        let negative = text.count > 0 && text[0] == 0x2D
        if negative { index = 1 }
        while index < text.count {
            let byte = text[index]
            index += 1
            if byte == 0x2E && !point {
                point = true
                continue
            }
            guard byte >= 0x30, byte <= 0x39, digits < 15 else { return nil }
            mantissa = mantissa &* 10 &+ UInt64(byte &- 0x30)
            digits += 1
            if point { places += 1 }
        }
        guard digits > 0 else { return nil }
        let value = Double(mantissa) / DecimalScale.power(places)
        return negative ? -value : value
    }

    private static func special(_ text: UnsafeBufferPointer<UInt8>) -> Bits81? {
        var rest = text[...]
        var negative = false
        if let sign = rest.first, sign == 0x2D || sign == 0x2B {
            negative = sign == 0x2D
            rest = rest.dropFirst()
        }
        func isWord(_ word: StaticString) -> Bool {
            guard rest.count == word.utf8CodeUnitCount else { return false }
            return word.withUTF8Buffer { letters in
                zip(rest, letters).allSatisfy { $0 | 0x20 == $1 }
            }
        }
        var value: Bits81
        if isWord("nan") {
            value = .notANumber
        } else if isWord("inf") || isWord("infinity") {
            value = .infinity
        } else {
            return nil
        }
        value.isNegative = negative
        return value
    }

    static func parse(_ text: UnsafeBufferPointer<UInt8>) -> Parsed? {
        var parsed = Parsed()
        var index = 0
        var seen = 0
        var point = false
        if index < text.count, text[index] == 0x2D || text[index] == 0x2B {
            parsed.isNegative = text[index] == 0x2D
            index += 1
        }
        while index < text.count {
            let byte = text[index]
            if byte == 0x2E && !point {
                point = true
            } else if byte >= 0x30 && byte <= 0x39 {
                seen += 1
                if byte == 0x30 && parsed.digits.isEmpty {
                    if point { parsed.exponent -= 1 }
                } else if parsed.digits.count < digitLimit {
                    parsed.digits.append(byte - 0x30)
                    if point { parsed.exponent -= 1 }
                } else {
                    if byte != 0x30 { parsed.isSticky = true }
                    if !point { parsed.exponent += 1 }
                }
            } else {
                break
            }
            index += 1
        }
        guard seen > 0 else { return nil }
        if index < text.count {
            guard text[index] | 0x20 == 0x65, let power = exponent(text, from: index + 1) else {
                return nil
            }
            parsed.exponent += power
        }
        return parsed
    }

    private static func exponent(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var index = start
        var negative = false
        if index < text.count, text[index] == 0x2D || text[index] == 0x2B {
            negative = text[index] == 0x2D
            index += 1
        }
        guard index < text.count else { return nil }
        var value = 0
        while index < text.count {
            guard text[index] >= 0x30, text[index] <= 0x39 else { return nil }
            value = min(exponentLimit * 10, value * 10 + Int(text[index] - 0x30))
            index += 1
        }
        return negative ? -value : value
    }

    /// The value as significand · 2^power, the significand rounded to `bits` (or fewer, where the
    /// power would fall below `leastPower`).
    private static func round(
        _ parsed: Parsed, bits: Int, leastPower: Int
    ) -> (significand: UInt128, power: Int) {
        let magnitude = parsed.digits.count + parsed.exponent
        if parsed.digits.isEmpty || magnitude < -exponentLimit { return (0, 0) }
        if magnitude > exponentLimit { return (1, exponentLimit * 4) }
        var numerator = BigNatural(0)
        for digit in parsed.digits { numerator.multiply(by: 10, adding: UInt32(digit)) }
        var denominator = BigNatural(1)
        if parsed.exponent >= 0 {
            numerator.multiply(byPowerOfTen: parsed.exponent)
        } else {
            denominator.multiply(byPowerOfTen: -parsed.exponent)
        }
        // The quotient of numerator · 2^-power and denominator shall have `bits` bits.
        var power = numerator.bitWidth - denominator.bitWidth - bits
        while true {
            power = max(power, leastPower)
            var top = numerator
            var bottom = denominator
            if power < 0 { top.shiftLeft(-power) } else { bottom.shiftLeft(power) }
            let (quotient, half, _) = BigNatural.divide(top, by: bottom)
            if quotient >> UInt128(bits) != 0 {
                power += 1
                continue
            }
            let up = half > 0 || half == 0 && (parsed.isSticky || quotient & 1 == 1)
            let rounded = quotient + (up ? 1 : 0)
            // A carry into one bit more is a power of two: exact either way.
            return rounded >> UInt128(bits) != 0 ? (rounded >> 1, power + 1) : (rounded, power)
        }
    }

    /// significand · 2^power, for a significand of 53 bits that suits the power.
    private static func scaled(_ significand: UInt128, _ power: Int) -> Double {
        if significand == 0 { return 0 }
        let value = Double(UInt64(truncatingIfNeeded: significand))
        if power > 971 { return .infinity }
        if power >= -1022 { return value * Double(bitPattern: UInt64(power + 1023) << 52) }
        // 2^-1074 as the product of two normal powers.
        return value * Double(bitPattern: UInt64(power + 1023 + 600) << 52)
            * Double(bitPattern: UInt64(1023 - 600) << 52)
    }
}
