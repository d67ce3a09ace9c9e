// The projected runtime extension: it must foretell what is measured at the end, and move with the
// stream and the budget.

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
