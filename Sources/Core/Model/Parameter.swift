// The parameters an operator may push, in one table: id, name, unit, hard limits, default.
//
// Everything else follows from the table: the wire (a parameter's raw value is its field number),
// the JSON files operators edit (`group.name`), lint, diff, and the device's refusal of values
// outside the hard limits.

import Phi

public enum Parameter: Int, Sendable, CaseIterable {
    // Votes: neutral point of the signal, exponent at full signal, weight.
    case entropyNeutral = 20
    case thermalNeutral = 21
    case valueNeutral = 22
    case entropyStrength = 23
    case thermalStrength = 24
    case valueStrength = 25
    case hardwareWeight = 26
    case entropyWeight = 27
    case thermalWeight = 28
    case valueWeight = 29
    case hardwareHalfLifeS = 30
    // Thresholds.
    case confidenceLeast = 31
    case coherenceLeast = 32
    case observerEffectLeast = 33
    case tensorHarmonicLeast = 34
    // Thermal limits of the board.
    case idleC = 40
    case softLimitC = 41
    case criticalC = 42
    // Memory.
    case memoryBaseShare = 50
    case memoryFloorMiB = 51
    case memoryReserveMiB = 52
    case pressureFullPercent = 53
    // Precision tiers.
    case highValueLeast = 60
    case lowValueMost = 61
    // Intervals.
    case sampleIntervalMs = 70
    case confirmS = 71
    case holdS = 72
    // Budgets.
    case poolBudgetKiB = 80

    public struct Description: Sendable {
        public let group: StaticString
        public let name: StaticString
        public let unit: StaticString
        public let limits: ClosedRange<Double>
        public let standard: Double
        public let isWhole: Bool
        public let meaning: StaticString
    }

    /// `group.name`, as in files and tables.
    public var path: String { "\(description.group).\(description.name)" }

    public var description: Description {
        switch self {
        case .entropyNeutral:
            real("decision", "entropyNeutral", "1", 0...0.95, 0.5, "entropy at which its expert is silent")
        case .thermalNeutral:
            real("decision", "thermalNeutral", "1", 0...0.95, 0.3, "thermal signal at which its expert is silent")
        case .valueNeutral:
            real("decision", "valueNeutral", "1", 0...0.95, 0.5, "value at which its expert is silent")
        case .entropyStrength:
            real("decision", "entropyStrength", "exponent of φ", 0...1, Phi.resonanceThreshold, "entropy's vote at full signal")
        case .thermalStrength:
            real("decision", "thermalStrength", "exponent of 1/φ", 0...1, Phi.compressionLimit, "heat's vote at full signal")
        case .valueStrength:
            real("decision", "valueStrength", "exponent of φ", 0...1, 1, "value's vote at full signal")
        case .hardwareWeight:
            real("decision", "hardwareWeight", "1", weightLimits, 1, "weight of the hardware observer")
        case .entropyWeight:
            real("decision", "entropyWeight", "1", weightLimits, 1, "weight of the entropy expert")
        case .thermalWeight:
            real("decision", "thermalWeight", "1", weightLimits, 1, "weight of the thermal mirror")
        case .valueWeight:
            real("decision", "valueWeight", "1", weightLimits, 1, "weight of the value expert")
        case .hardwareHalfLifeS:
            whole("decision", "hardwareHalfLifeS", "s", 1...86_400, 600, "half-life of the vote after a collapse")
        case .confidenceLeast:
            real("thresholds", "confidence", "1", 0...1, 0.7, "least confidence at which a decision is applied")
        case .coherenceLeast:
            real("thresholds", "coherence", "1", 0...1, 0.7, "operating coherence that parts coherent from decoherent")
        case .observerEffectLeast:
            real("thresholds", "observerEffect", "1", 0...1, 0.5, "least relative change of capacity for a collapse to vote")
        case .tensorHarmonicLeast:
            real("thresholds", "tensorHarmonic", "1", 0...1, 0.6, "harmonic coherence below which no predictive room is made")
        case .idleC:
            real("thermal", "idleC", "°C", 0...80, 45, "temperature of thermal signal 0")
        case .softLimitC:
            real("thermal", "softLimitC", "°C", 40...95, 80, "temperature of thermal signal 1")
        case .criticalC:
            real("thermal", "criticalC", "°C", 45...105, 84, "temperature of the safety override")
        case .memoryBaseShare:
            real("memory", "baseShare", "share of MemTotal", 0.1...0.95, Phi.efficiencyTarget, "memory ceiling before adjustment")
        case .memoryFloorMiB:
            whole("memory", "floorMiB", "MiB", 16...65_536, 64, "least memory ceiling")
        case .memoryReserveMiB:
            whole("memory", "reserveMiB", "MiB", 16...65_536, 96, "memory kept from the workload")
        case .pressureFullPercent:
            real("memory", "pressureFullPercent", "%", 0.1...100, 10, "PSI some avg10 that counts as full pressure")
        case .highValueLeast:
            real("tiers", "highValue", "1", 0...1, Phi.resonanceThreshold, "least value for 81 bits")
        case .lowValueMost:
            real("tiers", "lowValue", "1", 0...1, Phi.compressionLimit, "largest value for 8 bits")
        case .sampleIntervalMs:
            whole("intervals", "sampleMs", "ms", 100...3_600_000, 10_000, "time between observations")
        case .confirmS:
            whole("intervals", "confirmS", "s", 1...86_400, 120, "time in which new parameters must prove themselves")
        case .holdS:
            whole("intervals", "holdS", "s", 1...300, 55, "how long a request for parameters is held")
        case .poolBudgetKiB:
            whole("budgets", "poolKiB", "KiB", 64...1_048_576, 512, "memory of the tensor pool")
        }
    }

