// Everything the glossary names, for one decision: what it was made of, and what the chamber knows
// beside it. Asked for after `decide`, with the same input; it computes nothing of its own, and no
// cycle pays for it that doesn't ask.

import Digest
import Model
import Phi

public struct Explanation: Sendable {
    public let profile: Profile
    public let hardware: HardwareRecord
    public let hardwareHash: Digest32
    public let classHash: Digest32
    /// Scores, channels, entanglement strength.
    public var capacity: Capacity { Capacity(of: hardware, profile: profile) }
    public let decision: Decision
    /// The hashed state's phase and lanes.
    public let activation: Activation
    /// Signals as the experts took them, each 0…1; nil for "no data".
    public let thermal: Double?
    public let entropy: Double?
    public let value: Double?
    public let pressure: Double?
    /// The entropy was estimated from the machine's activity, not given.
    public let isEntropyEstimated: Bool
    /// The experts' exponents before weight and range, by `Expert.rawValue`.
    public var rawVotes: [Double] { Expert.allCases.map { rawVote(of: $0) } }
    let exponents: (Double, Double, Double, Double)
    /// What operating coherence is the mean of.
    public let coherence: CoherenceParts
    public let softLimitC: Double
    public let status: ChamberStatus

    public var decoherence: Double { 1 - decision.operatingCoherence }

    func rawVote(of expert: Expert) -> Double {
        switch expert {
        case .hardware: exponents.0
        case .entropy: exponents.1
        case .thermal: exponents.2
        case .value: exponents.3
        }
    }
}

extension Chamber {
    /// - Parameters:
    ///   - input: what the decision was made from.
    ///   - decision: the one that `decide` returned last.
    public func explain(
        _ input: ChamberInput, _ decision: Decision, _ set: ParameterSet
    ) -> Explanation {
        let parameters = set.values
        return Explanation(
            profile: set.profile, hardware: input.hardware,
            hardwareHash: hashes.full,
            classHash: hashes.ofClass,
            decision: decision,
            activation: Activation(digest: decision.activation),
            thermal: filter.value.map { Experts.thermalSignal(temperatureC: $0, parameters) },
            entropy: input.signals.entropy ?? activity.value, value: input.signals.value,
            pressure: Experts.pressureSignal(input.sample, parameters),
            isEntropyEstimated: input.signals.entropy == nil && activity.value != nil,
            exponents: lastExponents,
            coherence: CoherenceParts(input.sample, calmShare: window.calmShare),
            softLimitC: parameters[.softLimitC],
            status: status(softLimitC: parameters[.softLimitC]))
    }
}
