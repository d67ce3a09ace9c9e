import Digest
import Model
import ServerTesting
import Testing

@testable import Rollout

private func devices(_ count: Int) -> [DeviceID] {
    (0..<count).map { TestDevice($0).id }
}

private func plan(
    _ strategy: RolloutStrategy = .golden, canary: Canary = .count(1), soakMs: Int64 = 1000
) -> RolloutPlan {
    RolloutPlan(
        id: RolloutID(value: 7), version: 4, scope: Scope(), strategy: strategy, canary: canary,
        soakMs: soakMs, createdMs: 0)
}

private func status(_ phase: ApplyStatus.Phase, _ reason: String = "") -> ApplyStatus {
    ApplyStatus(version: 4, phase: phase, reasonCode: 0, reason: reason)
}

extension RolloutState {
    fileprivate mutating func confirm(_ wave: Int, at nowMs: Int64) {
        for (device, member) in members where member.wave == wave {
            _ = step(.observed(device, version: 4, status(.trial)), nowMs: nowMs) { _ in true }
            _ = step(.observed(device, version: 4, status(.confirmed)), nowMs: nowMs) { _ in true }
        }
    }
}

@Suite struct WaveTests {
    @Test func goldenWavesGrowByAtMostPhiSquared() {
        #expect(plan().waveSizes(of: 9) == [1, 2, 5, 1])
        #expect(plan().waveSizes(of: 100) == [1, 2, 5, 13, 34, 45])
        #expect(plan(canary: .percent(5)).waveSizes(of: 100) == [5, 13, 34, 48])
        #expect(plan(canary: .count(50)).waveSizes(of: 9) == [9])
        #expect(plan(.all).waveSizes(of: 9) == [9])
        for total in 1...300 {
            let sizes = plan().waveSizes(of: total)
            #expect(sizes.reduce(0, +) == total)
            for (a, b) in zip(sizes, sizes.dropFirst()) { #expect(Double(b) <= Double(a) * 2.6180339888) }
        }
    }

    @Test func canaries() {
        #expect(Canary("3") == .count(3))
        #expect(Canary("5%") == .percent(5))
        for text in ["0", "-1", "0%", "101%", "x", "", "%"] { #expect(Canary(text) == nil) }
    }

    @Test func membershipIsReproducibleAndDependsOnTheRollout() {
        let all = devices(50)
        #expect(plan().order(all) == plan().order(all.reversed()))
        var other = plan()
        other.id = RolloutID(value: 8)
        #expect(plan().order(all) != other.order(all))
    }

    @Test func nearestRank() {
        let seconds = (1...100).map(Double.init)
        #expect(RolloutState.nearestRank(seconds, 0.5) == 50)
        #expect(RolloutState.nearestRank(seconds, 0.99) == 99)
        #expect(RolloutState.nearestRank([3], 0.99) == 3)
    }
}

@Suite struct StepTests {
    @Test func goldenGoesWaveByWaveWithSoak() {
        var state = RolloutState(plan(), targets: devices(9)) { _ in true }
        var change = state.step(.tick, nowMs: 0) { _ in true }
        #expect(change.released.count == 1)
        state.confirm(0, at: 100)
        change = state.step(.tick, nowMs: 100) { _ in true }
        #expect(state.waves[0].stateName == "soaking")
        #expect(change.released.isEmpty)
        change = state.step(.tick, nowMs: 1099) { _ in true }
        #expect(change.isEmpty)
        change = state.step(.tick, nowMs: 1100) { _ in true }
        #expect(state.waves[0].stateName == "done")
        #expect(change.released.count == 2)
        for (wave, at) in [(1, 2000), (2, 4000), (3, 6000)] as [(Int, Int64)] {
            state.confirm(wave, at: at)
            _ = state.step(.tick, nowMs: at) { _ in true }
            _ = state.step(.tick, nowMs: at + 1000) { _ in true }
        }
        #expect(state.phase == .converged)
        #expect(state.finishedMs == 7000)
        #expect(state.counts { _ in true }.confirmed == 9)
        #expect(state.convergence?.p50S == 4)
        #expect(state.convergence?.p99S == 6)
    }

    @Test func allHasOneWaveAndNoSoak() {
        var state = RolloutState(plan(.all), targets: devices(5)) { _ in true }
        #expect(state.step(.tick, nowMs: 0) { _ in true }.released.count == 5)
        state.confirm(0, at: 10)
        _ = state.step(.tick, nowMs: 10) { _ in true }
        #expect(state.phase == .converged)
    }

    @Test(arguments: [ApplyStatus.Phase.refused, .reverted])
    func aRefusalOrRevertFailsIt(_ phase: ApplyStatus.Phase) throws {
        var state = RolloutState(plan(), targets: devices(9)) { _ in true }
        _ = state.step(.tick, nowMs: 0) { _ in true }
        let canary = try #require(state.members.first { $0.value.wave == 0 }?.key)
        _ = state.step(.observed(canary, version: 0, status(phase, "too hot")), nowMs: 5) { _ in true }
        #expect(state.phase == .failed)
        #expect(state.failure?.contains(canary.hex) == true)
        #expect(state.failure?.contains("too hot") == true)
        let change = state.step(.tick, nowMs: 100_000) { _ in true }
        #expect(change.isEmpty)
        #expect(!state.members.keys.contains { state.isReleased($0) })
    }

    @Test func offlineMembersHoldNoSlotAndCatchUp() throws {
        let all = devices(4)
        let away = all[0]
        var state = RolloutState(plan(soakMs: 0), targets: all) { $0 != away }
        #expect(state.members[away]?.wave == state.waves.count - 1)
        _ = state.step(.tick, nowMs: 0) { $0 != away }
        for wave in state.waves.indices {
            for (device, member) in state.members where member.wave == wave && device != away {
                _ = state.step(.observed(device, version: 4, status(.confirmed)), nowMs: 1) { $0 != away }
            }
            _ = state.step(.tick, nowMs: 1) { $0 != away }
        }
        #expect(state.phase == .converged)
        let counts = state.counts { $0 != away }
        #expect(counts.offline == 1 && counts.confirmed == 3 && counts.targets == 4)
    }

    /// Ticks until nothing moves, confirming whoever is live and may have the set.
    private func play(_ state: inout RolloutState, isLive: (DeviceID) -> Bool) {
        for nowMs in 0..<20 as Range<Int64> {
            _ = state.step(.tick, nowMs: nowMs, isLive: isLive)
            for device in state.members.keys.filter(state.isReleased) where isLive(device) {
                _ = state.step(.observed(device, version: 4, status(.confirmed)), nowMs: nowMs, isLive: isLive)
            }
        }
    }

    @Test func oneLiveDeviceIsTheCanaryAndTheSilentOnesFollowInGrowingWaves() {
        let all = devices(100)
        let live = all[37]
        let state = RolloutState(plan(), targets: all) { $0 == live }
        #expect(state.waves.indices.map(state.waveSize) == [1, 2, 5, 13, 34, 45])
        #expect(state.members[live]?.wave == 0)
        // Behind the last wave of live ones they begin from its size.
        let half = RolloutState(plan(), targets: all) { all.firstIndex(of: $0).map { $0 < 9 } ?? false }
        #expect(half.waves.indices.map(half.waveSize) == [1, 2, 5, 1, 2, 5, 13, 34, 37])
        #expect(all.prefix(9).allSatisfy { (half.members[$0]?.wave ?? 9) < 4 })
        #expect(all.dropFirst(9).allSatisfy { (half.members[$0]?.wave ?? 0) >= 4 })
    }

    @Test func wavesOfWhichNobodyIsThereArePassedOver() {
        let all = devices(100)
        let live = all[37]
        var state = RolloutState(plan(soakMs: 0), targets: all) { $0 == live }
        _ = state.step(.tick, nowMs: 0) { $0 == live }
        #expect(state.phase == .running && state.waveIndex == 0)
        play(&state) { $0 == live }
        #expect(state.phase == .converged)
        #expect(state.counts { $0 == live }.offline == 99)
    }

    @Test func whoComesBackIntoAWaveThatStartedIsOfferedTheSetAndWaitedFor() {
        let all = devices(4)
        var isBack = false
        let isLive: (DeviceID) -> Bool = { $0 == all[0] || isBack }
        var state = RolloutState(plan(), targets: all, isLive: isLive)
        #expect(state.waves.indices.map(state.waveSize) == [1, 2, 1])
        _ = state.step(.tick, nowMs: 0, isLive: isLive)
        state.confirm(0, at: 1)
        _ = state.step(.tick, nowMs: 1, isLive: isLive)
        isBack = true
        _ = state.step(.tick, nowMs: 1001, isLive: isLive)
        #expect(state.waveIndex == 1)
        #expect(state.counts(isLive: isLive).offered == 2)
        _ = state.step(.tick, nowMs: 90_000, isLive: isLive)
        #expect(state.waveIndex == 1)
    }

    /// After a restart everybody counts as live for a while; who is then never heard wasn't there.
    @Test func whoIsGivenTimeAndNeverHeardHoldsNoWaveForGood() {
        let all = devices(3)
        var state = RolloutState(plan(soakMs: 0), targets: all) { _ in true }
        let canary = state.members.first { $0.value.wave == 0 }?.key
        _ = state.step(.tick, nowMs: 0, isHeard: { $0 == canary }) { _ in true }
        state.confirm(0, at: 1)
        _ = state.step(.tick, nowMs: 1, isHeard: { $0 == canary }) { _ in true }
        #expect(state.waveIndex == 1 && state.phase == .running)
        #expect(state.members.keys.allSatisfy(state.isReleased))
        _ = state.step(.tick, nowMs: 30_000, isHeard: { $0 == canary }) { $0 == canary }
        #expect(state.phase == .converged)
    }

    /// A set that kills devices leaves them silent: that must not be taken for absence.
    @Test func aWaveThatFellSilentAfterTheOfferIsNotPassedOver() {
        let all = devices(9)
        var state = RolloutState(plan(soakMs: 0), targets: all) { _ in true }
        _ = state.step(.tick, nowMs: 0) { _ in true }
        state.confirm(0, at: 1)
        _ = state.step(.tick, nowMs: 2) { _ in true }
        #expect(state.waveIndex == 1)
        let dead = Set(state.members.filter { $0.value.wave == 1 }.keys)
        _ = state.step(.tick, nowMs: 100_000) { !dead.contains($0) }
        #expect(state.waveIndex == 1)
    }

    @Test func aWaveOfSilentMembersProvesNothing() {
        var state = RolloutState(plan(soakMs: 0), targets: devices(4)) { _ in true }
        _ = state.step(.tick, nowMs: 0) { _ in true }
        _ = state.step(.tick, nowMs: 10) { _ in false }
        #expect(state.waveIndex == 0)
        #expect(state.waves[0].stateName == "offered")
    }

    @Test func whatHappensAfterTheEndIsRecordedAndLeavesTheFigures() throws {
        let all = devices(4)
        let away = all[0]
        var state = RolloutState(plan(soakMs: 0), targets: all) { $0 != away }
        play(&state) { $0 != away }
        #expect(state.phase == .converged)
        let figures = try #require(state.convergence)
        #expect(state.isNews(away, version: 4, status(.confirmed)))
        var change = state.step(.observed(away, version: 4, status(.confirmed)), nowMs: 90_000_000) { _ in true }
        #expect(change.members == [away])
        #expect(!state.isNews(away, version: 4, status(.confirmed)))
        #expect(state.counts { _ in true }.confirmed == 4)
        #expect(state.convergence?.p99S == figures.p99S)
        change = state.step(.observed(all[1], version: 0, status(.reverted, "hot")), nowMs: 90_000_001) { _ in true }
        #expect(state.members[all[1]]?.phase == .reverted && state.members[all[1]]?.reason == "hot")
        #expect(state.phase == .converged && !change.hasChanged)
    }

    @Test func anAbortedRolloutIsNotConfirmedByANewerSet() {
        var state = RolloutState(plan(), targets: devices(1)) { _ in true }
        _ = state.step(.tick, nowMs: 0) { _ in true }
        _ = state.step(.abort(by: "ada"), nowMs: 1) { _ in true }
        let device = devices(1)[0]
        #expect(!state.isNews(device, version: 6, ApplyStatus()))
        #expect(state.isNews(device, version: 4, status(.confirmed)))
    }

    @Test func aNewerSetOnTrialConfirmsNoOlderOne() {
        var state = RolloutState(plan(), targets: devices(1)) { _ in true }
        _ = state.step(.tick, nowMs: 0) { _ in true }
        let device = devices(1)[0]
        let trial = ApplyStatus(version: 6, phase: .trial, reasonCode: 0, reason: "")
        #expect(state.step(.observed(device, version: 6, trial), nowMs: 1) { _ in true }.isEmpty)
        let confirmed = ApplyStatus(version: 6, phase: .confirmed, reasonCode: 0, reason: "")
        _ = state.step(.observed(device, version: 6, confirmed), nowMs: 2) { _ in true }
        #expect(state.members[device]?.phase == .confirmed)
    }

    @Test func aVersionBeyondTheLimitProvesNothing() {
        var state = RolloutState(plan(), targets: devices(1)) { _ in true }
        _ = state.step(.tick, nowMs: 0) { _ in true }
        let change = state.step(.observed(devices(1)[0], version: .max, ApplyStatus()), nowMs: 1) { _ in true }
        #expect(change.isEmpty)
    }

    @Test func pauseResumePromoteAbort() {
        var state = RolloutState(plan(), targets: devices(9)) { _ in true }
        _ = state.step(.tick, nowMs: 0) { _ in true }
        _ = state.step(.pause, nowMs: 1) { _ in true }
        #expect(!state.members.keys.contains { state.isReleased($0) })
        state.confirm(0, at: 2)
        #expect(state.step(.tick, nowMs: 9999) { _ in true }.isEmpty)
        #expect(state.step(.resume, nowMs: 10_000) { _ in true }.released.count == 1)
        #expect(state.step(.promote, nowMs: 10_001) { _ in true }.released.count == 2)
        #expect(state.waveIndex == 1)
        _ = state.step(.abort(by: "ada"), nowMs: 10_002) { _ in true }
        #expect(state.phase == .aborted)
        #expect(state.failure == "aborted by ada")
    }

    @Test func aNewDeviceJoinsTheLastWave() {
        var state = RolloutState(plan(), targets: devices(3)) { _ in true }
        let late = TestDevice(99).id
        _ = state.step(.joined(late), nowMs: 0) { _ in true }
        #expect(state.members[late]?.wave == state.waves.count - 1)
        #expect(state.members[late]?.phase == .waiting)
    }

    /// Whatever happens in whatever order: waves start in order, nobody is offered ahead of their wave,
    /// figures add up, and an ended rollout never moves again.
    @Test(arguments: 0..<60 as Range<UInt64>)
    func invariantsHoldUnderRandomEvents(_ seed: UInt64) {
        var random = SeededRandom(seed)
        let all = devices(12)
        var state = RolloutState(plan(soakMs: 50), targets: all) { _ in true }
        var nowMs: Int64 = 0
        for _ in 0..<300 {
            nowMs += Int64.random(in: 0...40, using: &random)
            let device = all.randomElement(using: &random) ?? all[0]
            let silent = all.randomElement(using: &random)
            let wasOpen = state.phase.isOpen
            let before = state
            let event: RolloutEvent
            switch Int.random(in: 0..<40, using: &random) {
            case 0: event = .pause
            case 1...2: event = .resume
            case 3: event = .promote
            case 4 where seed % 4 == 0:
                event = .observed(device, version: 0, status(.refused, "no"))
            case 5...20: event = .tick
            default:
                let isOffered = state.members[device]?.phase != .waiting
                event = isOffered
                    ? .observed(device, version: 4, status(Bool.random(using: &random) ? .trial : .confirmed))
                    : .tick
            }
            _ = state.step(event, nowMs: nowMs) { $0 != silent }
            if !wasOpen {
                #expect(state.phase == before.phase && state.waves == before.waves, "seed \(seed)")
            }
            for (index, wave) in state.waves.enumerated() {
                if wave.startedMs != nil, index > 0 {
                    #expect(state.waves[index - 1].finishedMs != nil, "seed \(seed)")
                }
                // A device may refuse what it was shown elsewhere; offered it is only with its wave.
                let offered = state.members.values.contains { $0.wave == index && $0.offeredMs != nil }
                #expect(!offered || wave.startedMs != nil, "seed \(seed)")
            }
            let counts = state.counts { $0 != silent }
            #expect(
                counts.waiting + counts.offered + counts.trial + counts.confirmed + counts.refused
                    + counts.reverted + counts.offline == counts.targets, "seed \(seed)")
        }
    }
}

@Suite struct OfferTests {
    private func envelope() -> Envelope {
        Envelope(
            payload: [], keyID: KeyID(value: 0), signature: [], keySet: [],
            root: TestDevice(0).key.publicKey, rootSignature: [])
    }

