// `server init` and the keys.

import Bytes
import Digest
import Foundation
import Model
import Testing
import Wire

@testable import FleetKit

@Suite struct FoundationTests {
    private func initialise(_ bench: Bench, _ more: String...) -> ExitCode {
        Program.run(
            ["server", "init", "--data", bench.scratch.path + "/server"] + more,
            Surroundings(
                environment: bench.environment, console: bench.console, timepiece: bench.timepiece,
                connect: { _ in bench.server }))
    }

    @Test func opensslAcceptsTheCertificates() throws {
        let bench = try Bench(isFounded: false)
        #expect(initialise(bench, "--host", "fleet.example,192.0.2.7,2001:db8::1") == .success)
        let authority = bench.home + "/ca.crt"
        let certificate = bench.scratch.path + "/server/server.crt"
        func verify(_ more: String...) throws -> Bool {
            try output(
                "openssl", ["verify", "-x509_strict", "-purpose", "sslserver"] + more + ["-CAfile", authority, certificate]
            ).hasSuffix(": OK\n")
        }
        #expect(try verify("-verify_hostname", "fleet.example"))
        #expect(try verify("-verify_ip", "192.0.2.7"))
        #expect(try verify("-verify_ip", "2001:db8::1"))
        #expect(try !verify("-verify_hostname", "other.example"))
        #expect(try !verify("-verify_ip", "192.0.2.8"))
        let text = try output("openssl", ["x509", "-noout", "-text", "-in", authority])
        #expect(text.contains("CA:TRUE, pathlen:0"))
        #expect(text.contains("NIST CURVE: P-256"))
        // The key fits the certificate.
        let key = try output("openssl", ["pkey", "-pubout", "-in", bench.scratch.path + "/server/server.key"])
        #expect(try output("openssl", ["x509", "-pubkey", "-noout", "-in", certificate]) == key)
        let end = try output("openssl", ["x509", "-noout", "-checkend", "\(823 * 86_400)", "-in", certificate])
        #expect(end.contains("will not expire"))
        #expect(try bench.scratch.read("operator/config.json").contains("https://fleet.example:8440"))
    }

    @Test func filesAreTheOwnersAlone() throws {
        let bench = try Bench(isFounded: false)
        #expect(initialise(bench, "--host", "fleet.example") == .success)
        let expected = [
            "server": ["master.key", "operators", "root.fingerprint", "server.crt", "server.key"],
            "operator": [
                "ca.crt", "ca.key", "config.json", "keyset.json", "operator.token", "parameters.key", "root.key",
            ],
        ]
        for (folder, names) in expected {
            let path = bench.scratch.path + "/" + folder
            #expect(try mode(path) == 0o700)
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == names)
            for name in names { #expect(try mode(path + "/" + name) == 0o600) }
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: bench.scratch.path).sorted()
        #expect(left == ["operator", "server"])
    }

    @Test func whatIsWrittenHoldsTogether() throws {
        let bench = try Bench()
        let token = try bench.scratch.read("operator/operator.token").dropLast()
        let line = try bench.scratch.read("server/operators")
        #expect(line == "admin \(Digest.sha256(Array(token.utf8)).hex) anna\n")
        let keySet = try SignedKeySet(file: bench.home + "/keyset.json")
        #expect(try bench.scratch.read("server/root.fingerprint") == keySet.root.fingerprint.hex + "\n")
        #expect(try Hex.decode(String(bench.scratch.read("server/master.key").dropLast()))?.count == 32)
        #expect(try bench.scratch.read("operator/config.json").contains("http://127.0.0.1:8440"))
        #expect(keySet.keySet.version == 1 && keySet.keySet.keys.count == 1)
    }

    @Test func nothingIsOverwritten() throws {
        let bench = try Bench()
        let root = try bench.scratch.read("operator/root.key")
        #expect(initialise(bench, "--plain") == .refused)
        #expect(bench.console.error.contains("isn't empty"))
        #expect(try bench.scratch.read("operator/root.key") == root)
        #expect(initialise(bench, "--plain", "--force") == .success)
        #expect(try bench.scratch.read("operator/root.key") != root)
        let second = FakeTimepiece.startMs / 1000
        #expect(try bench.scratch.read("operator.old-\(second)/root.key") == root)
    }

    @Test func aFailureLeavesNothingBehind() throws {
        let bench = try Bench(isFounded: false)
        // The second folder can't be made: its parent is a file.
        let file = try bench.scratch.file("file", "")
        #expect(initialise(bench, "--plain", "--operator", file + "/operator") == .differs)
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.scratch.path) == ["file"])
    }

    @Test func wrongUse() throws {
        let bench = try Bench(isFounded: false)
        for more in [
            [], ["--plain", "--host", "a"], ["--host", "a b"], ["--host", "1.2.3"], ["--host", "-a"],
            ["--host", "a,,DNS:evil"], ["--plain", "--port", "0"], ["--plain", "--name", "a b"],
        ] {
            let exit = Program.run(
                ["server", "init", "--data", bench.scratch.path + "/server"] + more,
                Surroundings(
                    environment: bench.environment, console: bench.console, timepiece: bench.timepiece,
                    connect: { _ in bench.server }))
            #expect(exit == .usage, "\(more)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.scratch.path) == [])
    }

    @Test func keysRotate() throws {
        let bench = try Bench()
        let first = try SignedKeySet(file: bench.home + "/keyset.json")
        #expect(bench.run("key", "generate") == .success)
        let second = try SignedKeySet(file: bench.home + "/keyset.json")
        #expect(second.keySet.version == 2)
        #expect(second.keySet.keys.count == 2)
        #expect(second.keySet.keys.first == first.keySet.keys.first)
        #expect(second.root == first.root)
        let seed = try Hex.decode(String(bench.scratch.read("operator/parameters.key").dropLast()))
        #expect(seed.flatMap { PrivateKey(seed: $0)?.publicKey } == second.keySet.keys.last)
        #expect(bench.run("key", "generate", "--revoke-others") == .success)
        let third = try SignedKeySet(file: bench.home + "/keyset.json")
        #expect(third.keySet.version == 3)
        #expect(third.keySet.keys.count == 1)
        #expect(try mode(bench.home + "/parameters.key") == 0o600)
        for _ in 1..<KeySet.keyCountMax { #expect(bench.run("key", "generate") == .success) }
        #expect(bench.run("key", "generate") == .differs)
        #expect(bench.console.error.contains("--revoke-others"))
    }

    @Test func onlyTheRootVouches() throws {
        let bench = try Bench()
        let before = try bench.scratch.read("operator/keyset.json")
        let other = try bench.scratch.file("other.key", Hex.encode([UInt8](repeating: 7, count: 32)))
        #expect(bench.run("key", "generate", "--root-key", other) == .differs)
        #expect(bench.run("key", "generate", "--root-key", "/nowhere") == .differs)
        #expect(try bench.scratch.read("operator/keyset.json") == before)
        var text = before
        text.replace("\"rootSignatureHex\": \"", with: "\"rootSignatureHex\": \"00", maxReplacements: 1)
        _ = try bench.scratch.file("operator/keyset.json", text)
        #expect(bench.run("key", "list") == .differs)
    }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }
}
