import Testing

@testable import Precision

@Suite struct ColdBlockTests {
    static func encode(_ values: [Double], _ wanted: [ValueRun], _ grid: Grid) -> [UInt8] {
        var sink = ByteSink()
        values.withUnsafeBufferPointer {
            let (runs, places) = ColdBlock.plan($0, wanted, grid: grid)
            ColdBlock.encode($0, runs: runs, places: places, grid: grid, into: &sink)
        }
        return sink.bytes
    }

    static func decode(
        _ bytes: [UInt8], count: Int, _ grid: Grid
    ) throws(PrecisionError) -> ([Double], [ValueRun]) {
        var values = [Double](repeating: 0, count: count)
        let runs = try decodeAll(bytes) { (source: inout ByteSource) throws(PrecisionError) in
            try values.withUnsafeMutableBufferPointer {
                (buffer: inout UnsafeMutableBufferPointer<Double>) throws(PrecisionError) in
                try ColdBlock.decode(into: buffer, grid: grid, from: &source)
            }
        }
        return (values, runs)
    }

    static func check(_ name: String, _ values: [Double], _ wanted: [ValueRun], _ grid: Grid) throws {
        let bytes = encode(values, wanted, grid)
        let (back, runs) = try decode(bytes, count: values.count, grid)
        var position = 0
        for run in runs {
            let bound = run.coding == .grid8 ? grid.bound8 : grid.bound16
            for index in position..<position + run.count {
                let same = back[index].bitPattern == values[index].bitPattern
                if !same && (run.coding.isExact || !((back[index] - values[index]).magnitude <= bound)) {
                    Issue.record("\(name)[\(index)] of \(values.count): \(values[index]) came back as \(back[index]) in \(run)")
                    return
                }
            }
            position += run.count
        }
        #expect(position == values.count)
    }

    @Test func everyCodingKeepsItsBound() throws {
        let grids = try [(0.0, 30.0), (-1, 1), (1e9, 2e9), (0, 1e-6), (-1e300, 1e300)].map {
            try #require(Grid(lower: $0.0, upper: $0.1))
        }
        for count in [1, 2, 5, 128, 1024, 4096] {
            for seed: UInt64 in 0..<(count > 500 ? 1 : 5) {
                for (name, values) in Samples.all(count: count, seed: seed) {
                    for grid in grids {
                        for coding in [RunCoding.grid8, .grid16, .decimal] {
                            try Self.check(name, values, [ValueRun(count: count, coding: coding)], grid)
                        }
                        if count >= 128 {
                            let codings: [RunCoding] = [.decimal, .grid8, .grid16, .grid8]
                            let mixed = (0..<4).map {
                                ValueRun(count: count / 4, coding: codings[$0])
                            }
                            try Self.check(name, values, mixed, grid)
                        }
                    }
                }
            }
        }
    }

    @Test func aNoisySignalTakesItsEntropy() throws {
        // Uniform noise over a quarter of the full scale: 64 lines, 6 bits; 10 % above at most.
        let grid = try #require(Grid(lower: 0, upper: 255))
        var random = SplitMix(state: 4)
        let values = (0..<4096).map { _ in Double.random(in: 100..<164, using: &random) }
        let bytes = Self.encode(values, [ValueRun(count: 4096, coding: .grid8)], grid)
        #expect(Double(bytes.count) * 8 / 4096 < 6.6)
        let level = [Double](repeating: 3.25, count: 4096)
        #expect(Self.encode(level, [ValueRun(count: 4096, coding: .decimal)], grid).count < 32)
    }

    @Test func constantOrCoarseRunsAreKeptExactly() throws {
        let grid = try #require(Grid(lower: 0, upper: 100))
        let coarse = (0..<256).map { Double($0 * 7 % 100) }
        let wanted = [ValueRun(count: 256, coding: .grid8)]
        let (runs, _) = coarse.withUnsafeBufferPointer {
            ColdBlock.plan($0, wanted, grid: grid)
        }
        #expect(runs == [ValueRun(count: 256, coding: .decimal)])
        let fine = coarse.map { $0 + 0.125 }
        let (other, _) = fine.withUnsafeBufferPointer {
            ColdBlock.plan($0, wanted, grid: grid)
        }
        #expect(other == wanted)
    }

    @Test func arbitraryBytesAreRefusedOrDecoded() throws {
        let grid = try #require(Grid(lower: -5, upper: 5))
        var random = SplitMix(state: 12)
        var decoded = 0
        for round in 0..<4000 {
            var bytes: [UInt8]
            if round % 2 == 0 {
                bytes = (0..<Int(random.next() % 90)).map { _ in
                    UInt8(truncatingIfNeeded: random.next())
                }
            } else {
                let (_, values) = Samples.all(count: 64, seed: UInt64(round))[round / 2 % 13]
                bytes = Self.encode(
                    values, [ValueRun(count: 64, coding: RunCoding(rawValue: UInt8(round / 2 % 3))!)], grid)
                for _ in 0..<3 {
                    bytes[Int(random.next() % UInt64(bytes.count))] ^= UInt8(1 << (random.next() & 7))
                }
            }
            if (try? Self.decode(bytes, count: 64, grid)) != nil { decoded += 1 }
            _ = try? decodeExact(bytes, count: 64)
        }
        #expect(decoded > 20)
    }
}
