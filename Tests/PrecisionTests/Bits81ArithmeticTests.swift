import Testing

@testable import Precision

@Suite struct Bits81ArithmeticTests {
    /// Rounds an integer to 65 bits, ties to even, by counting: independent of the code under test.
    static func rounded(_ value: UInt128) -> UInt128 {
        var kept = value
        var shift: UInt128 = 0
        while kept >> 65 != 0 {
            kept >>= 1
            shift += 1
        }
        guard shift > 0 else { return value }
        let rest = value - kept << shift
        let half = UInt128(1) << (shift - 1)
        if rest > half || rest == half && kept & 1 == 1 { kept += 1 }
        return kept << shift
    }

    /// Up to 128 bits back from an 81-bit integer.
    static func integer(_ value: Bits81) -> UInt128 {
        let (significand, power) = value.parts
        return power >= 0 ? significand << UInt128(power) : significand >> UInt128(-power)
    }

    @Test func productsAreRoundedToNearest() {
        var random = SplitMix(state: 21)
        for _ in 0..<200_000 {
            let a = random.next() >> (random.next() & 63)
            let b = random.next() >> (random.next() & 63)
            let product = Bits81(a) * Bits81(b)
            let (high, low) = a.multipliedFullWidth(by: b)
            let exact = UInt128(high) << 64 | UInt128(low)
            if exact >> 127 == 0, Self.integer(product) != Self.rounded(exact) {
                Issue.record("\(a) * \(b)")
            }
        }
    }

    @Test func sumsAndDifferencesAreRoundedToNearest() {
        var random = SplitMix(state: 22)
        for _ in 0..<200_000 {
            let shift = UInt128(random.next() % 62)
            let a = UInt128(random.next() >> (random.next() & 63)) << shift
            let b = UInt128(random.next() >> (random.next() & 63))
            let scale = Bits81(UInt64(1) << UInt64(shift))
            let left = Bits81(UInt64(a >> shift)) * scale
            let right = Bits81(UInt64(b))
            if Self.integer(left + right) != Self.rounded(a + b) { Issue.record("\(a) + \(b)") }
            let difference = left - right
            let magnitude = a > b ? a - b : b - a
            if Self.integer(difference) != Self.rounded(magnitude)
                || magnitude != 0 && difference.isNegative != (b > a)
            {
                Issue.record("\(a) - \(b)")
            }
        }
    }

    @Test func quotientsAreNearest() {
        var random = SplitMix(state: 23)
        for _ in 0..<100_000 {
            let a = random.next() >> (random.next() & 31)
            let b = max(1, random.next() >> (4 + random.next() & 31))
            guard a > 0 else { continue }
            let (significand, power) = (Bits81(a) / Bits81(b)).parts
            // |a · 2^-power − significand · b| ≤ b / 2, all in 128 bits.
            guard power <= 0, -power < 62 || a >> 32 == 0, -power < 90 else { continue }
            let shifted = UInt128(a) << UInt128(-power)
            guard shifted >> UInt128(-power) == UInt128(a) else { continue }
            let (product, overflow) = significand.multipliedReportingOverflow(by: UInt128(b))
            guard !overflow else { continue }
            let error = product > shifted ? product - shifted : shifted - product
            if error * 2 > UInt128(b) { Issue.record("\(a) / \(b)") }
        }
    }

