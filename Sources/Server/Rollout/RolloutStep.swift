// The rollout's steps: (state, event, now) → what changed. Pure.
//
// A wave is offered; when every live member has confirmed and at least one has, it soaks; when the soak
// is over it is done and the next one is offered. A refusal or a revert by any member, live or not,
// ends the rollout as failed at once: nothing more is offered. Members that are offline hold no slot:
// a wave doesn't wait for them, and they are offered the set when they come back. A wave, but for the
// canary, of which nobody was there to be offered anything is passed over. A wave whose members were
// offered the set and then fell silent is not: that is how a set that kills devices looks.

import Model

public enum RolloutEvent: Sendable {
    /// A device's report: the version it runs, and how the last one offered fares. It moves no wave:
    /// reports come by the thousand, and a tick after a batch of them looks at the waves once.
    case observed(DeviceID, version: UInt64, ApplyStatus)
    case tick
    /// A device that was accepted while the rollout runs.
    case joined(DeviceID)
    case pause
    case resume
    /// Ends the present wave's waiting and soak, and offers the next.
    case promote
    case abort(by: String)
}

/// What a step did, for its keeper to persist and act upon.
public struct RolloutChange: Equatable, Sendable {
    /// Members whose record changed.
    public var members: [DeviceID] = []
    /// Members that may have the set from now on.
    public var released: [DeviceID] = []
    /// The rollout's own record or a wave's changed.
    public var hasChanged = false

    public init() {}
    public var isEmpty: Bool { members.isEmpty && !hasChanged }
}

extension RolloutState {
    /// The last wave is never waved through: "converged" has to be true.
    public var canPromote: Bool {
        phase == .running && waves[waveIndex].startedMs != nil
            && (waveIndex + 1 < waves.count || waves[waveIndex].soakingSinceMs != nil)
    }

    public mutating func step(
        _ event: RolloutEvent, nowMs: Int64, isLive: (DeviceID) -> Bool
    ) -> RolloutChange {
        step(event, nowMs: nowMs, isHeard: isLive, isLive: isLive)
    }

    /// - Parameters:
    ///   - isLive: whom a wave waits for.
    ///   - isHeard: who has really been heard of lately. After a server's own absence
    ///     everybody gets the time to report, but who never does wasn't there to be offered anything.
    public mutating func step(
        _ event: RolloutEvent, nowMs: Int64, isHeard: (DeviceID) -> Bool,
        isLive: (DeviceID) -> Bool
    ) -> RolloutChange {
        var change = RolloutChange()
        switch event {
        case .observed(let device, let version, let status):
            observe(device, version, status, nowMs, &change)
            return change
        case .joined(let device):
            if phase.isOpen, members[device] == nil {
                members[device] = Member(wave: waves.count - 1)
                change.members.append(device)
                // Of a wave that has started, it may have the set from its first report on.
                if isReleased(device) { change.released.append(device) }
            }
        case .pause:
            if phase == .running { set(.paused, &change) }
        case .resume:
            if phase == .paused {
                set(.running, &change)
                // Those released before the pause are due again.
                change.released = members.keys.filter { isReleased($0) }
            }
        case .promote:
            if canPromote { finishWave(nowMs, &change) }
        case .abort(let who):
            if phase.isOpen {
                failure = "aborted by \(who)"
                finish(.aborted, nowMs, &change)
            }
        case .tick: break
        }
        advance(nowMs, isHeard, isLive, &change)
        return change
    }

    /// Whether a report tells this rollout something, running or ended: asked of every rollout for every
    /// report, so it changes nothing and looks at one member.
    public func isNews(_ device: DeviceID, version: UInt64, _ status: ApplyStatus) -> Bool {
        newPhase(of: device, version, status) != nil
    }

    private func newPhase(
        of device: DeviceID, _ version: UInt64, _ status: ApplyStatus
    ) -> MemberPhase? {
        guard let member = members[device], member.phase != .refused, member.phase != .reverted,
            let phase = phase(version, status), phase != member.phase
        else { return nil }
        // A late report of the trial doesn't undo a confirmation.
        return member.phase == .confirmed && phase == .trial ? nil : phase
    }

    private mutating func observe(
        _ device: DeviceID, _ version: UInt64, _ status: ApplyStatus, _ nowMs: Int64,
        _ change: inout RolloutChange
    ) {
        guard var member = members[device], let phase = newPhase(of: device, version, status)
        else { return }
        member.phase = phase
        switch phase {
        case .trial: member.appliedMs = member.appliedMs ?? nowMs
        case .confirmed:
            member.appliedMs = member.appliedMs ?? nowMs
            member.confirmedMs = nowMs
        case .refused, .reverted: member.reason = status.reason
        case .waiting, .offered: break
        }
        members[device] = member
        change.members.append(device)
        if self.phase.isOpen, phase == .refused || phase == .reverted {
            let reason = status.reason.isEmpty ? "no reason given" : status.reason
            failure = "device \(device.hex) \(phase.name) version \(plan.version): \(reason)"
            finish(.failed, nowMs, &change)
        }
    }

