// Parameter sets and rollouts: enough for a rollout to go on where a killed server left it.

import Bytes
import Model
import Rollout
import Wire

/// A set as it was pushed: the signed envelope, and who pushed it why.
public struct SetRecord: Sendable {
    public let version: UInt64
    public let set: ParameterSet
    public let envelope: Envelope
    public let author: String
    public let message: String
    public let createdMs: Int64

    public init(
        set: ParameterSet, envelope: Envelope, author: String, message: String, createdMs: Int64
    ) {
        version = set.version
        self.set = set
        self.envelope = envelope
        self.author = author
        self.message = message
        self.createdMs = createdMs
    }
}

extension FleetStore {
    public func add(_ record: SetRecord) throws(StoreFault) {
        try database.run(
            "INSERT INTO parameter_sets VALUES (?, ?, ?, ?, ?)",
            [
                .integer(record.version), .blob(record.envelope.encoded()), .text(record.author),
                .text(record.message), .integer(record.createdMs),
            ])
    }

    public func sets() throws(StoreFault) -> [SetRecord] {
        try database.query("SELECT * FROM parameter_sets ORDER BY version") { row throws(StoreFault) in
            guard let envelope = try? Envelope(decoding: row.blob(1)),
                let set = try? ParameterSet(decoding: envelope.payload)
            else { throw .corrupt("parameter set \(row.unsigned(0))") }
            return SetRecord(
                set: set, envelope: envelope, author: row.text(2), message: row.text(3),
                createdMs: row.integer(4))
        }
    }

    public func add(_ state: RolloutState) throws(StoreFault) {
        let plan = state.plan
        try database.run(
            "INSERT INTO rollouts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                .integer(plan.id.value), .integer(plan.version),
                .integer(Int64(plan.strategy.rawValue)), .text(plan.canary.text),
                .integer(plan.soakMs), .text(plan.author),
                .text(plan.message), .integer(plan.createdMs),
                .integer(Int64(state.phase.rawValue)), .integer(state.waveIndex),
                .optional(state.failure), .optional(state.finishedMs),
            ])
        try saveWaves(state)
        for device in state.members.keys { try saveMember(state, device) }
    }

    /// Writes what a step changed.
    public func save(_ state: RolloutState, _ change: RolloutChange) throws(StoreFault) {
        if change.hasChanged {
            try database.run(
                "UPDATE rollouts SET phase = ?, wave = ?, failure = ?, finished_ms = ? WHERE id = ?",
                [
                    .integer(Int64(state.phase.rawValue)), .integer(state.waveIndex),
                    .optional(state.failure), .optional(state.finishedMs),
                    .integer(state.plan.id.value),
                ])
            try saveWaves(state)
        }
        for device in change.members { try saveMember(state, device) }
    }

    private func saveWaves(_ state: RolloutState) throws(StoreFault) {
        for (index, wave) in state.waves.enumerated() {
            try database.run(
                "INSERT OR REPLACE INTO rollout_waves VALUES (?, ?, ?, ?, ?)",
                [
                    .integer(state.plan.id.value), .integer(index), .optional(wave.startedMs),
                    .optional(wave.soakingSinceMs), .optional(wave.finishedMs),
                ])
        }
    }

    private func saveMember(_ state: RolloutState, _ device: DeviceID) throws(StoreFault) {
        guard let member = state.members[device] else { return }
        try database.run(
            "INSERT OR REPLACE INTO rollout_members VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                .integer(state.plan.id.value), .blob(device.bytes), .integer(member.wave),
                .integer(Int64(member.phase.rawValue)), .text(member.reason),
                .optional(member.offeredMs), .optional(member.appliedMs),
                .optional(member.confirmedMs),
            ])
    }

    /// All rollouts, oldest first.
    /// - Parameter scope: of a version's set.
    public func rollouts(
        scope: (UInt64) -> Scope?
    ) throws(StoreFault) -> [RolloutState] {
        let rows = try database.query("SELECT * FROM rollouts ORDER BY version") {
            row throws(StoreFault) in
            guard let strategy = RolloutStrategy(rawValue: UInt8(clamping: row.integer(2))),
                let canary = Canary(row.text(3)), let scope = scope(row.unsigned(1)),
                let phase = RolloutPhase(rawValue: UInt8(clamping: row.integer(8)))
            else { throw .corrupt("rollout") }
            let plan = RolloutPlan(
                id: RolloutID(value: row.unsigned(0)), version: row.unsigned(1), scope: scope,
                strategy: strategy, canary: canary, soakMs: row.integer(4),
                author: row.text(5), message: row.text(6), createdMs: row.integer(7))
            return RolloutState(
                plan: plan, phase: phase, waveIndex: row.int(9), waves: [], members: [:],
                failure: row.optionalText(10), finishedMs: row.optionalInteger(11))
        }
        var states: [RolloutState] = []
        for var state in rows {
            state.waves = try waves(state.plan.id)
            state.members = try members(state.plan.id)
            guard state.waves.indices.contains(state.waveIndex) else { throw .corrupt("rollout's waves") }
            states.append(state)
        }
        return states
    }

    private func waves(_ id: RolloutID) throws(StoreFault) -> [Wave] {
        try database.query(
            "SELECT * FROM rollout_waves WHERE rollout = ? ORDER BY wave", [.integer(id.value)]
        ) {
            Wave(
                startedMs: $0.optionalInteger(2), soakingSinceMs: $0.optionalInteger(3),
                finishedMs: $0.optionalInteger(4))
        }
    }

    private func members(_ id: RolloutID) throws(StoreFault) -> [DeviceID: Member] {
        let rows = try database.query(
            "SELECT * FROM rollout_members WHERE rollout = ?", [.integer(id.value)]
        ) { row throws(StoreFault) in
            guard let device = DeviceID(row.blob(1)),
                let phase = MemberPhase(rawValue: UInt8(clamping: row.integer(3)))
            else { throw .corrupt("rollout member") }
            var member = Member(wave: row.int(2))
            member.phase = phase
            member.reason = row.text(4)
            member.offeredMs = row.optionalInteger(5)
            member.appliedMs = row.optionalInteger(6)
            member.confirmedMs = row.optionalInteger(7)
            return (device, member)
        }
        return Dictionary(rows) { first, _ in first }
    }
}
