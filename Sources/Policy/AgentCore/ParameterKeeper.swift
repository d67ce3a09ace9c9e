// Which parameters are in force: accepting an envelope, its trial, confirmation and return.
//
//   offered ─ verify, scope, version > floor ─► floor raised and trial recorded (fsync) ─► applied
//   trial ─ healthy cycles and an acknowledged report ─► confirmed
//         ─ deadline passed, acknowledged but not healthy, or restarted ─► back to the last good set
//         ─ deadline passed without the aggregator ─► prolonged: its outage must not revert a fleet

import Digest
import Model
import Wire

struct ParameterKeeper {
    /// Healthy cycles that a set on trial must show.
    static let healthyCyclesLeast = 3

    private(set) var current: ParameterSet
    private(set) var status: ApplyStatus
    /// The newest version seen in any envelope, so that the same offer isn't asked for again.
    private(set) var newestSeen: UInt64
    /// A set that waits for its trial record to be on the disk.
    private var prepared: (set: ParameterSet, envelope: [UInt8])?
    private var lastGood: ParameterSet
    private var trial: Trial?

    private struct Trial {
        let envelope: [UInt8]
        var deadlineMs: Int64
        let lengthMs: Int64
        var healthyCycles = 0
        var isAcknowledged = false
    }

    /// Restores the last good set; a trial that a restart interrupted counts as unhealthy.
    /// - Returns: a line for the log where something was taken back.
    init(restoring state: inout AgentState, note: inout String?) {
        current = .builtIn
        status = ApplyStatus()
        if let good = state.good {
            if let set = Self.verified(good, root: state.root) {
                current = set
                status = ApplyStatus(version: set.version, phase: .confirmed)
            } else {
                note = "the stored parameters can't be verified: the built-in ones are in force"
                state.good = nil
            }
        }
        lastGood = current
        newestSeen = state.floor
        if state.trial != nil {
            status = ApplyStatus(
                version: state.floor, phase: .reverted, reasonCode: 101,
                reason: "the agent restarted during the trial")
            note = "parameters \(state.floor) taken back: \(status.reason)"
            state.trial = nil
        }
    }

    /// Time in which a prepared set must prove itself, by its own values: `intervals.confirmS`, and
    /// never less than four of its intervals, in which the healthy cycles must fit.
    func trialMs(intervalMs override: Int64?) -> Int64 {
        let values = (prepared?.set ?? current).values
        let intervalMs = override ?? Int64(values[.sampleIntervalMs])
        return max(
            Int64(values[.confirmS]) * 1000, Int64(Self.healthyCyclesLeast + 1) * intervalMs)
    }

    var isOnTrial: Bool { trial != nil }

    var deadlineMs: Int64? { trial?.deadlineMs }

    /// Judges an envelope. On acceptance the state to be persisted carries the new floor and the
    /// trial record; `begin` follows once it is on the disk.
    /// - Returns: the state to persist; nil for the very set that is in force already.
    mutating func offer(_ envelope: Envelope, _ state: AgentState, at now: Instant)
        throws(Refusal) -> AgentState?
    {
        if let known = state.trial ?? state.good, known == envelope.encoded() { return nil }
        // Even a set that can't be trusted names its version: so the refusal can be told apart.
        let claimed = (try? ParameterSet(decoding: envelope.payload))?.version ?? 0
        newestSeen = max(newestSeen, claimed)
        do throws(Refusal) {
            let (set, keySetVersion) = try envelope.verified(root: state.root)
            guard state.root != nil else { throw .unknownRoot }
            guard keySetVersion >= state.keySetFloor else { throw .keySetReplayed }
            guard set.scope.includes(state.device, labels: state.labels) else { throw .wrongScope }
            guard set.version > state.floor else { throw .notNewer }
            if set.notAfterMs > 0, now.isSynced, now.wallMs > set.notAfterMs { throw .expired }
            var next = state
            next.floor = set.version
            next.keySetFloor = max(state.keySetFloor, keySetVersion)
            next.trial = envelope.encoded()
            prepared = (set, envelope.encoded())
            return next
        } catch {
            // A refused replay of what is in force changes nothing of its status.
            if claimed != status.version || status.phase == .none {
                status = ApplyStatus(
                    version: claimed, phase: .refused, reasonCode: error.code, reason: error.text)
            }
            throw error
        }
    }

    /// The trial record is on the disk (or isn't): apply, or refuse.
    /// - Returns: whether new parameters are now in force.
    mutating func begin(stored: Bool, trialMs: Int64, at now: Instant) -> Bool {
        guard let prepared else { return false }
        self.prepared = nil
        guard stored else {
            status = ApplyStatus(
                version: prepared.set.version, phase: .refused, reasonCode: 100,
                reason: "the trial can't be recorded on this device's disk")
            return false
        }
        // A set that comes in during another's trial takes its place; the last good one stays.
        current = prepared.set
        status = ApplyStatus(version: current.version, phase: .trial)
        trial = Trial(
            envelope: prepared.envelope, deadlineMs: now.monotonicMs + trialMs, lengthMs: trialMs)
        return true
    }

    mutating func noteCycle(isHealthy: Bool) {
        if isHealthy {
            trial?.healthyCycles += 1
        } else {
            trial?.healthyCycles = 0
        }
    }

    mutating func noteAcknowledged() { trial?.isAcknowledged = true }

    enum Outcome {
        case confirmed(AgentState)
        case reverted(AgentState)
        case prolonged
    }

    /// Settles the trial when it can be settled.
    mutating func settle(_ state: AgentState, at now: Instant) -> Outcome? {
        guard var running = trial else { return nil }
        var next = state
        next.trial = nil
        if running.isAcknowledged, running.healthyCycles >= Self.healthyCyclesLeast {
            trial = nil
            lastGood = current
            status = ApplyStatus(version: current.version, phase: .confirmed)
            next.good = running.envelope
            return .confirmed(next)
        }
        guard now.monotonicMs >= running.deadlineMs else { return nil }
        guard running.isAcknowledged else {
            running.deadlineMs = now.monotonicMs + running.lengthMs
            trial = running
            return .prolonged
        }
        trial = nil
        status = ApplyStatus(
            version: current.version, phase: .reverted, reasonCode: 102,
            reason: "no \(Self.healthyCyclesLeast) healthy cycles in a row within the trial")
        current = lastGood
        return .reverted(next)
    }

    private static func verified(_ bytes: [UInt8], root: Digest32?) -> ParameterSet? {
        guard let root, let envelope = try? Envelope(decoding: bytes),
            let (set, _) = try? envelope.verified(root: root)
        else { return nil }
        return set
    }
}
