import Testing

@testable import TensorPool

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

func makePool(
    bytes: Int = 256 * 1024, series: Int = 1, lower: Double = 0, upper: Double = 100
) throws -> TensorPool {
    let pool = try TensorPool(budgetBytes: bytes)
    for id in 0..<series {
        try pool.declare(
            SeriesDeclaration(id: UInt16(id), kind: .signal, lower: lower, upper: upper))
    }
    return pool
}

@Suite struct PoolTests {
    @Test func whatGoesInComesOutWithinItsBound() throws {
        let pool = try makePool(series: 3)
        var random = SplitMix(state: 5)
        var truth: [[Double]] = [[], [], []]
        for tick in 0..<1000 {
            for id in 0..<3 {
                let value = Double.random(in: -5...120, using: &random)
                truth[id].append(value)
                try pool.append(
                    series: UInt16(id), timeMs: Int64(tick) * 1000, value: value,
                    score: [1, 0.5, 0][id])
            }
        }
        for id in 0..<3 {
            let range = try #require(pool.indices(of: UInt16(id)))
            #expect(range == 0..<1000)
            let samples = try pool.read(series: UInt16(id), in: range)
            #expect(samples.map(\.index) == Array(0..<1000))
            #expect(samples.map(\.timeMs) == (0..<1000).map { $0 * 1000 })
            for (sample, value) in zip(samples, truth[id]) {
                #expect((sample.value - value).magnitude <= sample.errorBound)
                if id == 0 { #expect(sample.value == value) }
                #expect(sample.errorBound <= 100.0 / 510)
            }
        }
        #expect(try pool.read(series: 1, in: 100..<131).map(\.index) == Array(100..<131))
        #expect(pool.account.highValueCount == 1000)
        #expect(pool.account.highValueDegraded == 0)
    }

    @Test func exceptionsAreKeptExactlyInEveryTier() throws {
        let odd: [Double] = [
            .nan, -.nan, .infinity, -.infinity, Double(bitPattern: 0x7FF0_0000_0000_0001), 1e308,
            -1e308, .leastNonzeroMagnitude, 1e17,
        ]
        for score in [0, 0.5, 1.0] {
            let pool = try makePool()
            pool.settings.externalPressure = score == 0 ? 1 : 0
            for (tick, value) in (odd + odd.reversed()).enumerated() {
                try pool.append(series: 0, timeMs: Int64(tick), value: value, score: score)
            }
            try pool.sealAll()
            let back = try pool.read(series: 0, in: 0..<100).map(\.value)
            for (held, value) in zip(back, odd + odd.reversed()) {
                if value.magnitude < 1 {
                    #expect(held.magnitude <= 100.0 / 510)
                } else {
                    #expect(held.bitPattern == value.bitPattern)
                }
            }
        }
    }

    @Test func errorsAreTypedAndStoreNothing() throws {
        let pool = try makePool()
        #expect(throws: PoolError.unknownSeries(9)) {
            try pool.append(series: 9, timeMs: 0, value: 0, score: 0)
        }
        #expect(throws: PoolError.badScore) {
            try pool.append(series: 0, timeMs: 0, value: 0, score: .nan)
        }
        #expect(throws: PoolError.seriesExists(0)) {
            try pool.declare(SeriesDeclaration(id: 0, kind: .signal, lower: 0, upper: 1))
        }
        #expect(throws: PoolError.badFullScale(1)) {
            try pool.declare(SeriesDeclaration(id: 1, kind: .signal, lower: 1, upper: 1))
        }
        #expect(throws: PoolError.self) { try TensorPool(budgetBytes: 100) }
        #expect(pool.indices(of: 0) == 0..<0)
        #expect(pool.account.basis == .noData)
        #expect(pool.account.extension81 == nil)
    }

    @Test func clockJumpsHold() throws {
        let pool = try makePool()
        let times: [Int64] = [0, .max, .min, -1, 5, 5, 5, 1_440_115_200_000, 3]
        for time in times { try pool.append(series: 0, timeMs: time, value: 1, score: 0.5) }
        try pool.sealAll()
        #expect(try pool.read(series: 0, in: 0..<100).map(\.timeMs) == times)
    }

    @Test func redeclaringKeepsWhatWasSealed() throws {
        let pool = try makePool()
        for tick in 0..<10 {
            try pool.append(series: 0, timeMs: Int64(tick), value: Double(tick), score: 0.5)
        }
        try pool.redeclare(SeriesDeclaration(id: 0, kind: .history, lower: 0, upper: 1e6))
        try pool.append(series: 0, timeMs: 10, value: 5e5, score: 0.5)
        try pool.sealAll()
        let samples = try pool.read(series: 0, in: 0..<11)
        #expect(samples[3].errorBound <= 100.0 / 131070)
        #expect(samples[10].errorBound <= 1e6 / 131070)
        #expect(samples.count == 11)
    }
}
