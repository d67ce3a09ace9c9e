// The library's one door: the chamber for a program of your own, in the source documents' three steps.
//
//     import PhiChamber
//
//     guard var scaler = AutoScaler.detected() else { fatalError("not Linux?") }
//     let decision = scaler.computeScaling(entropy: 0.5, thermal: 0.3, value: 0.8)
//     if decision.confidence.value > 0.7 { scaler.apply(decision) }
//     print(scaler.status.stateName, scaler.status.coherenceScore, scaler.status.factor)
//
// It senses (`detected()` reads this machine, `computeScaling` its memory and load at each call), or
// takes what it is told; it applies to a cgroup where one was named. The agent's loop isn't needed:
// `phi-agent decide` is this type behind options. What every word means is in docs/glossary.md; the
// mechanisms themselves are module Chamber's.

@_exported public import Chamber
public import Governor
@_exported public import Model
public import Telemetry

/// Computes scaling decisions from entropy, thermal state and value, and applies them.
///
/// Not thread-safe: one instance, one thread. A decision takes some ten microseconds on a Raspberry Pi.
public struct AutoScaler {
    /// The machine decided for.
    public private(set) var hardware: HardwareRecord
    /// What decides: thresholds, strengths, limits. Take `ParameterSet.builtIn` and change what differs.
    public var parameters: ParameterSet
    /// The decision of the last call; nil before the first.
    public private(set) var latest: Decision?
    /// Every named metric of the last decision; nil before the first.
    public var explanation: Explanation? {
        guard let latest, let latestInput else { return nil }
        return chamber.explain(latestInput, latest, parameters)
    }

    private var chamber: Chamber
    private let sensors: DeviceSensors?
    private let governor: CgroupGovernor?
    private var latestInput: ChamberInput?
    private var lastMs: Int64?

    /// A chamber for a machine described by hand, that senses nothing by itself.
    /// - Parameters:
    ///   - hardware: of the machine; its class and hash decide slots and phases.
    ///   - parameters: the set in force; profile `desktop` for x86 hosts with a GPU.
    ///   - restoring: bytes of an earlier `snapshot()`; damaged ones are passed over.
    ///   - governor: where decisions are applied; nil for advice alone.
    public init(
        hardware: HardwareRecord, parameters: ParameterSet = .builtIn, restoring: [UInt8] = [],
        governor: CgroupGovernor? = nil
    ) {
        self.init(hardware, parameters, restoring, governor, sensors: nil)
    }

    private init(
        _ hardware: HardwareRecord, _ parameters: ParameterSet, _ restoring: [UInt8],
        _ governor: CgroupGovernor?, sensors: DeviceSensors?
    ) {
        self.hardware = hardware
        self.parameters = parameters
        self.governor = governor
        self.sensors = sensors
        chamber = Chamber(restoring: restoring) ?? Chamber()
    }

    /// A chamber for this machine, read from its device tree, /proc and /sys.
    /// - Parameter roots: other roots than the system's, for fixtures.
    /// - Returns: nil where the machine's memory can't be read.
    public static func detected(
        roots: SensorRoots = SensorRoots(), parameters: ParameterSet = .builtIn,
        restoring: [UInt8] = [], governor: CgroupGovernor? = nil
    ) -> AutoScaler? {
        let sensors = DeviceSensors(roots: roots)
        guard let hardware = sensors.hardware() else { return nil }
        return AutoScaler(hardware, parameters, restoring, governor, sensors: sensors)
    }

