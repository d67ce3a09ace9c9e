// `phi-agent run -- COMMAND` and the privileged helper, as real processes.

import FixtureSupport
import Foundation
import Testing

/// An agent on a fixture's tree, without an aggregator.
private final class Board {
    let folder: URL
    private(set) var processes: [Process] = []

    init(_ fixture: String? = nil) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "phi-run-\(UUID().uuidString)")
        if let fixture {
            try FileManager.default.copyItem(
                at: Programs.root.appending(path: "Tests/Fixtures/\(fixture)"), to: folder)
        } else {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
    }

    deinit {
        for process in processes where process.isRunning {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: folder)
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    func text(_ name: String) -> String {
        (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
    }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: folder.appending(path: name))
    }

    var folders: [String] { ["--state-dir", path("state"), "--run-dir", path("run"), "--interval", "200ms"] }

    /// Roots of the fixture's tree.
    var roots: [String] {
        ["--sysfs-root", path("sys"), "--procfs-root", path("proc"), "--cgroup-root", path("cgroup")]
    }

    func run(_ arguments: [String]) throws -> Output { try Programs.run("phi-agent", arguments) }

    func start(_ arguments: [String], log: String, program: [String] = []) throws -> Process {
        let process = Process()
        let command = (program.isEmpty ? [Programs.folder.appending(path: "phi-agent").path] : program) + arguments
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardOutput = try Programs.handle(folder.appending(path: "\(log).out"))
        process.standardError = try Programs.handle(folder.appending(path: log))
        process.standardInput = FileHandle.nullDevice
        try process.run()
        processes.append(process)
        return process
    }

    func waits(_ condition: () throws -> Bool) rethrows -> Bool {
        let end = Date().addingTimeInterval(20)
        while Date() < end {
            if try condition() { return true }
            usleep(20_000)
        }
        return false
    }

    /// The status it ended with by itself, or the signal's number, negative.
    func end(_ process: Process) -> Int32? {
        guard waits({ !process.isRunning }) else { return nil }
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    var decision: [String: Any] {
        ((try? JSONSerialization.jsonObject(with: Data(text("run/decision.json").utf8))) as? [String: Any]) ?? [:]
    }
}

@Suite struct RunCommandTests {
    @Test(arguments: [
        (["true"], 0), (["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -TERM $$"], 143),
        (["sh", "-c", "kill -KILL $$"], 137), (["/nowhere/command"], 127), (["phi-surely-none"], 127),
        (["/etc/passwd"], 126),
    ] as [([String], Int32)])
    func theStatusIsTheCommands(command: [String], status: Int32) throws {
        let board = try Board()
        let output = try board.run(["run"] + board.folders + ["--"] + command)
        #expect(output.status == status, "\(output.err)")
    }

    @Test(arguments: [
        ["run", "--"], ["run", "--nonsense", "--", "true"],
        ["run", "--state-dir", "/dev/null/x", "--", "true"],
    ])
    func theAgentsOwnFaultIsTold(arguments: [String]) throws {
        let output = try Programs.run("phi-agent", arguments)
        #expect(output.status == 125)
        #expect(output.err.contains("hint: "))
    }

    /// Options behind -- are the command's, also --help.
    @Test func whatStandsBehindIsTheCommands() throws {
        let board = try Board()
        let output = try board.run(
            ["run"] + board.folders + ["--", "printf", "%s,", "--help", "--server", "--", "a b"])
        #expect(output.status == 0)
        #expect(output.out == "--help,--server,--,a b,")
    }

    @Test func withoutADelegatedGroupItRunsAllTheSameAndSaysSo() throws {
        let board = try Board()
        let output = try board.run(
            ["run"] + board.folders + ["--cgroup-root", board.path("none"), "--", "sh", "-c", "echo $PHI_DECISION"])
        #expect(output.status == 0)
        #expect(output.out == board.path("run/decision.json") + "\n")
        #expect(output.err.contains("runs without limits (API only)") && output.err.contains("hint: "))
        #expect(output.err.contains("control: api-only"))
    }

    @Test func theDecisionIsThereForTheCommand() throws {
        let board = try Board()
        let output = try board.run(
            ["run"] + board.folders
                + ["--", "sh", "-c", "until [ -s \"$PHI_DECISION\" ]; do sleep 0.05; done; cat \"$PHI_DECISION\""])
        #expect(output.status == 0)
        #expect(output.json["factor"] as? Double == 1)
        #expect(output.json["controlMode"] as? String != nil)
    }

