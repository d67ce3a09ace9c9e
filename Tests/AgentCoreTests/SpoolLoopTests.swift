// Store and forward with the real spool: kills, lost replies, restarts, a server that forgot.

import FixtureSupport
import Foundation
import Model
import Spool
import System
import TensorPool
import Testing

@testable import AgentCore

@Suite struct SpoolLoopTests {
    /// Hours of it in small: offline, killed again and again, then the last record cut at every byte.
    @Test func everySampleOfAWholeRecordArrivesOnceWhateverTheCut() throws {
        let scratch = try Scratch()
        let folder = scratch.at("spool")
        var bench = try AgentBench(on: folder)
        let early = Arrivals()
        bench.deliver(to: early)
        bench.start()
        bench.run(ms: 15_000)
        bench.answers = nil
        bench.run(ms: 33_000)
        for seconds in [17, 4, 26] {
            bench = try AgentBench(on: folder, after: bench)
            bench.answers = nil
            bench.start()
            bench.run(ms: Int64(seconds) * 1_000)
        }
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: folder).sorted().last)
        let whole = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
        var lastStart = 0
        var bytes = 0
        _ = try SpoolInspection.look(folder, decodesChunks: false) { found in
            if found.record.stamp.boot == 4 {
                lastStart = bytes
                bytes += found.bytes
            }
        }
        #expect(bytes == whole.count && lastStart > 0)
        for length in stride(from: lastStart, through: whole.count, by: 1) {
            let copy = scratch.at("copy-\(length)")
            try FileManager.default.copyItem(atPath: folder, toPath: copy)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            try Data(whole[..<length]).write(to: URL(filePath: "\(copy)/\(name)"))
            let expected = try recorded(copy)
            let arrivals = Arrivals()
            let back = try AgentBench(on: copy, after: bench)
            back.deliver(to: arrivals)
            back.start()
            back.run(ms: 4_000)
            let old = arrivals.values.filter { $0.key.stream < 5 }
            #expect(old == expected, "cut at \(length) of \(whole.count)")
            #expect(arrivals.repeats == 0 && arrivals.differing == 0)
        }
        // Every run's loss reaches the first report that is acknowledged.
        let told = try AgentBench(on: folder, after: bench)
        told.start()
        told.run(ms: 2_000)
        let gap = try #require(told.reports.first?.report.gap)
        let lost = try #require(gap.samplesLost)
        #expect(!gap.wasClean && gap.previousBoot == 4)
        // Four kills, each within an interval of ten samples.
        #expect((10...44).contains(lost))
        #expect(told.disk.untold == nil)
    }

    @Test func whatIsAcknowledgedNeedsNoDisk() throws {
        let scratch = try Scratch()
        let bench = try AgentBench(on: scratch.at("spool"))
        bench.start()
        // 128 values of each series are sealed and delivered: what the records hold is void.
        bench.run(ms: 135_000)
        let names = try recorded(scratch.at("spool"))
        #expect(names.keys.allSatisfy { $0.index >= 100 })
        #expect(bench.core.atRisk.total <= 11)
        #expect(bench.fetches.isEmpty)
    }

    /// The reply to a report that carried backlog got lost: it comes again, under the same name.
    @Test func aLostReplyBringsTheSameNamesAgain() throws {
        let scratch = try Scratch()
        let folder = scratch.at("spool")
        let first = try AgentBench(on: folder)
        first.answers = nil
        first.start()
        first.run(ms: 25_000)
        let arrivals = Arrivals()
        let second = try AgentBench(on: folder, after: first)
        second.answers = { sealed in
            arrivals.take(sealed.report)
            return .failed("the reply got lost")
        }
        second.start()
        second.run(ms: 3_000)
        let third = try AgentBench(on: folder, after: second)
        third.deliver(to: arrivals)
        third.start()
        third.run(ms: 5_000)
        #expect(arrivals.differing == 0 && arrivals.repeats > 0)
        #expect(third.reports.contains { $0.report.boot == 3 })
        #expect(arrivals.values.keys.filter { $0.stream == 1 }.count == 21 * 5)
    }

    @Test func aCleanEndKeepsThePoolAndARebootTakesTheDisk() throws {
        let scratch = try Scratch()
        let folder = scratch.at("spool")
        let first = try AgentBench(on: folder)
        first.answers = nil
        first.start()
        first.run(ms: 37_000)
        let taken = first.core.samplesTakenSoFar
        first.feed(.stop)
        #expect(first.finished == false && first.disk.wasClean && first.disk.samplesLost == 0)
        let pool = try #require(first.kept[.pool])
        #expect(first.kept[.chamber] != nil)
        // The same kernel: the stream goes on, from the pool.
        let arrivals = Arrivals()
        let again = try AgentBench(on: folder, after: first) { $0.pool = pool }
        again.deliver(to: arrivals)
        again.start()
        again.run(ms: 5_000)
        again.feed(.stop)
        again.run(ms: 3_000)
        let streams = Set(arrivals.values.keys.map(\.stream))
        #expect(streams == [1] && arrivals.repeats == 0)
        let memory = arrivals.values.keys.filter { $0.series == SeriesID.memoryAvailable }.map(\.index).sorted()
        #expect(memory == Array(0..<UInt64(memory.count)) && memory.count > Int(taken))
        #expect(again.reports.first?.report.gap == RestartGap(previousBoot: 1, wasClean: true, samplesLost: 0))
        // Another kernel: its clock isn't the pool's, so the pool begins anew and the disk delivers.
        let scratch2 = try Scratch()
        let one = try AgentBench(on: scratch2.at("spool"))
        one.answers = nil
        one.start()
        one.run(ms: 20_000)
        one.feed(.stop)
        let kept = try #require(one.kept[.pool])
        var inheritance = Inheritance()
        inheritance.pool = kept
        let other = try AgentBench(
            state: one.disk, checkpointMs: 10_000, kernelBootID: "another", inheritance: inheritance)
        other.start()
        other.run(ms: 2_000)
        #expect(other.core.spool.stream == 2)
        #expect(try recorded(scratch2.at("spool")).keys.filter { $0.series == SeriesID.memoryAvailable }.count
            == Int(one.core.samplesTakenSoFar))
    }

    @Test func aSnapshotThatDoesNotHoldBeginsAnew() throws {
        for bytes in [[], [1, 2, 3], [UInt8](repeating: 0xff, count: 300)] {
            let bench = try AgentBench(checkpointMs: 10_000, inheritance: {
                var found = Inheritance()
                found.pool = bytes
                found.chamber = bytes
                return found
            }())
            bench.start()
            bench.run(ms: 3_000)
            #expect(bench.decisions.count >= 2)
        }
    }

    @Test func aSpentWriteBudgetStretchesCheckpointsAndSaysSo() throws {
        let bench = try AgentBench(checkpointMs: 10_000)
        bench.answers = nil
        bench.write = { _ in .deferred(waitMs: 60_000) }
        bench.start()
        bench.run(ms: 100_000)
        #expect(bench.batches.count == 2)
        #expect(bench.logs.filter { $0.contains("--write-budget") }.count == 1)
        bench.write = { .stored($0.chunks.map { _ in true }, lost: [], dropped: ValueCounts()) }
        bench.run(ms: 60_000)
        #expect(!bench.logs.contains { $0.contains("follow their interval again") })
        bench.run(ms: SpoolDesk.Stretching.quietMsLeast)
        #expect(bench.logs.filter { $0.contains("follow their interval again") }.count == 1)
        // The first one after the stretch holds all of it.
        #expect(bench.batches[2].chunks.contains { $0.header.count >= 100 })
        #expect(bench.batches[2].stamp.samplesAtRiskMost >= 11)
    }

    /// A budget that is too small by a little lets every other checkpoint pass: that is one stretch, not
    /// hundreds. What is at risk is the interval and the wait.
    @Test func aBudgetThatIsShortAllDayIsSaidOnce() throws {
        let bench = try AgentBench(checkpointMs: 10_000)
        bench.answers = nil
        var turn = 0
        bench.write = {
            turn += 1
            return turn % 2 == 0 ? .deferred(waitMs: 7_000)
                : .stored($0.chunks.map { _ in true }, lost: [], dropped: ValueCounts())
        }
        bench.start()
        bench.run(ms: 1_800_000)
        #expect(turn > 150)
        let said = bench.logs.filter { $0.contains("--write-budget") }
        #expect(said.count == 1 && said[0].contains("waits 7 s more") && said[0].contains("lose up to 17 s"))
        #expect(!bench.logs.contains { $0.contains("follow their interval again") })
    }

    @Test func stretchesAreToldEverMoreSeldom() {
        var news = SpoolDesk.Stretching()
        var (begun, over) = (0, 0)
        // Twelve minutes apart, for a day.
        for turn in 0..<120 {
            let atMs = Int64(turn) * 720_000
            if news.stored(atMs) { over += 1 }
            if news.deferred(atMs, waitMs: 7_000) { begun += 1 }
        }
        #expect(begun == 2 && over == 1)
        // What was said of the wait doesn't hold any more.
        let isSaid = [13_999, 14_000, 14_001, 28_000].map { news.deferred(120 * 720_000, waitMs: $0) }
        #expect(isSaid == [false, true, false, true])
        let isOver = news.stored(120 * 720_000 + SpoolDesk.Stretching.quietMsMost)
        #expect(isOver)
    }

    /// A record tells what a power cut takes that comes before the next one.
    @Test func aRecordAllowsForTheWaitForTheNext() {
        let batch = SpoolBatch(stamp: Self.stamp, chunks: [], isLast: false, allowsMs: 120_000)
        func most(_ ms: Int64) -> UInt64 {
            var batch = batch
            batch.allow(ms: ms)
            return batch.stamp.samplesAtRiskMost
        }
        #expect(most(0) == 13 && most(120_000) == 13 && most(130_000) == 26 && most(.max) > 1 << 40)
    }

    private static let stamp = SpoolStamp(
        device: DeviceID(high: 1, low: 2), stream: 1, boot: 1, kernelBootID: "",
        instant: Instant(monotonicMs: 0, wallMs: 0, isSynced: false), samplesTaken: 0, samplesAtRiskMost: 13,
        dropped: ValueCounts(), names: [], acknowledged: [])

    @Test func aDiskThatFailsCostsNothingButProtection() throws {
        let bench = try AgentBench(checkpointMs: 10_000)
        bench.write = { _ in .failed }
        bench.start()
        bench.run(ms: 60_000)
        #expect(bench.batches.count == 6)
        #expect(bench.reports.count > 50)
        #expect(bench.core.atRisk.total >= 55)
        bench.write = { .stored($0.chunks.map { _ in true }, lost: [], dropped: ValueCounts()) }
        bench.run(ms: 11_000)
        #expect(bench.core.atRisk.total <= 11)
    }

    @Test func aServerThatBeginsAnewIsOfferedWhatIsHeld() throws {
        let bench = try AgentBench()
        let before = Arrivals()
        let after = Arrivals()
        var epoch: UInt64 = 7
        bench.answers = { sealed in
            (epoch == 7 ? before : after).take(sealed.report)
            let reply = ReportReply(
                boot: sealed.report.boot, sequence: sealed.report.sequence, serverTimeMs: 0, serverEpoch: epoch)
            return .reply(status: 200, body: reply.encoded(), isAuthentic: true, retryAfterS: nil)
        }
        bench.start()
        bench.run(ms: 140_000)
        #expect(!before.values.isEmpty && bench.disk.serverEpoch == 7)
        epoch = 8
        bench.run(ms: 10_000)
        // A boot of its own, and all that it had acknowledged to the server that forgot it.
        #expect(bench.reports.last?.report.boot == 2)
        #expect(after.values.filter { before.values[$0.key] != nil } == before.values)
        #expect(bench.disk.serverEpoch == 8)
        #expect(bench.logs.contains { $0.contains("offered again") })
    }

    @Test func aBacklogThatIsRefusedForGoodIsGivenUpAndCounted() throws {
        let scratch = try Scratch()
        let first = try AgentBench(on: scratch.at("spool"))
        first.answers = nil
        first.start()
        first.run(ms: 25_000)
        let second = try AgentBench(on: scratch.at("spool"), after: first)
        second.answers = { [unowned second] sealed in
            sealed.report.origins.contains { $0.stream == 1 }
                ? .reply(status: 400, body: [], isAuthentic: true, retryAfterS: nil)
                : second.acknowledge(sealed)
        }
        second.start()
        second.run(ms: 120_000)
        #expect(second.logs.contains { $0.contains("given up") })
        #expect(second.core.feed.book.dropped.total == 105)
        #expect(second.reports.last?.report.chunks.isEmpty == false || second.reports.count > 20)
        #expect(second.disk.boot == 2)
    }
}
