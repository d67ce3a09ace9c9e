import Model
import Phi
import Testing

@testable import Chamber

@Test func aDeviceIsSuperposedUntilItsObservationsAreConfirmed() {
    var chamber = Chamber()
    var states: [OperatingState] = []
    for index in 1...4 {
        let input = ChamberInput(
            hardware: pi4, sample: sample(atMs: Int64(index) * 1000), signals: Signals(value: 1),
            poolPressure: 0)
        let decision = chamber.decide(input, .builtIn)
        states.append(decision.state)
        if decision.state == .superposed {
            #expect(decision.factor == 1)
            #expect(!decision.isApplicable)
        }
    }
    #expect(states == [.superposed, .superposed, .coherent, .coherent])
}

@Test func aMissingRequiredSensorMeansSuperposed() {
    var board = Settled()
    #expect(board.decide(celsius: nil).state == .superposed)
    #expect(board.decide().state == .superposed)
    #expect(board.decide(times: 2).state == .coherent)
}

@Test func changedHardwareCollapsesOnceAndVotesWhenItIsLarge() {
    var larger = pi4
    larger.memoryBytes = 8 << 30
    larger.cpuCores = 8
    larger.cpuMaxMHz = 2400
    var board = Settled()
    let collapsed = board.decide(hardware: larger)
    #expect(collapsed.state == .collapsed)
    #expect(collapsed[.hardware].exponent > 0)
    #expect(collapsed.triggers.contains(.hardwareObserver))
    #expect(board.decide(hardware: larger).state != .collapsed)
    // The vote is halved every half-life (600 s).
    let early = board.decide(hardware: larger, times: 3)[.hardware].exponent
    board.ms += 600_000
    let late = board.decide(hardware: larger)[.hardware].exponent
    #expect(abs(late - early / 2) < 0.01)
    var smaller = pi4
    smaller.memoryBytes = 512 << 20
    smaller.cpuCores = 1
    smaller.cpuMaxMHz = 700
    #expect(board.decide(hardware: smaller)[.hardware].exponent < 0)
}

@Test func aSmallChangeOnlyCollapses() {
    var slightly = pi4
    slightly.cpuMaxMHz = 1800
    var board = Settled()
    let decision = board.decide(hardware: slightly)
    #expect(decision.state == .collapsed)
    #expect(decision[.hardware].exponent == 0)
}

@Test func hardwareChangedWhileThePowerWasOffIsSeen() {
    var chamber = Chamber(knownHardware: pi4.hash)
    var other = pi4
    other.serial = "10000000ffffffff"
    let input = ChamberInput(
        hardware: other, sample: sample(atMs: 1), signals: Signals(), poolPressure: 0)
    #expect(chamber.decide(input, .builtIn).state == .collapsed)
}

@Test func operatingCoherenceFallsWithMemoryFrequencySensorsAndThrottling() {
    var board = Settled()
    let calm = board.decide().operatingCoherence
    #expect(board.decide(available: 0.2).operatingCoherence < calm)
    #expect(board.decide(ceiling: 0.4).operatingCoherence < calm)
    #expect(board.decide(celsius: nil).operatingCoherence < calm)
    #expect(board.decide(throttle: 4).operatingCoherence < calm)
    let stalled = board.decide(stallPercent: 5)
    #expect(stalled.operatingCoherence < board.decide().operatingCoherence + 0.01)
}

@Test func stateChangesWithHysteresis() {
    var board = Settled()
    #expect(board.decide(available: 0.05, throttle: 4, ceiling: 0.4, times: 20).state == .decoherent)
    var crossed = 0
    var last = OperatingState.decoherent
    for index in 0..<40 {
        // Availability that swings by ±0.01 about the threshold.
        let decision = board.decide(
            available: 0.5 + (index % 2 == 0 ? 0.01 : -0.01), throttle: 4, times: 1)
        if decision.state != last { crossed += 1 }
        last = decision.state
    }
    #expect(crossed <= 1)
    #expect(board.decide(available: 0.9, times: 80).state == .coherent)
}

@Test func theSourcesDesktopComesOutAsStated() {
    let desktop = HardwareRecord(
        model: "desktop", serial: "", cpuCores: 16, cpuMaxMHz: 4_000, memoryBytes: 32 << 30,
        gpu: GPURecord(
            name: "NVIDIA GeForce RTX 3060 Ti", memoryGB: 8, cores: 4864, tier: .midRange))
    let capacity = Capacity(of: desktop, profile: .desktop)
    #expect(abs((capacity.positiveChannel ?? 0) - 3.8912) < 1e-9)
    #expect(abs((capacity.gpuScore ?? 0) - 0.189) < 0.001)
    #expect(abs((capacity.gpuScore ?? 0) / 0.6 - 0.315) < 0.001)
    #expect(abs(capacity.harmonicCoherenceRaw - (3.8912 + 1 + 1) / 3) < 1e-9)
    #expect(capacity.harmonicCoherence == 1)
    #expect((0.6...0.9).contains(capacity.coherence))
    // The same board by the source's constants, and by those of its own profile.
    #expect(abs(Capacity(of: pi4, profile: .desktop).coherence - 0.105) < 0.05)
    #expect(Capacity(of: pi4, profile: .pi).coherence > 0.5)
}

@Test func everyMeasureOfCapacityMovesWithItsHardware() {
    let base = Capacity(of: pi4, profile: .pi)
    var other = pi4
    other.memoryBytes = 8 << 30
    #expect(Capacity(of: other, profile: .pi).memoryScore > base.memoryScore)
    #expect(Capacity(of: other, profile: .pi).negativeChannel > base.negativeChannel)
    other = pi4
    other.cpuCores = 2
    #expect(Capacity(of: other, profile: .pi).zeroPoint < base.zeroPoint)
    #expect(Capacity(of: other, profile: .pi).cpuScore < base.cpuScore)
    #expect(base.gpuScore == nil && base.positiveChannel == nil)
}

@Test func activationIsTheSameForTheSameStateOnLikeBoards() {
    var first = Settled()
    var second = Settled()
    var other = pi4
    other.serial = "10000000ffffffff"
    let a = first.decide(entropy: 0.3, value: 0.8)
    let b = second.decide(entropy: 0.31, value: 0.79)
    #expect(a.activation == b.activation)
    #expect(a.slot == b.slot)
    var third = Settled()
    _ = third.decide(hardware: other)
    #expect(third.decide(entropy: 0.3, value: 0.8, hardware: other).activation == a.activation)
    #expect(first.decide(entropy: 0.9, value: 0.8).activation != a.activation)
}

@Test func lanesAndPhaseComeFromTheDigest() {
    let one = Activation(
        classHash: pi4.classHash,
        buckets: StateBuckets(
            thermal: 0.1, memoryUse: 0.2, pressure: nil, entropy: nil, value: 0.5))
    #expect(one.lanes.count == 8)
    #expect(one.lanes.allSatisfy { (0..<1).contains($0) })
    #expect((0..<Phi.twoPi).contains(one.phase))
    #expect(one.slot == one.digest.byte(0))
    #expect(StateBuckets.bucket(nil, of: 8) == 255)
    #expect(StateBuckets.bucket(1, of: 8) == 7)
    #expect(StateBuckets.bucket(-3, of: 8) == 0)
}

@Test func phasesSpreadAFleet() {
    var low = 0
    for index in 0..<400 {
        var board = pi4
        board.serial = "\(index)"
        if Observer.phase(of: board.hash) < Phi.twoPi / 2 { low += 1 }
    }
    // Four standard deviations of a fair coin.
    #expect((160...240).contains(low))
}
