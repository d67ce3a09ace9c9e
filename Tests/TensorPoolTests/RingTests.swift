import Testing

@testable import TensorPool

@Suite struct RingTests {
    /// Noise in `series` series at 10 s, scored by tick, until `ticks`.
    private static func fill(
        _ pool: TensorPool, series: Int, ticks: Range<Int>, score: (Int) -> Double
    ) throws {
        var random = SplitMix(state: 31 + UInt64(ticks.lowerBound))
        for tick in ticks {
            for id in 0..<series {
                try pool.append(
                    series: UInt16(id), timeMs: Int64(tick) * 10_000,
                    value: Double.random(in: 0...100, using: &random), score: score(tick))
            }
            if tick % 64 == 0 { #expect(pool.account.heldBytes <= pool.account.budgetBytes) }
        }
    }

    private static func held(_ pool: TensorPool, _ id: UInt16) throws -> [UInt64] {
        var indices: [UInt64] = []
        try pool.forEach(series: id, in: 0..<UInt64.max) { indices.append($0.index) }
        return indices
    }

    @Test func theNewestIsNeverRefusedAndWhatGoesIsCounted() throws {
        let pool = try makePool(bytes: 64 * 1024, series: 2)
        pool.settings.isRing = true
        try Self.fill(pool, series: 2, ticks: 0..<30_000) { _ in 0.5 }
        let account = pool.account
        #expect(account.refused == 0 && account.spilled == 0)
        #expect(account.dropped.normal > 0 && account.dropped.low == 0 && account.dropped.high == 0)
        #expect(account.valuesHeld + account.dropped.total == 60_000)
        #expect(account.basis == .measured)
        for id: UInt16 in [0, 1] {
            let indices = try Self.held(pool, id)
            // The last stretch, without a hole.
            #expect(indices.last == 29_999)
            #expect(indices == Array((30_000 - UInt64(indices.count))..<30_000))
            #expect(indices.count > 6_000)
        }
    }

    /// A series of each worth, so that chunks aren't mixed.
    @Test func theLeastWorthGoesFirstAndTheOldestOfIt() throws {
        let pool = try makePool(bytes: 96 * 1024, series: 3)
        pool.settings.isRing = true
        let scores = [0.9, 0.5, 0.2]
        var random = SplitMix(state: 9)
        var before = WorthCounts()
        var steps = (normal: 0, high: 0)
        for tick in 0..<30_000 {
            // High values stop for a while: then normal ones have to go, and high ones at the end.
            for id in 0..<3 where id == 0 || tick < 15_000 {
                try pool.append(
                    series: UInt16(id), timeMs: Int64(tick) * 10_000,
                    value: Double.random(in: 0...100, using: &random), score: scores[id])
            }
            let now = pool.account.dropped
            // A block at a time is sealed: what is left of a lesser worth came after the one that went.
            if now.normal > before.normal {
                steps.normal += 1
                #expect(try Self.held(pool, 2).count < 2 * TensorPool.blockValues)
            }
            if now.high > before.high {
                steps.high += 1
                #expect(try Self.held(pool, 1).count < 2 * TensorPool.blockValues)
                #expect(try Self.held(pool, 2).count < 2 * TensorPool.blockValues)
            }
            before = now
        }
        #expect(before.low > 0 && steps.normal > 0 && steps.high > 0)
        for id: UInt16 in [0, 1, 2] {
            let indices = try Self.held(pool, id)
            // The oldest of its worth: no holes.
            #expect(indices.isEmpty || indices.count == Int(indices[indices.count - 1] - indices[0]) + 1)
        }
        #expect(pool.account.refused == 0)
        #expect(pool.account.valuesHeld + before.total == 30_000 + 2 * 15_000)
        #expect(pool.account.highValueDegraded == 0)
    }

    /// A class above its share gives way first, whatever its values are worth.
    @Test func aFloodOfOneClassDoesNotPushOutTheOthers() throws {
        let pool = try TensorPool(budgetBytes: 96 * 1024)
        pool.settings.isRing = true
        pool.settings.classShares = (1, 0.6, 0.4)
        try pool.declare(SeriesDeclaration(id: 0, kind: .signal, lower: 0, upper: 100))
        try pool.declare(SeriesDeclaration(id: 1, kind: .history, lower: 0, upper: 100))
        var random = SplitMix(state: 7)
        for tick in 0..<50_000 {
            if tick % 50 == 0 {
                try pool.append(
                    series: 0, timeMs: Int64(tick), value: Double.random(in: 0...100, using: &random),
                    score: 0.1)
            }
            try pool.append(
                series: 1, timeMs: Int64(tick) + 1_000_000_000,
                value: Double.random(in: 0...100, using: &random), score: 0.9)
        }
        #expect(try Self.held(pool, 0).count == 1_000)
        #expect(pool.account.dropped.low == 0 && pool.account.dropped.high > 0)
        #expect(pool.account.refused == 0)
    }

    /// An aggregator that comes later gets what is held, and the holes hold nothing up.
    @Test func whatIsLeftIsDeliveredOverTheHoles() throws {
        let pool = try makePool(bytes: 64 * 1024, series: 2)
        pool.settings.isRing = true
        // The high values, held exactly, are few: they stay, and what lies between them goes.
        try Self.fill(pool, series: 2, ticks: 0..<40_000) { $0 % 8192 < 512 ? 0.9 : 0.2 }
        let holes = try Self.held(pool, 0)
        #expect(holes.count < Int(holes[holes.count - 1] - holes[0]), "there are holes")
        // A restart keeps them.
        let again = try TensorPool(
            budgetBytes: 256 * 1024, settings: pool.settings, restoring: try pool.snapshot())
        let (first, second) = (try Self.held(again, 0), try Self.held(again, 1))
        #expect(first.suffix(holes.count) == holes[...])
        for pool in [pool, again] {
            pool.settings.isRing = false
            try pool.sealAll()
            var received: [UInt16: [UInt64]] = [0: [], 1: []]
            while pool.undeliveredValues > 0 {
                let chunks = try pool.undelivered(maxBytes: 3_000)
                try #require(!chunks.isEmpty, "undelivered values, and nothing to deliver")
                for chunk in chunks {
                    received[chunk.header.series]? += (0..<UInt64(chunk.header.count)).map {
                        chunk.header.firstIndex + $0
                    }
                    try #require(pool.markDelivered(chunk.ref), "\(chunk.ref) is refused")
                }
            }
            #expect(received[0] == first && received[1] == second)
        }
    }

    @Test func aSmallerBudgetIsMetByGivingUp() throws {
        let pool = try makePool(bytes: 128 * 1024, series: 1)
        pool.settings.isRing = true
        try Self.fill(pool, series: 1, ticks: 0..<20_000) { _ in 0.9 }
        try pool.setBudget(bytes: 32 * 1024)
        #expect(pool.account.heldBytes <= 32 * 1024 && pool.account.dropped.high > 0)
        try Self.fill(pool, series: 1, ticks: 20_000..<30_000) { _ in 0.5 }
        #expect(pool.account.refused == 0)
    }
}
