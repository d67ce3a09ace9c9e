import Bytes
import CoreTesting
import Foundation
import Testing

@Suite struct TextTests {
    @Test func hexGoesBothWays() throws {
        #expect(Hex.encode([] as [UInt8]) == "")
        #expect(Hex.encode([0x00, 0x0f, 0xa0, 0xff] as [UInt8]) == "000fa0ff")
        #expect(Hex.decode("") == [])
        #expect(Hex.decode("00Ff") == [0, 255])
        for bad in ["0", "0g", "g0", " 00", "0x00", "00 ", "é"] { #expect(Hex.decode(bad) == nil) }
        try forSeeds(2000) { random in
            let bytes = random.bytes(random.below(70))
            try hold(Hex.decode(Hex.encode(bytes)) == bytes, "\(bytes)")
            try hold(Hex.decode(Hex.encode(bytes).uppercased()) == bytes, "\(bytes)")
        }
        // A slice that doesn't begin at 0.
        #expect(Hex.decode(Array("xx0a0b".utf8)[2...]) == [10, 11])
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("+7", 7), ("007", 7), ("-42", -42),
        ("9223372036854775807", Int64.max), ("-9223372036854775808", .min),
        ("+9223372036854775807", .max),
        ("0000000000000000000009", 9),
    ])
    func integers(_ text: String, _ value: Int64) { #expect(Text.integer(text) == value) }

    @Test(arguments: [
        "", "-", "+", "--1", "+-1", " 1", "1 ", "1.0", "1e3", "0x10", "a", "1\0",
        "9223372036854775808", "+9223372036854775808", "-9223372036854775809",
        "99999999999999999999", "18446744073709551616",
    ])
    func noIntegers(_ text: String) { #expect(Text.integer(text) == nil) }

    @Test func everyIntegerComesBack() throws {
        try forSeeds(20_000) { random in
            let value = Int64(bitPattern: random.wide())
            try hold(Text.integer("\(value)") == value, "\(value)")
        }
    }

    @Test(arguments: [
        ("0", 0), ("-1", -1), ("+1.5", 1.5), (".5", 0.5), ("5.", 5), ("0.618", 0.618),
        ("45.375", 45.375), ("1.6180339887498948", 1.6180339887498948),
        ("0.6180339887498949", 0.6180339887498949), ("0000001.25", 1.25),
        ("99999999999999999", 1e17),
        // Digits past the seventeenth don't count, wherever the point stands.
        ("0.1000000000000000055511151231257827", 0.1), ("12345678901234567.9", 12345678901234568),
    ] as [(String, Double)])
    func decimals(_ text: String, _ value: Double) throws {
        let found = try #require(Text.decimal(text))
        #expect(abs(found - value) <= value.ulp)
    }

    @Test(arguments: [
        "", ".", "-", "+.", "-.", "1.2.3", "..1", "1,5", "1e5", "nan", "inf", "0x1", " 1", "1 ",
        "--1", "123456789012345678", "-9223372036854775808000",
    ])
    func noDecimals(_ text: String) { #expect(Text.decimal(text) == nil) }

    @Test func decimalsAreThoseOfFoundation() throws {
        #expect(Text.decimal("-0")?.sign == .minus)
        #expect(Text.decimal("0." + String(repeating: "0", count: 400) + "1") == 0)
        try forSeeds(50_000) { random in
            // Up to 15 digits: exact in a Double, so one division rounds.
            let digits = String(random.below(1_000_000_000_000_000))
            let point = random.below(digits.count + 1)
            let text = (random.oneIn(2) ? "-" : "") + digits.prefix(point) + "."
                + digits.dropFirst(point)
            let expected = try #require(Double("0" + text.drop { $0 == "-" } + "0"))
            let signed = text.hasPrefix("-") ? -expected : expected
            try hold(Text.decimal(text) == signed, text)
        }
    }

    @Test func piecesOfText() {
        func bytes(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }
        #expect(Text.trimmed(bytes(" \t\r\n\u{b}\u{c}\0a b\0 ")).elementsEqual("a b".utf8))
        #expect(Text.trimmed(bytes(" \0\n")).isEmpty)
        #expect(Text.trimmed(bytes("")).isEmpty)
        #expect(Text.words(bytes("  a\tbc \n d\0")).map(Text.string) == ["a", "bc", "d"])
        #expect(Text.lines(bytes("a\n\nb\n")).map(Text.string) == ["a", "b"])
        #expect(Text.equal(bytes("abc"), "abc"))
        #expect(Text.equal(bytes("xabc").dropFirst(), "abc"))
        #expect(!Text.equal(bytes("abd"), "abc"))
        #expect(!Text.equal(bytes("ab"), "abc"))
        #expect(Text.equal("", ""))
    }

    @Test(arguments: [
        (0, 0, "0"), (0, 2, "0.00"), (-0.0, 2, "0.00"), (-0.001, 2, "0.00"), (1.005, 1, "1.0"),
        (0.5, 0, "1"), (-0.5, 0, "-1"), (2.5, 0, "3"), (0.125, 2, "0.13"), (-0.125, 2, "-0.13"),
        (0.999, 2, "1.00"), (9.9999, 3, "10.000"), (41.5, 1, "41.5"), (0.05, 3, "0.050"),
        (-1.25, 1, "-1.3"), (1, -3, "1"), (0.5, 9, "0.500000000"),
        // More decimals than nine are nine.
        (0.5, 12, "0.500000000"),
        // Whole part and decimals together pass 64 bits.
        (9_500_000_000.75, 9, "9500000000.750000000"),
        (8_999_999_999_999_999, 9, "8999999999999999.000000000"),
        (1_234_567_890_123.5, 8, "1234567890123.50000000"),
        (9e15, 2, "inf"), (-9e15, 0, "-inf"), (1e300, 2, "inf"),
        (.infinity, 2, "inf"), (-.infinity, 2, "-inf"), (.nan, 2, "nan"),
    ] as [(Double, Int, String)])
    func fixed(_ value: Double, _ decimals: Int, _ text: String) {
        #expect(Bytes.Decimal.fixed(value, decimals: decimals) == text)
    }

    @Test func fixedIsThatOfFoundation() throws {
        try forSeeds(50_000) { random in
            let decimals = random.below(10)
            let value = Double.random(in: -1...1, using: &random)
                * pow(10, Double(random.below(16)))
            let ours = Bytes.Decimal.fixed(value, decimals: decimals)
            let theirs = String(format: "%.\(decimals)f", value)
            // Ties, and what multiplying by a power of ten rounds to one, may differ in the last digit.
            let step = pow(10, -Double(decimals))
            let (a, b) = (Double(ours) ?? .nan, Double(theirs) ?? .nan)
            try hold(abs(a - b) <= step * 1.001 + b.ulp, "\(value): \(ours), not \(theirs)")
            try hold(
                ours.split(separator: ".").last?.count == theirs.split(separator: ".").last?.count
                    || decimals == 0, "\(ours), \(theirs)")
            try hold(abs(a - value) <= step * 0.5000001 + value.ulp, "\(value): \(ours)")
        }
    }
}
