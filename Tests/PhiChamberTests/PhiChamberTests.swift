// The library as a user of it sees it: the source's example, and what each input moves.

import CoreTesting
import FixtureSupport
import Foundation
import Governor
import Phi
import PhiChamber
import Telemetry
import Testing

@Suite struct PhiChamberTests {
    private let rig = HardwareRecord(
        model: "rig", serial: "", cpuCores: 8, cpuMaxMHz: 3600, memoryBytes: 32 << 30,
        gpu: GPURecord(
            name: "NVIDIA GeForce RTX 3060 Ti", memoryGB: 8, cores: 4864, tier: .midRange))
    private let desktop = ParameterSet(version: 0, profile: .desktop)

    private func decide(
        entropy: Double? = 0.5, thermal: Double? = 0.3, value: Double? = 0.5
    ) -> Decision {
        var scaler = AutoScaler(hardware: rig, parameters: desktop)
        return scaler.computeScaling(entropy: entropy, thermal: thermal, value: value, atMs: 100_000)
    }

    @Test func theSourcesExampleDecidesAtTheFirstCall() {
        var scaler = AutoScaler(hardware: rig, parameters: desktop)
        let decision = scaler.computeScaling(entropy: 0.5, thermal: 0.3, value: 0.8, atMs: 100_000)
        #expect(decision.confidence.value > 0.7)
        #expect(decision.isApplicable)
        #expect(decision.factor > 1)
        #expect(scaler.status.stateName == "coherent")
        #expect(scaler.status.factor == decision.factor)
        #expect((0.55...0.65).contains(scaler.status.coherenceScore))
        #expect(scaler.status.decoherence == 1 - scaler.status.operatingCoherence)
        // Advice alone: nothing to apply it to.
        #expect(!scaler.apply(decision))
    }

    @Test func eachInputMovesTheFactorItsWay() {
        #expect(decide().factor == 1)
        #expect(decide(entropy: 0.9).factor > 1)
        #expect(decide(value: 0.9).factor > decide(value: 0.7).factor)
        #expect(decide(thermal: 0.9).factor < decide(thermal: 0.6).factor)
        #expect(decide(thermal: 0.6).factor < 1)
    }

    @Test func whatIsOutOfRangeOrNoNumberIsHeld() {
        #expect(decide(value: 7).factor == decide(value: 1).factor)
        #expect((0.1...3).contains(decide(entropy: .nan, thermal: .infinity, value: -3).factor))
    }

    @Test func aChangeOfHardwareCollapses() {
        var scaler = AutoScaler(hardware: rig, parameters: desktop)
        _ = scaler.computeScaling(entropy: 0.5, thermal: 0.3, value: 0.5, atMs: 100_000)
        var without = rig
        without.gpu = nil
        scaler.hardwareChanged(to: without)
        let decision = scaler.computeScaling(entropy: 0.5, thermal: 0.3, value: 0.5, atMs: 101_000)
        #expect(decision.state == .collapsed)
        #expect(decision.entanglementStrength < scaler.status.decision.entanglementStrength + 1e-9)
    }

    @Test func aDecisionIsAppliedWhereAGroupIsNamed() throws {
        let scratch = try Scratch(fixture: "pi4")
        let governor = CgroupGovernor(
            GovernorConfiguration(
                cgroupRoot: scratch.at("cgroup"), group: "/workload.slice",
                journalPath: scratch.at("journal"), cpuCores: 4))
        var scaler = AutoScaler(hardware: rig, parameters: desktop, governor: governor)
        let decision = scaler.computeScaling(entropy: 0.5, thermal: 1, value: 0.5, atMs: 100_000)
        #expect(decision.factor < 1)
        #expect(scaler.apply(decision))
        #expect(try scratch.text("cgroup/workload.slice/cpu.max").hasPrefix("max") == false)
        scaler.restore()
        #expect(try scratch.text("cgroup/workload.slice/cpu.max").hasPrefix("max"))
    }

