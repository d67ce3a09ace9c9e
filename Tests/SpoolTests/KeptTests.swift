import AgentCore
import CoreTesting
import Digest
import FixtureSupport
import Foundation
import System
import Testing

@testable import Spool

@Suite struct BudgetTests {
    /// Whatever is asked for when: no 24 hours see more than the budget from what may wait.
    @Test func noDaySeesMoreThanTheBudget() throws {
        try forSeeds(20) { random in
            let perDay = Int64(1 << 20) * Int64(1 + random.below(16))
            var budget = WriteBudget(bytesPerDay: perDay, levelBytes: nil, nowMs: 0)
            var now: Int64 = 0
            var written: [(ms: Int64, bytes: Int64)] = []
            while now < 4 * WriteBudget.msPerDay {
                now += Int64(1 + random.below(3_600_000))
                budget.advance(to: now)
                for _ in 0..<random.below(20) {
                    let cost = WriteBudget.append(random.below(200_000), at: random.below(2) * random.below(100_000))
                    guard budget.allows(cost) else { break }
                    budget.charge(cost)
                    written.append((now, cost))
                }
            }
            try hold(!written.isEmpty, "nothing was allowed at all")
            for start in written.indices {
                let day = written[start...].prefix { $0.ms < written[start].ms + WriteBudget.msPerDay }
                let sum = day.reduce(0) { $0 + $1.bytes }
                try hold(sum <= perDay, "\(sum) of \(perDay) from \(written[start].ms)")
            }
        }
    }

    /// Three days without an aggregator, a checkpoint every two minutes and the learned slots every hour:
    /// a board's series, and a workload's of as many classes of value as there are.
    @Test(arguments: [[], [0.9], [0.9, 0.1]]) func theStatedIntervalFitsTheStatedBudget(scores: [Double]) throws {
        let scratch = try Scratch()
        let spool = Spool(scratch)
        var part = try chunks(0, 12, series: Array(1...10), score: 0.5)
        for (place, score) in scores.enumerated() {
            part += try chunks(0, 12, series: [UInt16(256 + place)], score: score)
        }
        var budget = WriteBudget(bytesPerDay: WriteBudget.defaultBytesPerDay, levelBytes: nil, nowMs: 0)
        var kept = 0
        for turn in 0..<(3 * 720) {
            budget.advance(to: Int64(turn) * 120_000)
            let batch = batch(part, stamp(atMs: Int64(turn) * 120_000))
            #expect(budget.allows(spool.cost(of: batch)), "checkpoint \(turn) has to wait")
            let before = spool.spentBytes
            guard case .stored = spool.write(batch) else { throw Broken("not stored") }
            budget.charge(spool.spentBytes - before)
            let snapshot = WriteBudget.replace(8_000)
            if turn % 30 == 0, budget.allows(snapshot, leavesBytes: budget.setByBytes) {
                budget.charge(snapshot)
                kept += 1
            }
        }
        #expect(budget.spentBytes <= 3 * budget.bytesPerDay)
        #expect(kept >= 12, "\(kept) of 72 snapshots")
        #expect(budget.allows(WriteBudget.replace(512 << 10)), "and the pool at a clean end")
        #expect(try segments(scratch).count < 40)
    }

    /// What was measured on ext4 with 4 KiB blocks, as bytes that reached the device.
    @Test(arguments: [(820, 4.64), (1_000, 4.92), (1_500, 5.13), (3_500, 6.78), (8_000, 8.14)])
    func aRecordIsChargedAsTheCardIsWritten(bytes: Int, blocks: Double) {
        var (at, charged, count) = (0, Int64(0), 0.0)
        while at + bytes <= Spool.segmentBytes {
            charged += WriteBudget.append(bytes, at: at)
            at += bytes
            count += 1
        }
        // A file's removal is charged with its making.
        let removal = Double(WriteBudget.removalBlocks) / count
        let found = Double(charged) / 4096 / count - removal
        #expect(abs(found - blocks) < 0.35, "\(found) blocks, \(blocks) measured")
    }

    @Test func aWaitIsAsLongAsItSays() throws {
        try forSeeds(50) { random in
            var budget = WriteBudget(bytesPerDay: 16 << 20, levelBytes: Int64(random.below(100_000)), nowMs: 0)
            let cost = WriteBudget.append(random.below(400_000), at: random.below(2) * random.below(100_000))
            let wait = budget.waitMs(for: cost)
            if wait > 1 {
                budget.advance(to: wait - 2)
                try hold(!budget.allows(cost), "too long a wait")
            }
            budget.advance(to: wait)
            try hold(budget.allows(cost), "too short a wait")
            // And for what comes behind it.
            let next = WriteBudget.append(random.below(400_000), at: 0)
            let then = budget.waitMs(for: next, afterCost: cost)
            budget.charge(cost)
            try hold(then == budget.waitMs(for: next), "another wait")
        }
    }

