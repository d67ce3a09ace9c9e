import AgentCore
import CoreTesting
import FixtureSupport
import Foundation
import Model
import System
import TensorPool
import Testing

@testable import Spool

@Suite struct SpoolTests {
    @Test func whatWasStoredComesBackInTheNextRun() throws {
        let scratch = try Scratch()
        let first = Spool(scratch)
        for index in 0..<5 { try first.store(try chunks(index * 12, 12), stamp(atMs: Int64(index) * 120_000)) }
        // Killed here: nothing is closed.
        let second = Spool(scratch)
        #expect(second.newest?.stream == 1 && second.newest?.instant.monotonicMs == 480_000)
        #expect(second.takeNotes().isEmpty)
        let backlog = second.fetch(maxBytes: 1 << 20, nothing(2))
        #expect(Set(try samples(backlog)) == Set(names(1, 0..<60)))
        #expect(backlog.origins.count == 1)
        #expect(backlog.origins[0].kernelBootID == "kernel-a")
        #expect(backlog.origins[0].names == [SeriesName(id: 16, name: "zone cpu-thermal")])
        // Not released: it comes again, and after the release it doesn't.
        #expect(try samples(second.fetch(maxBytes: 1 << 20, nothing(2))).count == 120)
        second.release()
        #expect(second.fetch(maxBytes: 1 << 20, nothing(2)).isEmpty)
        #expect(try segments(scratch).isEmpty)
    }

    @Test func theRunningStreamIsThePoolsToDeliver() throws {
        let scratch = try Scratch()
        let spool = Spool(scratch)
        try spool.store(try chunks(0, 12), stamp())
        #expect(spool.fetch(maxBytes: 1 << 20, nothing(1)).isEmpty)
        #expect(try segments(scratch).count == 1)
        // Void once all in it is acknowledged, series by series.
        func done(_ one: UInt64, _ two: UInt64) -> SpoolStamp {
            stamp(
                atMs: 5_000,
                acknowledged: [SeriesMark(series: 1, end: one), SeriesMark(series: 2, end: two)])
        }
        for (one, two) in [(0, 12), (12, 0), (11, 12), (12, 11)] as [(UInt64, UInt64)] {
            _ = spool.write(batch([], done(one, two)))
            #expect(try segments(scratch).count == 1)
        }
        _ = spool.write(batch([], done(12, 12)))
        #expect(try segments(scratch).isEmpty)
    }

    /// A slow series holds the segment; what is written behind its value holds it too.
    @Test func aSegmentGoesWithItsLastRunWhicheverRecordHoldsIt() throws {
        let scratch = try Scratch()
        let spool = Spool(scratch)
        try spool.store(try chunks(0, 1, series: [7]), stamp())
        for index in 0..<5 { try spool.store(try chunks(index * 10, 10, series: [1]), stamp()) }
        func acknowledge(_ one: UInt64, _ seven: UInt64) throws -> Int {
            let marks = [SeriesMark(series: 1, end: one), SeriesMark(series: 7, end: seven)]
            _ = spool.write(batch([], stamp(acknowledged: marks)))
            return try segments(scratch).count
        }
        #expect(try acknowledge(50, 0) == 1)
        #expect(try acknowledge(0, 1) == 1)
        #expect(try acknowledge(40, 1) == 1)
        try spool.store(try chunks(1, 1, series: [7]), stamp(acknowledged: [SeriesMark(series: 1, end: 50)]))
        #expect(try acknowledge(50, 1) == 1)
        #expect(try acknowledge(50, 2) == 0)
        // A folder that lost the file keeps nothing waiting for it.
        #expect(Spool(scratch).fetch(maxBytes: 1 << 20, nothing(2)).isEmpty)
    }

