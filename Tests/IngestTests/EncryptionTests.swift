import Aggregator
import Foundation
import ServerTesting
import Testing

/// Runs a shell line; its output, or nil where it fails.
private func shell(_ line: String) throws -> String? {
    let tool = Process()
    tool.executableURL = URL(fileURLWithPath: "/bin/sh")
    tool.arguments = ["-c", line]
    let output = Pipe()
    tool.standardOutput = output
    tool.standardError = FileHandle.nullDevice
    try tool.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    tool.waitUntilExit()
    return tool.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
}

private let hasTools = ((try? shell("command -v openssl && command -v curl")) ?? nil) != nil

@Suite struct EncryptionTests {
    @Test(.enabled(if: hasTools, "openssl and curl make the certificate and the request"))
    func servesHTTPSWithTheFoldersCertificate() throws {
        let data = try makeDataFolder()
        let made = try shell(
            "cd '\(data)' && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
                + "-keyout server.key -out server.crt -days 2 -subj /CN=localhost "
                + "-addext subjectAltName=IP:127.0.0.1")
        #expect(made != nil)
        var configuration = FleetConfiguration(dataPath: data)
        configuration.listen = "127.0.0.1:0"
        let service = try FleetService(configuration)
        #expect(service.url == "https://127.0.0.1:\(service.port)")
        #expect(try shell("curl -s --cacert '\(data)/server.crt' \(service.url)/healthz") == "ok\n")
        // Many fields, more than the connection's memory holds.
        let page = try shell(
            "curl -s --cacert '\(data)/server.crt' -H 'Authorization: Bearer \(TestOperator.token)' \(service.url)/metrics")
        #expect(page?.contains("phi_commit_seconds_count") == true)
        #expect(try shell("curl -s --cacert /dev/null \(service.url)/healthz") == nil)
        #expect(try shell("curl -s http://127.0.0.1:\(service.port)/healthz") == nil)
        for (version, isTaken) in [("1", false), ("1_1", false), ("1_2", true), ("1_3", true)] {
            let spoken = try shell(
                "openssl s_client -connect 127.0.0.1:\(service.port) -tls\(version) "
                    + "-cipher 'DEFAULT@SECLEVEL=0' -CAfile '\(data)/server.crt' </dev/null")
            #expect((spoken != nil) == isTaken, "TLS \(version)")
        }
        service.stop()
    }

    @Test(arguments: ["0.0.0.0:0", "[::]:0"])
    func withoutCertificatesHTTPForOtherMachinesMustBeMeant(_ listen: String) throws {
        var configuration = FleetConfiguration(dataPath: try makeDataFolder())
        configuration.listen = listen
        #expect {
            try FleetService(configuration)
        } throws: { ($0 as? StartFault)?.hint.contains("--plain") == true }
        configuration.isPlain = true
        let service = try FleetService(configuration)
        #expect(!service.isEncrypted && service.hasRootFingerprint)
        service.stop()
    }

    @Test(arguments: ["server.crt", "server.key", "operators", "master.key", "root.fingerprint"])
    func aFileThatCannotBeReadIsNotTakenForMissing(_ name: String) throws {
        let data = try makeDataFolder()
        let path = "\(data)/\(name)"
        try? FileManager.default.removeItem(atPath: path)
        // A folder in its place can't be read by root either.
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        var configuration = FleetConfiguration(dataPath: data)
        configuration.listen = "127.0.0.1:0"
        #expect {
            try FleetService(configuration)
        } throws: { ($0 as? StartFault)?.text.hasPrefix("can't read \(path)") == true }
    }

    @Test func certificatesThatDoNotBelongTogetherAreRefused() throws {
        let data = try makeDataFolder()
        for name in ["server.crt", "server.key"] {
            try "not PEM".write(toFile: "\(data)/\(name)", atomically: true, encoding: .utf8)
        }
        var configuration = FleetConfiguration(dataPath: data)
        configuration.listen = "127.0.0.1:0"
        #expect(throws: (any Error).self) { try FleetService(configuration) }
        configuration.isPlain = true
        let service = try FleetService(configuration)
        #expect(!service.isEncrypted)
        service.stop()
    }
}
