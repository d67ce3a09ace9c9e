// Every named metric: an input changes, and it moves the way the glossary says. Nothing shown is a
// constant in disguise.

import Bytes
import Model
import Phi
import Testing

@testable import Chamber

@Suite struct ExplanationTests {
    /// The source documents' desktop.
    static let desktop = HardwareRecord(
        model: "desktop", serial: "", cpuCores: 8, cpuMaxMHz: 3600, memoryBytes: 32 << 30,
        gpu: GPURecord(
            name: "NVIDIA GeForce RTX 3060 Ti", memoryGB: 8, cores: 4864, tier: .midRange))

    private func explain(
        _ hardware: HardwareRecord = desktop, profile: Profile = .desktop, entropy: Double? = 0.5,
        value: Double? = 0.5, times: Int = 5, change: (inout Sample) -> Void = { _ in }
    ) -> Explanation {
        var chamber = Chamber()
        let set = ParameterSet(version: 0, profile: profile)
        var input = ChamberInput(
            hardware: hardware, sample: sample(atMs: 0),
            signals: Signals(entropy: entropy, value: value), poolPressure: 0)
        var decision = Decision()
        for index in 1...times {
            input.sample = sample(atMs: Int64(index) * 1000)
            change(&input.sample)
            decision = chamber.decide(input, set)
        }
        return chamber.explain(input, decision, set)
    }

    @Test func theSourcesDesktop() throws {
        let capacity = explain().capacity
        #expect(abs(try #require(capacity.positiveChannel) - 3.8912) < 1e-12)
        #expect(abs(try #require(capacity.gpuScore) - 0.1890625) < 1e-12)
        #expect(abs(try #require(capacity.gpuScoreUntiered) - 0.31510416666666663) < 1e-12)
        #expect(capacity.memoryScore == 0.25)
        #expect(abs(capacity.cpuScore - (0.25 + 0.72) / 2) < 1e-12)
        #expect(capacity.negativeChannel == 1 && capacity.zeroPoint == 0.5)
        #expect(abs(capacity.harmonicCoherenceRaw - (3.8912 + 1 + 0.5) / 3) < 1e-12)
        #expect(capacity.harmonicCoherence == 1)
    }

    @Test func eachPartOfTheHardwareMovesItsScore() throws {
        let base = explain()
        var more = Self.desktop
        more.cpuCores = 16
        #expect(explain(more).capacity.cpuScore > base.capacity.cpuScore)
        #expect(explain(more).capacity.zeroPoint > base.capacity.zeroPoint)
        more = Self.desktop
        more.cpuMaxMHz = 5000
        #expect(explain(more).capacity.cpuScore > base.capacity.cpuScore)
        more = Self.desktop
        more.memoryBytes = 64 << 30
        #expect(explain(more).capacity.memoryScore == 0.5)
        #expect(explain(more).capacity.negativeChannel == 2)
        #expect(explain(more).capacity.entanglementStrength > base.capacity.entanglementStrength)
        more = Self.desktop
        more.gpu?.tier = .extreme
        let (plain, weighted) = (
            try #require(base.capacity.gpuScore), try #require(explain(more).capacity.gpuScore)
        )
        #expect(weighted > plain)
        #expect(explain(more).capacity.gpuScoreUntiered == base.capacity.gpuScoreUntiered)
        #expect(explain(more).classHash != base.classHash)
        #expect(explain(more).activation.digest != base.activation.digest)
        more = Self.desktop
        more.serial = "another"
        #expect(explain(more).hardwareHash != base.hardwareHash)
        #expect(explain(more).decision.observerPhase != base.decision.observerPhase)
        // The class hasn't the serial in it: like boards share their slots.
        #expect(explain(more).classHash == base.classHash)
        #expect(explain(more).decision.slot == base.decision.slot)
    }

