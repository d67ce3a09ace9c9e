import Testing

@testable import Precision

/// Series that a device might meet, and some that it should not.
enum Samples {
    static func all(count: Int, seed: UInt64) -> [(name: String, values: [Double])] {
        var random = SplitMix(state: seed)
        func noise() -> Double { Double.random(in: -1...1, using: &random) }
        var walk = 20.0
        let odd: [Double] = [
            .nan, -.nan, .infinity, -.infinity, -0.0, 0, .leastNonzeroMagnitude, 1e308, -1e308,
            Double(bitPattern: 0x7FF0_0000_0000_0001), 4503599627370497.5, 0.1, 1e-5,
        ]
        return [
            ("constant", (0..<count).map { _ in 21.5 }),
            ("zeros", (0..<count).map { _ in 0 }),
            ("ramp", (0..<count).map { Double($0) / 100 }),
            ("walk", (0..<count).map { _ in
                walk += noise() * 0.3
                return (walk * 100).rounded() / 100
            }),
            ("extremes", (0..<count).map { $0 % 2 == 0 ? 1e15 : -1e15 }),
            ("integers", (0..<count).map { _ in Double(Int64(truncatingIfNeeded: random.next() >> 14)) }),
            ("noise", (0..<count).map { _ in noise() }),
            ("six places", (0..<count).map { _ in (noise() * 1e6).rounded() / 1e6 }),
            ("any bits", (0..<count).map { _ in Double(bitPattern: random.next()) }),
            ("odd", (0..<count).map { odd[$0 % odd.count] }),
            ("spikes", (0..<count).map { _ in
                random.next() % 50 == 0 ? odd[Int(random.next() % 13)] : (noise() * 100).rounded() / 10
            }),
            ("steps", (0..<count).map { Double($0 / 40 % 3) * 600 }),
            ("not a number", (0..<count).map { _ in .nan }),
        ]
    }
}

func decodeAll<T>(
    _ bytes: [UInt8], _ body: (inout ByteSource) throws(PrecisionError) -> T
) throws(PrecisionError) -> T {
    let result: Result<T, PrecisionError> = bytes.withUnsafeBytes { raw in
        var source = ByteSource(raw)
        do throws(PrecisionError) { return .success(try body(&source)) } catch {
            return .failure(error)
        }
    }
    return try result.get()
}

func exactRoundTrip(_ values: [Double]) throws -> [Double] {
    var sink = ByteSink()
    values.withUnsafeBufferPointer { _ = ExactBlock.encode($0, hint: 2, into: &sink) }
    return try decodeExact(sink.bytes, count: values.count)
}

func decodeExact(_ bytes: [UInt8], count: Int) throws(PrecisionError) -> [Double] {
    var values = [Double](repeating: 0, count: count)
    try decodeAll(bytes) { (source: inout ByteSource) throws(PrecisionError) in
        try values.withUnsafeMutableBufferPointer {
            (buffer: inout UnsafeMutableBufferPointer<Double>) throws(PrecisionError) in
            try ExactBlock.decode(into: buffer, from: &source)
        }
    }
    return values
}

@Suite struct BlockTests {
    @Test func everyBitComesBackFromTheHotCoding() throws {
        for count in [1, 2, 3, 127, 128, 4096] {
            for seed: UInt64 in 0..<(count > 1000 ? 3 : 20) {
                for (name, values) in Samples.all(count: count, seed: seed) {
                    let back = try exactRoundTrip(values)
                    if back.map(\.bitPattern) != values.map(\.bitPattern) {
                        Issue.record("\(name), \(count) values, seed \(seed)")
                    }
                }
            }
        }
    }

    @Test func aLengthIsWhatTheHotCodingAppends() {
        for count in [1, 2, 3, 9, 127, 128, 1000] {
            for (name, values) in Samples.all(count: count, seed: UInt64(count)) {
                for hint in [0, 2, 15] {
                    var sink = ByteSink()
                    let length = values.withUnsafeBufferPointer {
                        ExactBlock.encode($0, hint: hint, into: &sink)
                        return ExactBlock.length($0, hint: hint)
                    }
                    #expect(length == sink.count, "\(name), \(count) values, hint \(hint)")
                }
            }
        }
    }

    @Test func decimalsAreFoundAndSmall() {
        var sink = ByteSink()
        let values = (0..<128).map { 20 + Double($0 % 5) / 100 }
        let places = values.withUnsafeBufferPointer { ExactBlock.encode($0, hint: 0, into: &sink) }
        #expect(places == 2)
        #expect(sink.count < 128 * 4 / 8 + 8)
        sink.removeAll()
        let whole = (0..<128).map { Double($0 * 100) }
        let none = whole.withUnsafeBufferPointer { ExactBlock.encode($0, hint: 6, into: &sink) }
        #expect(none == 0)
        #expect(sink.count < 16 + 16)
    }

    /// A clock that ticks in a unit costs what its ticks do, whatever the unit.
    @Test(arguments: [Int64(10), 100, 1000, 60_000]) func aCoarseClockCostsNoMore(unit: Int64) {
        func bytes(_ unit: Int64, cold: Bool) -> Int {
            var random = SplitMix(state: 9)
            var at: Int64 = 1_440_115_110_000
            let times = (0..<2048).map { _ in
                at += Int64(random.next() % 8) * unit
                return at
            }
            var sink = ByteSink()
            times.withUnsafeBufferPointer { TimeBlock.encode($0, cold: cold, into: &sink) }
            return sink.count
        }
        #expect(bytes(unit, cold: false) == bytes(1, cold: false))
        #expect(bytes(unit, cold: true) == bytes(1, cold: true))
        // Three bits a tick.
        #expect(bytes(unit, cold: true) < 2048 * 34 / 80)
    }

    @Test func timesComeBackHotAndCold() throws {
        var random = SplitMix(state: 8)
        for count in [1, 2, 3, 128, 4096] {
            var jitter: Int64 = 1_440_115_110_000
            let series: [[Int64]] = [
                (0..<count).map { Int64($0) * 10_000 },
                (0..<count).map { _ in
                    jitter += 9000 + Int64(random.next() % 3) * 1000
                    return jitter
                },
                (0..<count).map { _ in Int64(bitPattern: random.next()) },
                (0..<count).map { $0 % 2 == 0 ? .min : .max },
                (0..<count).map { _ in Int64(random.next() % 1000) },
                (0..<count).map { _ in 77 },
                (0..<count).map { Int64($0 * $0 % 97) * 60_000 },
                (0..<count).map { Int64($0 * $0 % 89) * 100 - 5_000 },
                (0..<count).map { Int64($0 * $0 % 83) * 7_010 },
            ]
            for times in series {
                for cold in [false, true] {
                    var sink = ByteSink()
                    times.withUnsafeBufferPointer {
                        TimeBlock.encode($0, cold: cold, into: &sink)
                    }
                    if !cold {
                        #expect(times.withUnsafeBufferPointer(TimeBlock.hotLength) == sink.count)
                    }
                    var back = [Int64](repeating: 0, count: count)
                    try decodeAll(sink.bytes) { (source: inout ByteSource) throws(PrecisionError) in
                        try back.withUnsafeMutableBufferPointer {
                            (buffer: inout UnsafeMutableBufferPointer<Int64>)
                                throws(PrecisionError) in
                            try TimeBlock.decode(into: buffer, first: times[0], from: &source)
                        }
                    }
                    #expect(back == times)
                }
            }
        }
    }
}