    private var weightLimits: ClosedRange<Double> { Phi.resonanceThreshold...Phi.ratio }

    private func real(
        _ group: StaticString, _ name: StaticString, _ unit: StaticString,
        _ limits: ClosedRange<Double>, _ standard: Double, _ meaning: StaticString
    ) -> Description {
        Description(
            group: group, name: name, unit: unit, limits: limits, standard: standard,
            isWhole: false, meaning: meaning)
    }

    private func whole(
        _ group: StaticString, _ name: StaticString, _ unit: StaticString,
        _ limits: ClosedRange<Double>, _ standard: Double, _ meaning: StaticString
    ) -> Description {
        Description(
            group: group, name: name, unit: unit, limits: limits, standard: standard,
            isWhole: true, meaning: meaning)
    }
}

/// The values in force, cheap to copy and to ask (a decision asks some thirty times): by raw value,
/// with zeros where no parameter is. Every parameter always has one.
public struct ParameterValues: Equatable, Sendable {
    private var values: [Double]

    /// The defaults of the table.
    public init() {
        var most = 0
        for parameter in Parameter.allCases { most = max(most, parameter.rawValue) }
        values = [Double](repeating: 0, count: most + 1)
        for parameter in Parameter.allCases { self[parameter] = parameter.description.standard }
    }

    public subscript(parameter: Parameter) -> Double {
        get { values[parameter.rawValue] }
        set { values[parameter.rawValue] = newValue }
    }
}

/// What is wrong with a value, for lint and for a device's refusal.
public struct ParameterProblem: Equatable, Sendable {
    public let parameter: Parameter
    public let text: String
}

extension ParameterValues {
    /// Values outside the hard limits or at odds with one another; empty when all is well.
    public var problems: [ParameterProblem] {
        var problems: [ParameterProblem] = []
        for parameter in Parameter.allCases {
            let description = parameter.description
            let value = self[parameter]
            if !(value >= description.limits.lowerBound && value <= description.limits.upperBound) {
                problems.append(
                    ParameterProblem(
                        parameter: parameter,
                        text: "\(parameter.path) = \(value) lies outside "
                            + "\(description.limits.lowerBound)…\(description.limits.upperBound)"))
            } else if description.isWhole, value != value.rounded() {
                problems.append(
                    ParameterProblem(
                        parameter: parameter, text: "\(parameter.path) = \(value) is no whole number"))
            }
        }
        func ordered(_ low: Parameter, _ high: Parameter) {
            if !(self[low] < self[high]) {
                problems.append(
                    ParameterProblem(
                        parameter: low,
                        text: "\(low.path) = \(self[low]) must lie below \(high.path) = \(self[high])"))
            }
        }
        ordered(.idleC, .softLimitC)
        ordered(.softLimitC, .criticalC)
        ordered(.lowValueMost, .highValueLeast)
        return problems
    }
}
