import Testing

@testable import TensorPool

@Suite struct BudgetTests {
    /// Fills a small pool until it refuses; answers what was taken.
    static func exhaust(_ pool: TensorPool, series: Int, score: (Int) -> Double) throws -> Int {
        var random = SplitMix(state: 77)
        for tick in 0..<1_000_000 {
            for id in 0..<series {
                let value = Double.random(in: 0...100, using: &random)
                do {
                    try pool.append(
                        series: UInt16(id), timeMs: Int64(tick) * 10_000, value: value,
                        score: score(tick))
                } catch PoolError.full {
                    return tick * series + id
                }
                if tick % 64 == 0 { #expect(pool.account.heldBytes <= pool.account.budgetBytes) }
            }
        }
        Issue.record("never full")
        return 0
    }

    @Test func refusesOnlyWhenNothingCanGiveWay() throws {
        let pool = try makePool(bytes: 64 * 1024, series: 2)
        let taken = try Self.exhaust(pool, series: 2) { $0 / 128 % 10 == 0 ? 0.9 : 0.3 }
        let account = pool.account
        #expect(account.refused == 1)
        #expect(account.valuesAdmitted == UInt64(taken))
        #expect(account.valuesHeld == UInt64(taken))
        #expect(account.basis == .measured)
        #expect(account.highValueDegraded == 0)
        #expect(account.highValueCount > 0)
        #expect(account.values8 > 0)
        #expect(account.worstErrorBoundFraction <= 1.0 / 510)
        #expect(account.extension81! > 1.9)
        #expect(account.heldBytes <= account.budgetBytes)
        #expect((account.extension81! / account.extension64! - 81.0 / 64).magnitude < 1e-9)
        // Every value can still be read.
        var read: UInt64 = 0
        for id: UInt16 in [0, 1] {
            try pool.forEach(series: id, in: 0..<UInt64.max) { _ in read += 1 }
        }
        #expect(read == account.valuesHeld)
    }

    @Test func leastValueIsDemotedFirst() throws {
        let pool = try makePool(bytes: 64 * 1024, series: 2)
        pool.settings.roomShortShare = 2
        var tick: Int64 = 0
        while pool.account.values8 == 0 {
            for id: UInt16 in [0, 1] {
                try pool.append(
                    series: id, timeMs: tick, value: Double(tick % 100) + 0.123,
                    score: id == 0 ? 0.6 : 0.4)
            }
            tick += 1
        }
        let samples = try pool.read(series: 0, in: 0..<UInt64.max)
        #expect(samples.allSatisfy { $0.errorBound < 100.0 / 1000 })
        #expect(try pool.read(series: 1, in: 0..<UInt64.max).contains { $0.errorBound > 0.1 })
    }

    /// Blocks that are as small exactly as on the grid look as if they had bits to give: demotion
    /// must notice that they had none, and go on.
    @Test func whatDemotionCannotShrinkIsTriedOnce() throws {
        let pool = try makePool(bytes: 32 * 1024)
        var random = SplitMix(state: 14)
        var taken = 0
        while taken < 200_000 {
            // Whole numbers beside blocks of many places: one chunk, decimals of both kinds.
            let fine = taken / 128 % 4 == 0
            let whole = Double(random.next() % 101)
            let value = fine ? whole + Double(random.next() % 100_000) / 1_000_000 : whole
            do {
                try pool.append(series: 0, timeMs: Int64(taken) * 1000, value: value, score: 0.3)
            } catch PoolError.full {
                break
            }
            taken += 1
        }
        #expect(pool.account.refused == 1)
        #expect(pool.account.values8 > 0)
    }

    @Test func deliveredChunksGiveWayFirst() throws {
        let pool = try makePool(bytes: 64 * 1024)
        var random = SplitMix(state: 3)
        for tick in 0..<100_000 {
            try pool.append(
                series: 0, timeMs: Int64(tick), value: Double.random(in: 0...100, using: &random),
                score: 0.9)
            if tick % 1000 == 0 {
                for chunk in try pool.undelivered(maxBytes: 1 << 20) {
                    #expect(pool.markDelivered(chunk.ref))
                }
            }
        }
        let account = pool.account
        #expect(account.refused == 0)
        #expect(account.evictedDelivered > 0)
        #expect(account.valuesAdmitted == 100_000)
        #expect(account.valuesHeld + account.evictedDelivered == 100_000)
        #expect(account.highValueCount == 100_000)
        // Eviction does not inflate the figure: noise Doubles at 81 bits gain nothing.
        #expect(account.extension81! < 1.6)
        #expect(account.basis == .atLeast)
    }

    @Test func aNewBudgetOpensANewWindow() throws {
        let pool = try makePool(bytes: 64 * 1024)
        _ = try Self.exhaust(pool, series: 1) { _ in 0.5 }
        #expect(pool.account.basis == .measured)
        try pool.setBudget(bytes: 128 * 1024)
        #expect(pool.account.basis != .measured)
        #expect(pool.account.valuesAdmitted <= 128)
        try pool.append(series: 0, timeMs: 0, value: 1, score: 0.5)
        #expect(pool.account.basis == .projected)
        #expect(throws: PoolError.self) { try pool.setBudget(bytes: 17 * 1024) }
        #expect(pool.account.budgetBytes == 128 * 1024)
    }
}
