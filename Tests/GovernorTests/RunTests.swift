// Trees of files in the kernel's place, and the kernel's own tree where the machine has one to write to.

import FixtureSupport
import Foundation
import System
import Testing

@testable import Governor

@Suite struct DelegationTests {
    /// A tree in which a service with the group `path` was given its group. The kernel would make the
    /// files of a new group; here they lie ready.
    private func tree(_ path: String, files: [String] = ["", "/agent", "/workload"]) throws -> Scratch {
        let scratch = try Scratch()
        try scratch.write("proc/self/cgroup", "1:name=x:/y\n0::\(path)\n")
        try scratch.write("cgroup/cgroup.procs", "")
        for folder in files {
            for file in ["cgroup.procs", "cgroup.subtree_control"] {
                try scratch.write("cgroup\(path)\(folder)/\(file)", "")
            }
        }
        return scratch
    }

    private func divide(_ scratch: Scratch, hasSystemd: Bool = false) throws -> Delegation {
        if hasSystemd { try scratch.write("systemd/x", "") }
        return try Delegation(
            cgroupRoot: scratch.at("cgroup"), procfsRoot: scratch.at("proc"),
            systemdFolder: scratch.at("systemd"))
    }

    @Test func aDelegatedGroupIsDividedIntoTwoLeaves() throws {
        let scratch = try tree("/system.slice/job.service")
        let made = try divide(scratch, hasSystemd: true)
        #expect(made.group == "/system.slice/job.service/workload")
        #expect(made.lacking == [])
        #expect(try scratch.text("cgroup/system.slice/job.service/agent/cgroup.procs") == "\(getpid())\n")
        #expect(try scratch.text("cgroup/system.slice/job.service/cgroup.subtree_control") == "+cpu\n")
    }

    @Test func whoIsInItsLeafAlreadyStaysThere() throws {
        let scratch = try tree("/job.service")
        try scratch.write("proc/self/cgroup", "0::/job.service/agent\n")
        #expect(try divide(scratch).group == "/job.service/workload")
    }

    @Test func withoutControllersTheLackIsTold() throws {
        let scratch = try tree("/job.service")
        try scratch.remove("cgroup/job.service/cgroup.subtree_control")
        #expect(try divide(scratch).lacking == ["memory", "cpu"])
    }

    @Test func inTheRootGroupASiblingIsMadeButNotUnderSystemd() throws {
        let scratch = try tree("/", files: [""])
        try scratch.write("cgroup/phi-workload/cgroup.procs", "")
        #expect(try divide(scratch).group == "/phi-workload")
        #expect(throws: Delegation.Fault.self) { try divide(scratch, hasSystemd: true) }
    }

    @Test func whatIsNoDelegationIsToldWithAHint() throws {
        // A tree that isn't the kernel's makes no files in a new group.
        let plain = try tree("/job.service", files: [""])
        do {
            _ = try divide(plain)
            Issue.record("divided")
        } catch let error as Delegation.Fault {
            #expect(error.hint.contains("Delegate=yes"))
        }
        #expect(!plain.exists("cgroup/job.service/agent/cgroup.procs"))
        let version1 = try Scratch()
        try version1.write("proc/self/cgroup", "4:memory:/x\n")
        #expect(throws: Delegation.Fault.self) { try divide(version1) }
        try version1.write("proc/self/cgroup", "0::/../x\n")
        #expect(throws: Delegation.Fault.self) { try divide(version1) }
        try version1.write("proc/self/cgroup", "0::/x\n")
        #expect(throws: Delegation.Fault.self) { try divide(version1) }
        #expect(throws: Delegation.Fault.self) { try divide(try Scratch()) }
    }

    @Test func theEnvironmentIsSystemdsProtocol() throws {
        let scratch = try Scratch(fixture: "pi4")
        let folder = scratch.at("cgroup/workload.slice")
        let variables = Workload.environment(
            decisionPath: "/run/d", socketPath: "/run/s", groupFolder: folder)
        let named = Dictionary(uniqueKeysWithValues: variables.map { ($0.name, $0.value) })
        #expect(named["PHI_DECISION"] == "/run/d" && named["PHI_AGENT_SOCKET"] == "/run/s")
        #expect(named["MEMORY_PRESSURE_WATCH"] == "\(folder)/memory.pressure")
        let trigger = try #require(Data(base64Encoded: named["MEMORY_PRESSURE_WRITE"] ?? ""))
        #expect(trigger == Data("some 150000 2000000\0".utf8))
        // Without PSI nobody is told to watch.
        #expect(Workload.environment(decisionPath: "d", socketPath: "s", groupFolder: nil).count == 2)
        // Nor to ask where nobody answers.
        #expect(Workload.environment(decisionPath: "d", socketPath: nil, groupFolder: nil).count == 1)
        try scratch.remove("cgroup/workload.slice/memory.pressure")
        #expect(Workload.environment(decisionPath: "d", socketPath: "s", groupFolder: folder).count == 2)
    }
}

@Suite struct KernelTests {
    /// Born in its group: the first thing it does is to read where it is.
    @Test(.enabled(if: KernelTree.root != nil, "no cgroup v2 tree to write to"))
    func aChildIsBornInItsGroup() throws {
        let root = try #require(KernelTree.root)
        let folder = "\(root)/phi-born-\(getpid())"
        try FileSystem.makeFolder(folder)
        defer { try? FileSystem.removeFolder(folder) }
        let child = try ChildProcess(
            ["sh", "-c", "grep ^0:: /proc/self/cgroup"], group: folder, capturesOutput: true)
        #expect(child.wait(timeoutMs: 60_000))
        #expect(child.writtenText().hasSuffix("/phi-born-\(getpid())\n"))
    }

    @Test(.enabled(if: KernelTree.root != nil, "no cgroup v2 tree to write to"))
    func aGroupOfOnesOwnIsMadeAndRemoved() throws {
        let root = try #require(KernelTree.root)
        // As if we were in a group that was given to us, without moving the test's own process there:
        // the root group's sibling needs no move.
        let scratch = try Scratch()
        try scratch.write("proc/self/cgroup", "0::/\n")
        let made = try Delegation(
            cgroupRoot: root, procfsRoot: scratch.at("proc"), systemdFolder: scratch.at("none"))
        #expect(made.folder == "\(root)/phi-workload")
        let workload = try Workload(["sleep", "60"], environment: [], group: made.folder)
        #expect(made.processes == [workload.id])
        #expect(made.remove() == [workload.id])
        workload.send(.terminate)
        while workload.end == nil { Clock.sleep(ms: 5) }
        #expect(workload.end?.status == 143)
        #expect(made.remove() == [])
        #expect(!FileManager.default.fileExists(atPath: made.folder))
    }
}
