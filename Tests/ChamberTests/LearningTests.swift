// Slots, signals from the stream, timing, and the chain.

import Digest
import Model
import Phi
import Testing

@testable import Chamber

@Suite struct SlotLearnerTests {
    @Test func anUnvisitedSlotWeighsEveryExpertWithOne() {
        let learner = SlotLearner()
        for expert in 0..<4 { #expect(learner.weight(9, expert: expert) == 1) }
    }

    @Test func theExpertThatLosesLeastGainsWeightWithinTheBounds() {
        var learner = SlotLearner()
        for _ in 0..<400 { learner.learn(9, losses: (0.1, 0.6, 0.6, 0.6)) }
        #expect(learner.weight(9, expert: 0) == Phi.ratio)
        #expect(learner.weight(9, expert: 1) == Phi.resonanceThreshold)
        // Other slots learned nothing of it.
        #expect(learner.weight(10, expert: 0) == 1)
        // Fixed share: the tables turn within a few hundred visits.
        for _ in 0..<120 { learner.learn(9, losses: (0.6, 0.1, 0.6, 0.6)) }
        #expect(learner.weight(9, expert: 1) > 1)
        #expect(learner.weight(9, expert: 0) < 1)
    }

    @Test func distributionsStayDistributions() {
        var learner = SlotLearner()
        learner.learn(0, losses: (.nan, .infinity, -1, 7))
        let p = learner.distribution(0)
        #expect(abs(p.0 + p.1 + p.2 + p.3 - 1) < 1e-9)
        #expect(p.2 > p.0)
    }

    @Test func theTableStaysWithinItsBoundByForgettingTheOldest() {
        var learner = SlotLearner(liveMost: 8)
        for _ in 0..<100 { learner.learn(0, losses: (0, 1, 1, 1)) }
        for slot in 1..<20 {
            for _ in 0..<100 { learner.learn(UInt8(slot), losses: (0, 1, 1, 1)) }
            #expect(learner.live <= 8)
        }
        #expect(learner.evictions == 12)
        #expect(learner.weight(0, expert: 0) == 1)
        #expect(learner.weight(19, expert: 0) > 1)
        #expect(MemoryLayout<SlotLearner.Slot>.stride * SlotLearner.slotCount == 3072)
    }

    /// Whatever the experts said, their losses depend on the outcome alone: shifting every vote and the
    /// outcome together changes nothing, and the expert nearest to what the window allowed loses least.
    @Test func lossesAreDistancesFromWhatTheWindowAllowed() {
        for served in [0.0, 0.3, 0.7, 1] {
            let outcome = Outcome(throttleShare: 0, stallShare: 0, valueServed: served)
            let votes = [-1.0, -0.38, 0, 0.4, 1]
            let losses = votes.map { outcome.loss(of: $0) }
            let nearest = votes.indices.min { abs(votes[$0] - served) < abs(votes[$1] - served) }
            #expect(losses.indices.min { losses[$0] < losses[$1] } == nearest)
            #expect(losses.allSatisfy { (0...1).contains($0) })
        }
        // More trouble allows less, in proportion.
        let some = Outcome(throttleShare: 0.4, stallShare: 0, valueServed: 1)
        #expect(some.allowedExponent == -0.4)
        #expect(Outcome(throttleShare: 0.4, stallShare: 0.3, valueServed: 1).allowedExponent == -0.7)
    }

    @Test func theOutcomeNotTheVoteIsTheMeasure() {
        let calm = Outcome(throttleShare: 0, stallShare: 0, valueServed: 0.9)
        #expect(calm.allowedExponent == 0.9)
        #expect(calm.loss(of: 0.9) == 0)
        #expect(calm.loss(of: 0.2) > calm.loss(of: 0.6))
        let hot = Outcome(throttleShare: 1, stallShare: 0, valueServed: 0.9)
        #expect(hot.allowedExponent == -1)
        #expect(hot.loss(of: -0.38) < hot.loss(of: 0))
        let stalled = Outcome(throttleShare: 0, stallShare: 0.5, valueServed: 0.9)
        #expect(stalled.allowedExponent == -0.5)
    }

    @Test func throttlingTeachesTheChamberToHeedTheMirror() {
        func weight(throttle: UInt8) -> Double {
            var board = Settled(celsius: 75)
            return board.decide(celsius: 75, throttle: throttle, times: 200)[.thermal].weight
        }
        #expect(weight(throttle: 4) > 1.1)
        #expect(weight(throttle: 0) < weight(throttle: 4))
    }
}

@Suite struct StreamEntropyTests {
    private func entropy(_ values: (Int) -> Double) -> Double? {
        var stream = StreamEntropy(tolerance: 0.05)
        for index in 0..<80 { stream.note(values(index)) }
        return stream.value
    }