    /// What a report says of this rollout's version; nil: nothing.
    private func phase(_ version: UInt64, _ status: ApplyStatus) -> MemberPhase? {
        if status.version == plan.version {
            switch status.phase {
            case .trial: return .trial
            case .confirmed: return .confirmed
            case .refused: return .refused
            case .reverted: return .reverted
            case .none: break
            }
        }
        // A newer set says nothing of one that failed or was called off; and on trial nothing of any.
        guard phase.isOpen || phase == .converged, !(status.phase == .trial && status.version == version)
        else { return nil }
        // After a restart an agent may have nothing to say but what it runs; only a set that proved
        // itself outlives a restart. A newer one stands on this one.
        // What lies beyond the limit is no version.
        return version >= plan.version && version < ParameterSet.versionLimit ? .confirmed : nil
    }

    private mutating func advance(
        _ nowMs: Int64, _ isHeard: (DeviceID) -> Bool, _ isLive: (DeviceID) -> Bool, _ change: inout RolloutChange
    ) {
        // Each turn finishes a wave: bounded by their number.
        while phase == .running {
            if waves[waveIndex].startedMs == nil { start(nowMs, &change) }
            offer(nowMs, isHeard, &change)
            let proof = proof(of: waveIndex, isLive)
            if proof == .nobodyThere {
                finishWave(nowMs, &change)
                continue
            }
            guard proof == .confirmed else {
                // A member came back unconfirmed during the soak: the soak starts over.
                if waves[waveIndex].soakingSinceMs != nil {
                    waves[waveIndex].soakingSinceMs = nil
                    change.hasChanged = true
                }
                return
            }
            if waves[waveIndex].soakingSinceMs == nil {
                waves[waveIndex].soakingSinceMs = nowMs
                change.hasChanged = true
            }
            let soakMs = plan.strategy == .all ? 0 : plan.soakMs
            guard nowMs - (waves[waveIndex].soakingSinceMs ?? nowMs) >= soakMs else { return }
            finishWave(nowMs, &change)
        }
    }

    private enum Proof {
        case none
        /// Every live member of the waves up to this one confirmed, and at least one of this wave.
        case confirmed
        /// The same of the waves before, and of this one nobody has been there since it started.
        case nobodyThere
    }

    private func proof(of index: Int, _ isLive: (DeviceID) -> Bool) -> Proof {
        var (isConfirmed, isConfirmedBefore, isOffered) = (false, false, false)
        for (device, member) in members where member.wave <= index {
            if member.phase == .confirmed {
                if member.wave == index { isConfirmed = true } else { isConfirmedBefore = true }
            } else if isLive(device) {
                return .none
            } else if member.wave == index, member.phase != .waiting {
                isOffered = true
            }
        }
        if isConfirmed { return .confirmed }
        return isConfirmedBefore && !isOffered ? .nobodyThere : .none
    }

    private mutating func start(_ nowMs: Int64, _ change: inout RolloutChange) {
        waves[waveIndex].startedMs = nowMs
        change.hasChanged = true
        // Whoever's report comes from now on may have it.
        for (device, member) in members where member.wave == waveIndex && member.phase == .waiting {
            change.released.append(device)
        }
    }

    /// Members of waves that have started, as soon as they are there.
    private mutating func offer(
        _ nowMs: Int64, _ isHeard: (DeviceID) -> Bool, _ change: inout RolloutChange
    ) {
        for (device, member) in members
        where member.phase == .waiting && member.wave <= waveIndex && isHeard(device) {
            members[device]?.phase = .offered
            members[device]?.offeredMs = nowMs
            change.members.append(device)
        }
    }

    private mutating func finishWave(_ nowMs: Int64, _ change: inout RolloutChange) {
        waves[waveIndex].finishedMs = nowMs
        change.hasChanged = true
        if waveIndex + 1 < waves.count {
            waveIndex += 1
            start(nowMs, &change)
        } else {
            finish(.converged, nowMs, &change)
        }
    }

    private mutating func finish(
        _ phase: RolloutPhase, _ nowMs: Int64, _ change: inout RolloutChange
    ) {
        finishedMs = nowMs
        set(phase, &change)
    }

    private mutating func set(_ phase: RolloutPhase, _ change: inout RolloutChange) {
        self.phase = phase
        change.hasChanged = true
    }
}
