// A rollout in JSON, as the operator API promises it.

import Bytes
import Ingest
import Model
import Rollout

extension JSONWriter {
    mutating func rollout(_ state: RolloutState, _ view: FleetView, hasDevices: Bool) {
        let plan = state.plan
        let nowMs = Clock.ledgerMs()
        beginObject()
        value(plan.id.hex, "id")
        value(plan.version, "version")
        value(plan.strategy.name, "strategy")
        value(state.phase.name, "state")
        value(plan.author, "author")
        value(plan.message, "message")
        value(Int(plan.createdMs), "createdMs")
        optional(state.finishedMs, "finishedMs")
        value(plan.canary.text, "canary")
        value(Double(plan.soakMs) / 1000, "soakS")
        scope(plan.scope)
        value(state.waveIndex, "wave")
        waves(state)
        let counts = state.counts { view.isLive($0, nowMs: nowMs) }
        beginObject("counts")
        value(counts.targets, "targets")
        value(counts.waiting, "waiting")
        value(counts.offered, "offered")
        value(counts.trial, "trial")
        value(counts.confirmed, "confirmed")
        value(counts.refused, "refused")
        value(counts.reverted, "reverted")
        value(counts.offline, "offline")
        endObject()
        if let convergence = state.convergence {
            beginObject("convergence")
            value(convergence.p50S, "p50S")
            value(convergence.p99S, "p99S")
            endObject()
        } else {
            null("convergence")
        }
        if let failure = state.failure { value(failure, "failure") } else { null("failure") }
        if hasDevices { members(state, view, nowMs) }
        endObject()
    }

    private mutating func waves(_ state: RolloutState) {
        var sizes = [Int](repeating: 0, count: state.waves.count)
        for member in state.members.values where sizes.indices.contains(member.wave) {
            sizes[member.wave] += 1
        }
        beginArray("waves")
        for (index, wave) in state.waves.enumerated() {
            beginObject()
            value(index, "index")
            value(sizes[index], "size")
            value(wave.stateName, "state")
            optional(wave.startedMs, "startedMs")
            optional(wave.finishedMs, "finishedMs")
            endObject()
        }
        endArray()
    }

    private mutating func members(_ state: RolloutState, _ view: FleetView, _ nowMs: Int64) {
        let order = state.members.keys.sorted {
            let (a, b) = (state.members[$0]?.wave ?? 0, state.members[$1]?.wave ?? 0)
            return a != b ? a < b : $0.hex < $1.hex
        }
        beginArray("devices")
        for id in order {
            guard let member = state.members[id] else { continue }
            beginObject()
            value(id.hex, "id")
            value(view.devices[id]?.record.hardware.model ?? "", "model")
            value(member.wave, "wave")
            value(member.phase.name, "phase")
            value(member.reason, "reason")
            optional(member.offeredMs, "offeredMs")
            optional(member.appliedMs, "appliedMs")
            optional(member.confirmedMs, "confirmedMs")
            value(view.isLive(id, nowMs: nowMs), "isLive")
            endObject()
        }
        endArray()
    }
}
