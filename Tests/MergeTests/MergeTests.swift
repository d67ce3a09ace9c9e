import Digest
import Model
import ServerTesting
import Testing
import Wire

@testable import Merge

/// The state that knows just these reports, in this order.
private func state(_ reports: [SealedReport], at nowMs: Int64 = 1000) -> DeviceState {
    var state = DeviceState()
    for sealed in reports {
        _ = state.absorb(sealed.report, head: sealed.head, receivedMs: nowMs)
    }
    return state
}

private func joined(_ a: DeviceState, _ b: DeviceState) -> DeviceState {
    var result = a
    result.join(b)
    return result
}

/// Three boots of a device, with breaks in the chain of the second.
private func history() -> [SealedReport] {
    var device = TestDevice(1)
    var reports: [SealedReport] = []
    for boot in 0..<3 {
        for index in 0..<8 {
            if boot == 1, index == 4 { device.head = Digest.sha256([1]) }
            reports.append(device.report())
        }
        device.restart()
    }
    return reports
}

@Suite struct SemilatticeTests {
    @Test(arguments: 0..<40 as Range<UInt64>)
    func joinIsCommutativeAssociativeIdempotent(_ seed: UInt64) {
        var random = SeededRandom(seed)
        let all = history()
        func part() -> DeviceState {
            state(
                all.filter { _ in Bool.random(using: &random) }.shuffled(using: &random),
                at: Int64.random(in: 1...9, using: &random) * 1000)
        }
        let (a, b, c) = (part(), part(), part())
        // Bare truths: a state printed in full is pages long.
        let commutes = joined(a, b) == joined(b, a)
        let associates = joined(joined(a, b), c) == joined(a, joined(b, c))
        let isIdempotent = joined(a, a) == a && joined(joined(a, b), b) == joined(a, b)
        #expect(commutes, "seed \(seed)")
        #expect(associates, "seed \(seed)")
        #expect(isIdempotent, "seed \(seed)")
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func theOrderOfArrivalDoesNotMatter(_ seed: UInt64) {
        var random = SeededRandom(seed)
        let all = history()
        let straight = state(all)
        let shuffled = state(all.shuffled(using: &random))
        #expect(straight.spans == shuffled.spans, "seed \(seed)")
        let isSameNewest = straight.newest == shuffled.newest
        #expect(isSameNewest, "seed \(seed)")
        #expect(straight.spans.breaks == [Position(boot: 2, sequence: 5)], "seed \(seed)")
        #expect(straight.openGaps.map(\.key) == shuffled.openGaps.map(\.key), "seed \(seed)")
    }
}

@Suite struct GapTests {
    @Test func aHoleIsAGapUntilItIsFilled() {
        var device = TestDevice(2)
        let reports = (0..<5).map { _ in device.report() }
        var known = state([reports[0], reports[1], reports[4]])
        #expect(known.openGaps.map(\.key) == [Gap.Key(position: Position(boot: 1, sequence: 5), kind: .sequence)])
        #expect(known.spans.hole(before: Position(boot: 1, sequence: 5)) == 3...4)
        _ = known.absorb(reports[3].report, head: reports[3].head, receivedMs: 2000)
        _ = known.absorb(reports[2].report, head: reports[2].head, receivedMs: 2000)
        #expect(known.openGaps.isEmpty)
        #expect(known.newest?.position == Position(boot: 1, sequence: 5))
    }

    @Test func aRestartThatLostSomethingIsAGap() throws {
        var device = TestDevice(3)
        let first = device.report()
        device.restart()
        let clean = device.report(gap: RestartGap(previousBoot: 1, wasClean: true, samplesLost: 0))
        device.restart()
        let crash = device.report(gap: RestartGap(previousBoot: 2, wasClean: false, samplesLost: nil))
        let known = state([first, clean, crash])
        let gap = try #require(known.openGaps.first)
        #expect(known.openGaps.count == 1)
        #expect(gap.key.kind == .restart && gap.gap.previousBoot == 2 && gap.gap.samplesLost == nil)
    }

    @Test func aFirstReportMustBeginTheChain() {
        let device = TestDevice(4)
        let wrong = device.unchained(1, previous: .zero)
        #expect(state([wrong]).openGaps.map(\.key.kind) == [.chain])
    }

    @Test func breaksWithinOneBootAreBounded() {
        let device = TestDevice(6)
        var random = SeededRandom(1)
        let all = (1...300).map { device.unchained($0, previous: Digest.sha256([UInt8($0 & 0xff), 9])) }
        let known = state(all)
        #expect(known.spans.breaks == Set((237...300).map { Position(boot: 1, sequence: $0) }))
        let shuffled = joined(state(all.shuffled(using: &random)), state(all.filter { $0.report.sequence % 3 == 0 }))
        #expect(shuffled.spans.breaks.count == 64)
    }

    @Test func anOlderReportDoesNotOverwriteTheNewest() {
        var device = TestDevice(5)
        let old = device.report(milliC: 40_000)
        device.restart()
        let new = device.report(milliC: 60_000)
        let known = state([new, old])
        #expect(known.newest?.report.sample.temperatureMilliC == 60_000)
    }

    @Test func spansSurviveTheirBytes() throws {
        let all = history()
        let spans = state([all[0], all[1], all[3], all[9], all[12]]).spans
        #expect(try ReportSpans(decoding: spans.encoded()) == spans)
    }
}
