// The chamber: from one observation to one decision.
//
// It has no clock and does no I/O; everything it remembers between cycles is in this struct. The
// same inputs give the same decision, bit for bit, on the host and on the device. What the words
// mean is in docs/glossary.md.

import Digest
import Model
import Phi

public struct ChamberInput: Sendable {
    public var hardware: HardwareRecord
    public var sample: Sample
    public var signals: Signals
    /// How full the tensor pool is beyond its easy share, 0…1.
    public var poolPressure: Double

    public init(
        hardware: HardwareRecord, sample: Sample, signals: Signals, poolPressure: Double
    ) {
        self.hardware = hardware
        self.sample = sample
        self.signals = signals
        self.poolPressure = poolPressure
    }
}

public struct Chamber: Sendable {
    public static let factorLimits = 0.1...3.0
    public static let memoryAdjustmentLimits = 0.1...2.0
    /// How far ahead the safety override looks, seconds.
    public static let guardS = 30.0
    /// Most that heat and pool pressure raise the precision thresholds.
    static let thresholdBias = 0.1
    /// A vote below this counts as silence when triggers are named.
    static let voteLeast = 0.01

    private var observer: Observer
    private var window = TroubleWindow()
    private var median = MedianOfFive()
    private var forecast = ThermalForecast()
    private var lastCeilingBytes: Double?

    public init(knownHardware: Digest32? = nil) {
        observer = Observer(knownHardware: knownHardware)
    }

    public mutating func decide(_ input: ChamberInput, _ set: ParameterSet) -> Decision {
        let parameters = set.values
        let sample = input.sample
        let nowMs = sample.instant.monotonicMs
        var temperatureC: Double?
        if let milli = sample.temperatureMilliC {
            let filtered = median.note(Double(milli) / 1000)
            forecast.note(temperatureC: filtered, nowMs: nowMs)
            temperatureC = filtered
        }
        window.note(trouble: OperatingCoherence.trouble(sample))

        var decision = Decision()
        let hash = input.hardware.hash
        let capacity = Capacity(of: input.hardware, profile: set.profile)
        describe(capacity, hash, into: &decision)
        decision.operatingCoherence = OperatingCoherence.value(
            sample, calmShare: window.calmShare)
        decision.state = observer.observe(
            hash: hash, strength: capacity.entanglementStrength,
            required: temperatureC != nil && sample.memory != nil,
            coherence: decision.operatingCoherence, parameters: parameters, nowMs: nowMs)

        let thermal = temperatureC.map { Experts.thermalSignal(temperatureC: $0, parameters) }
        let pressure = Experts.pressureSignal(sample, parameters)
        let activation = Activation(
            classHash: input.hardware.classHash,
            buckets: StateBuckets(
                thermal: thermal, memoryUse: sample.memory.map { 1 - $0.availableShare },
                pressure: pressure, entropy: input.signals.entropy, value: input.signals.value))
        decision.slot = activation.slot
        decision.activation = activation.digest

        vote(input, thermal: thermal, parameters, nowMs, into: &decision)
        rate(sample, parameters, into: &decision)
        size(input, pressure: pressure, parameters, into: &decision)
        choosePrecision(
            input, thermal: thermal, pressure: pressure, parameters, into: &decision)
        guardHeat(temperatureC, parameters, into: &decision)
        if decision.state == .superposed { neutralise(&decision) }
        return decision
    }

    private func describe(_ capacity: Capacity, _ hash: Digest32, into decision: inout Decision) {
        decision.entanglementStrength = capacity.entanglementStrength
        decision.harmonicCoherence = capacity.harmonicCoherence
        decision.capacityCoherence = capacity.coherence
        decision.observerPhase = Observer.phase(of: hash)
        let turned = decision.observerPhase + capacity.harmonicCoherence * Phi.twoPi
        decision.quantumPhase = turned >= Phi.twoPi ? turned - Phi.twoPi : turned
    }

    /// Harmonic synthesis: the sum of the weighted votes is the exponent of φ.
    private func vote(
        _ input: ChamberInput, thermal: Double?, _ parameters: ParameterValues, _ nowMs: Int64,
        into decision: inout Decision
    ) {
        func cast(
            _ expert: Expert, _ signal: Double?, neutral: Parameter, full: Double, weight: Parameter,
            trigger: Triggers
        ) {
            let strength = signal.map { Experts.strength($0, neutral: parameters[neutral]) } ?? 0
            decision[expert] = Experts.vote(
                expert, exponent: full * strength, strength: strength, weight: parameters[weight])
            if abs(decision[expert].exponent) >= Self.voteLeast { decision.triggers.insert(trigger) }
        }
        decision[.hardware] = Experts.vote(
            .hardware,
            exponent: observer.vote(halfLifeS: parameters[.hardwareHalfLifeS], nowMs: nowMs),
            strength: 1, weight: parameters[.hardwareWeight])
        if abs(decision[.hardware].exponent) >= Self.voteLeast {
            decision.triggers.insert(.hardwareObserver)
        }
        cast(
            .entropy, input.signals.entropy, neutral: .entropyNeutral,
            full: parameters[.entropyStrength], weight: .entropyWeight, trigger: .marketEntropy)
        cast(
            .thermal, thermal, neutral: .thermalNeutral, full: -parameters[.thermalStrength],
            weight: .thermalWeight, trigger: .thermalMirror)
        cast(
            .value, input.signals.value, neutral: .valueNeutral, full: parameters[.valueStrength],
            weight: .valueWeight, trigger: .profitHarmonic)
        decision.exponent = decision.votes.reduce(0) { $0 + $1.exponent }
        decision.factor = clamp(Phi.power(decision.exponent), Self.factorLimits)
    }

