// What the agent tells systemd, as its manager hears it.

import FixtureSupport
import Foundation
import Testing

@Suite struct NotifyTests {
    /// An agent that observes once an hour of its own, which passes faster.
    private final class Told {
        let fleet: TestFleet
        private let manager: Datagrams
        private(set) var messages: [String] = []

        init(timeScale: Int) throws {
            let scratch = try Scratch(fixture: "pi4")
            manager = try Datagrams(scratch.at("notify"))
            fleet = try TestFleet()
            self.scratch = scratch
            try fleet.start(
                "agent",
                ["/usr/bin/env", "NOTIFY_SOCKET=\(scratch.at("notify"))"] + fleet.agentCommand + [
                    "run", "--interval", "1h", "--time-scale", "\(timeScale)",
                    "--state-dir", scratch.at("state"), "--run-dir", scratch.at("run"),
                    "--sysfs-root", scratch.at("sys"), "--procfs-root", scratch.at("proc"),
                    "--cgroup-root", scratch.at("cgroup"),
                ])
        }

        private let scratch: Scratch

        func take() { while let message = manager.next() { messages.append(message) } }

        /// Within half a minute: so many messages that say so.
        func hears(_ times: Int = 1, _ holds: (String) -> Bool) -> Bool {
            for _ in 0..<3_000 {
                take()
                if messages.count(where: holds) >= times { return true }
                usleep(10_000)
            }
            return false
        }

        func forget() {
            take()
            messages = []
        }
    }

    @Test func readyThenProgressThenTheEnd() throws {
        let told = try Told(timeScale: 20)
        let id = try #require(told.fleet.processID("agent"))
        #expect(told.hears { $0.hasPrefix("STATUS=") && $0.contains("factor ") }, "\(told.messages)")
        // Progress is of the loop, not of observations.
        #expect(told.hears(2) { $0 == "WATCHDOG=1" }, "\(told.messages)")
        #expect(told.messages.contains("READY=1") && !told.messages.contains("STOPPING=1"), "\(told.messages)")
        told.forget()
        kill(id, SIGHUP)
        #expect(told.hears { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") }, "\(told.messages)")
        #expect(told.hears { $0 == "READY=1" }, "\(told.messages)")
        #expect(try told.fleet.end("agent") == 0)
        #expect(told.hears { $0 == "STOPPING=1" }, "\(told.messages)")
    }

    @Test func anAgentThatStandsStillTellsNothing() throws {
        let told = try Told(timeScale: 100)
        let id = try #require(told.fleet.processID("agent"))
        #expect(told.hears(3) { $0 == "WATCHDOG=1" }, "\(told.messages)")
        kill(id, SIGSTOP)
        usleep(200_000)
        told.forget()
        usleep(1_000_000)
        told.take()
        #expect(told.messages.isEmpty)
        kill(id, SIGCONT)
        #expect(told.hears { $0 == "WATCHDOG=1" }, "\(told.messages)")
        #expect(try told.fleet.end("agent") == 0)
    }
}
