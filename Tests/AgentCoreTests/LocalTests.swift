// The local API's meaning: signals and their age, values in and out, the ψ wave trigger.

import Digest
import Model
import Phi
import TensorPool
import Testing
import Wire

@testable import AgentCore

extension AgentBench {
    @discardableResult
    func ask(_ request: LocalRequest) -> LocalAnswer? {
        feed(.local(request, client: 1))
        return answersToWorkload.popLast()
    }

    func append(
        _ name: String, _ values: [Double], score: Double? = nil, timeMs: Int64? = nil,
        _ more: (inout LocalAppend) -> Void = { _ in }
    ) -> LocalAnswer? {
        var append = LocalAppend(name: Array(name.utf8), values: values)
        append.score = score
        append.timeMs = timeMs
        more(&append)
        return ask(.append(append))
    }

    func read(_ name: String, _ more: (inout LocalRead) -> Void = { _ in }) throws -> LocalValues {
        var read = LocalRead(name: Array(name.utf8))
        more(&read)
        guard case .values(let values) = ask(.read(read)) else { throw NotAnswered() }
        return values
    }

    func status() throws -> LocalStatus {
        guard case .status(let status) = ask(.status) else { throw NotAnswered() }
        return status
    }

    var wallMs: Int64 { 1_700_000_000_000 + nowMs }

    struct NotAnswered: Error {}
}

extension LocalAnswer {
    var receipt: LocalReceipt? { if case .appended(let receipt) = self { receipt } else { nil } }
    var refusal: LocalRefusal? { if case .refused(let refusal) = self { refusal } else { nil } }
}

@Suite struct SignalTests {
    @Test func aSignalActsAtTheNextObservationAndExpires() throws {
        let bench = try AgentBench()
        bench.start()
        bench.run(ms: 10_000)
        #expect(bench.decisions.last.map { !$0.triggers.contains(.profitHarmonic) } == true)
        bench.ask(.signal(Signals(value: 1)))
        bench.run(ms: 1_100)
        #expect(bench.decisions.last?.triggers.contains(.profitHarmonic) == true)
        #expect(try bench.status().signals == Signals(value: 1))
        bench.run(ms: 4_000)
        #expect(bench.decisions.last?.triggers.contains(.profitHarmonic) == false)
        #expect(try bench.status().signals == Signals())
    }

    @Test func theSocketWinsOverTheFileWordByWord() throws {
        let bench = try AgentBench()
        bench.fileSignals = Signals(entropy: 0.2, value: 0.1)
        bench.start()
        bench.run(ms: 2_000)
        #expect(try bench.status().signals == Signals(entropy: 0.2, value: 0.1))
        bench.ask(.signal(Signals(value: 0.9)))
        #expect(try bench.status().signals == Signals(entropy: 0.2, value: 0.9))
        bench.run(ms: 2_000)
        #expect(try bench.status().signals == Signals(entropy: 0.2, value: 0.9))
        // What isn't said again falls back to the file.
        bench.run(ms: 3_000)
        #expect(try bench.status().signals == Signals(entropy: 0.2, value: 0.1))
    }

    @Test func aBrokenRhythmBringsOneObservationForward() throws {
        let bench = try AgentBench(intervalMs: 10_000)
        bench.start()
        bench.run(ms: 20_000)
        for _ in 0..<12 {
            bench.ask(.signal(Signals(value: 0.5)))
            bench.run(ms: 500)
        }
        #expect(try bench.status().earlyObservations == 0)
        let regular = try #require(bench.observations.last)
        // In the middle of an interval.
        while bench.nowMs < regular + 13_000 {
            bench.ask(.signal(Signals(value: 0.5)))
            bench.run(ms: 500)
        }
        let before = bench.observations.count
        bench.run(ms: 2_000)
        bench.ask(.signal(Signals(value: 0.9)))
        bench.run(ms: 200)
        #expect(bench.observations.count == before + 1)
        #expect(try bench.status().earlyObservations == 1)
        // The regular one comes as it would have.
        bench.run(ms: 10_000)
        #expect(bench.observations.contains(regular + 20_000))
    }