    /// A decision from the three signals of the source documents.
    ///
    /// The first call is the warm-up: it makes ``warmUpObservations`` observations of one and the same
    /// state, dated a second apart (a single one would leave the observer `superposed`, a state in
    /// which nothing is applied). Its predictor quality is therefore 1 by construction: a predictor
    /// can't be wrong of what stands still. From the second call on it is the measured one.
    /// - Parameters:
    ///   - entropy: of market or workload, 0…1; nil to have it estimated from the machine's activity.
    ///   - thermal: 0 at the idle temperature, 1 at the soft limit; nil for the machine's own sensor.
    ///   - value: potential profit or value, 0…1; nil is neutral.
    ///   - availableMemory: share of the memory that is free for use, 0…1; nil for what the machine
    ///     says, or ``assumedAvailableMemory`` where it isn't read.
    ///   - atMs: the moment, monotonic milliseconds; nil for the system's clock.
    /// - Returns: the decision with its votes, confidence and triggers.
    public mutating func computeScaling(
        entropy: Double?, thermal: Double?, value: Double?, availableMemory: Double? = nil,
        atMs: Int64? = nil
    ) -> Decision {
        var instant = Instant.now()
        // Within what may be reckoned with: 30 million years either way.
        if let atMs { instant.monotonicMs = max(-1 << 60, min(1 << 60, atMs)) }
        let rounds = latest == nil ? Self.warmUpObservations : 1
        var decision = Decision()
        // One observation, however often it is repeated: the warm-up must not see the machine move.
        let observed = observation(at: instant, thermal: thermal, availableMemory: availableMemory)
        for round in 0..<rounds {
            // The repeated first observation is dated back, a second apart.
            var at = instant
            at.monotonicMs -= Int64(rounds - 1 - round) * 1000
            if let lastMs { at.monotonicMs = max(at.monotonicMs, lastMs + 1) }
            lastMs = at.monotonicMs
            let signals = Signals(
                entropy: entropy.map { Self.held($0) }, value: value.map { Self.held($0) })
            var sample = observed
            sample.instant = at
            let input = ChamberInput(
                hardware: hardware, sample: sample, signals: signals, poolPressure: 0)
            decision = chamber.decide(input, parameters)
            latestInput = input
        }
        latest = decision
        return decision
    }

    /// The hardware changed (a GPU was plugged in): the next decision collapses.
    public mutating func hardwareChanged(to record: HardwareRecord) { hardware = record }

    /// Writes the decision's limits to the governed group.
    /// - Returns: whether there was a group to govern and the decision may be applied.
    @discardableResult
    public func apply(_ decision: Decision) -> Bool {
        guard let governor, decision.isApplicable else { return false }
        _ = governor.apply(decision)
        return governor.mode == .full || governor.mode == .partial
    }

    /// Gives the governed group back as it was found.
    public func restore() { _ = governor?.restore() }

    /// What was learned, to be stored and given to `init(restoring:)`; at most 3.5 KB.
    public func snapshot() -> [UInt8] { chamber.snapshot() }

    /// Everything the chamber knows of this moment.
    public var status: Status {
        Status(
            decision: latest ?? Decision(),
            chamber: chamber.status(softLimitC: parameters.values[.softLimitC]))
    }

    /// The source's `get_quantum_chamber_status`, and what lies behind it.
    public struct Status: Sendable {
        public let decision: Decision
        public let chamber: ChamberStatus

        /// `superposed`, `collapsed`, `coherent` or `decoherent`.
        public var stateName: String { decision.state.name }
        /// The scaling multiplier, 0.1…3.0.
        public var factor: Double { decision.factor }
        /// The source's coherence score, 0…1: it moves with the hardware alone.
        public var coherenceScore: Double { decision.capacityCoherence }
        /// How much of the machine is available now, 0…1: it drives the state.
        public var operatingCoherence: Double { decision.operatingCoherence }
        /// 1 − operating coherence.
        public var decoherence: Double { 1 - decision.operatingCoherence }
    }

    /// Observations of the first call: the observer wants three in a row, the predictor four before it
    /// is rated, and the median filter's window is five.
    public static let warmUpObservations = 5
    /// Share of memory taken for available on a machine that is told of and not read.
    public static let assumedAvailableMemory = 0.75

    private static func held(_ signal: Double) -> Double { max(0, min(1, signal == signal ? signal : 0)) }

    private func observation(
        at instant: Instant, thermal: Double?, availableMemory: Double?
    ) -> Sample {
        var sample = sensors?.sample(at: instant) ?? Sample(instant: instant)
        if sensors == nil {
            // Its two inputs, and nothing else that could be read: no frequency, no pressure.
            sample.health = SensorHealth(known: 2, healthy: thermal == nil ? 1 : 2, failuresTotal: 0)
        }
        if sensors == nil || availableMemory != nil {
            let total = sample.memory?.totalBytes ?? hardware.memoryBytes
            let share = Self.held(availableMemory ?? Self.assumedAvailableMemory)
            // By KiB, as the kernel counts: no total, however absurd, leaves the range of a UInt64.
            let available = UInt64(Double(total / 1024) * share) * 1024
            sample.memory = MemoryReading(
                totalBytes: total, availableBytes: available,
                swapTotalBytes: sample.memory?.swapTotalBytes ?? 0,
                swapFreeBytes: sample.memory?.swapFreeBytes ?? 0)
        }
        if let thermal {
            let idleC = parameters.values[.idleC]
            let celsius = idleC + Self.held(thermal) * (parameters.values[.softLimitC] - idleC)
            sample.zones = [
                ThermalReading(name: "told", temperatureMilliC: Int((celsius * 1000).rounded()))
            ]
        }
        return sample
    }
}
