// What people see, held by golden files; and what programs get.

import Foundation
import Testing

@testable import FleetKit

@Suite struct ScreenTests {
    private static let members = [
        Fixtures.member(
            "3f9a00112233445566778899aabbccdd", wave: 0, phase: "confirmed",
            appliedMs: "\(Fixtures.now - 28_800)", confirmedMs: "\(Fixtures.now - 20_000)"),
        Fixtures.member(
            "a0b100112233445566778899aabbccdd", wave: 1, phase: "refused",
            reason: "a value lies outside the hard limits"),
        Fixtures.member("c0ffee112233445566778899aabbccdd", wave: 1, phase: "waiting", isLive: false),
    ].joined(separator: ",")

    private static let rollouts = """
        {"rollouts":[\(Fixtures.rollout(id: "r1", version: 2, state: "converged", confirmed: 3, convergence: #"{"p50S":1.2,"p99S":3.4}"#, createdMs: Fixtures.now - 7_200_000)),
        \(Fixtures.rollout(id: "r2", version: 4, state: "paused", wave: 1, trial: 1, confirmed: 1))]}
        """

    private func bench() throws -> Bench {
        let bench = try Bench()
        let server = bench.server
        server.on("GET /v1/devices", Fixtures.devices)
        server.on("GET /v1/devices?status=accepted", Fixtures.accepted)
        server.on("GET /v1/devices?status=pending", #"{"devices":[\#(Fixtures.pending)]}"#)
        server.on("GET /v1/devices/a0b1", Fixtures.zero)
        server.on("GET /v1/devices/dead", Fixtures.pending)
        server.on("GET /v1/fleet", Fixtures.fleet)
        server.on("GET /v1/rollouts", Self.rollouts)
        server.on(
            "GET /v1/rollouts/r2",
            Fixtures.rollout(
                state: "failed", wave: 1, confirmed: 1,
                failure: #""a0b1 refused: a value lies outside the hard limits""#, devices: Self.members))
        server.on(
            "GET /v1/parameters",
            """
            {"next":6,"sets":[{"version":4,"previousVersion":2,"createdMs":\(Fixtures.now - 30_000),"author":"anna","message":"cooler limits","rolloutID":"r2"},
            {"version":2,"previousVersion":0,"createdMs":\(Fixtures.now - 7_200_000),"author":"ben","message":"first","rolloutID":"r1"}]}
            """)
        server.on(
            "GET /v1/parameters/2",
            """
            {"version":2,"previousVersion":0,"createdMs":\(Fixtures.now - 7_200_000),"notAfterMs":0,"profile":"pi",
            "scope":{"devices":[],"labels":[]},"values":{"thermal":{"softLimitC":78}},"author":"ben","message":"first","envelopeHex":""}
            """)
        server.on(
            "GET /v1/enrolment-tokens",
            """
            {"tokens":[{"id":"t1","label":"site-a","uses":10,"used":3,"expiresMs":\(Fixtures.now + 3_600_000),"autoAccept":true},
            {"id":"t2","label":"","uses":1,"used":1,"expiresMs":\(Fixtures.now - 1),"autoAccept":false}]}
            """)
        return bench
    }

    static let screens: [(String, [String], ExitCode)] = [
        ("devices-list", ["devices", "list"], .success),
        ("devices-show", ["devices", "show", "A0B1"], .success),
        ("devices-show-pending", ["devices", "show", "dead"], .success),
        ("status", ["status"], .success),
        ("runtime", ["runtime"], .success),
        ("parameters-list", ["parameters", "list"], .success),
        ("parameters-show", ["parameters", "show"], .success),
        ("parameters-diff", ["parameters", "diff", "default", "2"], .differs),
        ("rollout-list", ["rollout", "list"], .success),
        ("rollout-show", ["rollout", "show", "v4"], .gateFailed),
        ("enroll-list", ["enroll", "list"], .success),
    ]

    @Test(arguments: screens)
    func screenIsAsItWas(_ name: String, _ words: [String], _ exit: ExitCode) throws {
        let bench = try bench()
        let found = Program.run(words, surroundings(bench))
        #expect(found == exit)
        #expect(bench.console.error == "")
        #expect(!bench.console.out.unicodeScalars.contains { Styled.isUnsafe($0) && $0 != "\n" })
        try expectGolden(bench.console.out, "screens/\(name).txt")
    }

    @Test(arguments: screens)
    func screenFitsANarrowTerminal(_ name: String, _ words: [String], _ exit: ExitCode) throws {
        let bench = try bench()
        bench.console.width = 60
        _ = Program.run(words, surroundings(bench))
        // Tables are cut; sentences may wrap.
        #expect(bench.console.out.contains("\n"))
    }

    @Test(arguments: screens)
    func jsonIsJSON(_ name: String, _ words: [String], _ exit: ExitCode) throws {
        let bench = try bench()
        #expect(Program.run(words + ["-o", "json"], surroundings(bench)) == exit)
        _ = try JSONReader.read(Array(bench.console.out.utf8))
        #expect(!bench.console.out.unicodeScalars.contains { Styled.isUnsafe($0) && $0 != "\n" })
    }

    @Test func jsonIsTheServersOwn() throws {
        let bench = try bench()
        bench.run("devices", "list", "-o", "json")
        let given = try JSONReader.read(Array(Fixtures.devices.utf8))
        #expect(try JSONReader.read(Array(bench.console.out.utf8)).compact == given.compact)
    }

    @Test func statusCanBeAsked() throws {
        let bench = try bench()
        #expect(bench.run("status", "--check") == .differs)
        bench.server.on("GET /v1/devices", #"{"devices":[\#(Fixtures.pi)]}"#)
        bench.server.on("GET /v1/rollouts", #"{"rollouts":[]}"#)
        #expect(bench.run("status", "--check") == .success)
        #expect(bench.console.out.contains("all is well"))
    }

    /// A device as `Fixtures` has it, with these sensors.
    private func device(zones: String, hwmon: String, known: Int, healthy: Int) throws -> String {
        var text = Fixtures.pi
        for (name, old, new) in [
            ("zones", #"[{"name":"cpu-thermal","temperatureC":54.5}]"#, zones),
            ("hwmon", #"[{"chip":"rpi_volt","label":"in0","kind":"voltage","value":5.08}]"#, hwmon),
            ("sensors", #"{"known":5,"healthy":5,"failuresTotal":3}"#,
             #"{"known":\#(known),"healthy":\#(healthy),"failuresTotal":3}"#),
        ] {
            try #require(text.contains("\"\(name)\":" + old))
            text.replace("\"\(name)\":" + old, with: "\"\(name)\":" + new)
        }
        return text
    }

    @Test func aMissingThermometerIsNoFault() throws {
        let bench = try bench()
        bench.server.on("GET /v1/rollouts", #"{"rollouts":[]}"#)
        func check(_ zones: String, _ hwmon: String, _ known: Int, _ healthy: Int) throws -> (ExitCode, String) {
            let text = try device(zones: zones, hwmon: hwmon, known: known, healthy: healthy)
            bench.server.on("GET /v1/devices", #"{"devices":[\#(text)]}"#)
            let before = bench.console.out.count
            let exit = bench.run("status", "--check")
            return (exit, String(bench.console.out.dropFirst(before)))
        }
        let volts = #"[{"chip":"rpi_volt","label":"in0","kind":"voltage","value":5.08}]"#
        let (exit, screen) = try check("[]", volts, 3, 2)
        #expect(exit == .success)
        #expect(screen.hasPrefix("all is well\n  no temperature: 3f9a00112233\n"))
        // One of the others failed as well.
        let (second, both) = try check("[]", "[]", 3, 1)
        #expect(second == .differs)
        #expect(both.hasPrefix("1 thing to look at\n  sensors failed: 3f9a00112233\n  no temperature: 3f9a00112233\n"))
        // What is there and silent has failed.
        for (zones, hwmon) in [
            (#"[{"name":"cpu-thermal","temperatureC":null}]"#, "[]"),
            ("[]", #"[{"chip":"cpu","label":"","kind":"temperature","value":null}]"#),
        ] {
            let (exit, screen) = try check(zones, hwmon, 3, 2)
            #expect(exit == .differs)
            #expect(screen.hasPrefix("1 thing to look at\n  sensors failed: 3f9a00112233\n\n"))
        }
        // All well, whatever has no zone.
        #expect(try check("[]", "[]", 2, 2).0 == .success)
        #expect(try check("[]", "[]", 0, 0).0 == .success)
        let page = try device(zones: "[]", hwmon: "[]", known: 3, healthy: 2)
        bench.server.on("GET /v1/devices/3f9a", page)
        bench.run("devices", "show", "3f9a")
        #expect(bench.console.out.contains("2 known, 0 failed, 3 failures in all; no temperature sensor"))
    }

    @Test func anEmptyFleetIsToldWhatToDo() throws {
        let bench = try Bench()
        bench.server.on("GET /v1/devices", #"{"devices":[]}"#)
        bench.server.on("GET /v1/devices?status=accepted", #"{"devices":[]}"#)
        bench.server.on("GET /v1/rollouts", #"{"rollouts":[]}"#)
        bench.server.on("GET /v1/parameters", #"{"next":2,"sets":[]}"#)
        bench.server.on("GET /v1/fleet", "{}")
        bench.server.on("GET /v1/enrolment-tokens", #"{"tokens":[]}"#)
        for words in [["devices", "list"], ["status"], ["runtime"], ["rollout", "list"], ["parameters", "list"], ["parameters", "show"], ["enroll", "list"]] {
            #expect(Program.run(words, surroundings(bench)) == .success, "\(words)")
        }
        #expect(bench.run("rollout", "show") == .differs)
        try expectGolden(bench.console.out, "screens/empty.txt")
    }

    @Test func aServerThatSaysNonsenseTrapsNothing() throws {
        for nonsense in [
            "{}", "[]", "null", #"{"devices":7,"rollouts":"x","sets":{},"next":2}"#,
            #"{"devices":[null,{"id":5,"gaps":3,"labels":[1],"lastSeenMs":1e300,"temperatureC":1e308,"runtime":{"extension64":-1,"valuesAdmitted":1}}],"next":2}"#,
            #"{"rollouts":[{"wave":9223372036854775807,"waves":[{"index":1}],"createdMs":-9223372036854775808,"devices":[{"appliedMs":9223372036854775807}]}],"next":2}"#,
            #"{"rollouts":[{"wave":-9223372036854775808,"waves":[{"index":9223372036854775807,"size":1,"startedMs":-9223372036854775808,"finishedMs":9223372036854775807}],"devices":[{"wave":9223372036854775807}]}],"next":9223372036854775806}"#,
        ] {
            for (_, words, _) in Self.screens {
                let bench = try Bench()
                for path in ["/v1/devices", "/v1/devices?status=accepted", "/v1/devices/a0b1", "/v1/devices/dead", "/v1/fleet", "/v1/rollouts", "/v1/rollouts/?", "/v1/rollouts/%3F", "/v1/parameters", "/v1/parameters/2", "/v1/enrolment-tokens"] {
                    bench.server.on("GET " + path, nonsense)
                }
                _ = Program.run(words, surroundings(bench))
            }
        }
    }

    @Test func failuresHaveTheirExitCodes() throws {
        let bench = try bench()
        func exit(_ answer: FakeServer.Answer) -> ExitCode {
            bench.server.on("GET /v1/devices", answer)
            return bench.run("devices", "list")
        }
        #expect(exit(.failure(.unreachable("connection refused"))) == .unreachable)
        #expect(bench.console.error.hasSuffix("hint: is phi-aggregator running there, and --server or config.json right?\n"))
        #expect(exit(.failure(.timedOut("30 s"))) == .unreachable)
        #expect(exit(.failure(.tls("unknown authority"))) == .unreachable)
        #expect(exit(.failure(.tooLarge)) == .differs)
        #expect(exit(.json(401, "")) == .refused)
        #expect(exit(.json(403, #"{"detail":"role viewer","hint":"ask ben"}"#)) == .refused)
        #expect(bench.console.error.hasSuffix("fleet: role viewer\nhint: ask ben\n"))
        #expect(exit(.json(409, "<html>")) == .refused)
        #expect(exit(.json(503, "{}")) == .unreachable)
        #expect(exit(.json(500, "{}")) == .differs)
        #expect(exit(.json(200, "<html>")) == .differs)
        #expect(bench.console.error.contains("isn't JSON"))
        #expect(bench.run("--server", "ftp://x", "status") == .usage)
        #expect(bench.run("--token-file", "/nowhere", "status") == .refused)
        #expect(bench.run("--home", "/nowhere", "status") == .usage)
    }

    @Test func theTokenGoesInItsHeader() throws {
        let bench = try bench()
        bench.run("devices", "list", "--server", "http://127.0.0.1:9/")
        let request = try #require(bench.server.requests.last)
        let token = try bench.scratch.read("operator/operator.token").dropLast()
        #expect(request.headers.contains { $0 == ("Authorization", "Bearer \(token)") })
        #expect(request.url == "http://127.0.0.1:9/v1/devices")
        #expect(bench.console.error == "")
        bench.run("devices", "list", "--server", "http://fleet.example:8440")
        #expect(bench.console.error.contains("unencrypted"))
        let split = try bench.scratch.file("split.token", "a\r\nX-Evil: 1")
        #expect(bench.run("devices", "list", "--token-file", split) == .refused)
    }

    private func surroundings(_ bench: Bench) -> Surroundings {
        Surroundings(
            environment: bench.environment, console: bench.console, timepiece: bench.timepiece,
            connect: { [server = bench.server] _ in server })
    }
}
