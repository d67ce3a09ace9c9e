// Rollouts inside a batch: steps, new pushes, operators' verbs.

import Model
import Rollout
import Store

/// A push as the operator's request has it, its envelope verified.
public struct PushRequest: Sendable {
    public var set: ParameterSet
    public var envelope: Envelope
    public var strategy: RolloutStrategy
    public var canary: Canary
    public var soakMs: Int64
    public var author: String
    public var message: String

    public init(
        set: ParameterSet, envelope: Envelope, strategy: RolloutStrategy, canary: Canary,
        soakMs: Int64, author: String, message: String
    ) {
        self.set = set
        self.envelope = envelope
        self.strategy = strategy
        self.canary = canary
        self.soakMs = soakMs
        self.author = author
        self.message = message
    }
}

extension Ledger {
    func observe(_ report: Report) throws(StoreFault) {
        // Ended ones too: who was away catches up, and a late refusal is worth knowing.
        for index in draft.rollouts.indices
        where draft.rollouts[index].isNews(
            report.device, version: report.parameterVersion, report.applyStatus)
        {
            try step(
                index,
                .observed(report.device, version: report.parameterVersion, report.applyStatus))
        }
    }

    func stepRollouts() throws(StoreFault) {
        for index in draft.rollouts.indices where draft.rollouts[index].phase == .running {
            try step(index, .tick)
        }
    }

    private func step(_ index: Int, _ event: RolloutEvent) throws(StoreFault) {
        let change = draft.rollouts[index].step(
            event, nowMs: nowMs, isHeard: isHeard, isLive: isLive)
        guard !change.isEmpty else { return }
        try store.save(draft.rollouts[index], change)
        if change.hasChanged || !change.released.isEmpty { draft.hasNewRollouts = true }
        draft.hasNewMembers = true
        draft.released.formUnion(change.released)
        if change.hasChanged, draft.rollouts[index].phase == .converged {
            // Those of the scope that were no members, or were away, may have it now.
            draft.released.formUnion(draft.rollouts[index].members.keys)
        }
    }

    /// For rollouts: who holds a slot, as this batch sees it.
    private var isLive: (DeviceID) -> Bool {
        let (view, touched, nowMs) = (registry.view, draft.devices, nowMs)
        return { id in
            // A device that reported in this very batch is as live as can be.
            touched[id]?.hasNewState == true
                || view.devices[id].map { view.holdsSlot($0, nowMs: nowMs) } ?? false
        }
    }

    /// Who has reported within the time after which they count as silent.
    private var isHeard: (DeviceID) -> Bool {
        let (view, touched, nowMs) = (registry.view, draft.devices, nowMs)
        return { touched[$0]?.hasNewState == true || view.isLive($0, nowMs: nowMs) }
    }

    /// A device was accepted: it joins the newest rollout that runs for it. (A push sees to it that open
    /// rollouts have no device in common; a device that comes later may fit two scopes.)
    func join(_ device: DeviceRecord) throws(StoreFault) {
        let newest = draft.rollouts.indices.filter {
            draft.rollouts[$0].phase.isOpen
                && draft.rollouts[$0].plan.scope.includes(device.id, labels: device.labels)
        }.max { draft.rollouts[$0].plan.version < draft.rollouts[$1].plan.version }
        if let newest { try step(newest, .joined(device.id)) }
    }

    public func push(_ request: PushRequest) throws -> RolloutID {
        let view = registry.view
        guard let next = view.nextVersion(after: draft.sets.keys) else {
            throw Problem(status: 422, code: "version", detail: "the versions are used up")
        }
        guard request.set.version == next else {
            throw Problem(
                status: 422, code: "version",
                detail: "the set has version \(request.set.version), the next one is \(next)",
                hint: "push again: fleet push numbers the set anew")
        }
        let targets = targets(of: request.set.scope, in: view)
        guard !targets.isEmpty else {
            throw Problem(
                status: 422, code: "no-devices", detail: "no accepted device is in the set's scope",
                hint: "look at: fleet devices list")
        }
        let isLive = isLive
        guard request.strategy == .all || targets.contains(where: isLive) else {
            throw Problem(
                status: 422, code: "no-live-devices",
                detail: "none of the \(targets.count) devices in the set's scope is live: there is no canary",
                hint: "look at: fleet devices list")
        }
        if let other = overlapping(request.set.scope, targets) {
            throw Problem(
                status: 409, code: "overlap",
                detail: "rollout \(other.plan.id.hex) of version \(other.plan.version) by "
                    + "\(other.plan.author), created at \(other.plan.createdMs) ms, is \(other.phase.name)",
                hint: "wait for it, or: fleet rollout abort \(other.plan.id.hex)")
        }
        let plan = RolloutPlan(
            id: .random(), version: request.set.version, scope: request.set.scope,
            strategy: request.strategy, canary: request.canary, soakMs: request.soakMs,
            author: request.author, message: request.message,
            createdMs: nowMs)
        let state = RolloutState(plan, targets: targets, isLive: isLive)
        let record = SetRecord(
            set: request.set, envelope: request.envelope, author: request.author,
            message: request.message, createdMs: nowMs)
        try store.add(record)
        try store.add(state)
        draft.sets[record.version] = record
        draft.rollouts.append(state)
        draft.hasNewRollouts = true
        return plan.id
    }

    public func apply(_ event: RolloutEvent, to id: RolloutID) throws {
        guard let index = draft.rollouts.firstIndex(where: { $0.plan.id == id }) else {
            throw Problem(
                status: 404, code: "rollout", detail: "no rollout \(id.hex)",
                hint: "look at: fleet rollout list")
        }
        let phase = draft.rollouts[index].phase
        let isPossible =
            switch event {
            case .pause, .promote: phase == .running
            case .resume: phase == .paused
            default: phase.isOpen
            }
        guard isPossible else {
            throw Problem(
                status: 409, code: "state", detail: "rollout \(id.hex) is \(phase.name)")
        }
        if case .promote = event, !draft.rollouts[index].canPromote {
            let counts = draft.rollouts[index].counts(isLive: isLive)
            throw Problem(
                status: 409, code: "unproven",
                detail: "the last wave must prove itself; \(counts.offline) members offline",
                hint: "look at: fleet rollout show \(id.hex)")
        }
        try step(index, event)
    }

    private func targets(of scope: Scope, in view: FleetView) -> [DeviceID] {
        var targets: [DeviceID] = []
        for (id, known) in view.devices where draft.devices[id] == nil {
            if known.record.status == .accepted, scope.includes(id, labels: known.record.labels) {
                targets.append(id)
            }
        }
        for (id, device) in draft.devices {
            if device.record.status == .accepted, scope.includes(id, labels: device.record.labels) {
                targets.append(id)
            }
        }
        return targets
    }

    private func overlapping(_ scope: Scope, _ targets: [DeviceID]) -> RolloutState? {
        draft.rollouts.first { rollout in
            rollout.phase.isOpen
                && (scope.isEveryDevice || rollout.plan.scope.isEveryDevice
                    || rollout.plan.scope == scope
                    || targets.contains { rollout.members[$0] != nil })
        }
    }
}
