// A subtree of our own, for `phi-agent run -- COMMAND`: the group that the service manager gave us is
// divided into two leaves, `agent` for ourselves and `workload` for the command.
//
//     …/phi-job.service            given to us (Delegate=yes), its controllers handed on to the leaves
//     …/phi-job.service/agent      this process
//     …/phi-job.service/workload   COMMAND, governed
//
// cgroup v2 wants processes in leaves only, so we have to move before controllers can be handed on:
// https://docs.kernel.org/admin-guide/cgroup-v2.html#no-internal-process-constraint
// Delegation: https://systemd.io/CGROUP_DELEGATION
//
// Where nobody delegates anything and there is no systemd either (a small image, a container), a root
// agent in the root group makes `/phi-workload` beside itself.

import Bytes
import System

public struct Delegation: Sendable {
    /// Below the cgroup root: the workload's group.
    public let group: String
    /// Its folder.
    public let folder: String
    /// Controllers that couldn't be handed on; the group then lacks their files.
    public let lacking: [String]
    /// What to do about it.
    public let hintOfLack: String
    private let ownFolder: String?
    private let agentFolder: String?

    public struct Fault: Error, Equatable, Sendable {
        public let text: String
        public let hint: String
    }

    static let controllers = ["memory", "cpu"]
    static let hintOfKernel =
        "where the kernel has the memory controller off, append cgroup_enable=memory to /boot/firmware/cmdline.txt"
    public static let hint =
        "run it as a service with Delegate=yes, or: systemd-run --scope -p Delegate=yes phi-agent run -- COMMAND"

    /// Divides the group that this process is in.
    public init(
        cgroupRoot: String, procfsRoot: String, systemdFolder: String = "/run/systemd/system"
    ) throws(Fault) {
        guard let own = Self.ownGroup(procfsRoot: procfsRoot) else {
            throw Fault(
                text: "this process is in no cgroup v2 group",
                hint: "boot with systemd.unified_cgroup_hierarchy=1, or name the tree with --cgroup-root")
        }
        guard FileSystem.exists("\(cgroupRoot)/cgroup.procs") else {
            throw Fault(
                text: "\(cgroupRoot) is no cgroup v2 tree",
                hint: "mount -t cgroup2 none /sys/fs/cgroup, or name the tree with --cgroup-root")
        }
        var base = own
        // Put there already, by DelegateSubgroup=agent or an agent before us.
        if Text.equal(base.suffix(6), "/agent") { base = base.dropLast(6) }
        let isRoot = base.isEmpty || Text.equal(base, "/")
        if isRoot, FileSystem.exists(systemdFolder) {
            throw Fault(text: "the root group belongs to systemd", hint: Self.hint)
        }
        let path = isRoot ? "" : Text.string(base)
        let given = cgroupRoot + path
        group = path + (isRoot ? "/phi-workload" : "/workload")
        folder = cgroupRoot + group
        ownFolder = isRoot ? nil : given
        agentFolder = isRoot ? nil : "\(given)/agent"
        do throws(Errno) { try Self.makeGroup(folder) } catch {
            throw Fault(text: "\(folder) can't be made: \(error.text)", hint: Self.hint)
        }
        if let agentFolder {
            do throws(Errno) {
                try Self.makeGroup(agentFolder)
                try Self.move(into: agentFolder)
            } catch {
                try? FileSystem.removeFolder(folder)
                throw Fault(text: "\(agentFolder) can't be joined: \(error.text)", hint: Self.hint)
            }
        }
        lacking = Self.handOn(given)
        let there = (try? FileSystem.read("\(given)/cgroup.controllers", limit: 4096)) ?? []
        let words = Text.words(there[...])
        let isOff = lacking.contains { name in !words.contains { $0.elementsEqual(name.utf8) } }
        hintOfLack = isOff ? Self.hintOfKernel : Self.hint
    }

    /// Removes the workload's group. The agent's own leaf stays until the service manager removes the
    /// whole: a process can't leave a subtree that hands controllers on, but for another leaf.
    /// - Returns: the processes that are left in it; empty when it is gone.
    public func remove() -> [Int32] {
        for _ in 0..<50 {
            do throws(Errno) {
                try FileSystem.removeFolder(folder)
                return []
            } catch {
                if error.isMissing { return [] }
                let left = processes
                if !left.isEmpty { return left }
                // The last process has ended and isn't cleared away yet.
                Clock.sleep(ms: 10)
            }
        }
        return processes
    }

    /// Those in the workload's group.
    public var processes: [Int32] {
        guard let text = try? FileSystem.read("\(folder)/cgroup.procs", limit: 1 << 20) else { return [] }
        return Text.words(text[...]).compactMap { Text.integer($0).flatMap { Int32(exactly: $0) } }
    }

    /// The one line of /proc/self/cgroup that is v2's: `0::/user.slice`.
    static func ownGroup(procfsRoot: String) -> ArraySlice<UInt8>? {
        guard let text = try? FileSystem.read("\(procfsRoot)/self/cgroup", limit: 64 << 10) else {
            return nil
        }
        for line in Text.lines(text[...]) where Text.equal(line.prefix(4), "0::/") {
            let path = line.dropFirst(3)
            // Seen from a namespace whose root lies elsewhere.
            return path.split(separator: 0x2f).contains { Text.equal($0, "..") } ? nil : path
        }
        return nil
    }

    private static func makeGroup(_ path: String) throws(Errno) {
        try FileSystem.makeFolder(path)
        // A folder in a tree that isn't the kernel's gets no files.
        guard FileSystem.exists("\(path)/cgroup.procs") else { throw .unsupported }
    }

    private static func move(into folder: String) throws(Errno) {
        try FileSystem.writeExisting("\(folder)/cgroup.procs", Array("\(Process.id)\n".utf8))
    }

    /// Each by itself: one that is missing must not cost the other.
    private static func handOn(_ folder: String) -> [String] {
        controllers.filter { name in
            do throws(Errno) {
                try FileSystem.writeExisting(
                    "\(folder)/cgroup.subtree_control", Array("+\(name)\n".utf8))
                return false
            } catch {
                return true
            }
        }
    }
}
