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
        return try Handshake(
            fleet, certificate: fleet.path("server/server.crt"), key: fleet.path("server/server.key"),
            authority: fleet.path("operator/ca.crt")
        ).suite(of: command)
    }

    private var hostAgent: String { Programs.folder.appending(path: "phi-agent").path }

    @Test func chachaWithoutTheInstructions() throws {
        #expect(try suite(["/usr/bin/env", Self.ownMask, hostAgent]) == "TLS_CHACHA20_POLY1305_SHA256")
    }

    @Test(.enabled(if: hasAES, "this processor has no AES instructions"))
    func aesWithThem() throws {
        #expect(try suite([hostAgent]) == "TLS_AES_128_GCM_SHA256")
    }

    @Test func theDeviceAsWell() throws {
        try #require(
            FileManager.default.fileExists(atPath: Programs.deviceAgent.path),
            "no device binary: run make device first")
        let device = [Programs.qemu, "-E", Self.maskArm, Programs.deviceAgent.path]
        #expect(try suite(device) == "TLS_CHACHA20_POLY1305_SHA256")
    }
}