    @Test func whatThePoolGaveAwayComesFromTheDisk() throws {
        let scratch = try Scratch()
        let spool = Spool(scratch)
        for index in 0..<4 { try spool.store(try chunks(index * 10, 10), stamp(atMs: Int64(index + 1) * 1_000)) }
        // Series 1 gave away 0..<18, of which 0..<5 were delivered before; series 2 nothing.
        let current = CurrentStream(
            stream: 1, spilled: [SpilledRun(series: 1, from: 5, end: 18)],
            done: [SeriesMark(series: 1, end: 5), SeriesMark(series: 2, end: 0)])
        let backlog = spool.fetch(maxBytes: 1 << 20, current)
        #expect(Set(try samples(backlog)) == Set(names(1, 0..<20, series: [1])))
        #expect(backlog.current.map(\.end) == [10, 20])
        spool.release()
        // Series 2 is in the pool alone: its records stay.
        #expect(try segments(scratch).count == 1)
    }

    @Test func acknowledgedChunksOfAnEarlierRunAreNotSentAgain() throws {
        let scratch = try Scratch()
        let first = Spool(scratch)
        try first.store(try chunks(0, 10), stamp(atMs: 1_000))
        try first.store(
            try chunks(10, 10),
            stamp(atMs: 2_000, acknowledged: [SeriesMark(series: 1, end: 10), SeriesMark(series: 2, end: 4)]))
        let second = Spool(scratch)
        #expect(Set(try drain(second, nothing(2))) == Set(names(1, 10..<20, series: [1]) + names(1, 0..<20, series: [2])))
    }

    @Test func oldestFirstAndBounded() throws {
        let scratch = try Scratch()
        for run in 1...6 {
            let spool = Spool(scratch)
            for index in 0..<4 {
                try spool.store(try chunks(index * 32, 32), stamp(stream: UInt64(run), boot: UInt64(run), atMs: Int64(index)))
            }
        }
        let spool = Spool(scratch)
        var order: [UInt64] = []
        var turns = 0
        while true {
            let backlog = spool.fetch(maxBytes: 500, nothing(9))
            if backlog.isEmpty { break }
            turns += 1
            // A record at least, and no more than fits beside it.
            #expect(backlog.origins.count <= 2 && backlog.byteCount <= 500)
            order += backlog.origins.map(\.stream)
            spool.release()
        }
        #expect(order == order.sorted() && Set(order) == Set(1...6))
        #expect(turns >= 6)
    }

    /// The last record cut at every byte: complete records come, the newest is found, the rest is told.
    @Test func aTornTailIsCutOffAtTheStart() throws {
        let scratch = try Scratch()
        let first = Spool(scratch)
        try first.store(try chunks(0, 6), stamp(atMs: 1_000, samples: 6))
        try first.store(try chunks(6, 6), stamp(atMs: 2_000, samples: 12))
        let name = try #require(try segments(scratch).first)
        let path = scratch.at("spool/\(name)")
        let whole = try contents(path)
        let start = try #require(SegmentScan(whole).records.first?.end)
        for length in start..<whole.count {
            try put(Array(whole[..<length]), path)
            let spool = Spool(scratch)
            #expect(spool.newest?.samplesTaken == 6)
            #expect(spool.tornBytes == UInt64(length - start))
            #expect(spool.takeNotes().count == (length == start ? 0 : 1))
            #expect(try contents(path).count == start)
            #expect(try samples(spool.fetch(maxBytes: 1 << 20, nothing(2))).count == 12)
        }
        // Nothing whole is left: the file goes, and the next record isn't taken for an older one.
        try put(Array(whole[..<(start - 1)]), path)
        let spool = Spool(scratch)
        #expect(spool.newest == nil)
        #expect(try segments(scratch).isEmpty)
        try spool.store(try chunks(0, 3), stamp(stream: 2))
        #expect(try samples(Spool(scratch).fetch(maxBytes: 1 << 20, nothing(3))).count == 6)
    }