    @Test func specialValuesFollowIEEE754() {
        let one = Bits81(1.0)
        let zero = Bits81.zero
        #expect((one / zero) == .infinity)
        #expect((-one / zero) == -Bits81.infinity)
        #expect((zero / zero).isNaN && (Bits81.infinity - .infinity).isNaN)
        #expect((Bits81.infinity * zero).isNaN)
        #expect((one - one) == zero)
        #expect((-zero + -zero) == -zero)
        #expect((one / .infinity) == zero)
        #expect((Bits81.notANumber + one).isNaN)
        let largest = Bits81(isNegative: false, exponent: 0xFFFE, fraction: .max)
        #expect((largest + largest) == .infinity && (largest * largest) == .infinity)
        let least = Bits81(isNegative: false, exponent: 0, fraction: 1)
        #expect((least * least) == zero)
        #expect((least + least).fraction == 2)
        #expect((least / Bits81(2.0)) == zero)
        #expect((least * Bits81(1.5)).fraction == 2)
        #expect(Bits81(-0.0).compare(zero) == 0 && one.compare(.notANumber) == nil)
        #expect(Bits81(-3.0).compare(Bits81(-2.0)) == -1)
        #expect(Bits81(2.0).compare(Bits81(-2.0)) == 1 && largest.compare(.infinity) == -1)
    }

    @Test func agreesWithDoublesWhereTheyAreExact() {
        var random = SplitMix(state: 24)
        for _ in 0..<100_000 {
            let a = Double(Int64(bitPattern: random.next()) >> 38) / 64
            let b = Double(Int64(bitPattern: random.next()) >> 38) / 1024
            #expect((Bits81(a) + Bits81(b)).exactDouble == a + b)
            #expect((Bits81(a) * Bits81(b)).exactDouble == a * b || a * b == 0)
            #expect(Bits81(a).compare(Bits81(b)) == (a < b ? -1 : a > b ? 1 : 0))
        }
    }

    static func parse(_ text: String) -> Bits81? {
        Array(text.utf8).withUnsafeBufferPointer { DecimalText.bits81($0) }
    }

    @Test func nineteenDigitsSurviveText() {
        var random = SplitMix(state: 25)
        for _ in 0..<3000 {
            var digits = "\(random.next() % 10_000_000_000_000_000_000)"
            while digits.hasSuffix("0") { digits.removeLast() }
            guard digits.count > 1 else { continue }
            let power = Int(random.next() % 600) - 300
            let text = "\(digits.first!).\(digits.dropFirst())e\(power)"
            let value = Self.parse(text)
            let back = value.map { String(decoding: $0.text(digits: 19), as: UTF8.self) }
            let again = back.flatMap { Self.parse($0) }
            if value == nil || again != value { Issue.record("\(text) \(back ?? "")") }
            if power < -6 || power > 20, back != text { Issue.record("\(text) became \(back ?? "")") }
        }
    }

    @Test func textOfKnownValues() {
        func text(_ value: Bits81) -> String { String(decoding: value.shortestText, as: UTF8.self) }
        #expect(text(Self.parse("0.1")!) == "0.1")
        #expect(text(Bits81(UInt64.max)) == "18446744073709551615")
        #expect(text(Bits81(Int64.min)) == "-9223372036854775808")
        #expect(text(Bits81(1.0) / Bits81(3.0)).hasPrefix("0.3333333333333333333"))
        #expect(text(.infinity) == "inf" && text(.notANumber) == "nan" && text(Bits81(-0.0)) == "-0")
        #expect(text(Self.parse("-1.5e-4000")!) == "-1.5e-4000")
        #expect(String(decoding: Bits81(2.5).text(digits: 1), as: UTF8.self) == "2")
        #expect(String(decoding: Bits81(99.5).text(digits: 2), as: UTF8.self) == "100")
        #expect(Self.parse("1e-99999") == .zero && Self.parse("1e99999") == .infinity)
        // Doubles: 0.1 is not one tenth, and 81 bits can tell.
        #expect(Bits81(0.1) != Self.parse("0.1")!)
        #expect(Self.parse("0.1")!.doubleValue == 0.1)
    }

    @Test func shortestTextReadsBack() {
        var random = SplitMix(state: 26)
        for _ in 0..<300 {
            let value = Bits81(
                isNegative: random.next() & 1 == 1,
                exponent: UInt16(32767 - 200 + random.next() % 400), fraction: random.next())
            let text = value.shortestText
            let back = text.withUnsafeBufferPointer { DecimalText.bits81($0) }
            #expect(back == value)
        }
    }
}
