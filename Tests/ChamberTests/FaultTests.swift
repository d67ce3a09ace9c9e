// Faults injected into a board in the loop: what the decision does with them.

import Model
import Phi
import Testing

@testable import Chamber

@Suite struct FaultTests {
    private enum Fault: CaseIterable {
        case none, spikes, dropouts, quantised
    }

    /// Twenty minutes of full demand on a plant that passes 80 °C when free; gives the seconds above and
    /// the work done.
    private func run(_ fault: Fault) -> (above: Int, work: Double, superposed: Int) {
        var chamber = Chamber()
        var plant = TestPlant(baseC: 58)
        var busy = 0.0
        var result = (above: 0, work: 0.0, superposed: 0)
        for second in 1...1800 {
            plant.run(seconds: 1, load: busy)
            var shown: Double? = plant.readingC()
            switch fault {
            case .none: break
            case .spikes: if second % 11 == 0 { shown = second % 2 == 0 ? 125 : -20 }
            case .dropouts: if second % 9 == 0 { shown = nil }
            case .quantised: shown = (plant.trueC / 2).rounded() * 2
            }
            var sample = sample(atMs: Int64(second) * 1000, celsius: shown)
            sample.busyShare = busy
            let decision = chamber.decide(
                ChamberInput(
                    hardware: pi4, sample: sample, signals: Signals(entropy: 0.5, value: 0.5),
                    poolPressure: 0), .builtIn)
            if decision.state == .superposed { result.superposed += 1 }
            busy = second < 300 ? changingLoad(second) : min(1, decision.isApplicable ? decision.factor : busy)
            if second > 600 {
                if plant.trueC > 80 { result.above += 1 }
                result.work += busy
            }
        }
        return result
    }

    @Test func theLimitIsHeldThroughSpikesDropoutsAndCoarseSteps() {
        let calm = run(.none)
        #expect(calm.above <= 12)
        let spikes = run(.spikes)
        #expect(spikes.above <= 12)
        #expect(abs(spikes.work - calm.work) < 0.03 * calm.work)
        #expect(spikes.superposed == calm.superposed)
        // A missing reading is a missing sensor: the state says so, what is held stays held.
        let dropouts = run(.dropouts)
        #expect(dropouts.above <= 24)
        #expect(dropouts.superposed > calm.superposed + 100)
        #expect(abs(dropouts.work - calm.work) < 0.1 * calm.work)
        // A sensor of steps of 2 °C knows no better than 1 °C: more time above, yet no runaway.
        let quantised = run(.quantised)
        #expect(quantised.above < 600)
        #expect(quantised.work > 0.8 * calm.work)
    }

    @Test func aDecisionIsWhatTheSlotLearnsFromNotItsOwnVote() {
        // The same votes in the same slot; only what happened afterwards differs.
        func weights(throttle: UInt8?, stall: Double?) -> (Double, Double) {
            var board = Settled(celsius: 70)
            var last = Decision()
            for _ in 0..<60 {
                last = board.decide(
                    celsius: 70, stallPercent: stall, throttle: throttle, value: 0.9)
            }
            let slot = last.slot
            let learned = board.chamber.learned.slots
            return (learned.weight(slot, expert: 3), learned.weight(slot, expert: 2))
        }
        let calm = weights(throttle: nil, stall: 0)
        let throttled = weights(throttle: ThrottleReading.throttled, stall: 0)
        #expect(throttled.0 < calm.0)
        #expect(throttled.1 > calm.1)
        let served = weights(throttle: nil, stall: 0)
        #expect(served == calm)
    }
}

@Suite struct MetricTests {
    /// Each figure of a decision, and an input that must move it.
    @Test func nothingIsAConstantInDisguise() {
        var board = Settled()
        let base = board.decide(entropy: 0.5, value: 0.5)
        // Phases follow the hardware: another serial, another observer phase; other memory, another
        // signal strength, so the quantum phase turns by another angle.
        var other = pi4
        other.serial = "10000000ffffffff"
        #expect(Settled.fresh(other).observerPhase != base.observerPhase)
        var larger = pi4
        larger.memoryBytes = 8 << 30
        let grown = Settled.fresh(larger)
        #expect(grown.harmonicCoherence > base.harmonicCoherence)
        #expect(grown.entanglementStrength > base.entanglementStrength)
        #expect(grown.capacityCoherence > base.capacityCoherence)
        let turn = base.observerPhase + base.harmonicCoherence * Phi.twoPi
        #expect(abs(base.quantumPhase - (turn >= Phi.twoPi ? turn - Phi.twoPi : turn)) < 1e-12)
        #expect(grown.quantumPhase != base.quantumPhase)
        // Signals and readings.
        #expect(board.decide(entropy: 1).exponent > base.exponent)
        #expect(board.decide(value: 1).memoryAdjustment > base.memoryAdjustment)
        #expect(board.decide(available: 0.1).memoryAdjustment < base.memoryAdjustment)
        #expect(board.decide(available: 0.1).operatingCoherence < base.operatingCoherence)
        #expect(board.decide(entropy: 0.9, value: 0.1).activation != base.activation)
        #expect(board.decide(pool: 0.9).triggers.contains(.poolPressure))
        #expect(!base.triggers.contains(.poolPressure))
    }

    @Test func eachOfTheFourStatesIsReachedAndLeft() {
        var chamber = Chamber()
        let first = chamber.decide(
            ChamberInput(
                hardware: pi4, sample: sample(atMs: 1), signals: Signals(), poolPressure: 0), .builtIn)
        #expect(first.state == .superposed)
        var board = Settled()
        #expect(board.decide().state == .coherent)
        #expect(
            board.decide(available: 0.02, throttle: 4, ceiling: 0.3, times: 30).state == .decoherent)
        #expect(board.decide(available: 0.9, times: 80).state == .coherent)
        var other = pi4
        other.cpuCores = 2
        #expect(board.decide(hardware: other).state == .collapsed)
        #expect(board.decide(celsius: nil, hardware: other).state == .superposed)
    }

    @Test func valueIsNeutralWhenNobodySuppliesIt() {
        var board = Settled()
        let silent = board.decide(entropy: 0.5)
        #expect(silent[.value].exponent == 0)
        #expect(silent[.value].factor == 1)
        #expect(board.decide(entropy: 0.5, value: 0.9)[.value].exponent > 0)
    }
}

extension Settled {
    /// A decision of a board like this one, once it has settled.
    static func fresh(_ hardware: HardwareRecord) -> Decision {
        var board = Settled()
        board.chamber = Chamber()
        return board.decide(entropy: 0.5, value: 0.5, hardware: hardware, times: 8)
    }
}
