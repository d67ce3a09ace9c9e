// The clients that are shipped, each against a real agent: Python, the shell, phi-agent's own commands.

import Foundation
import LocalAPI
import Testing

@Suite(.serialized) struct LocalClientsTests {
    private static let folder = Programs.root.appending(path: "fleet/clients")

    private func python(
        _ fleet: TestFleet, _ arguments: [String], _ environment: [String] = []
    ) throws -> Output {
        try Programs.run(
            "/usr/bin/env",
            ["PHI_AGENT_SOCKET=\(fleet.socket)", "PYTHONPATH=\(Self.folder.path)/python", "PYTHONDONTWRITEBYTECODE=1"]
                + environment + ["python3", "-W", "error"] + arguments)
    }

    @Test func thePythonClientDoesAllThereIs() throws {
        let fleet = try TestFleet()
        // A signal counts for three of these, however busy the machine is.
        try fleet.startLoneAgent(intervalMs: 2_000)
        let script = """
            import json, time
            from phi_agent import Agent, Refused, Unreachable
            out = {}
            with Agent() as agent:
                decision = agent.signal(entropy=0.25, value=0.9)
                out["signals"] = agent.status()["signals"]
                out["factor"] = decision["factor"]
                now = int(time.time() * 1000)
                numbers = [1 / 3 * i for i in range(1000)]
                out["append"] = agent.append("py", *numbers, value=0.95, time_ms=now, step_ms=2)
                samples = agent.read("py", limit=1000)
                out["same"] = [s.value for s in samples] == numbers
                out["times"] = [s.time_ms for s in samples] == [now + 2 * i for i in range(1000)]
                out["exact"] = all(s.error_bound == 0 and s.tier == 81 for s in samples)
                out["indices"] = [s.index for s in samples] == list(range(1000))
                out["part"] = len(agent.read("py", from_ms=now + 10, to_ms=now + 18))
                out["names"] = [s["name"] for s in agent.series()]
                agent.append("shaped", 1, kind="scratch", full_scale=(0, 10))
                out["shaped"] = [s for s in agent.series() if s["name"] == "shaped"]
                out["decision"] = agent.decision()["state"]
                try:
                    agent.read("nobody")
                except Refused as error:
                    out["refused"] = [error.code, bool(error.hint)]
                try:
                    agent.append("py", float("nan"))
                except Refused as error:
                    out["nan"] = error.code
            seen = Agent().decisions(timeout=30)
            out["heard"] = [next(seen)["monotonicMs"] for _ in range(3)]
            try:
                Agent("/nowhere/agent.sock").decision()
            except Unreachable as error:
                out["unreachable"] = isinstance(error, OSError)
            print(json.dumps(out))
            """
        let done = try python(fleet, ["-c", script])
        #expect(done.status == 0, "\(done.err)")
        let out = done.json
        for name in ["same", "times", "exact", "indices", "unreachable"] {
            #expect(out[name] as? Bool == true, "\(name): \(done.out)")
        }
        #expect(out["factor"] as? Double != nil)
        #expect(out.object("append")["next"] as? Int == 1000)
        #expect(out["part"] as? Int == 5)
        #expect((out["names"] as? [String])?.contains("agent.temperature") == true)
        #expect(out.object("signals")["entropy"] as? Double == 0.25)
        #expect(out["decision"] as? String != nil)
        #expect((out["refused"] as? [Any])?.first as? String == "unknown-series")
        #expect(out["nan"] as? String == "bad-number")
        let shaped = try #require((out["shaped"] as? [[String: Any]])?.first)
        #expect(shaped["class"] as? String == "scratch" && shaped["max"] as? Double == 10)
        let heard = try #require(out["heard"] as? [Int])
        #expect(heard == heard.sorted() && Set(heard).count == 3)
        #expect(try fleet.end("agent") == 0)
    }

