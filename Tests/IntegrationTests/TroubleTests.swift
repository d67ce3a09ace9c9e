// What goes wrong in the field: no aggregator, a killed one, a wrong key, a pending device.

import Bytes
import Foundation
import TensorPool
import Testing

@Suite(.serialized) struct TroubleTests {
    private func running(_ count: Int) throws -> TestFleet {
        let fleet = try TestFleet()
        try fleet.initialise()
        try fleet.startServer()
        try fleet.startBoards(count)
        _ = try fleet.token(uses: count)
        for index in 0..<count { try fleet.startAgent(index) }
        try fleet.eventually(60, "\(count) devices report") {
            let devices = try fleet.devices()
            return devices.count == count
                && devices.allSatisfy { ($0["reportsStored"] as? Int ?? 0) >= 3 }
        }
        return fleet
    }

    @Test func samplesTakenWhileTheAggregatorIsAwayArrive() throws {
        let fleet = try running(1)
        let listen = "127.0.0.1:\(fleet.port)"
        try fleet.end("aggregator", SIGKILL)
        let gone = Self.uptimeMs()
        Thread.sleep(forTimeInterval: 6)
        let back = Self.uptimeMs()
        try fleet.startServer(listen: listen)
        // The memory readings of the time between: at 300 ms about twenty, each once.
        var times: [Int64] = []
        try fleet.eventually(60, "what was sampled offline arrives in chunks") {
            times = try Self.chunkTimes(fleet, series: 2).filter { $0 > gone && $0 < back }
            return times.count >= 15
        }
        #expect(times.count <= 21)
        #expect(Set(times).count == times.count)
        let device = try #require(try fleet.devices().first)
        // One chain, no gap, no fork: the report that was under way was resent as it was.
        #expect((device["gaps"] as? [Any])?.isEmpty == true, "\(device["gaps"] ?? "")")
        #expect(device["forks"] as? Int == 0)
        let sequence = try #require(device["sequence"] as? Int)
        #expect(device["reportsStored"] as? Int == sequence)
    }

    /// The agent's clock (CLOCK_BOOTTIME).
    private static func uptimeMs() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_BOOTTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    /// Times of one series in all chunks that the aggregator stored.
    private static func chunkTimes(_ fleet: TestFleet, series: UInt16) throws -> [Int64] {
        let script =
            "import sqlite3,sys\nfor r in sqlite3.connect(sys.argv[1]).execute("
            + "'SELECT body FROM chunks ORDER BY id'): print(r[0].hex())"
        let dump = try Programs.run(
            "/usr/bin/python3", ["-c", script, fleet.path("server/phi.db")])
        #expect(dump.status == 0, "\(dump.err)")
        var byIndex: [UInt64: Int64] = [:]
        for line in dump.out.split(separator: "\n") {
            let bytes = try #require(Hex.decode(String(line)))
            let chunk = try decodeChunk(bytes)
            guard chunk.header.series == series else { continue }
            for (offset, time) in chunk.timesMs.enumerated() {
                byIndex[chunk.header.firstIndex + UInt64(offset)] = time
            }
        }
        return byIndex.values.sorted()
    }

    @Test func aCrashOfTheAgentIsAGapThatIsSeen() throws {
        let fleet = try running(1)
        try fleet.end("agent-0", SIGKILL)
        try fleet.startAgent(0)
        try fleet.eventually(30, "the second boot reports") {
            try fleet.devices().first?["boot"] as? Int == 2
        }
        let device = try #require(try fleet.devices().first)
        let gaps = try #require(device["gaps"] as? [[String: Any]])
        #expect(gaps.contains { $0["kind"] as? String == "restart" })
        // The account in the run folder outlives a kill: the number is known, and within the interval.
        let lost = gaps.first { $0["kind"] as? String == "restart" }?["samplesLost"] as? Int
        #expect((0...60).contains(try #require(lost)))
    }

