import Testing

@testable import Precision

/// Small deterministic generator, so that a failure can be run again.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

@Suite struct Bits81Tests {
    static let edges: [Double] = [
        0, -0.0, 1, -1, 0.1, .pi, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
        .leastNormalMagnitude, .leastNormalMagnitude.nextDown, .greatestFiniteMagnitude,
        -.greatestFiniteMagnitude, .infinity, -.infinity, 1 / 3, 4503599627370497.5,
    ]

    @Test func everyDoubleSurvives() {
        for value in Self.edges {
            #expect(Bits81(value).exactDouble?.bitPattern == value.bitPattern)
        }
        var random = SplitMix(state: 1)
        for _ in 0..<1_000_000 {
            let bits = random.next()
            let back = Bits81(Double(bitPattern: bits)).exactDouble
            if back?.bitPattern != bits { Issue.record("\(bits)") }
        }
        for shift in 0..<52 {
            let subnormal = Double(bitPattern: 1 << UInt64(shift) | 1)
            #expect(Bits81(subnormal).exactDouble?.bitPattern == subnormal.bitPattern)
        }
    }

    @Test func nanPayloadsSurvive() {
        for payload: UInt64 in [1, 1 << 51, 0xF_FFFF_FFFF_FFFF, 0x7_1234_5678_9ABC] {
            for sign: UInt64 in [0, 1 << 63] {
                let bits = sign | 0x7FF << 52 | payload
                let held = Bits81(Double(bitPattern: bits))
                #expect(held.isNaN)
                #expect(held.exactDouble?.bitPattern == bits)
            }
        }
    }

    @Test func everyIntegerSurvives() {
        for value in [Int64.min, Int64.min + 1, -1, 0, 1, Int64.max, Int64.max - 1] {
            #expect(Bits81(value).exactInt64 == value)
        }
        for value in [UInt64.max, UInt64.max - 1, 1 << 63, 0, 1] {
            #expect(Bits81(value).exactUInt64 == value)
        }
        var random = SplitMix(state: 2)
        for _ in 0..<200_000 {
            let bits = random.next() >> (random.next() & 63)
            if Bits81(bits).exactUInt64 != bits { Issue.record("\(bits)") }
            let signed = Int64(bitPattern: bits)
            if Bits81(signed).exactInt64 != signed { Issue.record("\(signed)") }
        }
        #expect(Bits81(Int64(-1)).exactUInt64 == nil)
        #expect(Bits81(0.5).exactInt64 == nil)
        #expect(Bits81(UInt64.max).exactInt64 == nil)
        #expect(Bits81(-0.0).exactInt64 == nil)
    }

    @Test func roundsToTheNearestDouble() {
        // 2^53 + 1 lies halfway: ties to even.
        #expect(Bits81(UInt64(1) << 53 + 1).doubleValue == 0x1p53)
        #expect(Bits81(UInt64(1) << 53 + 1).exactDouble == nil)
        #expect(Bits81(UInt64(1) << 53 + 3).doubleValue == 0x1p53 + 4)
        #expect(Bits81(UInt64.max).doubleValue == 0x1p64)
        var random = SplitMix(state: 3)
        for _ in 0..<200_000 {
            let bits = random.next() >> (random.next() & 63)
            if Bits81(bits).doubleValue != Double(bits) { Issue.record("\(bits)") }
        }
        let tooLarge = Bits81(isNegative: true, exponent: 65534, fraction: .max)
        #expect(tooLarge.doubleValue == -.infinity)
        let halfLeast = Bits81(isNegative: false, exponent: UInt16(32767 - 1075), fraction: 0)
        #expect(halfLeast.doubleValue == 0)
        let aboveHalf = Bits81(isNegative: false, exponent: UInt16(32767 - 1075), fraction: 1)
        #expect(aboveHalf.doubleValue == .leastNonzeroMagnitude)
        let carry = Bits81(isNegative: false, exponent: UInt16(32767 - 1023), fraction: .max)
        #expect(carry.doubleValue == .leastNormalMagnitude)
    }

    @Test func eightValuesLieInEightyOneBytes() throws {
        for count in [1, 7, 8, 9, 128] {
            var random = SplitMix(state: UInt64(count))
            let values = (0..<count).map { _ in
                Bits81(
                    isNegative: random.next() & 1 == 1,
                    exponent: UInt16(truncatingIfNeeded: random.next()), fraction: random.next())
            }
            var sink = ByteSink()
            Bits81Planes.pack(values, into: &sink)
            #expect(sink.bytes.count == Bits81Planes.byteCount(forValues: count))
            let back = try sink.bytes.withUnsafeBytes {
                var source = ByteSource($0)
                return try Bits81Planes.unpack(count: count, from: &source)
            }
            #expect(back == values)
            let shortened = Array(sink.bytes.dropLast())
            #expect(throws: PrecisionError.truncated) {
                try shortened.withUnsafeBytes {
                    var source = ByteSource($0)
                    return try Bits81Planes.unpack(count: count, from: &source)
                }
            }
        }
        #expect(Bits81Planes.byteCount(forValues: 8) == 81)
    }
}
