// Harmonic synthesis, and the learning of whom to heed.

import Model
import Phi

/// The unweighted exponents a cycle's experts cast, and the slot they were cast in.
struct PendingVotes: Sendable {
    let slot: UInt8
    let exponents: (Double, Double, Double, Double)
}

extension Chamber {
    /// Visits before a slot's weights are used: a few cycles prove nothing.
    static let visitsLeast = 16
    /// Busy shares closer than this are the same activity.
    static let activityTolerance = 0.05

    /// The sum of the weighted votes is the exponent of φ.
    mutating func vote(
        _ signals: Signals, thermal: Double?, _ parameters: ParameterValues, _ nowMs: Int64,
        into decision: inout Decision
    ) {
        let slot = decision.slot
        let learnedWeights =
            learned.slots.visits(slot) >= Self.visitsLeast
            ? learned.slots.weights(slot) : (1, 1, 1, 1)
        func weight(_ learned: Double, _ parameter: Parameter) -> Double {
            clamp(parameters[parameter] * learned, Phi.resonanceThreshold...Phi.ratio)
        }
        func cast(
            _ expert: Expert, _ strength: Double, full: Double, weight: Double, trigger: Triggers
        ) -> Double {
            decision[expert] = Experts.vote(
                expert, exponent: full * strength, strength: strength, weight: weight)
            if abs(decision[expert].exponent) >= Self.voteLeast { decision.triggers.insert(trigger) }
            return full * strength
        }
        func strength(_ signal: Double?, _ neutral: Parameter) -> Double {
            signal.map { Experts.strength($0, neutral: parameters[neutral]) } ?? 0
        }
        let hardware = observer.vote(halfLifeS: parameters[.hardwareHalfLifeS], nowMs: nowMs)
        decision[.hardware] = Experts.vote(
            .hardware, exponent: hardware, strength: 1, weight: weight(learnedWeights.0, .hardwareWeight))
        if abs(decision[.hardware].exponent) >= Self.voteLeast {
            decision.triggers.insert(.hardwareObserver)
        }
        let entropy = cast(
            .entropy, strength(signals.entropy, .entropyNeutral),
            full: parameters[.entropyStrength], weight: weight(learnedWeights.1, .entropyWeight),
            trigger: .marketEntropy)
        let mirror = cast(
            .thermal,
            mirrorStrength(strength(thermal, .thermalNeutral), parameters[.thermalStrength]),
            full: -parameters[.thermalStrength], weight: weight(learnedWeights.2, .thermalWeight),
            trigger: .thermalMirror)
        let value = cast(
            .value, strength(signals.value, .valueNeutral), full: parameters[.valueStrength],
            weight: weight(learnedWeights.3, .valueWeight), trigger: .profitHarmonic)
        lastExponents = (hardware, entropy, mirror, value)
        decision.exponent = decision.votes.reduce(0) { $0 + $1.exponent }
        decision.factor = clamp(Phi.power(decision.exponent), Self.factorLimits)
        pending =
            decision.state == .superposed
            ? nil : PendingVotes(slot: slot, exponents: (hardware, entropy, mirror, value))
    }

    /// By the reading alone the mirror can't tell a board that is warm and will stay so from one on
    /// its way to the limit. Where the model can, the mirror votes no more than is needed: a proven one,
    /// or one too young to have been judged, whose heat budget has a wide margin.
    private mutating func mirrorStrength(_ byReading: Double, _ full: Double) -> Double {
        guard byReading > 0, full > 0, let heatShare,
            forecast.isProven || forecast.aheadErrorC == nil
        else { return byReading }
        return heatShare < 1 ? min(byReading, -Phi.logarithm(heatShare) / full) : 0
    }

    /// The last cycle's votes are judged by what was measured since.
    mutating func judge(_ sample: Sample, _ signals: Signals, _ parameters: ParameterValues) {
        guard let votes = pending else { return }
        pending = nil
        let isThrottling = sample.throttle?.isThrottling ?? false
        let stall = (sample.pressure?.memorySomePercent ?? 0) / parameters[.pressureFullPercent]
        let outcome = Outcome(
            throttleShare: isThrottling ? 1 : hotShare, stallShare: clamp(stall, 0...1),
            valueServed: (signals.value ?? 0) * clamp(sample.busyShare ?? 1, 0...1))
        learned.slots.learn(
            votes.slot,
            losses: (
                outcome.loss(of: votes.exponents.0), outcome.loss(of: votes.exponents.1),
                outcome.loss(of: votes.exponents.2), outcome.loss(of: votes.exponents.3)
            ))
    }

    /// signal quality × agreement × predictor quality.
    mutating func rate(_ sample: Sample, _ parameters: ParameterValues, into decision: inout Decision) {
        var weights = 0.0
        var mean = 0.0
        for vote in decision.votes {
            weights += vote.weight
            mean += vote.weight * vote.exponent
        }
        mean /= weights
        var variance = 0.0
        for vote in decision.votes {
            variance += vote.weight * (vote.exponent - mean) * (vote.exponent - mean)
        }
        variance /= weights
        // A stuck sensor still reads, and the reader counts it as healthy: we know better.
        let distrust = stuck.isStuck && sample.health.known > 0 ? 1 / Double(sample.health.known) : 0
        decision.confidence = Confidence(
            signalQuality: max(0, sample.health.share - distrust),
            // Exponents lie in −1…1, so a variance of 1 is full disagreement.
            agreement: clamp(1 - variance, 0...1),
            predictorQuality: forecast.quality)
        let isConfident = decision.confidence.value > parameters[.confidenceLeast]
        decision.isApplicable = isConfident || decision.factor < 1
    }
}
