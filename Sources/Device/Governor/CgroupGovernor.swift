// Makes a decision felt: writes the limits of one managed cgroup v2 group and the CPUs' frequency cap,
// and gives them back.
//
// Rules it keeps, beside ControlBook's.
// - It touches four files of one group, never the root group, and none that it couldn't probe; and the
//   caps of the CPU policies where they are its to write.
// - `restore` and the next start after a crash put back what was there.
// - A decision that isn't applicable applies nothing new: the chamber has marked protective ones.
//   After some of them in a row the group gets its own values back, so that a lost sensor or a
//   chamber in doubt never holds a workload down for good.
//
// What it is not: a judge. How much memory or CPU the group should have is the chamber's business; how
// a factor is shared between frequency and core time, and how memory.high feels its way, are the laws of
// module Actuation.

import Actuation
import Bytes
import Model
import System

/// By whom the limits are written (see Hands).
public enum GovernBy: UInt8, Sendable {
    /// The helper where its socket is there; else systemd for a unit's group where the agent is root;
    /// else the files.
    case automatic = 0
    case files
    case systemd
    case helper
}

public struct GovernorConfiguration: Sendable {
    public var cgroupRoot: String
    /// The managed group below the root, e.g. "/workload.slice"; nil governs nothing.
    public var group: String?
    public var isDryRun: Bool
    public var journalPath: String
    /// All cores of the machine, of which a factor below 1.0 is a share.
    public var cpuCores: Int
    /// The machine's memory, by which the reserve is measured; 0 where it isn't known.
    public var memoryBytes: UInt64 = 0
    /// Where the CPU policies are.
    public var sysfsRoot = "/sys"
    /// Where the machine's free swap stands.
    public var procfsRoot = "/proc"
    /// Cap the CPUs' frequency, too. It slows the whole machine, so it has to be asked for.
    public var scalesFrequency = false
    public var by = GovernBy.automatic
    /// The group is ours alone, in a delegated tree: systemd is not asked.
    public var isOwnGroup = false
    public var helperSocket = "/run/phi-helper/socket"
    /// Searched in PATH.
    public var systemctl = "systemctl"
    /// There where systemd runs the machine. https://www.freedesktop.org/software/systemd/man/latest/sd_booted.html
    public var systemdFolder = "/run/systemd/system"

    public init(
        cgroupRoot: String = "/sys/fs/cgroup", group: String?, isDryRun: Bool = false,
        journalPath: String, cpuCores: Int
    ) {
        self.cgroupRoot = cgroupRoot
        self.group = group
        self.isDryRun = isDryRun
        self.journalPath = journalPath
        self.cpuCores = cpuCores
    }

    func hands(for group: ManagedGroup) -> Hands {
        switch by {
        case .files: return .files
        case .helper: return .helper(HelperLink(path: helperSocket))
        case .systemd:
            // A group that is no unit has no properties: the probe fails, and the mode tells.
            return .systemd(SystemdUnit(name: group.unit ?? group.path, program: systemctl))
        case .automatic:
            if FileSystem.exists(helperSocket), !isOwnGroup {
                return .helper(HelperLink(path: helperSocket))
            }
            if let unit = group.unit, !isOwnGroup, Process.user == 0, FileSystem.exists(systemdFolder),
                SystemdUnit.isInstalled(systemctl)
            {
                return .systemd(SystemdUnit(name: unit, program: systemctl))
            }
            return .files
        }
    }
}

public final class CgroupGovernor {
    private let configuration: GovernorConfiguration
    private let group: ManagedGroup?
    private var book: ControlBook?
    private let brake: MemoryBrake?
    private var split = WorkSplit()
    /// Decisions in a row that weren't to be applied.
    private var idleCycles = 0
    private var lookedMs: Int64 = 0

    /// Looks at the group; call `recover` before the first decision.
    public init(_ configuration: GovernorConfiguration) {
        self.configuration = configuration
        group = configuration.group.flatMap {
            ManagedGroup(root: configuration.cgroupRoot, path: $0)
        }
        guard let group else {
            brake = nil
            return
        }
        let hands = configuration.hands(for: group)
        brake = MemoryBrake(
            group, procfsRoot: configuration.procfsRoot, memoryBytes: configuration.memoryBytes,
            isDear: hands.isDear)
        book = Self.book(configuration, group, hands)
    }

