// How a rollout stands: its waves, its members, its figures.

import Model

public enum RolloutPhase: UInt8, Sendable {
    case running = 1
    case paused
    case converged
    case failed
    case aborted

    public var name: String {
        switch self {
        case .running: "running"
        case .paused: "paused"
        case .converged: "converged"
        case .failed: "failed"
        case .aborted: "aborted"
        }
    }

    public var isOpen: Bool { self == .running || self == .paused }
    public static let all: [RolloutPhase] = [.running, .paused, .converged, .failed, .aborted]
}

public enum MemberPhase: UInt8, Sendable {
    case waiting = 1
    case offered
    case trial
    case confirmed
    case refused
    case reverted

    public var name: String {
        switch self {
        case .waiting: "waiting"
        case .offered: "offered"
        case .trial: "trial"
        case .confirmed: "confirmed"
        case .refused: "refused"
        case .reverted: "reverted"
        }
    }
}

public struct Member: Equatable, Sendable {
    public var wave: Int
    public var phase: MemberPhase = .waiting
    /// The device's own words on a refusal or revert.
    public var reason = ""
    public var offeredMs: Int64?
    /// When its first report under the new set arrived.
    public var appliedMs: Int64?
    public var confirmedMs: Int64?

    public init(wave: Int) { self.wave = wave }
}

public struct Wave: Equatable, Sendable {
    public var startedMs: Int64?
    /// Every live member confirmed: since then the wave soaks.
    public var soakingSinceMs: Int64?
    public var finishedMs: Int64?

    public init(startedMs: Int64? = nil, soakingSinceMs: Int64? = nil, finishedMs: Int64? = nil) {
        self.startedMs = startedMs
        self.soakingSinceMs = soakingSinceMs
        self.finishedMs = finishedMs
    }

    public var stateName: String {
        if finishedMs != nil { return "done" }
        if soakingSinceMs != nil { return "soaking" }
        return startedMs == nil ? "waiting" : "offered"
    }
}

public struct RolloutState: Equatable, Sendable {
    public let plan: RolloutPlan
    public var phase: RolloutPhase
    /// The wave being worked on; on a finished rollout, the last one that was started.
    public var waveIndex: Int
    public var waves: [Wave]
    public var members: [DeviceID: Member]
    public var failure: String?
    public var finishedMs: Int64?

    /// As it is restored from a database.
    public init(
        plan: RolloutPlan, phase: RolloutPhase, waveIndex: Int, waves: [Wave],
        members: [DeviceID: Member], failure: String?, finishedMs: Int64?
    ) {
        self.plan = plan
        self.phase = phase
        self.waveIndex = waveIndex
        self.waves = waves
        self.members = members
        self.failure = failure
        self.finishedMs = finishedMs
    }

    /// A new one. Live devices fill the waves in the order of their digests; those offline now follow in
    /// waves of their own, which grow no faster: they hold nobody's slot, no canary is silent from the
    /// start, and should they all come back at once, it isn't everyone at once that gets the set.
    public init(_ plan: RolloutPlan, targets: [DeviceID], isLive: (DeviceID) -> Bool) {
        var ordered = plan.order(targets)
        var sizes: [Int]
        if plan.strategy == .golden {
            let live = ordered.filter(isLive)
            ordered = live + ordered.filter { !isLive($0) }
            sizes = plan.waveSizes(of: live.isEmpty ? ordered.count : live.count)
            sizes += plan.waveSizes(
                of: ordered.count - sizes.reduce(0, +), after: sizes.last ?? 1)
        } else {
            sizes = [ordered.count]
        }
        var members: [DeviceID: Member] = [:]
        var next = ordered.startIndex
        for (index, size) in sizes.enumerated() {
            for device in ordered[next..<next + size] { members[device] = Member(wave: index) }
            next += size
        }
        self.init(
            plan: plan, phase: .running, waveIndex: 0, waves: sizes.map { _ in Wave() },
            members: members, failure: nil, finishedMs: nil)
    }

    /// After a restart with a clock that stands behind the one before: a soak that would begin in the
    /// future begins now.
    public mutating func hold(to nowMs: Int64) {
        for index in waves.indices {
            waves[index].soakingSinceMs = waves[index].soakingSinceMs.map { min($0, nowMs) }
        }
    }

    public func waveSize(_ index: Int) -> Int {
        members.values.reduce(0) { $0 + ($1.wave == index ? 1 : 0) }
    }

    /// The set may be handed to this device. One that still waits though its wave has started was away
    /// then: it is offered the set when it comes back.
    public func isReleased(_ device: DeviceID) -> Bool {
        guard phase == .running, let member = members[device] else { return false }
        switch member.phase {
        case .offered, .trial, .confirmed: return true
        case .waiting:
            return waves.indices.contains(member.wave) && waves[member.wave].startedMs != nil
        case .refused, .reverted: return false
        }
    }
}

/// How many members are where. A member that isn't live is counted as offline and nowhere else, unless
/// its part is over: so the figures add up to the targets.
public struct RolloutCounts: Equatable, Sendable {
    public var targets = 0
    public var waiting = 0
    public var offered = 0
    public var trial = 0
    public var confirmed = 0
    public var refused = 0
    public var reverted = 0
    public var offline = 0
}

extension RolloutState {
    public func counts(isLive: (DeviceID) -> Bool) -> RolloutCounts {
        var counts = RolloutCounts()
        for (device, member) in members {
            counts.targets += 1
            switch member.phase {
            case .confirmed: counts.confirmed += 1
            case .refused: counts.refused += 1
            case .reverted: counts.reverted += 1
            case .waiting, .offered, .trial:
                if !isLive(device) {
                    counts.offline += 1
                } else if member.phase == .waiting {
                    counts.waiting += 1
                } else if member.phase == .offered {
                    counts.offered += 1
                } else {
                    counts.trial += 1
                }
            }
        }
        return counts
    }

    /// Seconds from the push until devices ran the set, nearest-rank p50 and p99; nil before the first.
    /// Who caught up after the rollout's end isn't counted: the figure would grow for ever.
    public var convergence: (p50S: Double, p99S: Double)? {
        let end = finishedMs ?? .max
        let seconds = members.values.compactMap(\.appliedMs).filter { $0 <= end }.sorted().map {
            Double($0 - plan.createdMs) / 1000
        }
        guard !seconds.isEmpty else { return nil }
        return (Self.nearestRank(seconds, 0.5), Self.nearestRank(seconds, 0.99))
    }

    static func nearestRank(_ sorted: [Double], _ share: Double) -> Double {
        sorted[max(0, min(sorted.count - 1, Int((share * Double(sorted.count)).rounded(.up)) - 1))]
    }
}
