import Model
import Phi
import Testing

@testable import Chamber

@Test func neutralSignalsHoldNothingBack() {
    var board = Settled()
    let decision = board.decide(entropy: 0.5, value: 0.5)
    #expect(decision.factor == 1)
    #expect(decision.exponent == 0)
    #expect(decision.triggers == [])
    #expect(decision.state == .coherent)
    #expect(decision.isApplicable)
}

@Test func eachExpertAloneStaysInTheSourcesRange() {
    var board = Settled()
    let entropy = board.decide(entropy: 1).factor
    #expect(abs(entropy - 1.3463) < 0.001)
    #expect((1.2...1.5).contains(entropy))
    let value = board.decide(value: 1).factor
    #expect(abs(value - Phi.ratio) < 1e-9)
    #expect((1.3...1.8).contains(value))
    var hot = Settled(celsius: 80)
    let thermal = hot.decide(celsius: 80).factor
    #expect(abs(thermal - 0.8321) < 0.001)
    #expect((0.7...0.9).contains(thermal))
}

@Test(arguments: [Phi.resonanceThreshold, 1, Phi.ratio])
func rangesHoldWhateverTheWeights(weight: Double) {
    var set = ParameterSet.builtIn
    for parameter in [Parameter.entropyWeight, .thermalWeight, .valueWeight] {
        set.values[parameter] = weight
    }
    var board = Settled(set)
    // φ^log_φ(x) is x to within a few ulp.
    let ulps = 1e-12
    #expect((1.2 - ulps...1.5 + ulps).contains(board.decide(entropy: 1).factor))
    #expect((1.3 - ulps...1.8 + ulps).contains(board.decide(value: 1).factor))
    var hot = Settled(celsius: 80, set)
    #expect((0.7 - ulps...0.9 + ulps).contains(hot.decide(celsius: 80).factor))
}

@Test func theRangesAsExponentsAreTheirLogarithms() {
    for expert in Expert.allCases {
        let range = Experts.range(expert)
        let exponents = Experts.exponents(expert)
        #expect(abs(exponents.lowerBound - Phi.logarithm(range.lowerBound)) < 1e-15)
        #expect(abs(exponents.upperBound - Phi.logarithm(range.upperBound)) < 1e-15)
    }
}

@Test func eachSignalMovesTheFactorItsWay() {
    var board = Settled()
    #expect(board.decide(entropy: 0.9).factor > board.decide(entropy: 0.7).factor)
    #expect(board.decide(value: 0.9).factor > board.decide(value: 0.7).factor)
    var last = 2.0
    for celsius in [60.0, 66, 72, 78] {
        var warm = Settled(celsius: celsius)
        let factor = warm.decide(celsius: celsius).factor
        #expect(factor < last)
        last = factor
    }
}

@Test func triggersNameTheirExperts() {
    var board = Settled(celsius: 70)
    let decision = board.decide(
        celsius: 70, available: 0.1, entropy: 0.9, value: 0.9, pool: 0.5)
    #expect(
        decision.triggers.names == [
            "market-entropy", "thermal-mirror", "profit-harmonic", "memory-pressure",
            "pool-pressure",
        ])
}

@Test func aBoardBeyondItsCriticalTemperatureIsHeldAtATenth() {
    var board = Settled(celsius: 80)
    let decision = board.decide(celsius: 95, value: 1, times: 5)
    #expect(decision.factor == 0.1)
    #expect(decision.triggers.contains(.safetyOverride))
    #expect(decision.isApplicable)
}

@Test func theOverrideComesBeforeTheLimitOnASteepRise() {
    var board = Settled(celsius: 60)
    var celsius = 60.0
    var first: Double?
    for _ in 0..<30 where first == nil {
        celsius += 1
        if board.decide(celsius: celsius).triggers.contains(.safetyOverride) { first = celsius }
    }
    #expect(first.map { $0 < ParameterValues()[.criticalC] } == true)
}

