// `rollout pause`, `resume`, `promote` and `abort`: whom they mean, and that they ask.

import Testing

@testable import FleetKit

@Suite struct SteeringTests {
    private static let verbs = ["pause", "resume", "promote", "abort"]
    private static let first = "4f00112233445566"
    private static let second = "4f00aa2233445566"

    /// Two rollouts whose ids begin alike; the older one's begin with the digit of the newer one's version.
    private func bench() throws -> Bench {
        let bench = try Bench()
        let list = [
            Fixtures.rollout(id: Self.first, version: 2, state: "converged", confirmed: 3),
            Fixtures.rollout(id: Self.second, version: 4, state: "running", confirmed: 1),
        ]
        bench.server.on("GET /v1/rollouts", #"{"rollouts":[\#(list.joined(separator: ","))]}"#)
        for (id, rollout) in zip([Self.first, Self.second], list) {
            bench.server.on("GET /v1/rollouts/\(id)", rollout)
            for verb in Self.verbs { bench.server.on("POST /v1/rollouts/\(id)/\(verb)", rollout) }
        }
        return bench
    }

    private func posts(_ bench: Bench) -> [HTTPRequest] { bench.server.requests.filter { $0.method == "POST" } }

    private func run(_ bench: Bench, _ verb: String, _ word: String) -> ExitCode {
        let yes = ["promote", "abort"].contains(verb) ? ["--yes"] : []
        return Program.run(["rollout", verb, word] + yes, bench.surroundings)
    }

    @Test(arguments: verbs)
    func aVersionComesBeforeAnId(_ verb: String) throws {
        for word in ["4", "v4", "4f00a", "4F00AA", Self.second] {
            let bench = try bench()
            #expect(run(bench, verb, word) == .success, "\(word)")
            #expect(posts(bench).map(\.url).first?.contains("/\(Self.second)/") == true, "\(word)")
        }
    }

    @Test(arguments: verbs)
    func fewDigitsAndNoneNameNothing(_ verb: String) throws {
        let bench = try bench()
        #expect(run(bench, verb, "") == .usage)
        #expect(run(bench, verb, " ") == .usage)
        #expect(bench.server.requests.isEmpty)
        for word in ["4f", "4f0", "v", "v6", "6"] { #expect(run(bench, verb, word) == .differs, "\(word)") }
        #expect(run(bench, verb, "4f00") == .refused)
        #expect(bench.console.error.contains("may be any of \(Self.second), \(Self.first)")
            || bench.console.error.contains("may be any of \(Self.first), \(Self.second)"))
        #expect(posts(bench).isEmpty)
        #expect(bench.run("rollout", "show", "") == .usage)
        #expect(bench.run("rollout", "show", "4f") == .differs)
    }

    @Test(arguments: ["promote", "abort"])
    func whatCantBeTakenBackIsAskedAbout(_ verb: String) throws {
        let bench = try bench()
        #expect(bench.run("rollout", verb, "v4") == .usage)
        #expect(bench.console.error.contains("so nothing was \(verb == "abort" ? "aborted" : "promoted")"))
        bench.console.canAsk = true
        for answer in ["", "n", "no", "yep", "yes please", "j", "\u{1b}"] {
            bench.console.answers = [answer]
            #expect(bench.run("rollout", verb, "v4") == .differs, "\(answer)")
        }
        // The end of input is no yes.
        #expect(bench.run("rollout", verb, "v4") == .differs)
        #expect(bench.run("rollout", verb, "v4", "-o", "json") == .usage)
        #expect(posts(bench).isEmpty)
        bench.console.answers = ["YES "]
        #expect(bench.run("rollout", verb, "v4") == .success)
        #expect(posts(bench).count == 1)
        #expect(bench.console.out.contains(
            " rollout \(Self.second) (v4 to every device, wave 1/2, 1/3 confirmed)? [y/N] "))
    }

    @Test(arguments: verbs)
    func aConflictIsInTheServersWords(_ verb: String) throws {
        let bench = try bench()
        bench.server.on(
            "POST /v1/rollouts/\(Self.second)/\(verb)",
            .json(409, #"{"title":"Conflict","status":409,"detail":"rollout \#(Self.second) is paused","code":"state"}"#))
        #expect(run(bench, verb, "v4") == .refused)
        #expect(bench.console.error == "fleet: rollout \(Self.second) is paused\n")
        #expect(bench.console.out == "")
    }
}
