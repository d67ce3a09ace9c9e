import Testing

@testable import FleetKit

@Suite struct EnrolmentTests {
    private static let secret = "00112233445566778899aabbccddeeff"

    @Test func theFingerprintIsTheOperatorsOwn() throws {
        let bench = try Bench()
        bench.server.on(
            "POST /v1/enrolment-tokens",
            .json(201, #"{"id":"t1","secret":"\#(Self.secret)","rootFingerprint":"of the server"}"#))
        #expect(
            bench.run(
                "enroll", "token", "--uses", "10", "--expires", "7d", "--label", "site-a", "--auto-accept") == .success)
        let root = try bench.scratch.read("server/root.fingerprint")
        #expect(bench.console.out == "\(Self.secret).\(root)")
        let body = try bench.server.body(of: "POST /v1/enrolment-tokens")
        #expect(body["uses"].int == 10)
        #expect(body["expiresInS"].int == 604_800)
        #expect(body["label"].string == "site-a")
        #expect(body["autoAccept"].bool == true)
        for wrong in [["--uses", "0"], ["--uses", "x"], ["--expires", "soon"], ["--expires", "0"]] {
            #expect(Program.run(["enroll", "token"] + wrong, surroundings(bench)) == .usage)
        }
    }

    @Test func tokensAreRevoked() throws {
        let bench = try Bench()
        bench.server.on("DELETE /v1/enrolment-tokens/t1", .json(204, ""))
        #expect(bench.run("enroll", "revoke", "t1") == .success)
        #expect(bench.run("enroll", "revoke", "t/2") == .differs)
        #expect(bench.server.requests.last?.url.hasSuffix("/t%2F2") == true)
    }

    @Test func devicesAreAcceptedInBulk() throws {
        let bench = try Bench()
        bench.server.on("GET /v1/devices?status=pending", #"{"devices":[\#(Fixtures.pending)]}"#)
        bench.server.on("POST /v1/devices/dead00112233445566778899aabbccdd/accept", Fixtures.pending)
        #expect(bench.run("devices", "accept", "--all-pending") == .success)
        #expect(bench.console.out == "accepted dead00112233445566778899aabbccdd  Evil\u{fffd}[2J\u{fffd}Pi  \n")
    }

    @Test func oneBadIdDoesntStopTheOthers() throws {
        let bench = try Bench()
        bench.server.on("POST /v1/devices/3f9a/reject", Fixtures.pi)
        bench.server.on("POST /v1/devices/a0b1/reject", .json(409, #"{"detail":"ambiguous"}"#))
        #expect(bench.run("devices", "reject", "a0b1", "3f9a") == .refused)
        #expect(bench.console.out.contains("rejected 3f9a0011"))
        #expect(bench.console.error.contains("a0b1: ambiguous"))
        #expect(bench.run("devices", "reject") == .usage)
        #expect(bench.run("devices", "reject", "3f9a", "--all-pending") == .usage)
        #expect(bench.run("devices", "reject", "../fleet") == .usage)
    }

    private func surroundings(_ bench: Bench) -> Surroundings {
        Surroundings(
            environment: bench.environment, console: bench.console, timepiece: bench.timepiece,
            connect: { [server = bench.server] _ in server })
    }
}
