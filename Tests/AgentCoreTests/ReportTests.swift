import Digest
import Model
import TensorPool
import Testing
import Wire

@testable import AgentCore

@Test func reportsFollowOneAnotherInAChain() throws {
    let bench = try AgentBench()
    bench.start()
    bench.run(ms: 10_000)
    #expect((9...11).contains(bench.reports.count))
    var head = Report.firstHead(of: bench.disk.device, boot: 1)
    for (index, sealed) in bench.reports.enumerated() {
        #expect(sealed.report.sequence == UInt64(index + 1))
        #expect(sealed.report.previousHead == head)
        head = sealed.head
    }
    #expect(bench.reports.first?.report.hardware == AgentBench.hardware)
    #expect(bench.reports.last?.report.hardware == nil)
    #expect(bench.decisions.count >= 9)
}

@Test func theBootCounterIsOnTheDiskBeforeTheFirstReport() throws {
    let bench = try AgentBench()
    bench.diskWorks = false
    bench.start()
    bench.run(ms: 3_000)
    #expect(bench.finished == true)
    #expect(bench.sentBytes.isEmpty)
}

@Test func anUnansweredReportIsResentByteForByte() throws {
    let bench = try AgentBench()
    bench.answers = nil
    bench.start()
    bench.run(ms: 120_000)
    #expect(bench.sentBytes.count >= 3)
    #expect(Set(bench.sentBytes).count == 1)
    // Full jitter after the cap: never a herd, never a storm.
    #expect(bench.sentBytes.count < 40)
}

@Test func samplesTakenOfflineArriveOnceWhenTheAggregatorIsBack() throws {
    let bench = try AgentBench()
    bench.start()
    bench.run(ms: 5_000)
    bench.answers = nil
    bench.run(ms: 300_000)
    bench.answers = { bench.acknowledge($0) }
    bench.run(ms: 90_000)
    // Every sample's temperature, by index: no gap, none twice that differs.
    var seen: [UInt64: Double] = [:]
    for sealed in bench.reports {
        for chunk in sealed.report.chunks {
            let (header, _, values) = try decodeChunk(chunk)
            guard header.series == SeriesID.temperature else { continue }
            for (offset, value) in values.enumerated() {
                seen[header.firstIndex + UInt64(offset)] = value
            }
        }
    }
    #expect(seen.count >= 300)
    #expect(seen.keys.max() == UInt64(seen.count - 1))
    #expect(seen.values.allSatisfy { abs($0 - 50) < 0.01 })
    #expect(bench.reports.last?.report.pool.refused == 0)
}

@Test func aReplyWithoutAValidMACAcknowledgesNothing() throws {
    let bench = try AgentBench()
    bench.answers = { report in
        guard case .reply(let status, let body, _, _) = bench.acknowledge(report) else {
            return .failed("")
        }
        return .reply(status: status, body: body, isAuthentic: false, retryAfterS: 3600)
    }
    bench.start()
    bench.run(ms: 60_000)
    #expect(Set(bench.sentBytes).count == 1)
    // Nor is its Retry-After obeyed.
    #expect(bench.sentBytes.count > 2)
}

@Test func anAuthenticRetryAfterIsObeyed() throws {
    let bench = try AgentBench()
    bench.answers = { _ in .reply(status: 503, body: [], isAuthentic: true, retryAfterS: 30) }
    bench.start()
    bench.run(ms: 29_000)
    #expect(bench.sentBytes.count == 1)
    bench.run(ms: 10_000)
    #expect(bench.sentBytes.count == 2)
}

@Test func aForkMovesTheBootCounterOnAndSaysSo() throws {
    let bench = try AgentBench()
    bench.answers = { report in
        report.report.boot == 1
            ? .reply(status: 409, body: [], isAuthentic: true, retryAfterS: nil)
            : bench.acknowledge(report)
    }
    bench.start()
    bench.run(ms: 10_000)
    let second = try #require(bench.reports.first { $0.report.boot == 2 })
    #expect(second.report.sequence == 1)
    #expect(second.report.previousHead == Report.firstHead(of: bench.disk.device, boot: 2))
    // Nothing was lost by it: the pool goes on.
    #expect(second.report.gap == RestartGap(previousBoot: 1, wasClean: true, samplesLost: 0))
    #expect(bench.disk.boot == 2)
}

@Test func aBootCounterThatIsNotStoredIsNotUsed() throws {
    let bench = try AgentBench()
    bench.answers = { _ in .reply(status: 409, body: [], isAuthentic: true, retryAfterS: nil) }
    bench.start()
    bench.diskWorks = false
    bench.run(ms: 60_000)
    #expect(bench.reports.allSatisfy { $0.report.boot == 1 })
    bench.diskWorks = true
    bench.answers = { bench.acknowledge($0) }
    bench.run(ms: 90_000)
    #expect(bench.reports.last?.report.boot == 2)
}

@Test func afterTwoRefusalsAReportGoesWithoutChunks() throws {
    let bench = try AgentBench()
    bench.start()
    bench.run(ms: 200_000)
    bench.answers = { report in
        report.report.chunks.isEmpty
            ? bench.acknowledge(report)
            : .reply(status: 400, body: [], isAuthentic: true, retryAfterS: nil)
    }
    let seen = bench.reports.count
    bench.feed(.reportEnded(.failed("flush")))
    bench.run(ms: 300_000)
    #expect(bench.reports.dropFirst(seen).contains { $0.report.chunks.isEmpty })
}

@Test func seriesAreNamedUntilTheNamesAreAcknowledged() throws {
    let bench = try AgentBench()
    bench.answers = nil
    bench.start()
    bench.run(ms: 3_000)
    bench.answers = { bench.acknowledge($0) }
    bench.run(ms: 90_000)
    #expect(bench.reports.first?.report.seriesNames == [SeriesName(id: 16, name: "zone cpu-thermal")])
    #expect(bench.reports.last?.report.seriesNames == [])
}

