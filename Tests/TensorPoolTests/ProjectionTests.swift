// The projected runtime extension: it must foretell what is measured at the end, and move with the
// stream and the budget.

import Precision
import Testing

@testable import TensorPool

private func pool(kiB: Int, values: Int, _ value: (Int) -> Double) throws -> TensorPool {
    let pool = try TensorPool(budgetBytes: kiB * 1024)
    for id in 0..<6 {
        try pool.declare(
            SeriesDeclaration(id: UInt16(id), kind: .signal, lower: 0, upper: 100, decimals: 1))
    }
    for index in 0..<values {
        for id in 0..<6 {
            try pool.append(
                series: UInt16(id), timeMs: Int64(index) * 1000, value: value(index * 7 + id),
                score: 1)
        }
    }
    return pool
}

/// A reading that wanders in steps of a tenth: not constant, not noise.
private func wandering(_ index: Int) -> Double {
    Double((index &* 2_654_435_761) >> 7 & 15) / 10 + 40
}

private func noise(_ index: Int) -> Double {
    var x = UInt64(truncatingIfNeeded: index) &* 0x9e37_79b9_7f4a_7c15
    x ^= x >> 29
    return Double(x &* 0xbf58_476d_1ce4_e5b9 >> 11) / 9_007_199_254_740_992 * 100
}

@Test func aYoungPoolProjectsInsteadOfCountingItsEmptyBuffers() throws {
    let young = try pool(kiB: 512, values: 40, wandering).account
    #expect(young.basis == .projected)
    let projected = try #require(young.extension64)
    #expect(projected > 2)
    // The plain ratio at this age would speak of empty buffers.
    #expect(Double(young.valuesAdmitted) * 8 / Double(young.bytesNeeded) < 1)
    #expect(abs(try #require(young.extension81) - projected * 81 / 64) < 1e-9)
}

@Test func theProjectionHoldsToWhatIsMeasuredLater() throws {
    let early = try #require(try pool(kiB: 128, values: 300, noise).account.extension64)
    // Fill it until it refuses: nothing can be demoted, all is of high value.
    let full = try TensorPool(budgetBytes: 128 * 1024)
    for id in 0..<6 {
        try full.declare(SeriesDeclaration(id: UInt16(id), kind: .signal, lower: 0, upper: 100))
    }
    var index = 0
    filling: while index < 1_000_000 {
        for id in 0..<6 {
            do throws(PoolError) {
                try full.append(
                    series: UInt16(id), timeMs: Int64(index) * 1000, value: noise(index * 7 + id),
                    score: 1)
            } catch {
                break filling
            }
        }
        index += 1
    }
    let measured = full.account
    #expect(measured.basis == .measured)
    let final = try #require(measured.extension64)
    #expect(abs(early - final) / final < 0.25)
}

@Test func noiseProjectsLessThanAQuietStreamAndASmallBudgetLessThanALargeOne() throws {
    let quiet = try #require(try pool(kiB: 512, values: 60, wandering).account.extension64)
    let loud = try #require(try pool(kiB: 512, values: 60, noise).account.extension64)
    #expect(quiet > 2 * loud)
    let small = try #require(try pool(kiB: 64, values: 60, wandering).account.extension64)
    #expect(small < quiet)
}

/// The same figure from open buffers that are coded in full, byte for byte.
private func codedProjection(_ state: PoolState) -> Double? {
    var (values, bytes, open) = (0, 0.0, 0)
    func share(_ header: Int, _ payload: Int, _ count: Int) -> Double {
        Double(header) * Double(count) / Double(TensorPool.blockValues) + Double(payload)
    }
    state.arena.forEach { ref, kind, at in
        if state.isChunk(kind) {
            values += ChunkRecord(at: at).count
            bytes += Double(ChunkRecord(at: at).length)
        } else if kind == .times {
            bytes += Double(TimesRecord(at: at).length)
        } else {
            open += state.arena.length(ref)
        }
    }
    for slot in state.series.indices where state.series[slot].open.count > 0 {
        var sink = ByteSink()
        let count = Int(state.series[slot].open.count)
        let hint = Int(state.series[slot].places)
        ExactBlock.encode(state.openValues(slot), hint: hint, into: &sink)
        values += count
        bytes += share(ChunkRecord.bytes(payload: 0), sink.count, count)
    }
    for (index, track) in state.tracks.enumerated() where track.users > 0 && track.count > 0 {
        var sink = ByteSink()
        let count = Int(track.count)
        TimeBlock.encode(
            UnsafeBufferPointer(start: state.trackTimes(index), count: count), cold: false, into: &sink)
        bytes += share(TimesRecord.bytes(payload: 0), sink.count, count)
    }
    let room = Double(state.budgetBytes - state.fixedBytes - open)
    guard values > 0, bytes > 0, room > 0 else { return nil }
    return room / bytes * Double(values) * 8 / Double(state.budgetBytes)
}

@Test(arguments: 0..<40)
func aProjectionIsThatOfBuffersCodedInFull(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let pool = try TensorPool(budgetBytes: 32 * 1024 + Int(random.next() % 8) * 64 * 1024)
    let kinds = PropertyTests.Kind.allCases
    let count = 1 + Int(random.next() % 12)
    var levels = [Double](repeating: 0, count: count)
    for id in 0..<count {
        try pool.declare(SeriesDeclaration(id: UInt16(id), kind: .signal, lower: 0, upper: 100))
    }
    var time = Int64(1_700_000_000_000)
    let rows = 1 + Int(random.next() % 600)
    let scattersTimes = seed % 3 == 0
    var projected = 0
    for row in 0..<rows {
        time = random.next() % 300 == 0 ? Int64(bitPattern: random.next()) : time &+ 1000
        for id in 0..<count where random.next() % 16 > 0 {
            // Series that part from the others' times have tracks of their own.
            let own = scattersTimes && id % 2 == 0 ? time &+ Int64(random.next() % 10) : time
            let kind = kinds[(id + Int(seed)) % kinds.count]
            let value = kind.next(row, &levels[id], &random)
            let score = Double(random.next() % 2)
            try? pool.append(series: UInt16(id), timeMs: own, value: value, score: score)
        }
        guard row % 37 == 0 || row == rows - 1 else { continue }
        let expected = codedProjection(pool.state)
        #expect(pool.state.projectedExtension64 == expected, "row \(row)")
        if pool.account.basis == .projected, let expected {
            #expect(pool.account.extension64 == expected)
            projected += 1
        }
    }
    #expect(projected > 0)
}