    private static func book(
        _ configuration: GovernorConfiguration, _ group: ManagedGroup, _ hands: Hands
    ) -> ControlBook {
        var journalPath: String? = configuration.journalPath
        // The helper keeps its own, and restores by it when we are gone.
        if case .helper = hands { journalPath = nil }
        let frequency = CPUFrequency(sysfsRoot: configuration.sysfsRoot)
        return ControlBook(
            files: ControlFiles(
                group: group, frequency: configuration.scalesFrequency ? frequency : nil),
            hands: hands, journalPath: journalPath, isDryRun: configuration.isDryRun)
    }

    public var journalDesk: JournalDesk? {
        get { book?.journalDesk }
        set { book?.journalDesk = newValue }
    }

    /// How far a decision reaches now.
    public var mode: ControlMode {
        guard let book else { return .apiOnly }
        if configuration.isDryRun { return .dryRun }
        let usable = book.usableCount
        return usable == 0 ? .apiOnly : book.missing.isEmpty ? .full : .partial
    }

    /// The controls that can't be written, for `doctor` and the log.
    public var missing: [Control] { book?.missing ?? Control.ofGroup }

    /// Whether a factor below 1 is met by frequency: an input of the chamber, which forecasts by it.
    public var scalesFrequency: Bool { !frequencySteps.isEmpty && !configuration.isDryRun }

    /// What is in force, and by whom.
    public var status: ControlStatus {
        ControlStatus(
            mode: mode, group: group?.path, by: book?.hands.name ?? "nobody",
            limits: book?.limits ?? [], missing: missing, feedback: brake?.source.name ?? "none",
            memoryHigh: brake.map { $0.law.limitBytes == nil ? "open" : "held" } ?? "open")
    }

    /// Puts back what an agent that crashed had changed. The group is the journal's, should the
    /// configuration name another one since.
    public func recover() -> [ControlEvent] {
        guard !configuration.isDryRun else { return [] }
        let configuration = configuration
        let events = Journal.recover(path: configuration.journalPath) { journal in
            guard let group = ManagedGroup(root: configuration.cgroupRoot, path: journal.group) else {
                return nil
            }
            var hands = configuration.hands(for: group)
            // A journal of ours was written by an agent that used no helper.
            if case .helper = hands { hands = .files }
            let frequency = CPUFrequency(sysfsRoot: configuration.sysfsRoot)
            return (ControlFiles(group: group, frequency: frequency), hands)
        }
        book?.probe()
        return events
    }

    /// Decisions in a row that must not be applicable before the group is released.
    public static let releaseAfterCycles = 3

    /// Writes what the decision asks for and isn't there yet.
    /// - Parameter intervalMs: between two decisions; a frequency is mixed of two steps in short ones.
    public func apply(
        _ decision: Decision, intervalMs: Int64 = 1_000, nowMs: Int64 = Clock.boottimeMs
    ) -> [ControlEvent] {
        guard book != nil else { return [] }
        guard decision.isApplicable else {
            idleCycles += 1
            return idleCycles == Self.releaseAfterCycles ? restore() : []
        }
        idleCycles = 0
        // A workload that starts after the agent, or anew: its group appears late, or changed.
        if book?.missing.isEmpty == false { book?.probe() }
        let targets = Targets(
            decision, cpuCores: configuration.cpuCores, steps: frequencySteps,
            intervalS: Double(intervalMs) / 1000, split: &split)
        var wishes: [(control: Control, wish: Wish, reason: String)] = [
            (.cpuMax, .value(targets.cpuMax), targets.reason),
            (.cpuWeight, targets.cpuWeight, targets.reason),
        ]
        for policy in book?.files.frequency?.policies ?? [] where !frequencySteps.isEmpty {
            let cap = targets.frequencyKHz.map { step in
                policy.stepsKHz == frequencySteps ? step : policy.step(worth: targets.frequencyShare)
            }
            wishes.append(
                (.frequencyCap(policy: policy.number), cap.map { .value("\($0)") } ?? .own, targets.reason))
        }
        var events: [ControlEvent] = []
        if let wanted = targets.memoryMaxBytes, let brake {
            let bounds = brake.bounds()
            var move: SenpaiLaw.Move?
            let canBrake =
                book?.isUsable(.memoryMax) == true && book?.isUsable(.memoryHigh) == true
            if canBrake {
                move = brake.step(nowMs: nowMs, wantedBytes: wanted, bounds)
                lookedMs = nowMs
            }
            let memoryMax = move == nil
                ? bounds.memoryMax(wanted, highBytes: nil) : brake.memoryMax(wanted, bounds)
            wishes.insert(Self.memoryMax(memoryMax, wanted: wanted), at: 0)
            // Without feedback no limit of ours may stay.
            if canBrake {
                wishes.insert(
                    move.map { memoryHigh($0) } ?? (.memoryHigh, .own, "no feedback"), at: 1)
            }
        }
        let isRoutine = brake?.law.lastMove == .probed
        events = book?.write(wishes) ?? []
        if isRoutine {
            for index in events.indices where events[index].control == .memoryHigh {
                events[index].isRoutine = events[index].outcome == .written
            }
        }
        return events
    }