    /// signal quality × agreement × predictor quality.
    private func rate(
        _ sample: Sample, _ parameters: ParameterValues, into decision: inout Decision
    ) {
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
        decision.confidence = Confidence(
            signalQuality: sample.health.share,
            // Exponents lie in −1…1, so a variance of 1 is full disagreement.
            agreement: clamp(1 - variance, 0...1),
            predictorQuality: forecast.quality)
        let isConfident = decision.confidence.value > parameters[.confidenceLeast]
        decision.isApplicable = isConfident || decision.factor < 1
    }

    /// The memory ceiling: a share of the machine, adjusted by value and pressure, moved by at most
    /// φ² or 1/φ² a step.
    private mutating func size(
        _ input: ChamberInput, pressure: Double?, _ parameters: ParameterValues,
        into decision: inout Decision
    ) {
        let pressureStrength =
            pressure.map { Experts.strength($0, neutral: Experts.pressureNeutral) } ?? 0
        if pressureStrength > Self.voteLeast { decision.triggers.insert(.memoryPressure) }
        if input.poolPressure > Self.voteLeast { decision.triggers.insert(.poolPressure) }
        decision.memoryAdjustment = clamp(
            Phi.power(decision[.value].exponent - pressureStrength), Self.memoryAdjustmentLimits)
        guard let memory = input.sample.memory else { return }
        let total = Double(memory.totalBytes)
        let mebibyte = 1_048_576.0
        let floor = min(parameters[.memoryFloorMiB] * mebibyte, total)
        let most = max(floor, total - parameters[.memoryReserveMiB] * mebibyte)
        var ceiling = parameters[.memoryBaseShare] * total * decision.memoryAdjustment
        if let last = lastCeilingBytes {
            ceiling = clamp(ceiling, (last * Phi.compressionLimit)...(last * Phi.expansionLimit))
        }
        ceiling = clamp(ceiling, floor...most)
        lastCeilingBytes = ceiling
        // Whole pages of the largest size in use (16 KiB on a Pi 5).
        decision.memoryCeilingBytes = UInt64(ceiling) / 16_384 * 16_384
    }

    private func choosePrecision(
        _ input: ChamberInput, thermal: Double?, pressure: Double?, _ parameters: ParameterValues,
        into decision: inout Decision
    ) {
        let heat =
            thermal.map { Experts.strength($0, neutral: parameters[.thermalNeutral]) } ?? 0
        let memory = pressure.map { Experts.strength($0, neutral: Experts.pressureNeutral) } ?? 0
        let press = max(heat, max(memory, clamp(input.poolPressure, 0...1)))
        let bias = Self.thresholdBias * press
        let value = input.signals.value ?? parameters[.valueNeutral]
        if value >= parameters[.highValueLeast] + bias {
            decision.bitDepth = .bits81
        } else if value <= parameters[.lowValueMost] + bias, press > Self.voteLeast {
            decision.bitDepth = .bits8
        } else {
            decision.bitDepth = .bits16
        }
    }

    /// At the critical temperature, now or within the guard time by the forecast, the override takes
    /// the place of the sum. It falls from 1 at the soft limit to 0.1 at the critical temperature,
    /// taken half way between the reading and the forecast, and never waits for confidence.
    private func guardHeat(
        _ temperatureC: Double?, _ parameters: ParameterValues, into decision: inout Decision
    ) {
        guard let temperatureC else { return }
        let ahead = forecast.temperatureC(inS: Self.guardS) ?? temperatureC
        let worst = max(temperatureC, min(ahead, temperatureC + 20))
        let critical = parameters[.criticalC]
        guard worst >= critical else { return }
        let soft = parameters[.softLimitC]
        let excess = clamp(((temperatureC + worst) / 2 - soft) / (critical - soft), 0...1)
        let override = clamp(1 - 0.9 * excess, Self.factorLimits)
        decision.factor = min(decision.factor, override)
        decision.triggers.insert(.safetyOverride)
        decision.isApplicable = true
    }

    /// Superposed: nothing is known well enough to act, except that heat is never ignored.
    private func neutralise(_ decision: inout Decision) {
        guard !decision.triggers.contains(.safetyOverride) else { return }
        decision.factor = 1
        decision.exponent = 0
        decision.votes = [.neutral, .neutral, .neutral, .neutral]
        decision.memoryAdjustment = 1
        decision.bitDepth = .bits16
        decision.triggers = []
        decision.isApplicable = false
    }
}
