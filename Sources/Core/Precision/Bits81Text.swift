// 81-bit numbers as decimal text: so many significant digits, correctly rounded, or the fewest that
// name the number among all 81-bit numbers. 21 digits always do; a decimal of up to 19 digits that
// was read in comes out as it was written.

extension Bits81 {
    /// `-1.25e-3`, `12.5`, `inf`, `nan`. 1…30 digits; zeros at the end are left out.
    public func text(digits: Int) -> [UInt8] {
        var out: [UInt8] = isNegative ? [0x2D] : []
        if isNaN { return Array("nan".utf8) }
        if isInfinite { return out + Array("inf".utf8) }
        if isZero { return out + [0x30] }
        let (number, exponent) = decimal(digits: max(1, min(30, digits)))
        var figures: [UInt8] = []
        var rest = number
        while rest > 0 {
            figures.append(UInt8(rest % 10) + 0x30)
            rest /= 10
        }
        // Least significant first: drop the zeros there.
        var dropped = 0
        while dropped < figures.count - 1, figures[dropped] == 0x30 { dropped += 1 }
        let place = exponent + figures.count - 1
        figures.removeFirst(dropped)
        figures.reverse()
        Self.write(figures, place: place, to: &out)
        return out
    }

    /// The shortest text that reads back as this number.
    public var shortestText: [UInt8] {
        for digits in 1..<21 {
            let text = text(digits: digits)
            let back = text.withUnsafeBufferPointer { DecimalText.bits81($0) }
            if back == self { return text }
        }
        return text(digits: 21)
    }

    /// The figures, the first of which counts 10^place.
    private static func write(_ figures: [UInt8], place: Int, to out: inout [UInt8]) {
        switch place {
        case 0..<21:
            for index in 0...max(place, figures.count - 1) {
                if index == place + 1 { out.append(0x2E) }
                out.append(index < figures.count ? figures[index] : 0x30)
            }
        case -6..<0:
            out += [0x30, 0x2E]
            out += [UInt8](repeating: 0x30, count: -place - 1)
            out += figures
        default:
            out.append(figures[0])
            if figures.count > 1 { out.append(0x2E) }
            out += figures.dropFirst()
            out.append(0x65)
            var digits: [UInt8] = []
            var rest = place.magnitude
            repeat {
                digits.append(UInt8(rest % 10) + 0x30)
                rest /= 10
            } while rest > 0
            if place < 0 { out.append(0x2D) }
            out += digits.reversed()
        }
    }

    /// |self| rounded to so many digits: number · 10^exponent. Finite and not zero.
    private func decimal(digits: Int) -> (number: UInt128, exponent: Int) {
        let (significand, power) = parts
        // log10 2 ≈ 1233/4096, which errs by far less than one digit over the whole range.
        let bits = 128 - significand.leadingZeroBitCount + power
        var place = (bits * 1233) >> 12
        var least: UInt128 = 1
        for _ in 1..<digits { least *= 10 }
        while true {
            let exponent = place - digits + 1
            let (quotient, half, _) = Self.divide(significand, power, exponent)
            let rounded = quotient + (half > 0 || half == 0 && quotient & 1 == 1 ? 1 : 0)
            if rounded < least { place -= 1; continue }
            if quotient >= least * 10 { place += 1; continue }
            return (rounded, exponent)
        }
    }

    /// significand · 2^power ÷ 10^exponent.
    private static func divide(
        _ significand: UInt128, _ power: Int, _ exponent: Int
    ) -> (quotient: UInt128, half: Int, isExact: Bool) {
        var top = BigNatural(UInt64(truncatingIfNeeded: significand >> 32))
        top.shiftLeft(32)
        var low = BigNatural(UInt64(truncatingIfNeeded: significand) & 0xFFFF_FFFF)
        top.add(low)
        low = BigNatural(1)
        if exponent < 0 { top.multiply(byPowerOfTen: -exponent) }
        if exponent > 0 { low.multiply(byPowerOfTen: exponent) }
        if power > 0 { top.shiftLeft(power) }
        if power < 0 { low.shiftLeft(-power) }
        return BigNatural.divide(top, by: low)
    }
}