    @Test(arguments: [(SIGTERM, "TERM"), (SIGINT, "INT")])
    func signalsAreHandedOnAndTheCommandHasItsTime(signal: Int32, name: String) throws {
        let board = try Board()
        let script = "trap 'sleep 0.3; echo caught > \(board.path("caught")); exit 42' \(name); "
            + "echo > \(board.path("ready")); while :; do sleep 0.02; done"
        let agent = try board.start(["run"] + board.folders + ["--", "sh", "-c", script], log: "log")
        #expect(board.waits { !board.text("ready").isEmpty })
        kill(agent.processIdentifier, signal)
        #expect(board.end(agent) == 42)
        #expect(board.text("caught") == "caught\n")
    }

    /// Where the kernel lets us make groups: the command is in one of its own, which is gone afterwards.
    @Test(.enabled(if: KernelTree.root != nil, "no cgroup v2 tree to write to"))
    func theCommandHasAGroupOfItsOwn() throws {
        let board = try Board()
        let root = try #require(KernelTree.root)
        let output = try board.run(
            ["run"] + board.folders
                + ["--cgroup-root", root, "--", "sh", "-c", """
                    grep ^0:: /proc/self/cgroup; echo $MEMORY_PRESSURE_WATCH
                    ls \(root)$(sed -n s/^0:://p /proc/self/cgroup)/memory.pressure
                    true
                    """])
        #expect(output.status == 0)
        let lines = output.out.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines.first?.hasSuffix("workload") == true, "\(output.out) \(output.err)")
        let group = root + String(lines.first?.dropFirst(3) ?? "")
        #expect(!FileManager.default.fileExists(atPath: group))
        // What systemd's protocol names is there, or nothing is named.
        #expect(lines.count >= 3 && lines[1] == lines[2], "\(output.out)")
        #expect(lines[1].isEmpty || lines[1] == "\(group)/memory.pressure", "\(output.out)")
    }
}

@Suite struct GovernedBoardTests {
    private static let files = ["memory.max", "memory.high", "cpu.max", "cpu.weight"]

    private func state(_ board: Board) -> [String] {
        Self.files.map { board.text("cgroup/workload.slice/\($0)") }
            + [board.text("sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq")]
    }

    private func makeHot(_ board: Board) throws {
        for zone in try FileManager.default.contentsOfDirectory(atPath: board.path("sys/class/thermal"))
        where zone.hasPrefix("thermal_zone") {
            let file = "sys/class/thermal/\(zone)/temp"
            if Int(board.text(file).trimmingCharacters(in: .whitespacesAndNewlines)) != nil {
                try board.write(file, "84500\n")
            }
        }
    }