    @Test func debtIsBoundedAndClocksMayStand() {
        var budget = WriteBudget(bytesPerDay: 4 << 20, levelBytes: nil, nowMs: 1_000)
        #expect(!budget.hasForgiven)
        budget.charge(1 << 40)
        #expect(budget.levelBytes == -1 << 20 && budget.hasForgiven)
        budget.advance(to: 0)
        budget.advance(to: 1_000)
        #expect(budget.levelBytes == -1 << 20)
        budget.advance(to: .max / 2)
        #expect(budget.levelBytes > 0 && budget.levelBytes <= budget.capacityBytes)
        budget.charge(1)
        #expect(!budget.hasForgiven)
        #expect(WriteBudget(bytesPerDay: 0, levelBytes: .max, nowMs: 0).bytesPerDay == WriteBudget.leastBytesPerDay)
    }

    /// A budget and a level from anywhere, a clock that leaps: nothing traps.
    @Test(arguments: [Int64.min, -1, 1 << 37, 1 << 60, .max]) func noNumberIsTooLarge(perDay: Int64) {
        for level in [Int64.min, 0, .max] {
            var budget = WriteBudget(bytesPerDay: perDay, levelBytes: level, nowMs: .min)
            budget.advance(to: .max)
            budget.advance(to: 0)
            budget.charge(1 << 50)
            #expect(budget.waitMs(for: 1 << 50) >= 0)
            budget.advance(to: WriteBudget.msPerDay)
            #expect(budget.levelBytes <= budget.capacityBytes)
            #expect(budget.bytesPerDay <= WriteBudget.mostBytesPerDay)
        }
    }
}

@Suite struct KeptTests {
    private let board = Digest.sha256([1])

    @Test func aSnapshotComesBackAndAnotherBoardsIsSetAside() throws {
        let scratch = try Scratch()
        let file = KeptFile(scratch.at("chamber"))
        #expect(try file.read(hardware: board) == .none)
        try file.write([1, 2, 3], hardware: board)
        #expect(try file.read(hardware: board) == .kept([1, 2, 3]))
        let other = Digest.sha256([2])
        guard case .setAside(let name) = try file.read(hardware: other) else {
            Issue.record("not set aside")
            return
        }
        #expect(FileSystem.exists(name))
        #expect(try file.read(hardware: other) == .none)
        // A collapse while the agent runs: the next write sets the former board's aside too.
        try file.write([4], hardware: other)
        try file.write([5], hardware: board)
        #expect(try file.read(hardware: board) == .kept([5]))
        #expect(FileSystem.exists(scratch.at("chamber.of-\(other.hex.prefix(8))")))
        try file.remove()
        try file.remove()
    }

    @Test func everyCutAndEveryFlippedBitIsFound() throws {
        let scratch = try Scratch()
        let file = KeptFile(scratch.at("pool"))
        try file.write(Array(0..<50), hardware: board)
        let whole = try contents(file.path)
        for length in 0..<whole.count {
            try put(Array(whole[..<length]), file.path)
            #expect(try file.read(hardware: board) == .damaged)
        }
        for at in whole.indices {
            var flipped = whole
            flipped[at] ^= 1 << UInt8(at % 8)
            try put(flipped, file.path)
            #expect(try file.read(hardware: board) == .damaged)
        }
        try put(whole + [0], file.path)
        #expect(try file.read(hardware: board) == .damaged)
    }

    @Test func progressOutlivesItsWriterAndNothingElseIsTakenForIt() throws {
        let scratch = try Scratch()
        let path = scratch.at("progress")
        #expect(ProgressFile.read(path) == nil)
        var atRisk = AtRisk()
        (atRisk.unrecorded, atRisk.bare) = (12, 5)
        let progress = Progress(kernel: 7, boot: 3, samplesTaken: 100, atRisk: atRisk, writeLeftBytes: -5)
        do {
            let file = try ProgressFile(path)
            try file.write(Progress(kernel: 7, boot: 3, samplesTaken: 99, atRisk: AtRisk(), writeLeftBytes: 0))
            try file.write(progress)
        }
        #expect(ProgressFile.read(path) == progress)
        let whole = try contents(path)
        for at in whole.indices {
            var flipped = whole
            flipped[at] ^= 4
            try put(flipped, path)
            #expect(ProgressFile.read(path) == nil)
        }
    }
}
