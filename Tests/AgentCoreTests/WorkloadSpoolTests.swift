// A workload's values over kills and restarts, whatever times it gives them: what a record on disk holds
// arrives, and what doesn't is counted.

import CoreTesting
import FixtureSupport
import Foundation
import Model
import Spool
import System
import TensorPool
import Testing

@testable import AgentCore

/// What a workload's clock may do.
private enum Clockwork: CaseIterable {
    case past, future, backwards, equal, random

    /// The `index`th value's time; `now` is the wall clock's.
    func timeMs(_ index: Int, now: Int64, _ random: inout SeededRandom) -> Int64 {
        switch self {
        case .past: now - 400 * 86_400_000 + Int64(index)
        case .future: now + 400 * 86_400_000 + Int64(index)
        case .backwards: now + 86_400_000 - Int64(index) * 60_000
        case .equal: 1_900_000_000_000
        case .random: Int64.random(in: 0...4_000_000_000_000, using: &random)
        }
    }
}

/// The values of records that were ever stored: whatever became of the files since.
private final class Records {
    var values: [SampleName: Double] = [:]

    func note(_ batch: SpoolBatch, _ result: CheckpointResult) {
        guard case .stored(let flags, _, _) = result else { return }
        for (chunk, isStored) in zip(batch.chunks, flags) where isStored {
            guard let (header, _, found) = try? decodeChunk(chunk.bytes) else {
                Issue.record("a chunk can't be decoded")
                continue
            }
            for (offset, value) in found.enumerated() {
                values[
                    SampleName(
                        stream: batch.stamp.stream, series: header.series,
                        index: header.firstIndex + UInt64(offset))] = value
            }
        }
    }
}

extension AgentBench {
    fileprivate func keep(in records: Records) {
        let inner = write
        write = { batch in
            let result = inner(batch)
            records.note(batch, result)
            return result
        }
    }
}

@Suite struct WorkloadSpoolTests {
    /// The workload's value is older than the last record, and its time says otherwise.
    @Test(arguments: [Int64(400), 0, -400])
    func aRecordIsNeverVoidByTheTimesInIt(days: Int64) throws {
        let scratch = try Scratch()
        let arrivals = Arrivals()
        let bench = try AgentBench(on: scratch.at("spool"))
        bench.deliver(to: arrivals)
        bench.start()
        bench.run(ms: 60_000)
        for value in 0..<3 {
            let time = bench.wallMs + days * 86_400_000 + Int64(value)
            #expect(bench.append("power", [Double(value)], timeMs: time)?.receipt?.count == 1)
        }
        // The agent's own are sealed at 128 and delivered: their records are void, the workload's isn't.
        bench.run(ms: 85_000)
        let after = try AgentBench(on: scratch.at("spool"), after: bench)
        after.deliver(to: arrivals)
        after.start()
        after.run(ms: 5_000)
        let values = arrivals.values.filter { $0.key.series >= SeriesID.firstUser && $0.key.stream == 1 }
        #expect(values.values.sorted() == [0, 1, 2])
    }

    /// What a record says can be lost until the next one holds for workloads' values too.
    @Test func aPowerCutLosesAtMostWhatTheRecordSays() throws {
        for perSecond in [1, 20, 200] {
            let scratch = try Scratch()
            let bench = try AgentBench(on: scratch.at("spool"), checkpointMs: 60_000)
            bench.answers = nil
            bench.start()
            var worst: UInt64 = 0
            for second in 0..<400 {
                bench.run(ms: 1_000)
                for value in 0..<perSecond {
                    #expect(bench.append("power", [Double(value)])?.receipt != nil)
                }
                // The workload begins to speak: it takes a few records until they know how fast.
                guard second > 120, let last = bench.batches.last else { continue }
                #expect(bench.core.atRisk.total <= last.stamp.samplesAtRiskMost)
                worst = max(worst, bench.core.atRisk.total)
            }
            #expect(worst >= 60 * UInt64(perSecond))
            // Early ones only while the rate grows: six regular, and a doubling each for the rest.
            #expect(bench.batches.count <= 18, "\(bench.batches.count) checkpoints at \(perSecond)/s")
        }
    }

    /// Kills at random moments, on line and off, three workloads' series each with a clock of its own.
    @Test func everyRecordedValueArrivesAndEveryLossIsCounted() throws {
        try forSeeds(12) { random in
            let scratch = try Scratch()
            let arrivals = Arrivals()
            let records = Records()
            var appended: [SampleName: Double] = [:]
            var lost: UInt64 = 0
            var bench = try AgentBench(on: scratch.at("spool"))
            let runs = 5
            for run in 0..<runs {
                let isLast = run == runs - 1
                bench.keep(in: records)
                bench.deliver(to: arrivals)
                bench.start()
                bench.run(ms: 1_000)
                let clocks = (0..<3).map { _ in random.pick(Clockwork.allCases) }
                let rates = (0..<3).map { _ in random.pick([1, 3, 17, 90]) }
                let seconds = Int.random(in: 20...300, using: &random)
                for second in 0..<seconds {
                    if second % 40 == 0, Bool.random(using: &random) { bench.answers = nil }
                    if second % 40 == 20 { bench.deliver(to: arrivals) }
                    for (series, clock) in clocks.enumerated() where second % rates[series] == 0 {
                        let value = Double.random(in: -50...50, using: &random)
                        let time = clock.timeMs(second, now: bench.wallMs, &random)
                        let answer = bench.append("w\(series)", [value], timeMs: time)
                        let receipt = try must(answer?.receipt, "appended")
                        let names = bench.core.feed.user.index(of: receipt.name)
                        let id = UserSeries.id(try must(names, "declared"))
                        appended[
                            SampleName(
                                stream: bench.core.spool.stream, series: id, index: receipt.nextIndex - 1)
                        ] = value
                    }
                    bench.run(ms: 1_000)
                }
                guard isLast else {
                    lost += bench.core.atRisk.total
                    bench = try AgentBench(on: scratch.at("spool"), after: bench)
                    continue
                }
                bench.deliver(to: arrivals)
                bench.run(ms: 120_000)
                bench.feed(.stop)
                bench.run(ms: 10_000)
                try hold(bench.disk.wasClean && bench.disk.samplesLost == 0, "a clean end")
            }
            try hold(arrivals.differing == 0, "a name twice, with another value")
            for (name, value) in records.values {
                try hold(arrivals.values[name] == value, "\(name) was on the disk and didn't arrive")
            }
            let missing = appended.filter { arrivals.values[$0.key] == nil }
            try hold(missing.keys.allSatisfy { records.values[$0] == nil }, "lost from a record")
            try hold(missing.count <= Int(lost), "\(missing.count) are missing, \(lost) were counted")
        }
    }
}

private func must<T>(_ value: T?, _ what: String) throws -> T {
    guard let value else { throw Broken("not \(what)") }
    return value
}
