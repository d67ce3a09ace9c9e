// The chamber: from one observation to one decision.
//
// It has no clock and does no I/O; everything it remembers between cycles is in this struct. The
// same inputs give the same decision, bit for bit, on the host and on the device. What the words
// mean is in docs/glossary.md.
//
// One cycle: correct the reading ─► forecast ─► observe (state) ─► hash (slot) ─► judge the last
// cycle's votes by what happened since ─► vote ─► rate ─► size memory ─► choose bits ─► keep within
// the heat budget ─► safety override ─► dwell ─► chain.

import Digest
import Model
import Phi

public struct ChamberInput: Sendable {
    public var hardware: HardwareRecord
    public var sample: Sample
    public var signals: Signals
    /// How full the tensor pool is beyond its easy share, 0…1.
    public var poolPressure: Double
    /// The frequency cap follows the factor (cpufreq is ours), so that less work costs less voltage.
    public var scalesFrequency: Bool
    /// This observation was made because the timing trigger called for it.
    public var isEarly: Bool

    public init(
        hardware: HardwareRecord, sample: Sample, signals: Signals, poolPressure: Double,
        scalesFrequency: Bool = false, isEarly: Bool = false
    ) {
        self.hardware = hardware
        self.sample = sample
        self.signals = signals
        self.poolPressure = poolPressure
        self.scalesFrequency = scalesFrequency
        self.isEarly = isEarly
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
    /// The sensor's step, °C: 0.538 on these boards.
    static let sensorStepC = 0.54

    var observer: Observer
    var window = TroubleWindow()
    var filter = SensorFilter(step: Chamber.sensorStepC)
    var stuck = StuckDetector()
    var forecast = ThermalForecast()
    var actuators = Actuators()
    var protection = Protection()
    var activity = StreamEntropy(tolerance: Chamber.activityTolerance)
    var timing = InputTiming()
    var learned = Learned()
    /// What was learned on the hardware before this one, should it come back.
    var setAside: Learned?
    /// The last cycle's exponents before weight and range.
    var lastExponents = (0.0, 0.0, 0.0, 0.0)
    /// Votes that await their outcome.
    var pending: PendingVotes?
    var lastCeilingBytes: Double?
    var lastMs: Int64?
    /// Most work that heat allows, by the last cycle; nil where the model isn't proven.
    var heatShare: Double?
    /// Share of the time since the last cycle that was spent at or beyond the soft limit.
    var hotShare = 0.0
    private(set) var hashes = HardwareHashes()

    /// SHA-256 chain over every cycle's activation, factor and instant.
    public internal(set) var chainHead = Digest32.zero

    public init(knownHardware: Digest32? = nil) {
        observer = Observer(knownHardware: knownHardware)
    }

    public mutating func decide(_ input: ChamberInput, _ set: ParameterSet) -> Decision {
        let parameters = set.values
        let sample = input.sample
        let nowMs = sample.instant.monotonicMs
        let beforeMs = lastMs
        let intervalS = beforeMs.map { Double(max(0, nowMs - $0)) / 1000 } ?? 0
        lastMs = nowMs
        timing.note(nowMs: nowMs, isEarly: input.isEarly)
        if hashes.isEmpty || hashes.record != input.hardware { take(input.hardware) }
        let fullHash = hashes.full
        let classHash = hashes.ofClass
        let temperatureC = takeTemperature(
            sample, cores: input.hardware.cpuCores, softLimitC: parameters[.softLimitC],
            lastMs: beforeMs, nowMs)
        window.note(trouble: OperatingCoherence.trouble(sample))
        if let busy = sample.busyShare { activity.note(busy) }
        var signals = input.signals
        if signals.entropy == nil { signals.entropy = activity.value }

        var decision = Decision()
        let capacity = Capacity(of: input.hardware, profile: set.profile)
        describe(capacity, fullHash, into: &decision)
        decision.operatingCoherence = OperatingCoherence.value(
            sample, calmShare: window.calmShare)
        decision.state = observer.observe(
            hash: fullHash, strength: capacity.entanglementStrength,
            required: temperatureC != nil && sample.memory != nil,
            coherence: decision.operatingCoherence, parameters: parameters, nowMs: nowMs)

        let thermal = temperatureC.map { Experts.thermalSignal(temperatureC: $0, parameters) }
        let pressure = Experts.pressureSignal(sample, parameters)
        let activation = Activation(
            classHash: classHash,
            buckets: StateBuckets(
                thermal: thermal, memoryUse: sample.memory.map { 1 - $0.availableShare },
                pressure: pressure, entropy: signals.entropy, value: signals.value))
        decision.slot = activation.slot
        decision.activation = activation.digest

        heatShare = allowedShare(
            parameters, intervalS: intervalS, scalesFrequency: input.scalesFrequency)
        judge(sample, signals, parameters)
        vote(signals, thermal: thermal, parameters, nowMs, into: &decision)
        rate(sample, parameters, into: &decision)
        size(input, pressure: pressure, parameters, into: &decision)
        choosePrecision(
            input, signals, thermal: thermal, pressure: pressure, parameters, nowMs, into: &decision)
        keepWithinHeat(temperatureC, parameters, nowMs, into: &decision)
        if decision.state == .superposed { neutralise(&decision, nowMs) }
        decision.factor = actuators.factor(
            decision.factor, nowMs: nowMs, ridesHeat: heatShare.map { $0 <= decision.factor } ?? false)
        chain(decision, nowMs)
        return decision
    }

    /// The record's two hashes are computed anew only when the record changed. With another class of
    /// hardware, what was learned is set aside, and taken up again if the former class comes back.
    private mutating func take(_ hardware: HardwareRecord) {
        let ofClass = hardware.classHash
        hashes = HardwareHashes(record: hardware, full: hardware.hash, ofClass: ofClass, isEmpty: false)
        if let old = learned.ofClass, old != ofClass {
            if let fit = forecast.model.fit { learned.rises = (fit.fastRiseC, fit.slowRiseC) }
            let former = setAside?.ofClass == ofClass ? setAside : nil
            setAside = learned
            learned = former ?? Learned()
            forecast = ThermalForecast(model: learned.model)
            stuck = StuckDetector()
            pending = nil
        }
        learned.ofClass = ofClass
    }

    private func describe(_ capacity: Capacity, _ hash: Digest32, into decision: inout Decision) {
        decision.entanglementStrength = capacity.entanglementStrength
        decision.harmonicCoherence = capacity.harmonicCoherence
        decision.capacityCoherence = capacity.coherence
        decision.observerPhase = Observer.phase(of: hash)
        let turned = decision.observerPhase + capacity.harmonicCoherence * Phi.twoPi
        decision.quantumPhase = turned >= Phi.twoPi ? turned - Phi.twoPi : turned
    }

    private mutating func chain(_ decision: Decision, _ nowMs: Int64) {
        var cycle = ShortMessage()
        cycle.append(chainHead)
        cycle.append(decision.activation)
        cycle.append(decision.factor.bitPattern)
        cycle.append(UInt64(bitPattern: nowMs))
        chainHead = Digest.sha256(cycle)
    }
}

struct HardwareHashes: Sendable {
    var record = HardwareRecord(model: "", serial: "", cpuCores: 0, cpuMaxMHz: 0, memoryBytes: 0)
    var full = Digest32.zero
    var ofClass = Digest32.zero
    var isEmpty = true
}

/// What is learned of one class of hardware, and outlives a restart.
struct Learned: Sendable {
    var slots = SlotLearner()
    /// The last fitted rises of the fast and slow pole, °C: the next run's prior.
    var rises: (Double, Double)?
    var ofClass: Digest32?

    var model: ThermalModel {
        guard let rises else { return ThermalModel() }
        return ThermalModel(fastPriorC: rises.0, slowPriorC: rises.1)
    }
}
