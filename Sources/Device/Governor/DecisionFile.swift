// decision.json: the decision in words, for every process on the board that wants to heed it. It is
// replaced in one step, so a reader never sees half of it; it lives in the run folder (memory), so
// that a decision a second wears out no card. Its fields are the operator API's.
//
// What a workload goes by is told in the cycle that changed it; while that stays, the rest is brought up
// to date once a second. The local socket has every decision.

import Bytes
import Digest
import Model
import System

public final class DecisionFile {
    public var path: String { file.path }
    private let file: ReplacedFile
    /// Kept, so that a cycle writes its text where the last one's was.
    private var json = JSONWriter()
    /// What the file says, and since when.
    private var told: (heeded: Heeded, atMs: Int64)?
    /// While nothing that is heeded changes, ms: somewhat less than the second that it stands for, since a
    /// cycle a second comes now and then a little early.
    private static let quietMs: Int64 = 900

    /// `folder` is the agent's run folder, and must exist.
    public init(folder: String) { file = ReplacedFile("\(folder)/decision.json", mode: 0o644) }

    /// Whether the file would tell something new; in cycles a second or more apart it always does.
    public func isDue(
        _ decision: Decision, mode: ControlMode, at instant: Instant, parameterVersion: UInt64,
        events: [ControlEvent]
    ) -> Bool {
        guard let told, events.isEmpty else { return true }
        let agoMs = instant.monotonicMs - told.atMs
        return agoMs >= Self.quietMs || agoMs < 0
            || told.heeded != Heeded(decision, mode, parameterVersion)
    }

    /// - Parameter more: writes further fields: what the decision was made of, the pool's account.
    public func write(
        _ decision: Decision, mode: ControlMode, at instant: Instant, parameterVersion: UInt64,
        events: [ControlEvent] = [], status: ControlStatus? = nil,
        more: (inout JSONWriter) -> Void = { _ in }
    ) throws(Errno) {
        json.restart()
        Self.write(
            decision, mode: mode, at: instant, parameterVersion: parameterVersion, events: events,
            status: status, more: more, &json)
        let file = file
        try json.withBytes { bytes throws(Errno) in try file.replace(with: bytes) }
        told = (Heeded(decision, mode, parameterVersion), instant.monotonicMs)
    }

    /// One line, with its end.
    public static func json(
        _ decision: Decision, mode: ControlMode, at instant: Instant, parameterVersion: UInt64,
        events: [ControlEvent], status: ControlStatus? = nil
    ) -> [UInt8] {
        var json = JSONWriter()
        write(
            decision, mode: mode, at: instant, parameterVersion: parameterVersion, events: events,
            status: status, more: { _ in }, &json)
        return json.bytes
    }

    private static func write(
        _ decision: Decision, mode: ControlMode, at instant: Instant, parameterVersion: UInt64,
        events: [ControlEvent], status: ControlStatus?, more: (inout JSONWriter) -> Void,
        _ json: inout JSONWriter
    ) {
        json.beginObject()
        json.value(Int(clamping: instant.wallMs), "wallMs")
        json.value(Int(clamping: instant.monotonicMs), "monotonicMs")
        json.value(instant.isSynced, "clockSynced")
        json.value(parameterVersion, "parameterVersion")
        json.value(mode.name, "controlMode")
        write(decision, &json)
        write(events, &json)
        if let status { write(status, &json) }
        more(&json)
        json.endObject()
        json.endLine()
    }

    /// The decision's own fields, into an object that is open.
    public static func write(_ decision: Decision, _ json: inout JSONWriter) {
        json.value(decision.state.name, "state")
        json.value(decision.factor, "factor")
        json.value(decision.exponent, "exponent")
        json.value(decision.memoryAdjustment, "memoryAdjustment")
        json.value(decision.memoryCeilingBytes, "memoryCeilingBytes")
        json.value(Int(decision.bitDepth.rawValue), "bitDepth")
        write(decision.confidence, &json)
        json.value(decision.isApplicable, "applicable")
        json.beginArray("triggers")
        decision.triggers.forEachName { json.value(name: $0) }
        json.endArray()
        json.value(decision.operatingCoherence, "operatingCoherence")
        json.value(decision.capacityCoherence, "capacityCoherence")
        json.value(decision.harmonicCoherence, "harmonicCoherence")
        json.value(decision.entanglementStrength, "entanglementStrength")
        json.value(decision.quantumPhase, "quantumPhase")
        json.value(decision.observerPhase, "observerPhase")
        json.value(Int(decision.slot), "slot")
        json.value(hex: decision.activation.words, "activation")
        write(decision.votes, &json)
    }

    private static func write(_ confidence: Confidence, _ json: inout JSONWriter) {
        json.beginObject("confidence")
        json.value(confidence.value, "value")
        json.value(confidence.signalQuality, "signalQuality")
        json.value(confidence.agreement, "agreement")
        json.value(confidence.predictorQuality, "predictorQuality")
        json.endObject()
    }

    private static func write(_ votes: Votes, _ json: inout JSONWriter) {
        json.beginObject("votes")
        for expert in Expert.allCases { write(votes[Int(expert.rawValue)], expert.name, &json) }
        json.endObject()
    }

    private static func write(_ vote: Vote, _ expert: StaticString, _ json: inout JSONWriter) {
        json.beginObject(expert)
        json.value(vote.exponent, "exponent")
        json.value(vote.weight, "weight")
        json.value(vote.factor, "factor")
        json.endObject()
    }

    /// What was written, or would be, with this decision.
    private static func write(_ events: [ControlEvent], _ json: inout JSONWriter) {
        json.beginArray("controls")
        for event in events {
            json.beginObject()
            json.value(event.control.file, "file")
            json.value(event.value, "value")
            json.value(event.outcome.name, "outcome")
            if !event.reason.isEmpty { json.value(event.reason, "why") }
            if case .failed(let reason) = event.outcome { json.value(reason, "reason") }
            if case .foreign(let found) = event.outcome { json.value(found, "found") }
            json.endObject()
        }
        json.endArray()
    }

    /// All that is held now, also what was written with an earlier decision.
    private static func write(_ status: ControlStatus, _ json: inout JSONWriter) {
        if let group = status.group { json.value(group, "group") }
        json.value(name: status.by, "governedBy")
        json.beginArray("limits")
        for limit in status.limits {
            json.beginObject()
            json.value(limit.control.file, "file")
            json.value(limit.value, "value")
            json.value(limit.original, "original")
            json.endObject()
        }
        json.endArray()
        json.beginArray("missing")
        for control in status.missing { json.value(control.file) }
        json.endArray()
        json.value(name: status.feedback, "memoryFeedback")
        json.value(name: status.memoryHigh, "memoryHigh")
    }
}

/// The part of a decision that a workload acts on.
private struct Heeded: Equatable {
    let state: OperatingState
    let factor: Double
    let memoryCeilingBytes: UInt64
    let bitDepth: BitDepth
    let isApplicable: Bool
    let triggers: Triggers
    let mode: ControlMode
    let parameterVersion: UInt64

    init(_ decision: Decision, _ mode: ControlMode, _ parameterVersion: UInt64) {
        state = decision.state
        factor = decision.factor
        memoryCeilingBytes = decision.memoryCeilingBytes
        bitDepth = decision.bitDepth
        isApplicable = decision.isApplicable
        triggers = decision.triggers
        self.mode = mode
        self.parameterVersion = parameterVersion
    }
}