    /// 0 stands for "not known", and what isn't known neither counts nor drags down.
    @Test func whatIsNotKnownOfAGPUIsLeftOut() throws {
        var card = Self.desktop
        card.gpu?.cores = 0
        let memoryAlone = explain(card).capacity
        #expect(memoryAlone.positiveChannel == nil)
        #expect(abs(try #require(memoryAlone.gpuScoreUntiered) - 8.0 / 24) < 1e-12)
        card.gpu = GPURecord(name: "shared", memoryGB: 0, cores: 0, tier: .integrated)
        let shared = explain(card).capacity
        #expect(shared.gpuScore == nil && shared.positiveChannel == nil)
        // On a board, an integrated GPU leaves every figure as it is without one.
        let none = Capacity(of: pi4, profile: .pi)
        var board = pi4
        board.gpu = card.gpu
        #expect(Capacity(of: board, profile: .pi) == none)
        #expect(none.entanglementStrength == (none.memoryScore + none.cpuScore) / 2)
        // The desktop's mean is always of three, as the source has it.
        #expect(abs(shared.entanglementStrength - (0.25 + 0.485) / 3) < 1e-12)
    }

    @Test func theQuantumPhaseIsTheObserversTurnedByTheSignal() {
        let board = explain(pi4, profile: .pi)
        let turned = board.decision.observerPhase + board.capacity.harmonicCoherence * 2 * Double.pi
        let expected = turned >= 2 * Double.pi ? turned - 2 * Double.pi : turned
        #expect(abs(board.decision.quantumPhase - expected) < 1e-9)
        var smaller = pi4
        smaller.cpuCores = 2
        #expect(explain(smaller, profile: .pi).capacity.harmonicCoherence < board.capacity.harmonicCoherence)
    }

    @Test func signalsMoveVotesAndActivation() {
        let base = explain()
        let busy = explain(entropy: 0.9, value: 0.9)
        #expect(base.rawVotes == [0, 0, 0, 0])
        #expect(abs(busy.rawVotes[1] - 0.8 / Phi.ratio) < 1e-9)
        #expect(abs(busy.rawVotes[3] - 0.8) < 1e-9)
        #expect(busy.entropy == 0.9 && busy.value == 0.9 && !busy.isEntropyEstimated)
        #expect(busy.activation.digest != base.activation.digest)
        #expect(busy.activation.phase != base.activation.phase)
        #expect(busy.activation.lanes != base.activation.lanes)
        #expect(busy.activation.lanes.allSatisfy { (0..<1).contains($0) })
        let hot = explain { $0.zones = [ThermalReading(name: "t", temperatureMilliC: 76_000)] }
        #expect(hot.rawVotes[2] < 0)
        #expect((hot.thermal ?? 0) > (base.thermal ?? 1))
        #expect(explain(value: nil).value == nil)
    }

    @Test func coherenceMovesWithEachOfItsParts() {
        let base = explain()
        let full = explain { sample in
            sample.memory = MemoryReading(
                totalBytes: 4 << 30, availableBytes: 1 << 28, swapTotalBytes: 0, swapFreeBytes: 0)
        }
        #expect((full.coherence.availableMemory ?? 1) < (base.coherence.availableMemory ?? 0))
        #expect(full.decision.operatingCoherence < base.decision.operatingCoherence)
        #expect(full.decoherence > base.decoherence)
        #expect((full.pressure ?? 0) > (base.pressure ?? 1))
        let sick = explain { $0.health = SensorHealth(known: 4, healthy: 1, failuresTotal: 9) }
        #expect(sick.coherence.healthySensors == 0.25)
        #expect(sick.decision.operatingCoherence < base.decision.operatingCoherence)
        let capped = explain {
            $0.frequency = FrequencyReading(currentKHz: 600, maximumKHz: 1800, ceilingKHz: 600)
        }
        #expect(capped.coherence.achievableFrequency == 600.0 / 1800)
        let throttled = explain {
            $0.throttle = ThrottleReading(now: 4, latched: 4, source: .firmware)
        }
        #expect(throttled.coherence.calm == 0)
        #expect(throttled.decision.operatingCoherence < base.decision.operatingCoherence)
        // Shown, and moved by nothing but the hardware.
        #expect(throttled.decision.capacityCoherence == base.decision.capacityCoherence)
    }

    @Test func theJSONSaysNullWhereNothingIsKnown() {
        var json = JSONWriter()
        json.beginObject()
        explain(pi4, profile: .pi, entropy: nil, value: nil, times: 1).write(into: &json)
        json.endObject()
        for part in ["\"gpu\":null", "\"value\":null", "\"positive\":null", "\"heatBudget\":null"] {
            #expect(json.text.contains(part), "\(part)")
        }
    }
}