    @Test func aSetOfAnotherOperatorIsRefusedAndTheReasonIsShown() throws {
        let fleet = try running(2)
        // Another operator's keys, and a server that would take anything.
        let made = try Programs.run(
            "fleet",
            [
                "server", "init", "--plain", "--data", fleet.path("server-b"), "--operator",
                fleet.path("operator-b"),
            ])
        #expect(made.status == 0)
        let port = fleet.port
        try fleet.end("aggregator")
        try FileManager.default.removeItem(atPath: fleet.path("server/root.fingerprint"))
        try fleet.startServer(listen: "127.0.0.1:\(port)")
        try FileManager.default.removeItem(atPath: fleet.path("operator-b/operator.token"))
        try FileManager.default.copyItem(
            atPath: fleet.path("operator/operator.token"),
            toPath: fleet.path("operator-b/operator.token"))
        let pushed = try fleet.fleet(
            [
                "push", "-f", try fleet.parameterFile(softLimitC: 74), "--all", "--yes", "--wait",
                "--soak", "1s",
            ], home: "operator-b", seconds: 60)
        #expect(pushed.status == 3, "\(pushed.out)\(pushed.err)")
        let list = try fleet.fleet(["rollout", "list", "-o", "json"]).json["rollouts"]
        let id = try #require((list as? [[String: Any]])?.first?["id"] as? String)
        let shown = try fleet.fleet(["rollout", "show", id])
        #expect(shown.out.contains("root key isn't the one"), "\(shown.out)")
        for device in try fleet.devices() { #expect(device["parameterVersion"] as? Int == 0) }
    }

    @Test func aPendingDeviceIsLetInByTheOperator() throws {
        let fleet = try TestFleet()
        try fleet.initialise()
        try fleet.startServer()
        try fleet.startBoards(1)
        _ = try fleet.token(uses: 1, accepted: false)
        try fleet.startAgent(0)
        try fleet.eventually(30, "the device is pending") {
            try fleet.devices().first?["status"] as? String == "pending"
        }
        #expect(try fleet.devices().first?["reportsStored"] as? Int == 0)
        #expect(try fleet.fleet(["devices", "accept", "--all-pending"]).status == 0)
        try fleet.eventually(90, "it reports") {
            (try fleet.devices().first?["reportsStored"] as? Int ?? 0) > 0
        }
        // A token is good for as many devices as it says.
        try fleet.start(
            "agent-late",
            [
                "phi-agent", "run", "--server", fleet.server, "--token-file", fleet.path("token"),
                "--state-dir", fleet.path("late/state"), "--run-dir", fleet.path("late/run"),
            ])
        try fleet.eventually(20, "it is refused") {
            fleet.text("agent-late.log").contains("enrolment refused (403)")
        }
    }

    @Test func wrongFlagsGetAClearError() throws {
        let token = String(repeating: "0", count: 32) + "." + String(repeating: "0", count: 64)
        let cases: [([String], String)] = [
            (["run", "--nonsense"], "unknown option: --nonsense"),
            (["run", "--server", "fleet.example"], "http:// or https://"),
            (["run", "--interval", "10"], "a time with its unit"),
            (["run", "--token", "short"], "SECRET.FINGERPRINT"),
            (["run", "--ca-file", "/nowhere"], "no such file"),
            (["run", "--server", "https://fleet.example:1"], "needs --ca-file"),
            (["enrol", "--server", "https://fleet.example:1", "--token", token], "needs --ca-file"),
            (["run", "--group", "../x"], "below the cgroup root"),
            (["dance"], "unknown command: dance"),
            (["decide", "--replay", "/nowhere"], "No such file"),
        ]
        for (arguments, text) in cases {
            let output = try Programs.run("phi-agent", arguments)
            #expect(output.status == 2, "\(arguments)")
            #expect(output.err.contains(text), "\(arguments): \(output.err)")
            #expect(output.out.isEmpty)
        }
    }

    @Test func twoAgentsNeverShareAStateFolder() throws {
        let fleet = try TestFleet()
        let options = ["run", "--state-dir", fleet.path("s"), "--run-dir", fleet.path("r")]
        try fleet.start("first", ["phi-agent"] + options)
        try fleet.eventually(10, "the first one runs") {
            FileManager.default.fileExists(atPath: fleet.path("r/decision.json"))
        }
        let second = try Programs.run("phi-agent", options)
        #expect(second.status == 2)
        #expect(second.err.contains("another agent uses the state folder"))
        #expect(try fleet.end("first") == 0)
        let mode = try FileManager.default.attributesOfItem(atPath: fleet.path("s/state"))[.posixPermissions]
        #expect(mode as? Int == 0o600)
    }
}