    @Test func damageIsSkippedCountedAndNeverBlocks() throws {
        let scratch = try Scratch()
        let first = Spool(scratch)
        for index in 0..<6 { try first.store(try chunks(index * 10, 10), stamp(atMs: Int64(index))) }
        let name = try #require(try segments(scratch).first)
        let path = scratch.at("spool/\(name)")
        var bytes = try contents(path)
        let places = SegmentScan(bytes).records
        bytes[places[1].start + 40] ^= 1
        bytes[places[3].start + 9] ^= 0x80
        try put(bytes, path)
        let spool = Spool(scratch)
        #expect(spool.damagedRecords == 2)
        #expect(spool.takeNotes().map(\.level) == [.warning])
        let expected = [0, 2, 4, 5].flatMap { names(1, $0 * 10..<($0 + 1) * 10) }
        #expect(Set(try drain(spool, nothing(2))) == Set(expected))
        #expect(spool.damagedRecords == 2)
    }

    /// Damage at the end of a segment that was closed long ago is no write cut short: it is counted as such.
    @Test func damageAtTheEndOfAnOldSegmentIsCounted() throws {
        let scratch = try Scratch()
        for run in 0..<3 {
            let spool = Spool(scratch)
            for index in 0..<4 {
                try spool.store(
                    try chunks(index * 10, 10), stamp(stream: UInt64(run + 1), boot: UInt64(run + 1), atMs: Int64(index)))
            }
        }
        let name = try #require(try segments(scratch).first)
        let path = scratch.at("spool/\(name)")
        var bytes = try contents(path)
        let places = SegmentScan(bytes).records
        bytes[places[3].start + 40] ^= 1
        try put(bytes, path)
        // A checksum that is right over what makes no sense.
        let second = scratch.at("spool/\(try segments(scratch)[1])")
        let senseless = SpoolRecord(number: 99, kind: .normal, stamp: stamp(stream: 0), chunks: []).encoded()
        try put(senseless + contents(second), second)
        let spool = Spool(scratch)
        #expect(spool.damagedRecords == 0 && spool.tornBytes == 0 && spool.takeNotes().isEmpty, "not read yet")
        let found = Set(try drain(spool, nothing(4)))
        #expect(found == Set(names(1, 0..<30) + names(2, 0..<40) + names(3, 0..<40)))
        #expect(spool.damagedRecords == 2 && spool.tornBytes == 0)
        let notes = spool.takeNotes()
        #expect(notes.map(\.level) == [.warning, .warning])
        #expect(notes[0].text.contains(name) && notes[0].text.contains("\(bytes.count - places[3].start) bytes"))
        #expect(try segments(scratch).isEmpty)
    }

    /// Given up at the cap without having been read before: the damage is counted all the same.
    @Test func damageInWhatGivesWayIsCounted() throws {
        let scratch = try Scratch()
        for run in 0..<2 {
            let spool = Spool(scratch, capBytes: Spool.leastCapBytes)
            let noise = try Noise()
            for turn in 0..<6 {
                try spool.store(try noise.next(score: 0.5), stamp(stream: UInt64(run + 1), atMs: Int64(turn)))
            }
        }
        let path = scratch.at("spool/\(try #require(try segments(scratch).first))")
        var bytes = try contents(path)
        bytes[bytes.count - 20] ^= 1
        try put(bytes, path)
        let spool = Spool(scratch, capBytes: Spool.leastCapBytes)
        let noise = try Noise()
        for turn in 0..<30 where spool.damagedRecords == 0 {
            try spool.store(try noise.next(score: 0.5), stamp(stream: 3, atMs: Int64(turn)))
        }
        #expect(spool.damagedRecords == 1)
    }

    /// A number with none behind it, in a name or in a record: passed over, said once, and the spool goes on.
    @Test func numbersThatNoSegmentGetsArePassedOver() throws {
        let scratch = try Scratch()
        try Spool(scratch).store(try chunks(0, 5), stamp())
        try scratch.write("spool/nffffffffffffffff.seg", "")
        try scratch.write("spool/h4000000000000000.seg", "x")
        let beyond = SpoolRecord(
            number: .max, kind: .low, stamp: stamp(), chunks: try chunks(5, 5).map(\.bytes)).encoded()
        try put(beyond, scratch.at("spool/l0000000000000007.seg"))
        let spool = Spool(scratch)
        #expect(spool.fault == nil)
        #expect(spool.takeNotes().filter { $0.text.contains("it is passed over") }.count == 2)
        try spool.store(try chunks(5, 5), stamp(stream: 2))
        #expect(Set(try drain(Spool(scratch), nothing(3))) == Set(names(1, 0..<5) + names(2, 5..<10)))
        #expect(scratch.exists("spool/nffffffffffffffff.seg"))
    }

