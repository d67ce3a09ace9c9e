// Writes the fuzzer's seeds: one small valid input for every decoder and every kind of series, in
// the form that DecodersFuzz takes (decoder, number of values, input). `Tests/Fuzz/run seeds`, after
// the format has changed.

@testable import Precision
@testable import TensorPool

#if canImport(Glibc)
    import Glibc
#endif

@main struct Seeds {
    static let count = 65  // as DecodersFuzz has it for the byte 32: 2 · 32 + 1

    static var series: [(name: String, values: [Double])] {
        var state: UInt64 = 7
        func noise() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) / Double(1 << 53)
        }
        var level = 0.5
        let odd: [Double] = [.nan, .infinity, -0.0, 5e-324, 1e308, 0.1, -1e15, 0.25]
        return [
            ("const", (0..<count).map { _ in 0.25 }),
            ("ramp", (0..<count).map { Double($0) / 100 }),
            ("walk", (0..<count).map { _ in
                level += (noise() - 0.5) * 0.02
                return Double(Int(level * 1000)) / 1000
            }),
            ("noise", (0..<count).map { _ in noise() }),
            ("odd", (0..<count).map { odd[$0 % odd.count] }),
        ]
    }

    static func write(_ name: String, _ decoder: UInt8, _ bytes: [UInt8]) {
        guard let file = fopen(CommandLine.arguments[1] + "/" + name, "wb") else {
            print("cannot write \(name)")
            exit(1)
        }
        let all = [decoder, UInt8(count / 2)] + bytes
        fwrite(all, 1, all.count, file)
        fclose(file)
    }

    static func main() throws {
        guard CommandLine.arguments.count == 2, let grid = Grid(lower: 0, upper: 1) else { exit(2) }
        for (name, values) in series {
            try values.withUnsafeBufferPointer { all in
                var hot = ByteSink()
                ExactBlock.encode(all, hint: 2, into: &hot)
                write("hot-\(name)", 0, hot.bytes)
                for (coding, label) in [
                    (RunCoding.grid8, "grid8"), (.grid16, "grid16"), (.decimal, "decimal"),
                ] {
                    let (runs, places) = ColdBlock.plan(
                        all, [ValueRun(count: count, coding: coding)], grid: grid)
                    var cold = ByteSink()
                    ColdBlock.encode(all, runs: runs, places: places, grid: grid, into: &cold)
                    // The first byte picks the grid: 0 is 0…1.
                    write("cold-\(name)-\(label)", 1, [0] + cold.bytes)
                }
            }
            // A chunk without its checksum, which DecodersFuzz adds: a cold one.
            let pool = try TensorPool(budgetBytes: 16 * 1024)
            try pool.declare(SeriesDeclaration(id: 3, kind: .signal, lower: 0, upper: 1))
            for (index, value) in values.enumerated() {
                try pool.append(series: 3, timeMs: Int64(index) * 1000, value: value, score: 0.5)
            }
            try pool.sealAll()
            for chunk in try pool.undelivered(maxBytes: 1) {
                write("chunk-\(name)", 3, Array(chunk.bytes.dropLast(4)))
            }
        }
        let pattern: [Int64] = [10, 11, 9]
        var time: Int64 = 7
        let times = (0..<count).map { index -> Int64 in
            time += pattern[index % 3] * 1000
            return index == 0 ? 7 : time
        }
        times.withUnsafeBufferPointer { all in
            for cold in [false, true] {
                var sink = ByteSink()
                TimeBlock.encode(all, cold: cold, into: &sink)
                write("times-\(cold)", 2, sink.bytes)
            }
        }
        for (index, text) in ["20.37", "-1.5e-310", "9007199254740993", "1e400", "nan"].enumerated() {
            write("text-\(index)", 4, Array(text.utf8))
        }
        var planes = ByteSink()
        Bits81Planes.pack(series[4].values.map { Bits81($0) }, into: &planes)
        write("planes", 5, planes.bytes)
    }
}