    @Test func dueForMembersWhoseWaveIsReleased() throws {
        var state = RolloutState(plan(), targets: devices(9)) { _ in true }
        _ = state.step(.tick, nowMs: 0) { _ in true }
        let offers = Offers([state]) { _ in envelope() }
        let due = devices(9).filter { offers.due($0, labels: [], refused: [], after: 0) != nil }
        #expect(due.count == 1)
        let canary = try #require(due.first)
        #expect(offers.due(canary, labels: [], refused: [4], after: 0) == nil)
        #expect(offers.due(canary, labels: [], refused: [], after: 4) == nil)
    }

    @Test func convergedSetsReachWhoeverWasAway() {
        var scoped = plan(.all)
        scoped.scope = Scope(labels: [Label(key: "site", value: "a")])
        var state = RolloutState(scoped, targets: devices(2)) { _ in true }
        _ = state.step(.tick, nowMs: 0) { _ in true }
        state.confirm(0, at: 1)
        _ = state.step(.tick, nowMs: 1) { _ in true }
        let offers = Offers([state]) { _ in envelope() }
        let stranger = TestDevice(50).id
        #expect(offers.due(stranger, labels: scoped.scope.labels, refused: [], after: 2)?.version == 4)
        #expect(offers.due(stranger, labels: [], refused: [], after: 2) == nil)
    }
}