    @Test func nobodyCanMakeItObserveMoreThanTwiceAsOften() throws {
        let bench = try AgentBench(intervalMs: 1_000)
        bench.start()
        bench.run(ms: 5_000)
        let start = bench.observations.count
        // As irregular as can be: each gap leaves the band of those before.
        var random = SplitMix64(seed: 7)
        for _ in 0..<2_000 {
            bench.ask(.signal(Signals(value: 0.5)))
            bench.run(ms: 100 + random.upTo(9) * 100)
            for _ in 0..<50 { bench.ask(.signal(Signals(value: 0.5))) }
        }
        let elapsed = bench.nowMs - 1_005_000
        let observed = Int64(bench.observations.count - start)
        #expect(try bench.status().earlyObservations > 10)
        #expect(observed <= 2 * elapsed / 1_000 + 2)
        for (one, next) in zip(bench.observations, bench.observations.dropFirst()) {
            #expect(next - one >= LocalDesk.earlyGapMs)
        }
    }
}

@Suite struct WorkloadSeriesTests {
    @Test func valuesComeBackAsTheyWereGiven() throws {
        let bench = try AgentBench()
        bench.start()
        bench.run(ms: 1_000)
        let receipt = try #require(bench.append("queue", [1, 0.1, -3e300], score: 0.2) { $0.stepMs = 5 }?.receipt)
        #expect(receipt.count == 3 && receipt.nextIndex == 3 && receipt.score == 0.2 && !receipt.isExact)
        let at = bench.wallMs - 5_000
        _ = bench.append("queue", [7], timeMs: at)
        let values = try bench.read("queue")
        #expect(values.samples.map(\.value) == [1, 0.1, -3e300, 7])
        #expect(values.samples.map(\.timeMs) == [bench.wallMs, bench.wallMs + 5, bench.wallMs + 10, at])
        #expect(values.samples.allSatisfy { $0.errorBound == 0 && $0.tier == .bits81 })
        #expect(values.before == nil)
        // By time, although they came out of order.
        #expect(try bench.read("queue") { $0.toMs = at }.samples.map(\.value) == [7])
        #expect(try bench.read("queue") { $0.fromMs = bench.wallMs + 5 }.samples.map(\.value) == [0.1, -3e300])
    }

    @Test func aClockThatIsSetMovesTheTimesAlong() throws {
        var desk = LocalDesk()
        let first = desk.wallOffsetMs(Instant(monotonicMs: 1_000, wallMs: 5_000, isSynced: false))
        #expect(first == 4_000)
        // Its drift doesn't.
        #expect(desk.wallOffsetMs(Instant(monotonicMs: 2_000, wallMs: 6_400, isSynced: false)) == 4_000)
        #expect(
            desk.wallOffsetMs(Instant(monotonicMs: 3_000, wallMs: 1_700_000_000_000, isSynced: true))
                == 1_699_999_997_000)
    }

    @Test func aLongSeriesIsReadInPieces() throws {
        let bench = try AgentBench()
        bench.start()
        bench.run(ms: 1_000)
        var next = 0.0
        for _ in 0..<40 {
            let values = (0..<250).map { _ -> Double in
                next += 1
                return next
            }
            #expect(bench.append("s", values, score: 1)?.receipt?.count == 250)
            bench.nowMs += 10
        }
        var found: [Double] = []
        var before: UInt64?
        var answers = 0
        repeat {
            let piece = try bench.read("s") {
                $0.limit = 512
                $0.before = before
            }
            found = piece.samples.map(\.value) + found
            before = piece.before
            answers += 1
        } while before != nil && answers < 100
        #expect(found == (1...10_000).map(Double.init))
        #expect(answers == 20)
        #expect(try bench.read("s") { $0.limit = 3 }.samples.map(\.value) == [9_998, 9_999, 10_000])
        let from = bench.wallMs - 25
        let recent = try bench.read("s") {
            $0.fromMs = from
            $0.limit = 512
        }
        #expect(recent.samples.allSatisfy { $0.timeMs >= from })
        #expect(recent.samples.count == 500)
        #expect(recent.before == nil)
    }

    @Test func theAgentsOwnSeriesCanBeRead() throws {
        let bench = try AgentBench()
        bench.start()
        bench.run(ms: 3_000)
        #expect(try bench.read("agent.temperature").samples.map(\.value).allSatisfy { $0 == 50 })
        #expect(try bench.read("agent.zone.cpu-thermal").samples.count >= 3)
        #expect(bench.append("agent.temperature", [1])?.refusal == .ownName)
        guard case .series(let all) = bench.ask(.series) else { throw AgentBench.NotAnswered() }
        #expect(all.allSatisfy { SeriesAlphabet.isName($0.name[...]) && $0.isOwn })
    }

    @Test func refusalsSayWhatToDo() throws {
        let bench = try AgentBench()
        bench.start()
        bench.run(ms: 1_000)
        #expect(bench.ask(.read(LocalRead(name: Array("nope".utf8))))?.refusal == .unknownSeries(Array("nope".utf8)))
        #expect(bench.append("a", [1]) { $0.kind = .scratch }?.receipt != nil)
        #expect(bench.append("a", [1]) { $0.kind = .signal }?.refusal == .otherClass(.scratch))
        #expect(bench.append("b", [1]) { ($0.lower, $0.upper) = (5, 5) }?.refusal == .badScale)
        for index in 0..<UserSeries.countMax - 1 { #expect(bench.append("s\(index)", [1])?.receipt != nil) }
        #expect(bench.append("one-more", [1])?.refusal == .tooManySeries)
        #expect(bench.append("a", [1])?.receipt != nil)
        bench.answers = nil
        bench.feed(.stop)
        #expect(bench.append("a", [1])?.refusal == .stopping)
        for refusal: LocalRefusal in [
            .unknownSeries([0x61]), .ownName, .tooManySeries, .otherClass(.signal), .badScale,
            .full(taken: 0, refused: 1), .damaged, .stopping, .noDecision,
        ] {
            #expect(!refusal.text.isEmpty && !"\(refusal.hint)".isEmpty && !"\(refusal.code)".isEmpty)
        }
    }

    @Test func withoutAWordOfItsOwnAValueIsWorthThePeriod() throws {
        let bench = try AgentBench()
        bench.start()
        bench.run(ms: 1_000)
        #expect(bench.append("a", [1])?.receipt?.score == bench.core.parameters.values[.valueNeutral])
        bench.ask(.signal(Signals(value: 0.9)))
        #expect(bench.append("a", [1])?.receipt?.score == 0.9)
        #expect(bench.append("a", [1])?.receipt?.isExact == true)
        #expect(bench.append("a", [1], score: 0.1)?.receipt?.score == 0.1)
    }
}