    @Test func aFileThatIsNoSegmentOrCannotBeReadIsPassedOver() throws {
        let scratch = try Scratch()
        let first = Spool(scratch)
        try first.store(try chunks(0, 5), stamp())
        try scratch.write("spool/README", "x")
        try FileManager.default.createDirectory(atPath: scratch.at("spool/n00000000000000ff.seg"), withIntermediateDirectories: false)
        try scratch.write("spool/l0000000000000001.seg", String(repeating: "noise ", count: 100))
        let spool = Spool(scratch)
        #expect(Set(try drain(spool, nothing(2))) == Set(names(1, 0..<5)))
        #expect(scratch.exists("spool/README"))
    }

    @Test func recordsOfAnotherDeviceAreNotSent() throws {
        let scratch = try Scratch()
        try Spool(scratch).store(try chunks(0, 5), stamp())
        let other = Spool(folder: scratch.at("spool"), device: DeviceID(high: 9, low: 9), capBytes: 1 << 20)
        #expect(other.fetch(maxBytes: 1 << 20, nothing(2)).isEmpty)
    }
}

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

@Suite struct DiskTests {
    /// /dev/full answers every write with ENOSPC.
    @Test func aFullDiskIsSaidOnceAndTheNextWriteSucceeds() throws {
        let scratch = try Scratch()
        let spool = Spool(scratch)
        try spool.store(try chunks(0, 5), stamp())
        let name = try #require(try segments(scratch).first)
        let path = scratch.at("spool/\(name)")
        let kept = try contents(path)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/full")
        // A symbolic link isn't followed: an error all the same, and the agent goes on.
        #expect(spool.write(batch(try chunks(5, 5), stamp(atMs: 2_000))) == .failed)
        #expect(spool.fault != nil)
        let notes = spool.takeNotes()
        #expect(notes.count == 1 && notes[0].level == .error && notes[0].text.contains("goes on in memory"))
        // A new segment takes the next one.
        try FileManager.default.removeItem(atPath: path)
        try put(kept, path)
        try spool.store(try chunks(5, 5), stamp(atMs: 3_000))
        #expect(spool.fault == nil)
        #expect(spool.takeNotes().map(\.level) == [.notice])
        #expect(Set(try drain(Spool(scratch), nothing(2))) == Set(names(1, 0..<10)))
    }

    @Test func aFolderThatCannotBeMadeIsNoEnd() throws {
        let scratch = try Scratch()
        try scratch.write("spool", "a file in the folder's place")
        let spool = Spool(scratch)
        #expect(spool.fault != nil)
        #expect(spool.takeNotes().count == 1)
        #expect(spool.write(batch(try chunks(0, 5), stamp())) == .failed)
        #expect(spool.fetch(maxBytes: 1 << 20, nothing(1)).isEmpty)
    }

    @Test func segmentsStayWithinTheirSizeAndRecordsWithinAReport() throws {
        let scratch = try Scratch()
        let spool = Spool(scratch)
        let noise = try Noise(series: Array(1...8))
        for turn in 0..<12 { try spool.store(try noise.next(score: 0.5), stamp(atMs: Int64(turn))) }
        let found = try SpoolInspection.look(scratch.at("spool"), decodesChunks: true) { found in
            let bytes = found.record.chunks.reduce(0) { $0 + $1.count }
            #expect(bytes <= SpoolRecord.chunkBytesMax || found.record.chunks.count == 1)
        }
        #expect(found.count > 1)
        for segment in found { #expect(segment.bytes <= Spool.segmentBytes && segment.isSound) }
        #expect(found.reduce(0) { $0 + $1.values } == 12 * 512 * 8)
    }
}
