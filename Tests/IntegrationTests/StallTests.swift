// An agent whose next observation is an hour away looks at once when memory stalls, and again as long as
// it does: by the kernel's word (POLLPRI on a PSI trigger), and by its account where the word is missing.
//
// Of all looks one may be the hour's. How soon they come is nobody's to say on a machine that others use.

import FixtureSupport
import Foundation
import Testing

/// An agent that has made its first observation.
private final class SleepyAgent {
    let fleet = try? TestFleet()
    private var last: Double?
    /// Observations since the first.
    private(set) var looks = 0

    init(_ extra: [String] = []) throws {
        let fleet = try #require(fleet)
        try fleet.start(
            "agent",
            [
                "phi-agent", "run", "--interval", "1h", "--log-level", "debug",
                "--state-dir", fleet.path("state"), "--run-dir", fleet.path("run"),
            ] + extra)
        try fleet.eventually(30, "a decision") { self.observed() != nil }
        last = observed()
    }

    private func observed() -> Double? {
        let text = Data((fleet?.text("run/decision.json") ?? "").utf8)
        let json = (try? JSONSerialization.jsonObject(with: text)) as? [String: Any]
        return json?["monotonicMs"] as? Double
    }

    /// Whether it has observed since the last time it was asked.
    @discardableResult func hasLooked() -> Bool {
        guard let now = observed(), now != last else { return false }
        last = now
        looks += 1
        return true
    }

    /// How often its log says why it looked.
    func told(_ why: String) -> Int {
        (fleet?.text("agent.log") ?? "").split(separator: "\n").count { $0.hasSuffix("memory stalls: \(why)") }
    }

    func end() throws { #expect(try fleet?.end("agent") == 0) }
}

@Suite(.serialized) struct StallTests {
    private static let byTrigger = "told by the kernel"
    private static let byAccount = "found in the account"
    /// Turns of half a second: a machine that is busy with other things stalls late.
    private static let turnsMost = 240

    /// On a tree of plain files, which no trigger can be set on.
    @Test func eachStallInTheAccountWakesTheAgent() throws {
        let tree = try Scratch(fixture: "pi4")
        func put(_ total: Int) throws {
            let averages = "avg10=0.00 avg60=0.00 avg300=0.00"
            try tree.write(
                "proc/pressure/memory", "some \(averages) total=\(total)\nfull \(averages) total=0\n")
        }
        try put(1000)
        let agent = try SleepyAgent([
            "--sysfs-root", tree.at("sys"), "--procfs-root", tree.at("proc"), "--cgroup-root", tree.at("cgroup"),
        ])
        let log = try #require(agent.fleet).text("agent.log")
        #expect(log.contains("stalls by psi-averages"), "\(log)")
        for stall in 1...4 {
            try put(1000 + 150_000 * stall)
            try agent.fleet?.eventually(60, "a look at stall \(stall)") { agent.hasLooked() }
        }
        #expect(agent.told(Self.byAccount) == 4)
        #expect(agent.told(Self.byTrigger) == 0)
        try agent.end()
    }

    @Test(.enabled(if: RealStall.obstacle == nil, "\(RealStall.obstacle ?? "")"))
    func aRealStallWakesTheAgentAgainAndAgain() throws {
        let agent = try SleepyAgent()
        let log = try #require(agent.fleet).text("agent.log")
        #expect(log.contains("stalls by psi-trigger"), "\(log)")
        let stall = try RealStall(try #require(agent.fleet).path("stall"))
        defer { stall.end() }
        // As long as nothing stalls it sleeps. Others may use this machine: then there is nothing to see.
        let before = try #require(RealStall.total)
        for _ in 0..<2 {
            sleep(4)
            agent.hasLooked()
        }
        let begun = try #require(RealStall.total)
        if begun - before < 10_000 { #expect(agent.looks <= 1) }

        var witness = try StallWitness()
        let (looks, told) = (agent.looks, agent.told(Self.byTrigger))
        func count() -> (looks: Int, told: Int) {
            agent.hasLooked()
            return (agent.looks - looks, agent.told(Self.byTrigger) - told)
        }
        try stall.begin()
        var turn = 0
        while turn < Self.turnsMost, count().looks < 4 || (count().told < 3 && witness.events < 6) {
            try witness.wait(ms: 500)
            turn += 1
        }
        // The agent may be some way behind.
        for _ in 0..<20 where count().looks < 4 || count().told < 3 { usleep(500_000) }
        let seen = count()
        let stalledMs = (try #require(RealStall.total) - begun) / 1000
        let account = "\(stalledMs) ms stalled, \(witness.events) events, \(seen)"
        #expect(stalledMs >= 4 * 150, "no stall that lasts could be made here: \(account)")
        #expect(seen.looks >= 4, "\(account)")
        // Others who read the account take events away: then the witness has none either.
        if witness.events >= 6 { #expect(seen.told >= 3, "\(account)") }
        if seen.told < 3 { print("StallTests: the trigger can't be judged here: \(account)") }
        try agent.end()
    }

    @Test(.enabled(if: RealStall.obstacle == nil, "\(RealStall.obstacle ?? "")"))
    func whoReadsTheAccountTakesNoStallAway() throws {
        let agent = try SleepyAgent()
        let stall = try RealStall(try #require(agent.fleet).path("stall"))
        defer { stall.end() }
        let reader = StallReader()
        defer { reader.end() }
        var witness = try StallWitness()
        try stall.begin()
        var turn = 0
        while turn < Self.turnsMost, agent.looks < 4 || (agent.told(Self.byAccount) < 4 && witness.events < 8) {
            try witness.wait(ms: 500)
            agent.hasLooked()
            turn += 1
        }
        let found = agent.told(Self.byAccount)
        let account = "\(witness.events) events in \(turn) turns, \(agent.looks) looks, \(found) found"
        #expect(agent.looks >= 4, "\(account)")
        // A kernel that gave the trigger as to the privileged lets nobody take its events.
        if witness.events < 8 { #expect(found >= 4, "\(account)") }
        try agent.end()
    }
}
