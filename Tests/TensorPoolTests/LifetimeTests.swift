import Testing

@testable import TensorPool

@Suite struct LifetimeTests {
    /// A pool with cold and hot chunks of all tiers, and what went into it.
    static func used(bytes: Int = 64 * 1024, rows: Int = 9000) throws -> (TensorPool, [[Double]]) {
        let pool = try makePool(bytes: bytes, series: 3)
        var random = SplitMix(state: 31)
        var truth: [[Double]] = [[], [], []]
        var level = 50.0
        for row in 0..<rows {
            level += Double.random(in: -0.5...0.5, using: &random)
            let values = [
                (level * 100).rounded() / 100, Double.random(in: 0...100, using: &random),
                Double(row / 50 % 4) * 600,
            ]
            for id in 0..<3 {
                try pool.append(
                    series: UInt16(id), timeMs: Int64(row) * 1000 + (row % 7 == 0 ? 1 : 0),
                    value: values[id], score: row / 128 % 10 == 0 ? 0.95 : Double(id) * 0.2)
                truth[id].append(values[id])
            }
        }
        return (pool, truth)
    }

    static func check(_ pool: TensorPool, _ truth: [[Double]]) throws -> Int {
        var count = 0
        for id in truth.indices {
            for sample in try pool.read(series: UInt16(id), in: 0..<ChunkLimits.indices) {
                let value = truth[id][Int(sample.index)]
                let error = (sample.value - value).magnitude
                if !(error <= sample.errorBound) { Issue.record("series \(id), \(sample)") }
                let row = Int(sample.index)
                if row / 128 % 10 == 0, sample.value != value { Issue.record("degraded \(sample)") }
                #expect(sample.timeMs == Int64(row) * 1000 + (row % 7 == 0 ? 1 : 0))
                count += 1
            }
        }
        return count
    }

    @Test func aSnapshotRestoresEverything() throws {
        let (pool, truth) = try Self.used()
        let first = try pool.undelivered(maxBytes: 1)[0]
        pool.markDelivered(first.ref)
        let before = pool.account
        let bytes = try pool.snapshot()
        let restored = try TensorPool(budgetBytes: 96 * 1024, restoring: bytes)
        #expect(try Self.check(restored, truth) == Int(before.valuesHeld))
        #expect(restored.undeliveredValues == pool.undeliveredValues)
        #expect(restored.indices(of: 1) == pool.indices(of: 1))
        #expect(restored.account.valuesHeld == before.valuesHeld)
        #expect(restored.account.basis == .noData)
        // And it goes on.
        try restored.append(series: 0, timeMs: 9_000_000, value: 3, score: 0.1)
        #expect(restored.indices(of: 0)?.upperBound == 9001)
        // Demotion and compaction work on what was restored.
        try restored.setBudget(bytes: 76 * 1024)
        #expect(restored.account.heldBytes <= 76 * 1024)
        _ = try Self.check(restored, truth.map { $0 + [3] })
    }