    /// When `look` is wanted next, monotonic ms; nil while decisions are enough.
    public var nextLookMs: Int64? {
        guard !configuration.isDryRun, let pause = brake?.law.nextLookMs else { return nil }
        return lookedMs + pause
    }

    /// Between two decisions: lets memory.high go at once when the group's tasks wait for memory, and
    /// memory.max follow what the group can't give back.
    public func look(nowMs: Int64 = Clock.boottimeMs) -> [ControlEvent] {
        guard let due = nextLookMs, nowMs >= due || nowMs < lookedMs else { return [] }
        lookedMs = nowMs
        guard let brake, let (move, memoryMax) = brake.look(nowMs: nowMs) else { return [] }
        // Apart: what they ask the book must not happen while the book is written.
        var wishes = [memoryHigh(move)]
        // Up at once; down with the next decision.
        let now = book?.limits.first { $0.control == .memoryMax }.flatMap { Text.integer($0.value) }
        if let now, now > 0, UInt64(now) < memoryMax { wishes.insert(Self.memoryMax(memoryMax, wanted: 0), at: 0) }
        return book?.write(wishes, isRoutine: move == .probed) ?? []
    }

    /// Gives the group its own values back, as at the end of the agent. What somebody else wrote
    /// since our last write stays theirs.
    public func restore() -> [ControlEvent] {
        brake?.reset()
        return book?.restore() ?? []
    }

    private static func memoryMax(
        _ bytes: UInt64, wanted: UInt64
    ) -> (control: Control, wish: Wish, reason: String) {
        let value = MemoryBounds.text(bytes, pageBytes: Machine.pageSizeBytes)
        let reason = bytes > wanted ? "what the group can't give back" : "the decision's ceiling"
        return (.memoryMax, .value(value), reason)
    }

    private func memoryHigh(
        _ move: SenpaiLaw.Move
    ) -> (control: Control, wish: Wish, reason: String) {
        guard let limit = brake?.highBytes else { return (.memoryHigh, .own, "\(move.text)") }
        // A limit that the group's owner has set is never raised.
        if let own = book?.own(.memoryHigh).flatMap({ Text.integer($0) }), UInt64(max(0, own)) <= limit {
            return (.memoryHigh, .own, "\(move.text)")
        }
        let value = MemoryBounds.text(limit, pageBytes: Machine.pageSizeBytes)
        return (.memoryHigh, .value(value), "\(move.text)")
    }

    /// Of the policy with the most steps; empty where not every policy can be capped.
    private var frequencySteps: [Int64] {
        guard let book, let policies = book.files.frequency?.policies,
            policies.allSatisfy({ book.isUsable(.frequencyCap(policy: $0.number)) })
        else { return [] }
        return policies.max { $0.stepsKHz.count < $1.stepsKHz.count }?.stepsKHz ?? []
    }
}

/// What the governor holds at a moment, for decision.json, `status` and `doctor`.
public struct ControlStatus: Sendable {
    public var mode: ControlMode
    public var group: String?
    /// "files", "systemd", "helper", "nobody".
    public var by: StaticString
    public var limits: [LimitInForce]
    public var missing: [Control]
    /// What memory.high is governed by: "memory.pressure", "memory.events", "none".
    public var feedback: StaticString
    /// "open" or "held".
    public var memoryHigh: StaticString

    /// For the report; nil where nothing is governed.
    public var summary: ControlSummary? {
        guard group != nil || !limits.isEmpty else { return nil }
        var summary = ControlSummary()
        summary.group = group ?? ""
        summary.by = "\(by)"
        summary.missing = missing.map { $0.file }
        summary.limits = limits.map {
            ControlSummary.Limit(file: $0.control.file, value: $0.value, original: $0.original)
        }
        return summary
    }
}
