// The main job with real processes: agent → aggregator → push → agent.

import Foundation
import Testing

@Suite(.serialized) struct WholeLoopTests {
    @Test func aFleetEnrolsReportsTakesAPushAndSaysGoodbye() throws {
        let fleet = try TestFleet()
        try fleet.initialise()
        try fleet.startServer()
        try fleet.startBoards(4)
        _ = try fleet.token(uses: 4)
        for index in 0..<4 { try fleet.startAgent(index, extra: ["--group", "workload.slice"]) }
        try loop(fleet, count: 4, seconds: 60)

        // A decision is something that another process can see.
        // (The two files are read one after the other: a new decision may come between.)
        try fleet.eventually(20, "the group has the ceiling that decision.json tells") {
            let decision =
                try JSONSerialization.jsonObject(
                    with: Data(fleet.text("agent-0/run/decision.json").utf8)) as? [String: Any]
            let written = fleet.text("boards/board-0/cgroup/workload.slice/memory.max")
            return Int(written.trimmingCharacters(in: .newlines)) != nil
                && Int(written.trimmingCharacters(in: .newlines))
                    == decision?["memoryCeilingBytes"] as? Int
        }

        for index in 0..<4 { #expect(try fleet.end("agent-\(index)") == 0) }
        let restored = fleet.text("boards/board-0/cgroup/workload.slice/memory.max")
        #expect(restored.trimmingCharacters(in: .newlines) == "max")
        #expect(try fleet.end("aggregator") == 0)
    }

    /// The very binary that goes onto a board, against a real aggregator.
    @Test func theDeviceBinaryDoesTheSameUnderEmulation() throws {
        try #require(
            FileManager.default.fileExists(atPath: Programs.deviceAgent.path),
            "no device binary: run make device first")
        let fleet = try TestFleet()
        try fleet.initialise()
        try fleet.startServer()
        try fleet.startBoards(2)
        _ = try fleet.token(uses: 2)
        fleet.agentCommand = [Programs.qemu, Programs.deviceAgent.path]
        for index in 0..<2 { try fleet.startAgent(index, intervalMs: 500) }
        try loop(fleet, count: 2, seconds: 90)
        #expect(try fleet.end("agent-0") == 0)
        #expect(try fleet.end("agent-1") == 0)
    }

    /// Enrolled, reporting, pushed to, acknowledged: as the operator sees it.
    private func loop(_ fleet: TestFleet, count: Int, seconds: Double) throws {
        try fleet.eventually(seconds, "\(count) devices report") {
            let devices = try fleet.devices()
            return devices.count == count
                && devices.allSatisfy { ($0["reportsStored"] as? Int ?? 0) >= 5 && $0["isLive"] as? Bool == true }
        }
        for device in try fleet.devices() {
            #expect((device["model"] as? String)?.hasPrefix("Raspberry Pi") == true)
            let celsius = try #require(device["temperatureC"] as? Double)
            #expect((10.0...100).contains(celsius))
        }
        let pushed = try fleet.fleet(
            [
                "push", "-f", try fleet.parameterFile(softLimitC: 74), "--all", "--yes", "--wait",
                "--soak", "1s", "-m", "test",
            ], seconds: seconds)
        #expect(pushed.status == 0, "\(pushed.out)\(pushed.err)")
        #expect(pushed.out.contains("confirmed on \(count) of \(count)"))
        let rollout = try fleet.fleet(["rollout", "list", "-o", "json"]).json["rollouts"]
        let first = try #require((rollout as? [[String: Any]])?.first)
        #expect(first["state"] as? String == "converged")
        #expect(first["convergence"] as? [String: Any] != nil)
        for device in try fleet.devices() {
            #expect(device["parameterVersion"] as? Int == 2)
            #expect((device["apply"] as? [String: Any])?["phase"] as? String == "confirmed")
        }
        let status = try fleet.fleet(["status"])
        #expect(status.out.contains("\(count) accepted: \(count) live"), "\(status.out)")
        let runtime = try fleet.fleet(["runtime"])
        #expect(runtime.status == 0)
        #expect(runtime.out.contains("×"))
    }

    @Test func goldenInputGivesTheSameDecisionsOnHostAndDevice() throws {
        let folder = Programs.root.appending(path: "Tests/Golden/decisions")
        let input = folder.appending(path: "observations.csv").path
        let host = try Programs.run("phi-agent", ["decide", "--replay", input])
        #expect(host.status == 0, "\(host.err)")
        let golden = folder.appending(path: "decisions.jsonl")
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil {
            try host.out.write(to: golden, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: golden, encoding: .utf8) == host.out)
        let device = try Programs.run(
            Programs.qemu, [Programs.deviceAgent.path, "decide", "--replay", input])
        #expect(device.status == 0, "\(device.err)")
        #expect(device.out == host.out)
        #expect(host.out.split(separator: "\n").count >= 200)
    }
}