    @Test func damagedSnapshotsAreRefused() throws {
        let (pool, _) = try Self.used(rows: 700)
        let bytes = try pool.snapshot()
        for position in stride(from: 0, to: bytes.count, by: 37) {
            var damaged = bytes
            damaged[position] ^= 4
            #expect(throws: PoolError.self) {
                try TensorPool(budgetBytes: 64 * 1024, restoring: damaged)
            }
        }
        #expect(throws: PoolError.self) { try TensorPool(budgetBytes: 64 * 1024, restoring: []) }
    }

    @Test func theSpillTakesWhatWouldBeRefused() throws {
        let pool = try makePool(bytes: 32 * 1024)
        var random = SplitMix(state: 6)
        var spilled: [UInt64: Double] = [:]
        pool.spill = { chunk in
            guard let (header, _, values) = try? decodeChunk(chunk.bytes) else { return false }
            for (offset, value) in values.enumerated() {
                spilled[header.firstIndex + UInt64(offset)] = value
            }
            return true
        }
        var truth: [Double] = []
        for tick in 0..<20_000 {
            truth.append(Double.random(in: 0...100, using: &random))
            try pool.append(series: 0, timeMs: Int64(tick), value: truth[tick], score: 0.9)
        }
        let account = pool.account
        #expect(account.refused == 0)
        #expect(account.spilled == UInt64(spilled.count) && account.spilled > 10_000)
        #expect(account.basis == .measured)
        #expect(account.extension81! < 1.6)
        for sample in try pool.read(series: 0, in: 0..<20_000) {
            spilled[sample.index] = sample.value
        }
        #expect(spilled.count == 20_000)
        #expect(truth.indices.allSatisfy { spilled[UInt64($0)] == truth[$0] })
    }

    @Test func roomIsMadeBeforeARiseInValue() throws {
        let pool = try Self.inWaves(harmonicCoherence: 1)
        #expect(pool.account.roomMadeAhead > 0)
        #expect(pool.account.highValueDegraded == 0)
        let calm = try Self.inWaves(harmonicCoherence: 0.59)
        #expect(calm.account.roomMadeAhead == 0)
        #expect(calm.account.highValueDegraded == 0)
    }

    private static func inWaves(harmonicCoherence: Double) throws -> TensorPool {
        let pool = try makePool(bytes: 32 * 1024)
        pool.settings.harmonicCoherence = harmonicCoherence
        var random = SplitMix(state: 7)
        for tick in 0..<128 * 400 {
            let block = tick / 128
            // Waves: the score climbs over eight blocks, then falls.
            let score = Double(block % 12) / 12
            let value = score > 0.6 ? 42 : (Double.random(in: 0...100, using: &random))
            do { try pool.append(series: 0, timeMs: Int64(tick), value: value, score: score) } catch {
                break
            }
        }
        return pool
    }

    @Test func damagedMemoryIsCountedAndNotDelivered() throws {
        let (pool, _) = try Self.used(bytes: 256 * 1024, rows: 600)
        var hit = false
        pool.state.arena.forEach { _, kind, at in
            guard kind == .hot, !hit, ChunkRecord(at: at).slot == 1,
                ChunkRecord(at: at).firstIndex == 128
            else { return }
            hit = true
            at.storeBytes(of: 0x55, toByteOffset: ChunkRecord.headerBytes + 3, as: UInt8.self)
        }
        #expect(hit)
        #expect(throws: PoolError.corruptChunk(.checksum)) {
            try pool.read(series: 1, in: 100..<300)
        }
        var delivered: UInt64 = 0
        while pool.undeliveredValues > 0 {
            let batch = try pool.undelivered(maxBytes: 4000)
            if batch.isEmpty { break }
            for chunk in batch {
                #expect(pool.markDelivered(chunk.ref))
                delivered += UInt64(chunk.header.count)
            }
        }
        #expect(pool.account.damaged == 128)
        #expect(delivered == 3 * 512 - 128)
        #expect(pool.undeliveredValues == 0)
    }

    @Test func classesAboveTheirShareGiveWayFirst() throws {
        let pool = try TensorPool(budgetBytes: 64 * 1024)
        pool.settings.classShares = (signal: 1, history: 1, scratch: 0.1)
        pool.settings.roomShortShare = 2
        try pool.declare(SeriesDeclaration(id: 0, kind: .signal, lower: 0, upper: 100))
        try pool.declare(SeriesDeclaration(id: 1, kind: .scratch, lower: 0, upper: 100))
        var random = SplitMix(state: 8)
        var tick: Int64 = 0
        while pool.account.values8 == 0 {
            for id: UInt16 in [0, 1] {
                try pool.append(
                    series: id, timeMs: tick, value: Double.random(in: 0...100, using: &random),
                    score: id == 0 ? 0.1 : 0.5)
            }
            tick += 1
        }
        #expect(try pool.read(series: 0, in: 0..<1_000_000).allSatisfy { $0.errorBound < 0.1 })
        #expect(try pool.read(series: 1, in: 0..<1_000_000).contains { $0.errorBound > 0.1 })
    }
}