@Suite struct FullPoolTests {
    /// Of a pool that is soon full.
    private static let smallBytes = 96 * 1024

    /// Noise, in Doubles: nothing makes it smaller but bits.
    private func noise(_ random: inout SplitMix64, _ count: Int) -> [Double] {
        (0..<count).map { _ in Double(random.next() >> 11) / 9_007_199_254_740_992 }
    }

    @Test func highValuesNeverLoseABitAndWhatHasNoRoomIsToldAndCounted() throws {
        let bench = try AgentBench()
        bench.answers = nil  // nothing leaves the pool
        bench.start()
        bench.run(ms: 1_000)
        try bench.core.feed.setBudget(bytes: Self.smallBytes)
        var random = SplitMix64(seed: 3)
        var high: [Double] = []
        var low: [Double] = []
        var refused = 0
        // 0.62 lies below the threshold that a filling pool raises for the agent's own readings.
        for _ in 0..<600 {
            let important = noise(&random, 16)
            let ordinary = noise(&random, 48)
            let first = try #require(bench.append("high", important, score: 0.62))
            if let receipt = first.receipt {
                #expect(receipt.isExact)
                high += important
            } else if case .full(let taken, let left) = first.refusal {
                high += important.prefix(taken)
                refused += left
                #expect(taken + left == 16)
            }
            let second = try #require(bench.append("low", ordinary, score: 0.3))
            if second.receipt != nil {
                low += ordinary
            } else if case .full(let taken, let left) = second.refusal {
                low += ordinary.prefix(taken)
                refused += left
            }
            bench.nowMs += 10
        }
        #expect(refused > 0)
        let status = try bench.status()
        #expect(status.valuesRefused == UInt64(refused))
        #expect(status.valuesAppended == UInt64(high.count + low.count))
        #expect(status.pool.refused >= UInt64(refused))
        #expect(status.pool.highValueDegraded == 0)
        #expect(status.pool.heldBytes <= status.pool.budgetBytes)
        // Every value that was taken is there: the important ones to the bit, the others within the
        // bound that is told with them.
        #expect(try all("high", bench).map(\.value) == high)
        let held = try all("low", bench)
        #expect(held.count == low.count)
        #expect(zip(held, low).allSatisfy { abs($0.value - $1) <= $0.errorBound })
        #expect(held.contains { $0.tier == .bits8 })
    }

