// `server renew`: a new certificate by the old authority.

import Foundation
import Testing

@testable import FleetKit

@Suite struct RenewTests {
    private func bench() throws -> Bench {
        let bench = try Bench(isFounded: false)
        let exit = bench.run("server", "init", "--data", bench.scratch.path + "/server", "--host", "fleet.example")
        try #require(exit == .success)
        return bench
    }

    private func renew(_ bench: Bench, _ more: String...) -> ExitCode {
        Program.run(["server", "renew", "--data", bench.scratch.path + "/server"] + more, bench.surroundings)
    }

    /// Every file of both folders, by its path.
    private func files(_ bench: Bench) throws -> [String: Data] {
        var found: [String: Data] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: bench.scratch.path) {
            found[path] = FileManager.default.contents(atPath: bench.scratch.path + "/" + path)
        }
        return found
    }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test func opensslAcceptsTheNewOne() throws {
        let bench = try bench()
        let before = try files(bench)
        #expect(renew(bench, "--host", "new.example, 192.0.2.9") == .success)
        #expect(bench.console.out.contains("certificate   for new.example, 192.0.2.9, until 2029-02-"))
        #expect(bench.console.out.contains("https://fleet.example:8440, as config.json has it, isn't among them"))
        let after = try files(bench)
        #expect(Set(after.keys) == Set(before.keys))
        let changed = after.keys.filter { after[$0] != before[$0] }.sorted()
        #expect(changed == ["server/server.crt", "server/server.key"])
        let certificate = bench.scratch.path + "/server/server.crt"
        let keyFile = bench.scratch.path + "/server/server.key"
        #expect(try mode(certificate) == 0o644)
        #expect(try mode(keyFile) == 0o600)
        func verify(_ more: String...) throws -> Bool {
            try output(
                "openssl",
                ["verify", "-x509_strict", "-purpose", "sslserver"] + more
                    + ["-CAfile", bench.home + "/ca.crt", certificate]
            ).hasSuffix(": OK\n")
        }
        #expect(try verify("-verify_hostname", "new.example"))
        #expect(try verify("-verify_ip", "192.0.2.9"))
        #expect(try !verify("-verify_hostname", "fleet.example"))
        let key = try output("openssl", ["pkey", "-pubout", "-in", keyFile])
        #expect(try output("openssl", ["x509", "-pubkey", "-noout", "-in", certificate]) == key)
        let end = try output("openssl", ["x509", "-noout", "-checkend", "\(823 * 86_400)", "-in", certificate])
        #expect(end.contains("will not expire"))
    }

    @Test func theSameNamesAreNoWonder() throws {
        let bench = try bench()
        #expect(renew(bench, "--host", "FLEET.example", "--operator", bench.home + "/") == .success)
        #expect(!bench.console.out.contains("isn't among them"))
        #expect(renew(bench, "--host", "fleet.example", "-o", "json") == .success)
        #expect(bench.console.out.contains(#""hosts": ["#))
    }

    @Test func aForeignKeySignsNothing() throws {
        let bench = try bench()
        let other = try Bench(isFounded: false)
        #expect(other.run("server", "init", "--data", other.scratch.path + "/server", "--host", "a.example") == .success)
        let own = try bench.scratch.read("operator/ca.key")
        for content in [try other.scratch.read("operator/ca.key"), "", "no key"] {
            _ = try bench.scratch.file("operator/ca.key", content)
            let before = try files(bench)
            #expect(renew(bench, "--host", "fleet.example") == .differs)
            #expect(bench.console.error.contains("does ca.key belong to ca.crt"))
            #expect(try files(bench) == before)
        }
        _ = try bench.scratch.file("operator/ca.key", own)
        #expect(renew(bench, "--host", "fleet.example") == .success)
    }

    @Test func bothFilesOrNeither() throws {
        let bench = try bench()
        let certificate = bench.scratch.path + "/server/server.crt"
        // A folder in the certificate's place can't be replaced by a file.
        try FileManager.default.removeItem(atPath: certificate)
        try FileManager.default.createDirectory(atPath: certificate, withIntermediateDirectories: false)
        let before = try files(bench)
        #expect(renew(bench, "--host", "fleet.example") == .differs)
        #expect(try files(bench) == before)
        // Where neither was, both come.
        try FileManager.default.removeItem(atPath: certificate)
        try FileManager.default.removeItem(atPath: bench.scratch.path + "/server/server.key")
        #expect(renew(bench, "--host", "fleet.example") == .success)
        #expect(try files(bench).keys.filter { $0.hasPrefix("server/server.") }.count == 2)
    }

    @Test func wrongUse() throws {
        let bench = try bench()
        let before = try files(bench)
        #expect(renew(bench) == .usage)
        #expect(renew(bench, "--host", "") == .usage)
        #expect(renew(bench, "--host", "a b") == .usage)
        #expect(bench.run("server", "renew", "--host", "a") == .usage)
        #expect(bench.run("server", "renew", "--data", "/nowhere", "--host", "a") == .differs)
        #expect(renew(bench, "--host", "a", "--operator", "/nowhere") == .differs)
        #expect(bench.console.error.contains("there is no /nowhere/ca.crt"))
        #expect(try files(bench) == before)
    }
}
