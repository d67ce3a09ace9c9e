import FixtureSupport
import Foundation
import Testing

/// SIGHUP against a real agent: what it takes on at once, what waits, and that a faulty file changes
/// nothing.
@Suite struct ReloadTests {
    @Test func sighupReadsTheOptionsAnew() async throws {
        let scratch = try Scratch(fixture: "pi4")
        func configure(_ more: String) throws {
            try scratch.write(
                "agent.conf",
                """
                state-dir = \(scratch.at("state"))
                run-dir = \(scratch.at("run"))
                sysfs-root = \(scratch.at("sys"))
                procfs-root = \(scratch.at("proc"))
                cgroup-root = \(scratch.at("cgroup"))
                \(more)

                """)
        }
        try configure("interval = 1h")
        let processes = try TestFleet()
        try processes.start("agent", ["phi-agent", "run", "--config", scratch.at("agent.conf")])
        let id = try #require(processes.processID("agent"))
        func log() -> String { processes.text("agent.log") }
        func until(_ what: String, _ holds: () -> Bool) async throws {
            for _ in 0..<600 where !holds() { try await Task.sleep(for: .milliseconds(50)) }
            #expect(holds(), "\(what): \(log())")
        }
        try await until("first decision") { scratch.exists("run/decision.json") }
        func observedMs() -> String? {
            let text = (try? scratch.text("run/decision.json")) ?? ""
            return text.firstMatch(of: /"monotonicMs":(\d+)/).map { String($0.1) }
        }
        let first = observedMs()

        try configure("interval = 200ms\nlabel = site=roof")
        kill(id, SIGHUP)
        try await until("an observation by the new interval") { observedMs() != first }
        try await until("what it changed") { log().contains("SIGHUP: changed interval") }
        #expect(log().contains("takes effect at the next start: label"))

        try configure("interval = soon")
        kill(id, SIGHUP)
        try await until("the fault") { log().contains("SIGHUP: nothing is changed") }
        let before = observedMs()
        try await until("it goes on as before") { observedMs() != before }
        #expect(try processes.end("agent") == 0)
    }

    /// An agent whose settings are all in a file but for its folders, and its process.
    private func startAgent(_ fleet: TestFleet, _ settings: [String]) throws -> Int32 {
        try configure(fleet, settings)
        try fleet.start(
            "agent",
            [
                "phi-agent", "run", "--config", fleet.path("agent.conf"), "--state-dir", fleet.path("agent-0/state"),
                "--run-dir", fleet.path("agent-0/run"), "--sysfs-root", fleet.path("boards/board-0/sys"),
                "--procfs-root", fleet.path("boards/board-0/proc"), "--cgroup-root", fleet.path("boards/board-0/cgroup"),
            ])
        try fleet.eventually(20, "it runs") { fleet.text("agent-0/run/decision.json").contains("monotonicMs") }
        return try #require(fleet.processID("agent"))
    }

    private func configure(_ fleet: TestFleet, _ settings: [String]) throws {
        let text = (settings + ["interval = 300ms"]).joined(separator: "\n") + "\n"
        try text.write(toFile: fleet.path("agent.conf"), atomically: true, encoding: .utf8)
    }

    private func reports(_ fleet: TestFleet) throws -> Int {
        try fleet.devices().first?["reportsStored"] as? Int ?? 0
    }

    /// The token comes later than the agent: it enrols, and takes what its operator pushes.
    @Test func sighupBringsTheToken() throws {
        let fleet = try TestFleet.started()
        let server = "server = \(fleet.server)"
        let id = try startAgent(fleet, [server])
        #expect(try fleet.devices().isEmpty)

        _ = try fleet.token(uses: 1)
        try configure(fleet, [server, "token-file = \(fleet.path("token"))"])
        kill(id, SIGHUP)
        try fleet.eventually(60, "it enrols and reports") { try reports(fleet) >= 2 }
        let pushed = try fleet.fleet([
            "push", "-f", try fleet.parameterFile(softLimitC: 74), "--all", "--yes", "--wait", "--soak", "1s", "-m", "test",
        ])
        #expect(pushed.status == 0 && pushed.out.contains("confirmed on 1 of 1"), "\(pushed.out)\(pushed.err)")

        // Another operator's: what has a key keeps to its own, and to where it reports.
        let secret = String(repeating: "0", count: 32)
        let others = "token = \(secret).\(String(repeating: "5a", count: 32))"
        try configure(fleet, ["server = http://127.0.0.1:9", others])
        kill(id, SIGHUP)
        try fleet.eventually(20, "it says so") {
            fleet.text("agent.log").contains("SIGHUP: the token names another root key: enrolment anew at the next start")
        }
        let before = try reports(fleet)
        try fleet.eventually(60, "it reports as before") { try reports(fleet) > before }
        #expect(try fleet.end("agent") == 0)
    }

    /// The aggregator moves, and the agent with it; an address that can't be trusted moves nobody.
    @Test func sighupMovesTheAgentToAnotherAddress() throws {
        let fleet = try TestFleet.started()
        _ = try fleet.token(uses: 1)
        let token = "token-file = \(fleet.path("token"))"
        let id = try startAgent(fleet, ["server = \(fleet.server)", token])
        try fleet.eventually(60, "it enrols and reports") { try reports(fleet) >= 2 }
        let first = fleet.server

        try configure(fleet, ["server = https://127.0.0.1:1", token])
        kill(id, SIGHUP)
        try fleet.eventually(20, "it says what is missing") {
            fleet.text("agent.log").contains("SIGHUP: nothing is changed: https://127.0.0.1:1 needs --ca-file")
        }
        let before = try reports(fleet)
        try fleet.eventually(60, "it reports where it did") { try reports(fleet) > before }

        #expect(try fleet.end("aggregator") == 0)
        // The old port stays taken, so that the new one is another.
        try fleet.start("squatter", ["/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", fleet.port])
        try fleet.startServer()
        #expect(fleet.server != first)
        try configure(fleet, ["server = \(fleet.server)", token])
        kill(id, SIGHUP)
        let stored = try reports(fleet)
        try fleet.eventually(60, "it reports at the new address") { try reports(fleet) > stored }
        #expect(fleet.text("agent.log").contains("SIGHUP: changed server"))
        #expect(try fleet.end("agent") == 0)
    }
}