    @Test func whatWasLearnedGoesOnFromASnapshot() {
        var scaler = AutoScaler(hardware: rig, parameters: desktop)
        for second in 0..<60 {
            _ = scaler.computeScaling(
                entropy: 0.5, thermal: 0.3, value: 0.9, atMs: 100_000 + Int64(second) * 1000)
        }
        let again = AutoScaler(
            hardware: rig, parameters: desktop, restoring: scaler.snapshot())
        #expect(again.status.chamber.learnedSlots == scaler.status.chamber.learnedSlots)
        #expect(again.status.chamber.chainHead == scaler.status.chamber.chainHead)
        let damaged = AutoScaler(hardware: rig, restoring: [1, 2, 3])
        #expect(damaged.status.chamber.learnedSlots == 0)
    }

    /// The first call makes its five observations; a moment far off, or one before the last, is no trap.
    @Test func theWarmUpIsTheFirstCallsAlone() throws {
        var scaler = AutoScaler(hardware: rig, parameters: desktop)
        #expect(scaler.explanation == nil)
        let first = scaler.computeScaling(entropy: 0.5, thermal: 0.3, value: 0.5, atMs: 0)
        #expect(first.state == .coherent)
        #expect(first.confidence.predictorQuality == 1)
        let head = scaler.status.chamber.chainHead
        _ = scaler.computeScaling(entropy: 0.5, thermal: 0.3, value: 0.5, atMs: -5)
        #expect(scaler.status.chamber.chainHead != head)
        for atMs in [Int64.max, Int64.min, 0] {
            let decision = scaler.computeScaling(entropy: 1, thermal: 1, value: 1, atMs: atMs)
            #expect((0.1...3).contains(decision.factor))
        }
        // From now on the predictor is judged by what comes: a leap costs quality.
        #expect(scaler.computeScaling(entropy: 1, thermal: 0, value: 1).confidence.predictorQuality < 1)
        #expect(try #require(scaler.explanation).value == 1)
    }

    @Test func lessMemoryAvailableMovesCoherenceAndTheCeiling() {
        func decide(_ share: Double?) -> Decision {
            var scaler = AutoScaler(hardware: rig, parameters: desktop)
            return scaler.computeScaling(
                entropy: 0.5, thermal: 0.3, value: 0.5, availableMemory: share, atMs: 0)
        }
        #expect(decide(0.05).operatingCoherence < decide(0.9).operatingCoherence)
        #expect(decide(0.05).memoryAdjustment < decide(0.9).memoryAdjustment)
        #expect(decide(0.05).triggers.contains(.memoryPressure))
        #expect(decide(nil).operatingCoherence == decide(0.75).operatingCoherence)
    }

    @Test func noHardwareHoweverAbsurdTraps() {
        for bytes in [0, 1, UInt64.max] {
            var hardware = rig
            hardware.memoryBytes = bytes
            hardware.cpuCores = bytes == 0 ? 0 : Int.max
            hardware.cpuMaxMHz = 0
            hardware.gpu = GPURecord(name: "", memoryGB: .infinity, cores: Int.max, tier: .extreme)
            var scaler = AutoScaler(hardware: hardware, parameters: desktop)
            let decision = scaler.computeScaling(entropy: 0.5, thermal: 0.3, value: 0.5, atMs: 0)
            #expect((0.1...3).contains(decision.factor))
        }
    }

    @Test func detectionReadsTheMachine() throws {
        let scratch = try Scratch(fixture: "desktop")
        let roots = SensorRoots(sysfs: scratch.at("sys"), procfs: scratch.at("proc"))
        let found = AutoScaler.detected(roots: roots, parameters: desktop)
        var scaler = try #require(found)
        #expect(scaler.hardware.gpu?.cores == 4864)
        let decision = scaler.computeScaling(entropy: nil, thermal: nil, value: nil, atMs: 0)
        #expect(decision.state == .coherent)
        let celsius = try #require(scaler.explanation?.status.temperatureC)
        #expect((20...100).contains(celsius))
        try scratch.remove("proc/meminfo")
        #expect(AutoScaler.detected(roots: roots) == nil)
    }

    /// The README's code is the example's, which is compiled with these tests.
    @Test func theReadmeShowsTheExample() throws {
        let root = Repository.root
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let code = try #require(readme.components(separatedBy: "```swift\n").last)
            .components(separatedBy: "```").first
        let example = root.appending(path: "Tests/OutsidePackage/Sources/Example/main.swift")
        #expect(code == (try String(contentsOf: example, encoding: .utf8)))
    }
}