    /// The workload's series, however full of what can't be compressed, leave room for the sensors'.
    @Test func theAgentsOwnReadingsKeepTheirRoom() throws {
        let bench = try AgentBench()
        bench.answers = nil
        bench.start()
        bench.run(ms: 1_000)
        try bench.core.feed.setBudget(bytes: Self.smallBytes)
        var random = SplitMix64(seed: 5)
        while bench.append("greedy", noise(&random, 256), score: 1)?.receipt != nil {}
        let before = try bench.status()
        bench.run(ms: 600_000)
        let after = try bench.status()
        #expect(after.samplesTaken - before.samplesTaken >= 590)
        #expect(after.pool.refused == before.pool.refused)
        #expect(try bench.read("agent.temperature") { $0.limit = 512 }.samples.count == 512)
    }

    private func all(_ name: String, _ bench: AgentBench) throws -> [PoolSample] {
        var found: [PoolSample] = []
        var before: UInt64?
        repeat {
            let piece = try bench.read(name) {
                $0.limit = 512
                $0.before = before
            }
            found = piece.samples + found
            before = piece.before
        } while before != nil
        return found
    }

    @Test func aScaleFollowsItsValues() throws {
        let bench = try AgentBench()
        bench.answers = nil
        bench.start()
        bench.run(ms: 1_000)
        for index in 0..<2_000 { _ = bench.append("ramp", [Double(index) * 1_000]) }
        for _ in 0..<200 { _ = bench.append("fixed", [5]) { ($0.lower, $0.upper) = (0, 1) } }
        guard case .series(let series) = bench.ask(.series) else { throw AgentBench.NotAnswered() }
        let ramp = try #require(series.first { $0.name == Array("ramp".utf8) })
        #expect(ramp.upper >= 1_500_000)
        let fixed = try #require(series.first { $0.name == Array("fixed".utf8) })
        #expect((fixed.lower, fixed.upper) == (0, 1))
        for value in [Double.greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude, 0] {
            _ = bench.append("edge", [value, -value, 0])
        }
        #expect(try bench.read("edge").samples.count == 12)
    }
}

@Suite struct WorkloadDeliveryTests {
    @Test func namesAndChunksTravelWithTheReports() throws {
        let bench = try AgentBench()
        bench.start()
        bench.run(ms: 2_000)
        let values = (0..<300).map { Double($0 % 17) / 4 }
        for value in values {
            _ = bench.append("queue.length", [value])
            bench.nowMs += 7
        }
        bench.run(ms: 5_000)
        bench.feed(.stop)
        bench.run(ms: 1_000)
        #expect(bench.finished == false)
        let names = bench.reports.flatMap { $0.report.seriesNames }
        #expect(names.filter { $0.name == "queue.length" } == [SeriesName(id: SeriesID.firstUser, name: "queue.length")])
        var found: [UInt64: Double] = [:]
        for report in bench.reports {
            for chunk in report.report.chunks {
                let (header, _, decoded) = try decodeChunk(chunk)
                guard header.series == SeriesID.firstUser else { continue }
                #expect(header.kind == .history)
                for (offset, value) in decoded.enumerated() { found[header.firstIndex + UInt64(offset)] = value }
            }
        }
        #expect((0..<300).map { found[UInt64($0)] } == values)
    }

    @Test func namesAreToldUntilTheyAreAcknowledged() throws {
        let bench = try AgentBench()
        bench.answers = nil
        bench.start()
        bench.run(ms: 2_000)
        _ = bench.append("one", [1])
        bench.run(ms: 1_000)
        bench.answers = { bench.acknowledge($0) }
        bench.run(ms: 90_000)
        _ = bench.append("two", [1])
        bench.run(ms: 3_000)
        let told = bench.reports.map { $0.report.seriesNames.map(\.name).filter { !$0.hasPrefix("zone") } }
        #expect(told.filter { $0.contains("two") } == [["two"]])
        #expect(told.contains(["one"]))
        #expect(bench.reports.last?.report.seriesNames == [])
    }
}
