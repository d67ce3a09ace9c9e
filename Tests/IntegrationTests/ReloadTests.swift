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
}