    @Test func thePythonClientComesBackAfterTheAgentDoes() throws {
        let fleet = try TestFleet()
        try fleet.startLoneAgent()
        let script = """
            import sys, time
            from phi_agent import Agent, Unreachable
            agent = Agent()
            print(agent.status()["boot"], flush=True)
            lost = 0
            for _ in range(600):
                try:
                    boot = agent.status()["boot"]
                    if boot == 2:
                        print(boot, lost > 0, flush=True)
                        sys.exit(0)
                except Unreachable:
                    lost += 1
                time.sleep(0.05)
            sys.exit(1)
            """
        try fleet.start(
            "client",
            [
                "/usr/bin/env", "PHI_AGENT_SOCKET=\(fleet.socket)",
                "PYTHONPATH=\(Self.folder.path)/python", "PYTHONDONTWRITEBYTECODE=1", "python3", "-c", script,
            ])
        try fleet.eventually(30, "it has asked") { fleet.text("client.out").hasPrefix("1\n") }
        #expect(try fleet.end("agent") == 0)
        usleep(300_000)
        try fleet.startLoneAgent()
        try fleet.eventually(30, "it asks the new one") { fleet.text("client.out") == "1\n2 True\n" }
        #expect(try fleet.end("agent") == 0)
    }

    @Test func theExampleHeedsTheAgentAndWorksWithoutOne() throws {
        let fleet = try TestFleet()
        try fleet.startLoneAgent(intervalMs: 100)
        let example = Self.folder.appending(path: "python/example_workload.py").path
        let beside = try python(fleet, [example, "--rounds", "25", "--round-s", "0.2"])
        #expect(beside.status == 0, "\(beside.err)")
        let rounds = beside.out.split(separator: "\n")
        #expect(rounds.count == 25)
        #expect(rounds.allSatisfy { $0.contains("factor") })
        // At the wave's crest its period is worth more than 1/φ, and the decision says 81 bits.
        #expect(rounds.contains { $0.contains("at 81 bits") }, "\(beside.out)")
        #expect(rounds.contains { $0.contains("at 16 bits") }, "\(beside.out)")
        let client = try LocalClient(path: fleet.socket)
        #expect((try client.json("read example.average")["values"] as? [Any])?.count == 25)
        // The memory's own alarm: it is the reader of a FIFO here, as of a pressure file on a board.
        let fifo = fleet.path("pressure")
        #expect(mkfifo(fifo, 0o600) == 0)
        let descriptor = open(fifo, O_RDWR)
        #expect(write(descriptor, "x", 1) == 1)
        let pressed = try python(
            fleet, [example, "--rounds", "2", "--round-s", "0.1"], ["MEMORY_PRESSURE_WATCH=\(fifo)"])
        close(descriptor)
        let sizes = pressed.out.split(separator: "\n").map { Int($0.split(separator: " ")[7]) ?? -1 }
        #expect(sizes.count == 2 && sizes[0] <= 1024 && sizes[1] > 1024, "\(pressed.out)\(pressed.err)")
        #expect(try fleet.end("agent") == 0)
        let alone = try python(fleet, [example, "--rounds", "2", "--round-s", "0.01"])
        #expect(alone.status == 0)
        #expect(alone.out.split(separator: "\n").allSatisfy { $0.contains("no agent") })
    }