    @Test func orderIsLowAndDisorderHigh() throws {
        #expect(entropy { _ in 0.4 } == 0)
        #expect(entropy { 0.4 + 0.01 * Double($0 % 2) } == 0)
        #expect(entropy { Double($0) } == 0)
        let alternating = try #require(entropy { Double($0 % 2) })
        var state: UInt64 = 7
        let random = try #require(
            entropy { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Double(state >> 40) / 16_777_216
            })
        #expect(alternating > 0.2 && alternating < 0.5)
        #expect(random > 0.8)
    }

    @Test func tooLittleIsNoEstimate() {
        var stream = StreamEntropy(tolerance: 0.05)
        for index in 0..<10 { stream.note(Double(index % 3)) }
        #expect(stream.value == nil)
    }

    @Test func aLivelyLoadVotesWhereTheWorkloadIsSilentAndASuppliedSignalWins() {
        func factor(_ busy: (Int) -> Double, entropy: Double? = nil) -> Double {
            var chamber = Chamber()
            var decision = Decision()
            for second in 0..<80 {
                var sample = sample(atMs: Int64(second) * 1000)
                sample.busyShare = busy(second)
                decision = chamber.decide(
                    ChamberInput(
                        hardware: pi4, sample: sample, signals: Signals(entropy: entropy),
                        poolPressure: 0), .builtIn)
            }
            return decision[.entropy].factor
        }
        let lively: (Int) -> Double = { Double($0 * $0 * 31 % 17) / 17 }
        #expect(factor(lively) > 1.02)
        #expect(factor { _ in 0.5 } == 1)
        #expect(factor(lively, entropy: 0.2) == 1)
    }
}

@Suite struct InputTimingTests {
    @Test func anInputOutOfTimeTriggersAndARegularOneDoesNot() {
        var timing = InputTiming()
        var ms: Int64 = 0
        for index in 0..<30 {
            ms += 1000 + Int64(index % 3) * 10
            timing.note(nowMs: ms)
            #expect(!timing.isTriggered)
        }
        timing.note(nowMs: ms + 3_000)
        #expect(timing.isTriggered)
        timing.note(nowMs: ms + 3_100, isEarly: true)
        #expect(!timing.isTriggered)
        timing.note(nowMs: ms + 4_100)
        #expect(!timing.isTriggered)
        timing.note(nowMs: ms + 4_200)
        #expect(timing.isTriggered)
    }

    /// Against the definition, by sorting anew each time.
    @Test func itIsTheMedianAndTheScaledMADOfTheLastNine() {
        var timing = InputTiming()
        var gaps: [Double] = []
        var ms: Int64 = 0
        var state: UInt64 = 5
        var triggered = 0
        for _ in 0..<600 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let jitter = Int64(state >> 60) * 5
            let late: Int64 = (state >> 50) % 16 == 15 ? 900 : 0
            let gap = 1000 + jitter + late
            ms += gap
            var expected = false
            if gaps.count >= 8 {
                let last = gaps.suffix(9)
                let middle = last.sorted()[last.count / 2]
                let deviation = last.map { abs($0 - middle) }.sorted()[last.count / 2]
                let width = max(3 * 1.4826 * deviation, 0.05 * middle)
                expected = abs(Double(gap) - middle) > width
            }
            timing.note(nowMs: ms)
            // The first input has no gap before it.
            if ms != gap { gaps.append(Double(gap)) }
            if ms != gap { #expect(timing.isTriggered == expected) }
            if timing.isTriggered { triggered += 1 }
        }
        #expect(triggered > 10 && triggered < 300)
    }

    @Test func theChamberTellsOfIt() {
        var board = Settled()
        _ = board.decide(times: 10)
        #expect(!board.chamber.status.wantsEarlyObservation)
        board.ms += 5_000
        _ = board.decide()
        #expect(board.chamber.status.wantsEarlyObservation)
    }
}

@Test func theChainMovesWithEveryCycleAndWithWhatWasDecided() {
    var first = Settled()
    var second = Settled()
    #expect(first.chamber.chainHead == second.chamber.chainHead)
    let before = first.chamber.chainHead
    _ = first.decide(value: 0.9)
    _ = second.decide(value: 0.2)
    #expect(first.chamber.chainHead != before)
    #expect(first.chamber.chainHead != second.chamber.chainHead)
    // A difference once made stays, whatever comes after.
    _ = first.decide()
    _ = second.decide()
    #expect(first.chamber.chainHead != second.chamber.chainHead)
}
