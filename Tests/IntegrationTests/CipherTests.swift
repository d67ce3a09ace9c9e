// The whole agent, on this machine and as it ships for the device: which cipher suite it gets where the
// processor has instructions for AES and where it hasn't (masked by OpenSSL's own variables). Asked is
// OpenSSL's server, which takes the client's first.

import Foundation
import Testing

@Suite(.serialized) struct CipherTests {
    /// Without AES and carry-less multiplication.
    static let maskX86 = "OPENSSL_ia32cap=~0x200000200000000"
    /// NEON and nothing else.
    static let maskArm = "OPENSSL_armcap=0x1"

    static let ownMask: String = {
        #if arch(arm64)
            maskArm
        #else
            maskX86
        #endif
    }()

    static let hasAES: Bool = {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").contains {
            ($0.hasPrefix("flags") || $0.hasPrefix("Features")) && $0.split(separator: " ").contains("aes")
        }
    }()

    /// - Parameter command: of the agent, up to its own arguments.
    private func suite(_ command: [String]) throws -> String {
        let fleet = try TestFleet()
        try fleet.initialise(host: "127.0.0.1")
        try fleet.start(
            "s_server",
            [
                "/usr/bin/openssl", "s_server", "-accept", "127.0.0.1:0", "-rev",
                "-cert", fleet.path("server/server.crt"), "-key", fleet.path("server/server.key"),
            ])
        func line(_ beginning: String, of file: String) -> String? {
            fleet.text(file).split(separator: "\n").first { $0.hasPrefix(beginning) }.map(String.init)
        }
        try fleet.eventually(10, "openssl s_server listens") { line("ACCEPT ", of: "s_server.out") != nil }
        let port = try #require(line("ACCEPT ", of: "s_server.out")?.split(separator: ":").last)
        let token = String(repeating: "0", count: 32) + "." + String(repeating: "0", count: 64)
        try Data(token.utf8).write(to: fleet.folder.appending(path: "some-token"))
        // It gets no enrolment here; the handshake is what is looked at.
        try fleet.start(
            "agent",
            command + [
                "run", "--server", "https://127.0.0.1:\(port)", "--ca-file", fleet.path("operator/ca.crt"),
                "--token-file", fleet.path("some-token"), "--state-dir", fleet.path("cipher/state"),
                "--run-dir", fleet.path("cipher/run"), "--interval", "500ms",
            ])
        try fleet.eventually(30, "a handshake") { line("Ciphersuite: ", of: "s_server.log") != nil }
        return try #require(line("Ciphersuite: ", of: "s_server.log"))
    }

    private var hostAgent: String { Programs.folder.appending(path: "phi-agent").path }

    @Test func chachaWithoutTheInstructions() throws {
        #expect(try suite(["/usr/bin/env", Self.ownMask, hostAgent]) == "Ciphersuite: TLS_CHACHA20_POLY1305_SHA256")
    }

    @Test(.enabled(if: hasAES, "this processor has no AES instructions"))
    func aesWithThem() throws {
        #expect(try suite([hostAgent]) == "Ciphersuite: TLS_AES_128_GCM_SHA256")
    }

    @Test func theDeviceAsWell() throws {
        try #require(
            FileManager.default.fileExists(atPath: Programs.deviceAgent.path),
            "no device binary: run make device first")
        let device = [Programs.qemu, "-E", Self.maskArm, Programs.deviceAgent.path]
        #expect(try suite(device) == "Ciphersuite: TLS_CHACHA20_POLY1305_SHA256")
    }
}
