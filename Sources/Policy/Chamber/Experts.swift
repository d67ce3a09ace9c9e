// The four experts. Each votes an exponent of φ; the sum of the weighted votes is the decision.

import Model
import Phi

enum Experts {
    /// Strength of a signal beyond its neutral point, 0…1.
    static func strength(_ signal: Double, neutral: Double) -> Double {
        guard neutral < 1 else { return 0 }
        return clamp((signal - neutral) / (1 - neutral), 0...1)
    }

    /// The range, at full signal, in which the source documents want each expert's own factor.
    static func range(_ expert: Expert) -> ClosedRange<Double> {
        switch expert {
        case .hardware: Phi.resonanceThreshold...Phi.ratio
        case .entropy: 1.2...1.5
        case .thermal: 0.7...0.9
        case .value: 1.3...1.8
        }
    }

    /// The same as exponents of φ: log_φ of the bounds (a test holds them to it).
    static func exponents(_ expert: Expert) -> ClosedRange<Double> {
        switch expert {
        case .hardware: -1...1
        case .entropy: 0.3788800426327263...0.8425917381767228
        case .thermal: -0.7412015361313166...(-0.21894830960310713)
        case .value: 0.545215746589341...1.2214717808094493
        }
    }

    /// A vote of `exponent` cast with `strength`: weight · exponent is held in the expert's range,
    /// which shrinks to exactly 1.0 as the signal falls to its neutral point.
    static func vote(_ expert: Expert, exponent: Double, strength: Double, weight: Double) -> Vote {
        let limits = exponents(expert)
        let weighted: Double
        if expert == .hardware {
            weighted = clamp(weight * exponent, limits)
        } else if strength <= 0 || exponent == 0 {
            weighted = 0
        } else {
            weighted = clamp(
                weight * exponent, (limits.lowerBound * strength)...(limits.upperBound * strength))
        }
        return Vote(exponent: weighted, weight: weight, factor: Phi.power(weighted))
    }

    /// The hottest reading as a signal: 0 at idle temperature, 1 at the soft limit.
    static func thermalSignal(temperatureC: Double, _ parameters: ParameterValues) -> Double {
        let idle = parameters[.idleC]
        return clamp((temperatureC - idle) / (parameters[.softLimitC] - idle), 0...1)
    }

    /// Memory pressure as a signal: the worse of stall time and use.
    static func pressureSignal(_ sample: Sample, _ parameters: ParameterValues) -> Double? {
        guard let memory = sample.memory else { return nil }
        let use = 1 - memory.availableShare
        guard let pressure = sample.pressure else { return use }
        return max(use, clamp(pressure.memorySomePercent / parameters[.pressureFullPercent], 0...1))
    }

    /// Utilisation at which memory pressure begins to vote: what allocation steers to.
    static let pressureNeutral = Phi.efficiencyTarget
}