    /// Each board, hot: what it can limit is limited and told; a start after a kill, and an end, give it back.
    @Test(arguments: [
        ("pi4", "full", 1), ("zero2w", "partial", 1), ("pi5", "full", 1), ("x86", "full", 0),
        ("broken", "partial", 0),
    ])
    func everyBoardIsGovernedAsFarAsItCanBe(fixture: String, mode: String, caps: Int) throws {
        let board = try Board(fixture)
        let before = state(board)
        try makeHot(board)
        if fixture == "broken" {
            // An agent doesn't start at all without knowing the machine's memory.
            let refused = try board.run(["run"] + board.folders + board.roots)
            #expect(refused.status == 2 && refused.err.contains("hint: "))
            try board.write("proc/meminfo", "MemTotal: 500000 kB\nMemAvailable: 400000 kB\n")
        }
        let arguments = ["run"] + board.folders + board.roots
            + ["--group", "workload.slice", "--cpufreq", "--govern-by", "files"]
        let first = try board.start(arguments, log: "log")
        let isGoverned = fixture != "broken"
        if isGoverned {
            #expect(board.waits { state(board) != before }, "\(board.text("log"))")
            #expect(board.waits { (board.decision["limits"] as? [[String: String]])?.isEmpty == false })
            let limits = board.decision["limits"] as? [[String: String]] ?? []
            #expect(limits.filter { $0["file"]?.hasPrefix("cpufreq") == true }.count == caps)
            for limit in limits { #expect(limit["original"] != limit["value"]) }
        } else {
            #expect(board.waits { board.decision["controlMode"] != nil })
        }
        #expect(board.decision["controlMode"] as? String == mode)
        #expect(board.decision["governedBy"] as? String == "files")
        if mode == "partial" {
            #expect((board.decision["missing"] as? [String])?.contains("memory.max") == true)
            #expect(board.text("log").contains("control: partial (without memory.max"))
        }
        kill(first.processIdentifier, SIGKILL)
        #expect(board.end(first) == -SIGKILL)
        let second = try board.start(arguments + ["--dry-run"], log: "log2")
        #expect(board.waits { board.text("log2").contains("control: ") })
        kill(second.processIdentifier, SIGTERM)
        #expect(board.end(second) == 0)
        // A dry run restores nothing either.
        if isGoverned { #expect(state(board) != before) }
        let third = try board.start(arguments, log: "log3")
        #expect(board.waits { board.text("log3").contains("control: ") })
        if isGoverned { #expect(board.text("log3").contains("(restored)")) }
        kill(third.processIdentifier, SIGTERM)
        #expect(board.end(third) == 0)
        #expect(state(board) == before)
    }

    /// The device's own program, emulated: short names, which its compiler holds otherwise than long ones.
    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: Programs.deviceAgent.path), "make device first"),
        arguments: ["w", "workload.slice", "a-group-with-a-long-name"])
    func theDevicesProgramGovernsAsTheHostsDoes(group: String) throws {
        let board = try Board("pi4")
        try FileManager.default.moveItem(
            atPath: board.path("cgroup/workload.slice"), toPath: board.path("cgroup/moved"))
        try FileManager.default.moveItem(atPath: board.path("cgroup/moved"), toPath: board.path("cgroup/\(group)"))
        let output = try Programs.run(
            Programs.qemu,
            [Programs.deviceAgent.path, "run"] + board.folders + board.roots
                + ["--group", group, "--dry-run", "--cpufreq", "--govern-by", "files", "--", "sh", "-c", "exit 7"])
        #expect(output.status == 7, "\(output.err)")
        // What that run decided isn't the next one's.
        try FileManager.default.removeItem(atPath: board.path("run/decision.json"))
        let agent = try board.start(
            ["run"] + board.folders + board.roots
                + ["--group", group, "--cpufreq", "--govern-by", "files"], log: "log",
            program: [Programs.qemu, Programs.deviceAgent.path])
        #expect(board.waits { board.decision["limits"] as? [[String: String]] != nil }, "\(board.text("log"))")
        #expect(board.decision["controlMode"] as? String == "full")
        #expect(board.decision["group"] as? String == "/\(group)")
        #expect(board.waits { board.text("cgroup/\(group)/memory.max") != "max\n" })
        kill(agent.processIdentifier, SIGTERM)
        #expect(board.end(agent) == 0)
        #expect(board.text("cgroup/\(group)/memory.max") == "max\n")
    }

    @Test func theAgentAsksTheHelperAndAKilledAgentLeavesNothingBehind() throws {
        let board = try Board("pi4")
        let before = state(board)
        try makeHot(board)
        try board.write(
            "helper.conf",
            "group = workload.slice\nuser = \(getuid())\ncpufreq = yes\ngovern-by = files\n"
                + "run-dir = \(board.path("helper"))\n"
                + "cgroup-root = \(board.path("cgroup"))\nsysfs-root = \(board.path("sys"))\n")
        chmod(board.path("helper.conf"), 0o644)
        let helper = try board.start(["helper", "--config", board.path("helper.conf")], log: "helper.log")
        #expect(board.waits { board.text("helper.log").contains("serving workload.slice") }, "\(board.text("helper.log"))")
        let agent = try board.start(
            ["run"] + board.folders + board.roots
                + ["--group", "workload.slice", "--cpufreq", "--helper", board.path("helper/socket")], log: "log")
        #expect(board.waits { state(board) != before }, "\(board.text("log"))")
        #expect(board.waits { board.decision["governedBy"] as? String == "helper" })
        #expect(board.decision["controlMode"] as? String == "full")
        kill(agent.processIdentifier, SIGKILL)
        #expect(board.end(agent) == -SIGKILL)
        #expect(board.waits { state(board) == before }, "\(board.text("helper.log"))")
        kill(helper.processIdentifier, SIGTERM)
        #expect(board.end(helper) == 0)
        #expect(!FileManager.default.fileExists(atPath: board.path("helper/socket")))
    }

    @Test func aHelperIsConfiguredByItsOwnerAlone() throws {
        let board = try Board("pi4")
        try board.write("helper.conf", "group = workload.slice\n")
        chmod(board.path("helper.conf"), 0o666)
        let open = try board.run(["helper", "--config", board.path("helper.conf")])
        #expect(open.status == 2 && open.err.contains("can be written by others") && open.err.contains("hint: "))
        for arguments in [
            ["helper"], ["helper", "--group", "/"], ["helper", "--group", "../x", "--user", "0"],
            ["helper", "--group", "x", "--user", "phi-surely-none"], ["helper", "--govern-by", "helper"],
            ["helper", "--group"], ["helper", "x"], ["helper", "--config", board.path("none")],
        ] {
            let output = try board.run(arguments)
            #expect(output.status == 2 && output.err.contains("hint: "), "\(arguments)")
        }
    }
}