@Test func aReportThatIsMalformedForEverDoesNotBlockTheNext() throws {
    let bench = try AgentBench()
    bench.answers = { report in
        report.report.sequence == 1
            ? .reply(status: 400, body: [], isAuthentic: true, retryAfterS: nil)
            : bench.acknowledge(report)
    }
    bench.start()
    bench.run(ms: 10_000)
    #expect(bench.reports.contains { $0.report.sequence == 3 })
}

@Test func aCleanEndDeliversAndACrashIsTold() throws {
    let bench = try AgentBench()
    bench.start()
    bench.run(ms: 20_000)
    bench.feed(.stop)
    bench.run(ms: 5_000)
    #expect(bench.finished == false)
    #expect(bench.disk.wasClean)
    #expect(bench.disk.samplesLost == 0)
    #expect(bench.reports.last?.report.chunks.isEmpty == false)

    let next = try AgentBench(state: bench.disk)
    next.start()
    next.run(ms: 3_000)
    #expect(
        next.reports.first?.report.gap
            == RestartGap(previousBoot: 1, wasClean: true, samplesLost: 0))
    #expect(next.reports.last?.report.gap == nil)

    // No .stop: the disk still says that it runs.
    let third = try AgentBench(state: next.disk)
    third.start()
    third.run(ms: 3_000)
    #expect(
        third.reports.first?.report.gap
            == RestartGap(previousBoot: 2, wasClean: false, samplesLost: nil))
}

@Test func anEndWithoutTheAggregatorCountsWhatIsLost() throws {
    let bench = try AgentBench()
    bench.start()
    bench.run(ms: 5_000)
    bench.answers = nil
    bench.run(ms: 30_000)
    bench.feed(.stop)
    bench.run(ms: 5_000)
    #expect(bench.finished == false)
    #expect((25...36).contains(bench.disk.samplesLost))
}

@Test func withoutEnrolmentItDecidesAndAsksWithItsToken() throws {
    let silent = try AgentBench(enrolled: false)
    silent.start()
    silent.run(ms: 10_000)
    #expect(silent.decisions.count >= 9)
    #expect(silent.enrolments.isEmpty && silent.sentBytes.isEmpty)
    #expect(silent.logs.filter { $0.contains("not enrolled") }.count == 1)

    let asking = try AgentBench(enrolled: false, token: "00112233445566778899aabbccddeeff")
    asking.start()
    asking.run(ms: 30_000)
    #expect(asking.enrolments.count > 2)
    let request = try EnrolRequest(verifying: try #require(asking.enrolments.first))
    #expect(request.device == asking.disk.device)

    let reply = EnrolReply(
        device: asking.disk.device, reportKey: [UInt8](repeating: 5, count: 32), isAccepted: true,
        serverTimeMs: 0, serverEpoch: 1)
    asking.feed(
        .enrolEnded(.reply(status: 200, body: reply.encoded(), isAuthentic: false, retryAfterS: nil)))
    #expect(asking.disk.reportKey == [UInt8](repeating: 5, count: 32))
    asking.run(ms: 3_000)
    #expect(asking.reports.count >= 2)
}

@Test func anAggregatorThatForgotTheDeviceIsEnrolledAtAgain() throws {
    let bench = try AgentBench(token: "00112233445566778899aabbccddeeff")
    bench.answers = { _ in .reply(status: 401, body: [], isAuthentic: false, retryAfterS: nil) }
    bench.start()
    bench.run(ms: 200_000)
    #expect(bench.enrolments.count >= 1)
    // Until it succeeds the old key is kept: the 401 may have been forged.
    #expect(bench.disk.reportKey == [UInt8](repeating: 3, count: 32))
    let without = try AgentBench()
    without.answers = { _ in .reply(status: 401, body: [], isAuthentic: false, retryAfterS: nil) }
    without.start()
    without.run(ms: 200_000)
    #expect(without.enrolments.isEmpty)
}

@Test func observationsAreOffsetByThePhase() throws {
    var offsets: Set<Int64> = []
    for seed in 0..<8 {
        var hardware = AgentBench.hardware
        hardware.serial = "\(seed)"
        let state = AgentState.minted(
            serial: hardware.serial, random: [UInt8](repeating: 7, count: 16),
            seed: [UInt8](repeating: 9, count: 32))
        var core = try AgentCore(
            configuration: AgentConfiguration(
                agentVersion: "t", token: nil, kernelBootID: "", sampleIntervalMs: 10_000),
            state: state, hardware: hardware, seed: 1)
        let now = Instant(monotonicMs: 50_000, wallMs: 0, isSynced: false)
        _ = core.step(.start, at: now)
        _ = core.step(.persisted(true), at: now)
        offsets.insert(core.nextObserveMs % 10_000)
        #expect((50_001...60_000).contains(core.nextObserveMs))
    }
    #expect(offsets.count >= 7)
}

@Test func aNudgeBringsTheNextObservationForwardAtABoundedRate() throws {
    let bench = try AgentBench(intervalMs: 60_000)
    bench.start()
    bench.run(ms: 5_000)
    let before = bench.decisions.count
    // Ten nudges a second for ten seconds: an observation a second comes of them, no more.
    for _ in 0..<100 {
        bench.feed(.nudge)
        bench.run(ms: 100)
    }
    let early = bench.decisions.count - before
    #expect((9...11).contains(early), "\(early)")
    // Then the grid holds again.
    bench.run(ms: 300_000)
    let regular = bench.decisions.count - before - early
    #expect((5...6).contains(regular), "\(regular)")
}
