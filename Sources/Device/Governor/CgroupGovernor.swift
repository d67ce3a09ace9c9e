// Makes a decision felt: writes the limits of one managed cgroup v2 group, and gives them back.
//
// Rules it keeps.
// - It touches three files of one group, never the root group, and none that it couldn't probe.
// - A file's value is in the journal before it is first changed; `restore` and the next start after
//   a crash put it back.
// - A value that is there already is not written again.
// - What somebody else wrote meanwhile is told, becomes the value to restore, and is then governed.
// - A decision that isn't applicable applies nothing new: the chamber has marked protective ones.
//   After some of them in a row the group gets its own values back, so that a lost sensor or a
//   chamber in doubt never holds a workload down for good.
// - In a dry run it reads, and says what it would write.
//
// What it is not: a judge. How much memory or CPU the group should have is the chamber's business;
// only one thing is held here, that a memory ceiling never lies below what the group can't give back.

import Bytes
import Model
import System

public struct GovernorConfiguration: Sendable {
    public var cgroupRoot: String
    /// The managed group below the root, e.g. "/workload.slice"; nil governs nothing.
    public var group: String?
    public var isDryRun: Bool
    /// A file in the run folder.
    public var journalPath: String
    /// All cores of the machine, of which a factor below 1.0 is a share.
    public var cpuCores: Int

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
}

public final class CgroupGovernor {
    private let configuration: GovernorConfiguration
    private let group: ManagedGroup?
    private var journal: Journal
    /// Decisions in a row that weren't to be applied.
    private var idleCycles = 0
    /// What the journal's file holds.
    private var saved: Journal?
    /// By control: it can be written.
    private var isUsable: [Bool] = [false, false, false]
    /// By control: what the file said after our last write.
    private var left: [String?] = [nil, nil, nil]

    /// Looks at the group; call `recover` before the first decision.
    public init(_ configuration: GovernorConfiguration) {
        self.configuration = configuration
        group = configuration.group.flatMap {
            ManagedGroup(root: configuration.cgroupRoot, path: $0)
        }
        journal = Journal(group: configuration.group ?? "")
        probe()
    }

    /// How far a decision reaches now.
    public var mode: ControlMode {
        guard group != nil else { return .apiOnly }
        if configuration.isDryRun { return .dryRun }
        let usable = isUsable.count { $0 }
        return usable == 0 ? .apiOnly : usable == isUsable.count ? .full : .partial
    }

    /// The controls that can't be written, for `doctor` and the log.
    public var missing: [Control] {
        Control.allCases.filter { !isUsable[Int($0.rawValue)] }
    }

    /// Puts back what an agent that crashed had changed. The group is the journal's, should the
    /// configuration name another one since.
    public func recover() -> [ControlEvent] {
        guard !configuration.isDryRun,
            let text = try? FileSystem.read(configuration.journalPath, limit: 4096)
        else { return [] }
        var events: [ControlEvent] = []
        if let found = Journal(text),
            let group = ManagedGroup(root: configuration.cgroupRoot, path: found.group)
        {
            for (control, value) in found.originals {
                // A group that is gone took its limits along.
                guard let current = try? group.read(control), !current.isSame(as: value) else {
                    continue
                }
                events.append(write(control, value, to: group, onSuccess: .restored))
            }
        }
        // What couldn't be given back is tried again at the next start.
        let hasFailed = events.contains {
            if case .failed = $0.outcome { return true }
            return false
        }
        if !hasFailed { try? FileSystem.remove(configuration.journalPath) }
        probe()
        return events
    }

    /// Decisions in a row that must not be applicable before the group is released.
    public static let releaseAfterCycles = 3

    /// Writes what the decision asks for and isn't there yet.
    public func apply(_ decision: Decision) -> [ControlEvent] {
        guard let group else { return [] }
        guard decision.isApplicable else {
            idleCycles += 1
            return idleCycles == Self.releaseAfterCycles ? restore() : []
        }
        idleCycles = 0
        // A workload that starts after the agent, or anew: its group appears late, or changed.
        if isUsable.contains(false) { probe() }
        let targets = Targets(
            decision, cpuCores: configuration.cpuCores, pageBytes: Machine.pageSizeBytes,
            unreclaimableBytes: group.unreclaimableBytes())
        var events: [ControlEvent] = []
        for control in Control.allCases where isUsable[Int(control.rawValue)] {
            let index = Int(control.rawValue)
            guard let current = try? group.read(control) else {
                isUsable[index] = false
                left[index] = nil
                continue
            }
            if let mine = left[index], !mine.isSame(as: current) {
                events.append(
                    ControlEvent(control: control, value: mine, outcome: .foreign(found: current)))
                journal[control] = current
                left[index] = nil
                _ = saveJournal()
            }
            // Below 1.0 the weight is the group's own again; an unknown ceiling changes nothing.
            let own = control == .cpuWeight ? journal[control] : nil
            guard let target = targets[control] ?? own, !target.isSame(as: current) else { continue }
            events.append(govern(control, target, from: current, group))
        }
        return events
    }

    /// Gives the group its own values back, as at the end of the agent. What somebody else wrote
    /// since our last write stays theirs.
    public func restore() -> [ControlEvent] {
        guard let group, !configuration.isDryRun else { return [] }
        var events: [ControlEvent] = []
        for (control, value) in journal.originals {
            let index = Int(control.rawValue)
            guard let mine = left[index], let current = try? group.read(control),
                current.isSame(as: mine), !current.isSame(as: value)
            else { continue }
            events.append(write(control, value, to: group, onSuccess: .restored))
            left[index] = nil
        }
        journal = Journal(group: journal.group)
        saved = nil
        try? FileSystem.remove(configuration.journalPath)
        return events
    }

    private func govern(
        _ control: Control, _ target: String, from current: String, _ group: ManagedGroup
    ) -> ControlEvent {
        if configuration.isDryRun {
            return ControlEvent(control: control, value: target, outcome: .wouldWrite)
        }
        let index = Int(control.rawValue)
        if journal[control] == nil { journal[control] = current }
        if let error = saveJournal() {
            return ControlEvent(
                control: control, value: target, outcome: .failed("journal: \(error.text)"))
        }
        let event = write(control, target, to: group, onSuccess: .written)
        if case .written = event.outcome {
            left[index] = (try? group.read(control)) ?? target
        } else {
            isUsable[index] = false
        }
        return event
    }

    /// Not durable: it only has to outlive the process (see Journal).
    private func saveJournal() -> Errno? {
        guard !configuration.isDryRun, saved != journal else { return nil }
        do throws(Errno) {
            try FileSystem.replace(
                configuration.journalPath, with: journal.text, mode: 0o600, durable: false)
            saved = journal
            return nil
        } catch {
            return error
        }
    }

    private func write(
        _ control: Control, _ value: String, to group: ManagedGroup,
        onSuccess outcome: ControlEvent.Outcome
    ) -> ControlEvent {
        do throws(Errno) {
            try group.write(control, value)
            return ControlEvent(control: control, value: value, outcome: outcome)
        } catch {
            return ControlEvent(control: control, value: value, outcome: .failed(error.text))
        }
    }

    private func probe() {
        guard let group else { return }
        for control in Control.allCases where !isUsable[Int(control.rawValue)] {
            isUsable[Int(control.rawValue)] =
                configuration.isDryRun
                ? (try? group.read(control)) != nil : group.probe(control)
        }
    }
}
