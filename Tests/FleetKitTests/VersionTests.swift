// The version that a server asks to have signed: how far it is believed.

import Foundation
import Model
import Testing

@testable import FleetKit

@Suite struct VersionTests {
    private static let limit = ParameterSet.versionLimit
    private static let half = ParameterSet.versionLimit / 2

    /// - Returns: how a push ends when the server asks for this version.
    private func push(
        _ next: UInt64, signed: String? = nil, sets: [UInt64] = [], running version: UInt64 = 0
    ) throws -> (ExitCode, Bench) {
        let bench = try Bench()
        let file = try bench.scratch.file("a.json", #"{"thermal":{"softLimitC":77}}"#)
        if let signed { _ = try bench.scratch.file("operator/last-version", signed) }
        let list = sets.map { #"{"version":\#($0)}"# }.joined(separator: ",")
        bench.server.on("GET /v1/parameters", #"{"next":\#(next),"sets":[\#(list)]}"#)
        bench.server.on("GET /v1/rollouts", #"{"rollouts":[]}"#)
        bench.server.on(
            "GET /v1/devices?status=accepted",
            #"{"devices":[{"id":"3f9a00112233445566778899aabbccdd","parameterVersion":\#(version)}]}"#)
        bench.server.on(
            "POST /v1/rollouts", .json(201, Fixtures.rollout(version: 6, state: "running", confirmed: 0)))
        return (bench.run("push", "-f", file, "--all", "--yes"), bench)
    }

    private func isRefused(
        _ next: UInt64, signed: String? = nil, sets: [UInt64] = [], running version: UInt64 = 0
    ) throws -> Bool {
        let (exit, bench) = try push(next, signed: signed, sets: sets, running: version)
        guard exit == .refused else {
            #expect(exit == .success)
            #expect(try bench.scratch.read("operator/last-version") == "\(max(next, UInt64(signed ?? "") ?? 0))\n")
            return false
        }
        #expect(bench.console.error.contains("wants version \(next) signed"))
        #expect(!bench.server.requests.contains { $0.method == "POST" })
        #expect((try? bench.scratch.read("operator/last-version")) == signed)
        return true
    }

    @Test func whatIsKnownBoundsIt() throws {
        #expect(try !isRefused(2))
        #expect(try !isRefused(2000))
        #expect(try isRefused(2002))
        #expect(try !isRefused(2002, signed: "2"))
        #expect(try !isRefused(5002, sets: [4, 5000, 2]))
        #expect(try !isRefused(7002, running: 5002))
        #expect(try isRefused(7004, running: 5002))
        // Another operator's folder knows more; what was signed here stays.
        #expect(try !isRefused(6, signed: "40"))
    }

    @Test func theLastNumbersAreNeverSigned() throws {
        #expect(try isRefused(Self.limit - 2))
        #expect(try isRefused(Self.limit - 2, sets: [Self.limit - 4], running: Self.limit - 4))
        #expect(try isRefused(Self.limit, signed: "\(Self.limit - 2)"))
        #expect(try isRefused(UInt64.max - 1, signed: "\(Self.limit - 2)"))
        #expect(try isRefused(7))
        // A device that claims the top of the lower half costs no more than that half.
        #expect(try !isRefused(Self.half, running: Self.half - 2))
        #expect(try isRefused(Self.half + 4000, signed: "\(Self.half)", running: Self.half + 3998))
        #expect(try !isRefused(Self.half + 2, signed: "\(Self.half)"))
    }

    @Test func itIsWrittenBeforeTheServerHearsOfIt() throws {
        let (_, bench) = try push(6)
        let file = bench.home + "/last-version"
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        bench.server.on("GET /v1/parameters", #"{"next":8,"sets":[]}"#)
        bench.server.on("POST /v1/rollouts", .failure(.unreachable("gone")))
        #expect(bench.run("push", "-f", bench.scratch.path + "/a.json", "--all", "--yes") == .unreachable)
        #expect(try bench.scratch.read("operator/last-version") == "8\n")
        // A look signs nothing.
        bench.server.on("GET /v1/parameters", #"{"next":10,"sets":[]}"#)
        bench.run("push", "-f", bench.scratch.path + "/a.json", "--all", "--dry-run")
        #expect(try bench.scratch.read("operator/last-version") == "8\n")
    }

    @Test(arguments: ["", "x", "-2", "9007199254740992", "6 8"])
    func aDamagedMemoryIsSaid(_ text: String) throws {
        let (exit, bench) = try push(6, signed: text)
        #expect(exit == .differs)
        #expect(bench.console.error.contains("last-version holds no version"))
        #expect(!bench.server.requests.contains { $0.method == "POST" })
    }
}
