// Properties of the whole pool over many generated values: whatever goes in comes out within its
// bound, what was of high value comes out bit for bit, every time as it was, and the budget holds.
// PHIFLEET_POOL_VALUES says how many values in all; a release build takes a million in seconds.

import Foundation
import Testing

@testable import TensorPool

@Suite struct PropertyTests {
    static let values =
        ProcessInfo.processInfo.environment["PHIFLEET_POOL_VALUES"].flatMap(Int.init) ?? 120_000

    enum Kind: Int, CaseIterable {
        case anyBits, nanPayloads, infinities, subnormals, constantRuns, alternatingExtremes, decimals
        case integers, walk

        func next(_ index: Int, _ level: inout Double, _ random: inout SplitMix) -> Double {
            let bits = random.next()
            switch self {
            case .anyBits: return Double(bitPattern: bits)
            case .nanPayloads: return Double(bitPattern: bits | 0x7FF0_0000_0000_0000)
            case .infinities: return bits % 3 == 0 ? .infinity : bits % 3 == 1 ? -.infinity : level
            case .subnormals: return Double(bitPattern: bits & 0x800F_FFFF_FFFF_FFFF)
            case .constantRuns:
                if bits % 200 == 0 { level = Double(bits >> 40) / 7 }
                return level
            case .alternatingExtremes:
                return index % 2 == 0 ? .greatestFiniteMagnitude : -.greatestFiniteMagnitude
            case .decimals: return Double(Int64(bits % 2_000_000) - 1_000_000) / 1000
            case .integers: return Double(Int64(bitPattern: bits) >> Int64(bits & 63))
            case .walk:
                level += Double(Int64(bits % 201) - 100) / 100
                return level
            }
        }
    }

    struct Sent {
        var time: Int64
        var value: Double
        var isHigh: Bool
    }

    /// One pool, one kind of series; every value read back and compared at the end.
    static func check(_ kind: Kind, seed: UInt64, count: Int) throws {
        var random = SplitMix(state: seed)
        let pool = try TensorPool(budgetBytes: 24 * 1024 + Int(random.next() % 3) * 40_000)
        // A full scale that hardly ever fits is a fair one here.
        let scales = [(0.0, 100.0), (-1, 1), (-1e300, 1e300), (0, 1e-300)]
        let scale = scales[Int(random.next() % 4)]
        try pool.declare(SeriesDeclaration(id: 0, kind: .signal, lower: scale.0, upper: scale.1))
        var sent: [Sent] = []
        var level = 0.0
        var time: Int64 = 1_700_000_000_000
        var highBlock = false
        for index in 0..<count {
            if index % 128 == 0 { highBlock = random.next() % 8 == 0 }
            // Clock jumps, now and then over the whole range.
            time = random.next() % 500 == 0 ? Int64(bitPattern: random.next()) : time &+ 1000
            let value = kind.next(index, &level, &random)
            do {
                try pool.append(series: 0, timeMs: time, value: value, score: highBlock ? 1 : 0.2)
            } catch PoolError.full {
                break
            }
            sent.append(Sent(time: time, value: value, isHigh: highBlock))
        }
        let account = pool.account
        #expect(account.heldBytes <= account.budgetBytes)
        #expect(account.highValueDegraded == 0)
        var wrong = 0
        var seen = 0
        try pool.forEach(series: 0, in: 0..<ChunkLimits.indices) { sample in
            let truth = sent[Int(sample.index)]
            let same = sample.value.bitPattern == truth.value.bitPattern
            let within = (sample.value - truth.value).magnitude <= sample.errorBound
            if sample.timeMs != truth.time || !same && (truth.isHigh || sample.errorBound == 0 || !within) {
                wrong += 1
            }
            seen += 1
        }
        #expect(seen == sent.count, "\(kind), seed \(seed)")
        #expect(wrong == 0, "\(kind), seed \(seed)")
    }

    @Test(arguments: Kind.allCases)
    func whatGoesInComesOutWithinItsBound(_ kind: Kind) throws {
        var left = Self.values / Kind.allCases.count
        var seed = UInt64(kind.rawValue) * 1000
        while left > 0 {
            seed += 1
            let count = min(left, 6000)
            try Self.check(kind, seed: seed, count: count)
            left -= count
        }
    }

    @Test(arguments: Kind.allCases)
    func aSeriesOfOneValueSurvives(_ kind: Kind) throws {
        for seed: UInt64 in 1...20 {
            var random = SplitMix(state: seed)
            var level = 1.5
            let value = kind.next(0, &level, &random)
            let pool = try makePool()
            try pool.append(series: 0, timeMs: .min, value: value, score: 1)
            try pool.sealAll()
            let restored = try TensorPool(budgetBytes: 16 * 1024, restoring: try pool.snapshot())
            let back = try restored.read(series: 0, in: 0..<2)
            #expect(back.map(\.value.bitPattern) == [value.bitPattern])
            #expect(back.map(\.timeMs) == [.min])
        }
    }
}