    /// With each program that can speak to a socket, the path cut down to just that one.
    @Test(arguments: ["socat", "nc", "phi-agent"])
    func theShellExampleAsks(with program: String) throws {
        let fleet = try TestFleet()
        try fleet.startLoneAgent()
        let tools = fleet.path("tools")
        try FileManager.default.createDirectory(atPath: tools, withIntermediateDirectories: true)
        for name in ["sh", "sed", "grep", "cat", program] {
            let own = Programs.folder.appending(path: "phi-agent").path
            let place = try #require(
                name == "phi-agent" ? own : Self.find(name), "\(name) is missing: toolchains/setup.sh test")
            try FileManager.default.createSymbolicLink(atPath: "\(tools)/\(name)", withDestinationPath: place)
        }
        func ask(_ words: String...) throws -> Output {
            try Programs.run(
                "/usr/bin/env",
                ["PATH=\(tools)", "PHI_AGENT_SOCKET=\(fleet.socket)", "sh", "\(Self.folder.path)/shell/ask.sh"] + words)
        }
        let taken = try ask("append", "shell.value", "1", "2.5")
        #expect(taken.status == 0 && taken.json["appended"] as? Int == 2, "\(taken)")
        let back = try ask("read", "shell.value")
        #expect((back.json["values"] as? [[Double]])?.map { $0[1] } == [1, 2.5], "\(back)")
        #expect(try ask("read", "nobody").status == 1)
        #expect(try fleet.end("agent") == 0)
        #expect(try ask("signal", "value=1").status != 0)
    }

    private static func find(_ program: String) -> String? {
        ["/usr/bin", "/bin", "/usr/local/bin"].map { "\($0)/\(program)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    @Test func theFileIsHeardWhereTheSocketIsSilent() throws {
        let fleet = try TestFleet()
        try fleet.startLoneAgent(intervalMs: 2_000)
        let written = try Programs.run(
            "/usr/bin/env",
            ["PHI_AGENT_SIGNALS=\(fleet.path("agent/run/signals"))", "sh", "\(Self.folder.path)/shell/by-file.sh", "0.25", "0.9"])
        #expect(written.status == 0 && written.out.hasPrefix("factor "), "\(written)")
        let client = try LocalClient(path: fleet.socket)
        try fleet.eventually(20, "the file is heard") {
            try client.json("status").object("signals")["value"] as? Double == 0.9
        }
        _ = try client.json("signal value=0.1")
        let signals = try client.json("status").object("signals")
        #expect(signals["value"] as? Double == 0.1)
        try fleet.eventually(20, "what was said once expires") {
            try client.json("status").object("signals")["value"] is NSNull
        }
        #expect(try fleet.end("agent") == 0)
    }

    @Test func peopleHaveCommands() throws {
        let fleet = try TestFleet()
        try fleet.startLoneAgent(intervalMs: 200)
        func agent(_ words: String...) throws -> Output {
            try Programs.run(
                "/usr/bin/env",
                ["PHI_AGENT_SOCKET=\(fleet.socket)", Programs.folder.appending(path: "phi-agent").path] + words)
        }
        let signal = try agent("signal", "value=0.9")
        #expect(signal.status == 0 && signal.out.hasPrefix("factor ") && signal.out.contains(" bits, "), "\(signal)")
        #expect(try agent("append", "tank", "1", "2.5", "time=1700000000000", "step=1000").status == 0)
        let read = try agent("read", "tank")
        #expect(read.out == "2023-11-14 22:13:20.000  1\n2023-11-14 22:13:21.000  2.5\n", "\(read)")
        #expect(try agent("read", "tank", "limit=1").out.hasSuffix("older ones: before=1\n"))
        #expect(try agent("read", "tank", "--json").json["series"] as? String == "tank")
        #expect(try agent("series").out.contains("tank "))
        let refused = try agent("read", "nobody")
        #expect(refused.status == 1 && refused.err.contains("hint: "), "\(refused)")
        #expect(try agent("signal", "value=2").status == 1)
        #expect(try agent("signal", "--nonsense").status == 2)
        #expect(try agent("signal", "value=1\nappend x 1").status == 2)
        #expect(try agent("watch", "stray").status == 2)
        try fleet.start(
            "watch", [Programs.folder.appending(path: "phi-agent").path, "watch", "--socket", fleet.socket])
        try fleet.eventually(20, "it watches") {
            fleet.text("watch.out").split(separator: "\n").filter { $0.contains("factor ") }.count >= 3
        }
        #expect(try fleet.end("agent") == 0)
        try fleet.eventually(10, "the watch ends with the agent") {
            fleet.text("watch.log").contains("the connection ended")
        }
        let gone = try agent("signal", "value=0.9")
        #expect(gone.status == 1 && gone.err.contains("does the agent run?"), "\(gone)")
    }
}
