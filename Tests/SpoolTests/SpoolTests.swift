// What is stored, comes back once and goes; what is damaged is counted and passed over.

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
