// Who is trusted, what is offered, and that a second connection costs less: against OpenSSL's own server.

import Foundation
import Testing

@testable import Transport

@Suite(.serialized) struct TLSTests {
    let authority: Authority

    init() throws {
        try #require(Curl.start())
        authority = try Authority()
        try authority.issue("server", for: "IP:127.0.0.1,DNS:localhost")
    }

    private func loop(trusting file: String? = nil) -> TransferLoop {
        TransferLoop(settings: TransportSettings(caFile: file ?? authority.certificate, userAgent: "test"))
    }

    private func get(_ url: String, _ loop: TransferLoop, _ transfer: Transfer = Transfer())
        throws -> Result<TransportReply, TransportFault>
    {
        try #require(loop.start(transfer, TransportRequest(method: "GET", url: url, timeoutMs: 5_000)))
        for _ in 0..<1_000 {
            _ = loop.wait([], timeoutMs: 20)
            if let (ended, result) = loop.ended() {
                #expect(ended === transfer)
                return result
            }
        }
        Issue.record("\(url): no end")
        return .failure(.other("no end"))
    }

    /// The line of the page that tells what was negotiated.
    private func negotiated(_ url: String, _ loop: TransferLoop) throws -> String {
        let reply = try get(url, loop).get()
        let page = String(decoding: reply.body, as: UTF8.self)
        return String(try #require(page.split(separator: "\n").first { $0.contains("Cipher is") }))
    }

    private func expectTLSFault(_ result: Result<TransportReply, TransportFault>, mentions words: String) {
        guard case .failure(.tls(let text)) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(text.contains(words), "\(text)")
    }

    @Test func theFleetsAuthorityIsTrusted() throws {
        let server = try SecureServer(authority, certificate: "server")
        #expect(try get(server.url(), loop()).get().status == 200)
        #expect(try get(server.url("localhost"), loop()).get().status == 200)
    }

    @Test func anotherAuthorityIsNot() throws {
        let server = try SecureServer(authority, certificate: "server")
        let other = try Authority()
        defer { other.remove() }
        expectTLSFault(try get(server.url(), loop(trusting: other.certificate)), mentions: "certificate")
    }

    /// The system's bundle is no second opinion: an authority file without the server's is the end of it.
    @Test func anUnreadableAuthorityTrustsNobody() throws {
        let server = try SecureServer(authority, certificate: "server")
        let empty = authority.path("empty.crt")
        try Data().write(to: URL(filePath: empty))
        expectTLSFault(try get(server.url(), loop(trusting: empty)), mentions: "empty.crt")
    }

    @Test func aNameThatTheCertificateLacks() throws {
        try authority.issue("elsewhere", for: "DNS:fleet.example")
        let server = try SecureServer(authority, certificate: "elsewhere")
        expectTLSFault(try get(server.url(), loop()), mentions: "127.0.0.1")
    }

    @Test func anExpiredCertificate() throws {
        try authority.issue("expired", for: "IP:127.0.0.1", to: "20210101000000Z")
        let server = try SecureServer(authority, certificate: "expired")
        expectTLSFault(try get(server.url(), loop()), mentions: "expired")
    }

    @Test func aCertificateOfTheFuture() throws {
        try authority.issue("future", for: "IP:127.0.0.1", from: "20480101000000Z")
        let server = try SecureServer(authority, certificate: "future")
        expectTLSFault(try get(server.url(), loop()), mentions: "not yet valid")
    }

    @Test func olderThanTLS12IsRefused() throws {
        let server = try SecureServer(
            authority, certificate: "server", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
        expectTLSFault(try get(server.url(), loop()), mentions: "protocol version")
    }

    /// Both transfers of an agent share what one of them learned; the server closes after each page.
    @Test(arguments: ["-tls1_2", "-tls1_3"]) func sessionsAreResumed(_ version: String) throws {
        let server = try SecureServer(authority, certificate: "server", version)
        let loop = loop()
        #expect(try negotiated(server.url(), loop).hasPrefix("New"))
        #expect(try negotiated(server.url(), loop).hasPrefix("Reused"))
    }

    /// What the server sees first in our list, it takes (it has no preference of its own).
    @Test(arguments: ["-tls1_2", "-tls1_3"]) func theOrderIsTheProcessors(_ version: String) throws {
        let server = try SecureServer(authority, certificate: "server", version)
        let suite = try negotiated(server.url(), loop())
        switch CipherOrder.current {
        case .chachaFirst: #expect(suite.contains("CHACHA20"))
        case .aesFirst: #expect(suite.contains("AES"))
        }
    }

    @Test func onlyAuthenticatedSuitesAreOffered() throws {
        let server = try SecureServer(
            authority, certificate: "server", "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256")
        expectTLSFault(try get(server.url(), loop()), mentions: "handshake failure")
    }
}