@Test func oneSpikeReachesNoDecision() {
    var board = Settled()
    let spiked = board.decide(celsius: 120)
    #expect(!spiked.triggers.contains(.safetyOverride))
    #expect(spiked.factor == 1)
}

@Test func confidenceFallsWithEachOfItsFactors() {
    var board = Settled()
    let calm = board.decide(entropy: 0.5, value: 0.5).confidence
    #expect(calm.value > 0.9)

    let split = board.decide(value: 1).confidence
    #expect(split.agreement < calm.agreement)

    let blind = board.decide(celsius: nil).confidence
    #expect(blind.signalQuality < calm.signalQuality)

    var shaken = Settled()
    var worst = 1.0
    for index in 0..<20 {
        // The median lets slow swings through: five readings high, five low.
        let decision = shaken.decide(celsius: index / 5 % 2 == 0 ? 48 : 62)
        worst = min(worst, decision.confidence.predictorQuality)
    }
    #expect(worst < calm.predictorQuality - 0.2)
}

@Test func doubtHoldsBackGenerosityButNotProtection() {
    var set = ParameterSet.builtIn
    set.values[.confidenceLeast] = 1
    var board = Settled(set)
    #expect(!board.decide(value: 1).isApplicable)
    var hot = Settled(celsius: 75, set)
    #expect(hot.decide(celsius: 75).isApplicable)
}

@Test func bitDepthFollowsValueAndPressure() {
    // Five cycles: longer than the dwell before bits are given up.
    var board = Settled()
    #expect(board.decide(value: 0.7).bitDepth == .bits81)
    #expect(board.decide(value: 0.5, times: 5).bitDepth == .bits16)
    #expect(board.decide(value: 0.2, times: 5).bitDepth == .bits16)
    #expect(board.decide(available: 0.05, value: 0.2, times: 5).bitDepth == .bits8)
    #expect(board.decide(value: 0.2, pool: 1, times: 5).bitDepth == .bits8)
    // Pressure raises the threshold: 0.65 earns 81 bits on a board at ease only.
    #expect(board.decide(value: 0.65).bitDepth == .bits81)
    #expect(board.decide(value: 0.65, pool: 1, times: 5).bitDepth == .bits16)
}

@Test func bitsAreRaisedAtOnceAndGivenUpAfterTheDwell() {
    var board = Settled()
    #expect(board.decide(value: 0.9).bitDepth == .bits81)
    #expect(board.decide(value: 0.5).bitDepth == .bits81)
    #expect(board.decide(value: 0.9).bitDepth == .bits81)
    #expect(board.decide(value: 0.5, times: 3).bitDepth == .bits81)
    #expect(board.decide(value: 0.5).bitDepth == .bits16)
    #expect(board.decide(value: 0.9).bitDepth == .bits81)
}

@Test func memoryFollowsValueUpAndPressureDown() {
    var board = Settled()
    let calm = board.decide(value: 0.5)
    #expect(calm.memoryAdjustment == 1)
    let base = 0.6180339887498949 * 4_000_000_000
    #expect(abs(Double(calm.memoryCeilingBytes) - base) < 16_384)
    #expect(board.decide(value: 1).memoryCeilingBytes > calm.memoryCeilingBytes)
    #expect(board.decide(available: 0.1).memoryCeilingBytes < calm.memoryCeilingBytes)
    #expect(board.decide(stallPercent: 10).memoryAdjustment < 1)
    // Never beyond what the reserve leaves, nor below the floor.
    let most: UInt64 = 4_000_000_000 - 96 << 20
    #expect(board.decide(value: 1, times: 5).memoryCeilingBytes <= most)
}

@Test func oneStepMovesTheCeilingByAtMostPhiSquared() {
    var set = ParameterSet.builtIn
    set.values[.memoryBaseShare] = 0.1
    var board = Settled(set)
    let low = Double(board.decide().memoryCeilingBytes)
    board.set.values[.memoryBaseShare] = 0.95
    let next = Double(board.decide().memoryCeilingBytes)
    #expect(next <= low * Phi.expansionLimit + 16_384)
    #expect(next > low * 2)
}
