// What gives way when the spool is full, and how it is counted.

import AgentCore
import CoreTesting
import FixtureSupport
import Foundation
import Model
import System
import TensorPool
import Testing

@testable import Spool

@Suite struct CapTests {
    /// Fills a spool of the least size with values of each class, in a random order, and checks the policy.
    @Test func theLowestClassGivesWayOldestFirst() throws {
        try forSeeds(2) { random in
            let scratch = try Scratch()
            let spool = Spool(scratch, capBytes: Spool.leastCapBytes)
            let noise = try Noise()
            var written = ValueCounts()
            var lost: [LostCopy] = []
            let turns = 40
            for turn in 0..<turns {
                let score = random.pick([0.1, 0.5, 0.9])
                let part = try noise.next(score: score)
                for chunk in part { written.add(UInt64(chunk.header.count), ValueClass(score: chunk.header.score)) }
                guard case .stored(let flags, let more, let dropped) = spool.write(batch(part, stamp(atMs: Int64(turn))))
                else { throw Broken("not stored") }
                try hold(flags.allSatisfy { $0 }, "a chunk was left out without a word")
                try hold(dropped == ValueCounts(), "of this stream nothing is lost: the pool has it")
                lost += more
                try hold(spool.usedBytes <= Spool.leastCapBytes, "beyond the cap")
            }
            var given = ValueCounts()
            for copy in lost { given.add(UInt64(copy.place.count), copy.kind) }
            try hold(given.total > 0, "the cap was never reached")
            // What is neither given up nor here was never written.
            let rest = try drain(Spool(scratch, capBytes: Spool.leastCapBytes), nothing(2), isExact: false)
            try hold(
                rest.count + Int(given.total) == turns * 512 * 4, "\(rest.count) here, \(given.total) given up")
            // High values never give way to others.
            try hold(given.high == 0 || given.low + given.normal > 0, "high gave way first")
        }
    }

    @Test func valuesOfEarlierRunsAreCountedAsDropped() throws {
        let scratch = try Scratch()
        let first = Spool(scratch, capBytes: Spool.leastCapBytes)
        let noise = try Noise()
        for turn in 0..<10 { try first.store(try noise.next(score: 0.5), stamp(atMs: Int64(turn))) }
        let before = try drainCount(scratch)
        let second = Spool(scratch, capBytes: Spool.leastCapBytes)
        let more = try Noise()
        var dropped = ValueCounts()
        for turn in 0..<60 where dropped.total == 0 {
            guard
                case .stored(_, _, let gone) = second.write(
                    batch(try more.next(score: 0.9), stamp(stream: 2, boot: 2, atMs: Int64(turn))))
            else { throw Broken("not stored") }
            dropped = gone
        }
        #expect(dropped.normal > 0 && dropped.low == 0 && dropped.high == 0)
        #expect(second.takeNotes().contains { $0.text.contains("--spool-cap") })
        let after = try drainCount(scratch)
        #expect(before - after == Int(dropped.normal))
    }

    /// A small checkpoint is one record, worth what its dearest chunk is; what goes is counted by its own class.
    @Test func smallOnesShareARecordAndAreCountedByTheirOwnClass() throws {
        let scratch = try Scratch()
        let first = Spool(scratch, capBytes: Spool.leastCapBytes)
        let part = try chunks(0, 12, score: 0.5) + chunks(0, 10, series: [3], score: 0.9)
            + chunks(0, 7, series: [4], score: 0.1)
        var records = 0
        while first.usedBytes <= Spool.leastCapBytes / 2 {
            try first.store(part, stamp(atMs: Int64(records)))
            records += 1
        }
        #expect(try segments(scratch).allSatisfy { $0.hasPrefix("h") })
        // Half full: from here on each class is on its own.
        try first.store(part, stamp(atMs: Int64(records)))
        #expect(Set(try segments(scratch).map { $0.prefix(1) }) == ["h", "n", "l"])
        var copies = ValueCounts()
        var dropped = ValueCounts()
        let second = Spool(scratch, capBytes: Spool.leastCapBytes)
        let noise = try Noise()
        for turn in 0..<60 where dropped.high == 0 {
            guard
                case .stored(_, let lost, let gone) = second.write(
                    batch(try noise.next(score: 0.9), stamp(stream: 2, boot: 2, atMs: Int64(turn))))
            else { throw Broken("not stored") }
            for copy in lost { copies.add(UInt64(copy.place.count), copy.kind) }
            dropped.low += gone.low
            dropped.normal += gone.normal
            dropped.high += gone.high
        }
        #expect(copies.low == 0 && copies.normal == 0)
        // Those on their own went first; then the oldest shared ones, whole.
        let shared = dropped.high / 10
        #expect(shared > 0 && dropped.high == 10 * shared)
        #expect(dropped.normal == 24 * (shared + 1) && dropped.low == 7 * (shared + 1))
        // And as copies of the running stream.
        let scratch2 = try Scratch()
        let third = Spool(scratch2, capBytes: Spool.leastCapBytes)
        while third.usedBytes <= Spool.leastCapBytes / 2 { try third.store(part, stamp()) }
        let more = try Noise(series: [9, 10, 11, 12])
        for _ in 0..<60 where copies.normal == 0 {
            guard case .stored(_, let lost, _) = third.write(batch(try more.next(score: 0.9), stamp()))
            else { throw Broken("not stored") }
            for copy in lost { copies.add(UInt64(copy.place.count), copy.kind) }
        }
        #expect(copies.normal > 0 && copies.low * 24 == copies.normal * 7)
    }

    private func drainCount(_ scratch: Scratch) throws -> Int {
        var count = 0
        for segment in try SpoolInspection.look(scratch.at("spool"), decodesChunks: true, visit: {
            if $0.record.stamp.stream == 1 { count += Int($0.values) }
        }) { #expect(segment.isSound) }
        return count
    }

    @Test func aNewcomerOfLessWorthThanAllThatIsThereIsNotTaken() throws {
        let scratch = try Scratch()
        let spool = Spool(scratch, capBytes: Spool.leastCapBytes)
        let noise = try Noise()
        while spool.usedBytes < Spool.leastCapBytes - 24_000 {
            try spool.store(try noise.next(score: 0.9), stamp())
        }
        let before = spool.usedBytes
        // Larger than what is left: 40 KiB are a record, and the first of them doesn't fit.
        let part = try Noise(series: Array(11...20)).next(score: 0.1)
        #expect(Spool.leastCapBytes - before < Int64(SpoolRecord.chunkBytesMax))
        guard case .stored(let flags, let lost, _) = spool.write(batch(part, stamp(atMs: 999))) else {
            throw Broken("not stored")
        }
        #expect(flags.allSatisfy { $0 } && !lost.isEmpty && lost.count <= part.count)
        #expect(lost.allSatisfy { $0.kind == .low })
        // Not one high value went for them.
        #expect(spool.usedBytes >= before && spool.usedBytes <= Spool.leastCapBytes)
        #expect(try segments(scratch).filter { $0.hasPrefix("h") }.count > 1)
    }
}
