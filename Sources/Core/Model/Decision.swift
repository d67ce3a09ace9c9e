// What the chamber decided, and everything needed to explain it.

import Digest

public enum OperatingState: UInt8, Sendable, CaseIterable {
    /// No confirmed observation yet, or a required sensor missing: neutral, nothing applied.
    case superposed = 1
    /// The hardware changed at this observation.
    case collapsed
    /// Operating coherence at or above its threshold.
    case coherent
    /// Operating coherence below its threshold.
    case decoherent

    public var name: String {
        switch self {
        case .superposed: "superposed"
        case .collapsed: "collapsed"
        case .coherent: "coherent"
        case .decoherent: "decoherent"
        }
    }
}

/// How far a decision reached.
public enum ControlMode: UInt8, Sendable {
    /// Only decision.json: no group to govern was named.
    case apiOnly = 1
    /// Limits would have been written; they are only told.
    case dryRun
    /// Some limits of the managed group are written, others can't be.
    case partial
    /// All limits of the managed group are written.
    case full

    public var name: String {
        switch self {
        case .apiOnly: "api-only"
        case .dryRun: "dry-run"
        case .partial: "partial"
        case .full: "full"
        }
    }
}

public enum Expert: UInt8, Sendable, CaseIterable {
    case hardware = 0
    case entropy
    case thermal
    case value

    /// What its fields are called, wherever a decision is written down.
    public var name: StaticString {
        switch self {
        case .hardware: "hardware"
        case .entropy: "entropy"
        case .thermal: "thermal"
        case .value: "value"
        }
    }
}

/// One expert's part: `factor` = φ^(weight · vote), held in the expert's own range.
public struct Vote: Equatable, Sendable {
    public var exponent: Double
    public var weight: Double
    public var factor: Double

    public init(exponent: Double, weight: Double, factor: Double) {
        self.exponent = exponent
        self.weight = weight
        self.factor = factor
    }

    public static let neutral = Vote(exponent: 0, weight: 1, factor: 1)
}

/// The four experts' votes, in a row and without the heap: a decision is made every cycle.
public struct Votes: Equatable, Sendable, RandomAccessCollection, MutableCollection {
    private var hardware: Vote
    private var entropy: Vote
    private var thermal: Vote
    private var value: Vote

    public init(_ hardware: Vote, _ entropy: Vote, _ thermal: Vote, _ value: Vote) {
        self.hardware = hardware
        self.entropy = entropy
        self.thermal = thermal
        self.value = value
    }

    public static let neutral = Votes(.neutral, .neutral, .neutral, .neutral)

    public var startIndex: Int { 0 }
    public var endIndex: Int { 4 }

    /// By `Expert.rawValue`.
    public subscript(place: Int) -> Vote {
        get {
            switch place {
            case 0: hardware
            case 1: entropy
            case 2: thermal
            default: value
            }
        }
        set {
            switch place {
            case 0: hardware = newValue
            case 1: entropy = newValue
            case 2: thermal = newValue
            default: value = newValue
            }
        }
    }
}

/// confidence = signal quality × agreement × predictor quality, each in [0,1].
public struct Confidence: Equatable, Sendable {
    public var signalQuality: Double
    public var agreement: Double
    public var predictorQuality: Double

    public init(signalQuality: Double, agreement: Double, predictorQuality: Double) {
        self.signalQuality = signalQuality
        self.agreement = agreement
        self.predictorQuality = predictorQuality
    }

    public var value: Double { signalQuality * agreement * predictorQuality }
}

/// Why a decision differs from neutral; several may hold.
public struct Triggers: OptionSet, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let hardwareObserver = Triggers(rawValue: 1)
    public static let marketEntropy = Triggers(rawValue: 2)
    public static let thermalMirror = Triggers(rawValue: 4)
    public static let profitHarmonic = Triggers(rawValue: 8)
    public static let memoryPressure = Triggers(rawValue: 16)
    public static let safetyOverride = Triggers(rawValue: 32)
    public static let poolPressure = Triggers(rawValue: 64)

    public var names: [String] {
        var names: [String] = []
        forEachName { names.append("\($0)") }
        return names
    }

    public func forEachName(_ body: (StaticString) -> Void) {
        if contains(.hardwareObserver) { body("hardware-observer") }
        if contains(.marketEntropy) { body("market-entropy") }
        if contains(.thermalMirror) { body("thermal-mirror") }
        if contains(.profitHarmonic) { body("profit-harmonic") }
        if contains(.memoryPressure) { body("memory-pressure") }
        if contains(.safetyOverride) { body("safety-override") }
        if contains(.poolPressure) { body("pool-pressure") }
    }
}

public enum BitDepth: UInt8, Sendable, CaseIterable {
    case bits8 = 8
    case bits16 = 16
    case bits81 = 81
}

public struct Decision: Equatable, Sendable {
    public var state: OperatingState = .superposed
    /// Share of the machine the workload may use, 0.1…3.0; 1.0 holds nothing back.
    public var factor = 1.0
    /// The sum of the weighted votes.
    public var exponent = 0.0
    /// By `Expert.rawValue`.
    public var votes = Votes.neutral
    public var memoryAdjustment = 1.0
    /// Ceiling for the managed group's memory, bytes; 0 where memory isn't known.
    public var memoryCeilingBytes: UInt64 = 0
    public var bitDepth: BitDepth = .bits16
    public var confidence = Confidence(signalQuality: 0, agreement: 0, predictorQuality: 0)
    /// Confident enough, or protective: to be applied.
    public var isApplicable = false
    public var triggers: Triggers = []
    public var operatingCoherence = 0.0
    public var capacityCoherence = 0.0
    public var harmonicCoherence = 0.0
    public var entanglementStrength = 0.0
    /// Radians, [0, 2π).
    public var quantumPhase = 0.0
    public var observerPhase = 0.0
    /// The slot the hashed state fell in, 0…255.
    public var slot: UInt8 = 0
    /// SHA-256 of the quantised state with the hardware class.
    public var activation = Digest32.zero

    public init() {}

    public subscript(expert: Expert) -> Vote {
        get { votes[Int(expert.rawValue)] }
        set { votes[Int(expert.rawValue)] = newValue }
    }
}
