import Bytes
import Digest
import Model
import Testing
import Wire

@testable import FleetKit

@Suite struct PushTests {
    private func bench(rollouts: String = "", next: Int = 6) throws -> (Bench, String) {
        let bench = try Bench()
        let file = try bench.scratch.file("a.json", #"{"thermal":{"softLimitC":77}}"#)
        bench.server.on("GET /v1/parameters", #"{"next":\#(next),"sets":[]}"#)
        bench.server.on("GET /v1/rollouts", #"{"rollouts":[\#(rollouts)]}"#)
        bench.server.on("GET /v1/devices?status=accepted", Fixtures.accepted)
        bench.server.on(
            "GET /v1/parameters/4",
            #"{"version":4,"profile":"pi","scope":{"devices":[],"labels":[]},"values":{"thermal":{"softLimitC":78}}}"#)
        bench.server.on(
            "POST /v1/rollouts", .json(201, Fixtures.rollout(id: "r3", version: next, state: "running", confirmed: 0)))
        return (bench, file)
    }

    private let converged = Fixtures.rollout(id: "r2", version: 4, state: "converged", confirmed: 3)

    @Test func whatIsSentIsSignedAndWhole() throws {
        let (bench, file) = try bench(rollouts: converged)
        #expect(bench.run("push", "-f", file, "-l", "site=a", "--canary", "5%", "--soak", "90", "-m", "cooler", "--yes") == .success)
        let body = try bench.server.body(of: "POST /v1/rollouts")
        let bytes = try #require(body["envelopeHex"].string.flatMap { Hex.decode($0) })
        let root = try bench.scratch.read("server/root.fingerprint").dropLast()
        let pinned = try #require(Hex.decode(String(root)).flatMap { Digest32($0) })
        let (set, keySetVersion) = try Envelope(decoding: bytes).verified(root: pinned)
        #expect(set.version == 6)
        #expect(set.previousVersion == 4)
        #expect(set.values[.softLimitC] == 77)
        #expect(set.scope.labels.map(\.text) == ["site=a"])
        #expect(set.createdMs == FakeTimepiece.startMs)
        #expect(keySetVersion == 1)
        #expect(body["strategy"].string == "golden")
        #expect(body["canary"].string == "5%")
        #expect(body["soakS"].int == 90)
        #expect(body["author"].string == "anna")
        #expect(body["message"].string == "cooler")
        try expectGolden(bench.console.out, "screens/push.txt")
    }

    @Test func somebodyMustBeMeant() throws {
        let (bench, file) = try bench()
        #expect(bench.run("push", "-f", file, "--yes") == .usage)
        #expect(bench.console.error.contains("for whom?"))
        #expect(bench.run("push", "-f", file, "--all", "-l", "a=b", "--yes") == .usage)
        #expect(bench.run("push", "-f", file, "--all", "--strategy", "all", "--canary", "2") == .usage)
        #expect(bench.run("push", "-f", file, "--all", "--canary", "0%") == .usage)
        #expect(bench.run("push", "-f", file, "-l", "no label") == .usage)
        #expect(bench.run("push", "--all") == .usage)
        let scoped = try bench.scratch.file("s.json", #"{"scope":{"labels":["site=a"]}}"#)
        #expect(bench.run("push", "-f", scoped, "--all") == .usage)
        #expect(bench.server.requests.isEmpty)
    }

    @Test func nobodyIsAskedWithoutATerminal() throws {
        let (bench, file) = try bench()
        #expect(bench.run("push", "-f", file, "--all") == .usage)
        #expect(bench.console.error.contains("--yes"))
        bench.console.canAsk = true
        bench.console.answers = ["n"]
        #expect(bench.run("push", "-f", file, "--all") == .differs)
        #expect(!bench.server.requests.contains { $0.method == "POST" })
        bench.console.answers = ["y"]
        #expect(bench.run("push", "-f", file, "--all") == .success)
        #expect(bench.console.out.contains("Push v6 to 3 devices, 1 of them silent (every device)? [y/N]"))
    }

    @Test(arguments: ["", "n", "no", "yep", "yes please", "ye", "ja", "1", "\u{1b}[A", nil])
    func whateverIsNoYesIsNo(_ answer: String?) throws {
        let (bench, file) = try bench()
        bench.console.canAsk = true
        // nil: the end of input.
        bench.console.answers = answer.map { [$0] } ?? []
        #expect(bench.run("push", "-f", file, "--all") == .differs)
        #expect(bench.console.error == "fleet: not pushed\n")
        #expect(!bench.server.requests.contains { $0.method != "GET" })
        #expect((try? bench.scratch.read("operator/last-version")) == nil)
    }

    @Test(arguments: ["y", "Y", "yes", " Yes "])
    func aYesIsAYes(_ answer: String) throws {
        let (bench, file) = try bench()
        bench.console.canAsk = true
        bench.console.answers = [answer]
        #expect(bench.run("push", "-f", file, "--all") == .success)
        #expect(bench.server.requests.filter { $0.method == "POST" }.count == 1)
    }

    @Test func theSameIsNotPushedAgain() throws {
        let (bench, _) = try bench(rollouts: converged)
        bench.server.on("GET /v1/devices?status=accepted", Fixtures.accepted(running: 4, 4, 4))
        let same = try bench.scratch.file("same.json", #"{"thermal":{"softLimitC":78}}"#)
        #expect(bench.run("push", "-f", same, "--all", "--yes") == .success)
        #expect(bench.console.out.contains("nothing changes"))
        #expect(!bench.server.requests.contains { $0.method == "POST" })
        #expect(bench.run("push", "-f", same, "--all", "--yes", "--force") == .success)
        #expect(bench.server.requests.contains { $0.method == "POST" })
    }

    @Test func theWayBackAfterAnAbortedRollout() throws {
        let aborted = Fixtures.rollout(id: "r3", version: 6, state: "aborted", confirmed: 2)
        let (bench, _) = try bench(rollouts: converged + "," + aborted, next: 8)
        bench.server.on("GET /v1/devices?status=accepted", Fixtures.accepted(running: 6, 4, 6))
        let old = try bench.scratch.file("old.json", #"{"thermal":{"softLimitC":78}}"#)
        #expect(bench.run("push", "-f", old, "--all", "--dry-run") == .differs)
        #expect(bench.run("push", "-f", old, "--all", "--dry-run", "-o", "json") == .differs)
        #expect(!bench.server.requests.contains { $0.method == "POST" })
        #expect(bench.run("push", "-f", old, "--all", "--yes") == .success)
        #expect(!bench.console.out.contains("nothing changes"))
        let bytes = try #require(
            try bench.server.body(of: "POST /v1/rollouts")["envelopeHex"].string.flatMap { Hex.decode($0) })
        let (set, _) = try Envelope(decoding: bytes).verified(root: nil)
        #expect(set.version == 8)
        #expect(set.values[.softLimitC] == 78)
        try expectGolden(bench.console.out, "screens/push-back.txt")
        // One that stands aside from the rollout has nothing to return from.
        bench.server.on("GET /v1/devices/a0b1", .json(200, #"{"id":"a0b100112233445566778899aabbccdd"}"#))
        #expect(bench.run("push", "-f", old, "--device", "a0b1", "--dry-run") == .success)
    }

    @Test func theWayBackToTheBuiltInDefaults() throws {
        let failed = Fixtures.rollout(id: "r2", version: 4, state: "failed", confirmed: 1, failure: #""x""#)
        let (bench, _) = try bench(rollouts: failed)
        let defaults = try bench.scratch.file("defaults.json", "{}")
        bench.server.on("GET /v1/devices?status=accepted", Fixtures.accepted(running: 0, 0, 0))
        #expect(bench.run("push", "-f", defaults, "--all", "--yes") == .success)
        #expect(bench.console.out.contains("nothing changes: built-in defaults have these values"))
        bench.server.on("GET /v1/devices?status=accepted", Fixtures.accepted(running: 0, 4, 0))
        #expect(bench.run("push", "-f", defaults, "--all", "--yes") == .success)
        #expect(bench.console.out.contains("1 device runs v4"))
        #expect(bench.server.requests.contains { $0.method == "POST" })
    }

    @Test func anOpenRolloutIsNoStandstill() throws {
        let open = Fixtures.rollout(
            id: "r3", version: 6, state: "running", confirmed: 0, scope: #"{"devices":[],"labels":["site=a"]}"#)
        let (bench, _) = try bench(rollouts: converged + "," + open, next: 8)
        bench.server.on("GET /v1/devices?status=accepted", Fixtures.accepted(running: 4, 4, 4))
        bench.server.on("POST /v1/rollouts", .json(409, #"{"detail":"anna rolls out v6"}"#))
        let same = try bench.scratch.file("same.json", #"{"thermal":{"softLimitC":78}}"#)
        #expect(bench.run("push", "-f", same, "--all", "--yes") == .refused)
        #expect(bench.console.out.contains("rollout r3 of v6 by anna is running"))
        #expect(bench.run("push", "-f", same, "-l", "site=b", "--yes") == .success)
        #expect(bench.run("push", "-f", same, "-l", "site=a", "--dry-run") == .differs)
    }

    @Test func aFailedSetIsNotWhatTheFleetRuns() throws {
        let failed = Fixtures.rollout(id: "r2", version: 4, state: "failed", confirmed: 0, failure: #""x""#)
        let (bench, _) = try bench(rollouts: failed)
        let same = try bench.scratch.file("same.json", #"{"thermal":{"softLimitC":78}}"#)
        #expect(bench.run("push", "-f", same, "--all", "--dry-run") == .differs)
        #expect(bench.console.out.contains("built-in defaults → v6, 1 change"))
    }

    @Test func aNarrowerSetIsReplacedKnowingly() throws {
        let narrow = Fixtures.rollout(
            id: "r3", version: 6, state: "converged", confirmed: 1, scope: #"{"devices":[],"labels":["site=a"]}"#)
        let (bench, _) = try bench(rollouts: converged + "," + narrow, next: 8)
        let same = try bench.scratch.file("same.json", #"{"thermal":{"softLimitC":78}}"#)
        #expect(bench.run("push", "-f", same, "--all", "--yes") == .success)
        #expect(bench.console.out.contains("replaces v6, which site=a runs"))
        #expect(bench.server.requests.contains { $0.method == "POST" })
    }

    @Test func devicesAreNamedByPrefix() throws {
        let (bench, file) = try bench()
        bench.server.on("GET /v1/devices/3f9a", Fixtures.pi)
        #expect(bench.run("push", "-f", file, "--device", "3F9A", "--yes") == .success)
        let body = try bench.server.body(of: "POST /v1/rollouts")
        let bytes = try #require(body["envelopeHex"].string.flatMap { Hex.decode($0) })
        let (set, _) = try Envelope(decoding: bytes).verified(root: nil)
        #expect(set.scope.devices.map(\.hex) == ["3f9a00112233445566778899aabbccdd"])
    }

    @Test func aForeignDeviceIsNotSignedFor() throws {
        let (bench, file) = try bench()
        bench.server.on("GET /v1/devices/3f9a", Fixtures.zero)
        #expect(bench.run("push", "-f", file, "--device", "3f9a", "--yes") == .differs)
    }

    @Test func badFilesAndKeysStopBeforeTheServer() throws {
        let (bench, file) = try bench()
        let bad = try bench.scratch.file("bad.json", "{\n\"thermal\":{\"softLimitC\":500}}")
        #expect(bench.run("push", "-f", bad, "--all", "--yes") == .differs)
        #expect(bench.console.error.contains("bad.json:2: thermal.softLimitC = 500.0 lies outside"))
        _ = try bench.scratch.file("operator/parameters.key", Hex.encode([UInt8](repeating: 9, count: 32)))
        #expect(bench.run("push", "-f", file, "--all", "--yes") == .differs)
        #expect(bench.console.error.contains("isn't in the root's set"))
        #expect(!bench.server.requests.contains { $0.method == "POST" })
    }

    @Test func allIsReadBeforeAnythingIsAskedOrSent() throws {
        for words in [["--timeout", "5min"], ["--wait", "--timeout", "5min"], ["--soak", "soon"], ["--canary", "few"]] {
            let (bench, file) = try bench()
            bench.console.canAsk = true
            bench.console.answers = ["y"]
            #expect(Program.run(["push", "-f", file, "--all"] + words, bench.surroundings) == .usage, "\(words)")
            #expect(bench.server.requests.isEmpty, "\(words)")
            #expect(bench.console.answers == ["y"], "\(words)")
        }
        for name in ["parameters.key", "keyset.json"] {
            let (bench, file) = try bench()
            bench.console.canAsk = true
            bench.console.answers = ["y"]
            _ = try bench.scratch.file("operator/" + name, "?")
            #expect(bench.run("push", "-f", file, "--all") == .differs, "\(name)")
            #expect(bench.console.answers == ["y"], "\(name)")
            #expect(!bench.server.requests.contains { $0.method == "POST" }, "\(name)")
            // A look needs no key.
            #expect(bench.run("push", "-f", file, "--all", "--dry-run") == .differs, "\(name)")
            #expect(bench.console.out.contains("built-in defaults → v6"), "\(name)")
        }
    }

    @Test func aConflictNamesTheOther() throws {
        let (bench, file) = try bench()
        bench.server.on(
            "POST /v1/rollouts",
            .json(409, #"{"title":"conflict","detail":"ben has been rolling out v4 since 12:03","hint":"fleet rollout show r2"}"#))
        #expect(bench.run("push", "-f", file, "--all", "--yes") == .refused)
        #expect(bench.console.error == "fleet: ben has been rolling out v4 since 12:03\nhint: fleet rollout show r2\n")
    }

    private func wait(_ answers: FakeServer.Answer..., words: [String] = []) throws -> (Bench, ExitCode) {
        let (bench, file) = try bench()
        bench.server.on("POST /v1/rollouts", .json(201, Fixtures.rollout(id: "r3", version: 6, state: "running", confirmed: 0)))
        bench.server.script("GET /v1/rollouts/r3", answers)
        let exit = Program.run(
            ["push", "-f", file, "--all", "--yes", "--wait"] + words,
            Surroundings(
                environment: bench.environment, console: bench.console, timepiece: bench.timepiece,
                connect: { [server = bench.server] _ in server }))
        return (bench, exit)
    }

    private func step(_ state: String, wave: Int, trial: Int = 0, confirmed: Int, failure: String = "null", _ members: String...) -> FakeServer.Answer {
        .json(
            200,
            Fixtures.rollout(
                id: "r3", version: 6, state: state, wave: wave, trial: trial, confirmed: confirmed,
                failure: failure, devices: members.joined(separator: ","), createdMs: Fixtures.now))
    }

    private func member(_ id: String, _ wave: Int, _ phase: String, after milliseconds: Int64? = nil, reason: String = "", isLive: Bool = true) -> String {
        Fixtures.member(
            id, wave: wave, phase: phase, reason: reason,
            appliedMs: milliseconds.map { "\(Fixtures.now + $0)" } ?? "null", isLive: isLive)
    }

    @Test func waitingForConvergence() throws {
        let (bench, exit) = try wait(
            step("running", wave: 0, trial: 1, confirmed: 0, member("aaaa", 0, "trial", after: 1200)),
            step("running", wave: 1, confirmed: 1, member("aaaa", 0, "confirmed", after: 1200)),
            .failure(.unreachable("restarting")),
            step(
                "converged", wave: 1, confirmed: 2, member("aaaa", 0, "confirmed", after: 1200),
                member("bbbb", 1, "confirmed", after: 3400), member("cccc", 1, "waiting", isLive: false)))
        #expect(exit == .success)
        try expectGolden(bench.console.out, "screens/push-wait.txt")
    }

    @Test func theMovingLineOnATerminal() throws {
        let (bench, file) = try bench()
        bench.console.width = 72
        bench.server.script("GET /v1/rollouts/r3", [
            step("running", wave: 0, trial: 1, confirmed: 0, member("aaaa", 0, "trial", after: 1200)),
            step("running", wave: 1, confirmed: 1, member("aaaa", 0, "confirmed", after: 1200)),
            step("converged", wave: 1, confirmed: 3, member("aaaa", 0, "confirmed", after: 1200)),
        ])
        #expect(bench.run("push", "-f", file, "--all", "--yes", "--wait") == .success)
        try expectGolden(bench.console.out, "screens/push-wait-terminal.txt")
    }

    @Test func aGateThatFails() throws {
        let (bench, exit) = try wait(
            step("failed", wave: 0, confirmed: 0, failure: #""canary aaaa refused""#, member("aaaa", 0, "refused", reason: "out of range"), member("bbbb", 1, "waiting")))
        #expect(exit == .gateFailed)
        #expect(bench.console.out.contains("refused aaaa Raspberry Pi 4: out of range"))
    }

    @Test func pausedAbortedAndTimedOut() throws {
        #expect(try wait(step("paused", wave: 0, confirmed: 0)).1 == .paused)
        #expect(try wait(step("aborted", wave: 0, confirmed: 0)).1 == .differs)
        let (bench, exit) = try wait(step("running", wave: 0, confirmed: 0, member("aaaa", 0, "offered")), words: ["--timeout", "30s"])
        #expect(exit == .timedOut)
        #expect(bench.timepiece.steadyMs == 30_000)
        #expect(bench.console.out.contains("stragglers: aaaa"))
        #expect(try wait(.failure(.unreachable("gone"))).1 == .unreachable)
    }

    @Test func jsonIsTheEndAlone() throws {
        let (bench, exit) = try wait(step("converged", wave: 1, confirmed: 3), words: ["-o", "json"])
        #expect(exit == .success)
        #expect(try JSONReader.read(Array(bench.console.out.utf8))["state"].string == "converged")
    }

    @Test func verbsPassOn() throws {
        let (bench, _) = try bench(rollouts: converged)
        for verb in ["pause", "resume", "promote", "abort"] {
            bench.server.on("POST /v1/rollouts/r2/\(verb)", converged)
            let yes = ["promote", "abort"].contains(verb) ? ["--yes"] : []
            #expect(Program.run(["rollout", verb, "v4"] + yes, bench.surroundings) == .success)
        }
        #expect(bench.run("rollout", "pause", "v8") == .differs)
    }
}
