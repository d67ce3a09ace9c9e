// What the device's program agrees on with servers of each kind. Parts of OpenSSL are left out of it
// (toolchains/sdk/absent.c): what a server may ask of a client has to be there all the same.

import Foundation
import Testing

/// One kind of server.
struct ServerKind: CustomTestStringConvertible, Sendable {
    /// As `openssl req -newkey` takes it.
    var key: [String]
    var options: [String]
    var suite: String

    var testDescription: String { (key + options).joined(separator: " ") }

    init(_ key: [String], _ options: [String], _ suite: String) {
        self.key = key
        self.options = options
        self.suite = suite
    }

    static func curve(_ name: String) -> [String] { ["ec", "-pkeyopt", "ec_paramgen_curve:\(name)"] }

    static let all = [
        // Certificates.
        ServerKind(["rsa:2048"], ["-tls1_3"], "TLS_AES_256_GCM_SHA384"),
        ServerKind(["rsa:2048"], ["-tls1_2"], "ECDHE-RSA-CHACHA20-POLY1305"),
        ServerKind(curve("P-384"), ["-tls1_3"], "TLS_CHACHA20_POLY1305_SHA256"),
        ServerKind(curve("P-521"), ["-tls1_2"], "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ServerKind(["ed25519"], ["-tls1_3"], "TLS_AES_128_GCM_SHA256"),
        // Groups: other than the first choice they take a second hello.
        ServerKind(curve("P-256"), ["-tls1_3", "-groups", "P-256"], "TLS_AES_128_GCM_SHA256"),
        ServerKind(curve("P-256"), ["-tls1_3", "-groups", "P-384"], "TLS_AES_128_GCM_SHA256"),
        ServerKind(curve("P-256"), ["-tls1_2", "-groups", "P-521"], "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ]

    /// The server offers this suite alone.
    var suiteOption: [String] { [options.contains("-tls1_3") ? "-ciphersuites" : "-cipher", suite] }
}

@Suite(.serialized) struct DeviceHandshakeTests {
    private let fleet: TestFleet
    private let device = [Programs.qemu, Programs.deviceAgent.path]

    init() throws {
        try #require(
            FileManager.default.fileExists(atPath: Programs.deviceAgent.path),
            "no device binary: run make device first")
        fleet = try TestFleet()
    }

    /// A certificate that vouches for itself.
    private func makeCertificate(_ name: String, _ key: [String]) throws {
        let made = try Programs.run(
            "/usr/bin/openssl",
            ["req", "-x509", "-newkey"] + key + [
                "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                "-keyout", fleet.path("\(name).key"), "-out", fleet.path("\(name).crt"),
            ])
        try #require(made.status == 0, "\(made.err)")
    }

    private func handshake(_ options: [String], authority: String = "server") throws -> Handshake {
        try Handshake(
            fleet, certificate: fleet.path("server.crt"), key: fleet.path("server.key"),
            authority: fleet.path("\(authority).crt"), options: options)
    }

    @Test(arguments: ServerKind.all)
    func agreesWith(_ kind: ServerKind) throws {
        try makeCertificate("server", kind.key)
        #expect(try handshake(kind.options + kind.suiteOption).suite(of: device) == kind.suite)
    }

    @Test func takesNoCertificateOfAnother() throws {
        try makeCertificate("server", ServerKind.curve("P-256"))
        try makeCertificate("other", ServerKind.curve("P-256"))
        let server = try handshake([], authority: "other").refusal(of: device, saying: "certificate problem")
        #expect(!server.contains("Ciphersuite"))
    }

    @Test(arguments: [["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"]])
    func speaksNothingOld(options: [String]) throws {
        try makeCertificate("server", ServerKind.curve("P-256"))
        let server = try handshake(options).refusal(of: device, saying: "next attempt")
        #expect(!server.contains("Ciphersuite"))
    }
}
