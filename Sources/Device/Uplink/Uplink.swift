// The device's side of the protocol over HTTP: paths, headers, the MAC on every request, and the
// check of the MAC on every reply. What a reply means is AgentCore's to say.

import AgentCore
import Bytes
import Digest
import Model
import Transport
import Wire

public struct Uplink {
    /// Enrolment and reports; a reply is committed to disk first, so give it time.
    static let timeoutMs = 20_000
    /// Beyond the wait that was asked for.
    static let holdSlackMs = 15_000
    private static let replyBytesMax = 64 * 1024

    /// Without a slash at the end.
    private let server: String
    public let device: DeviceID

    public init(server: String, device: DeviceID) {
        var text = Array(server.utf8)
        while text.last == 0x2f { text.removeLast() }
        self.server = String(decoding: text, as: UTF8.self)
        self.device = device
    }

    /// A scheme and an authority, nothing behind it (see ServerAddress).
    /// - Returns: what is wrong with the address; nil for one that can be used.
    public static func problem(with server: String) -> String? {
        guard let authority = authority(of: server) else {
            return "an address begins with http:// or https://"
        }
        if authority.isEmpty { return "an address names a host" }
        let isPlain = authority.allSatisfy { $0 > 0x20 && $0 < 0x7f }
        // No user (@), path (/), query (?) or fragment (#).
        let foreign: [UInt8] = [0x40, 0x2f, 0x3f, 0x23]
        guard isPlain, !authority.contains(where: { foreign.contains($0) }) else {
            return "an address is a scheme, a host and a port: https://fleet.example:8440"
        }
        return ServerAddress(authority: authority).problem
    }

    /// Plain HTTP to another host than this one.
    public static func sendsInClear(_ server: String) -> Bool {
        guard Array(server.utf8).starts(with: Array("http://".utf8)),
            let authority = authority(of: server)
        else { return false }
        var host = authority
        if host.first == 0x5b {
            host = host.prefix { $0 != 0x5d }.dropFirst()
            return !Text.equal(host, "::1")
        }
        host = host.prefix { $0 != 0x3a }
        if Text.equal(host, "localhost") { return false }
        let parts = host.split(separator: 0x2e, omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Text.integer($0) }
        let isAddress = parts.count == 4 && numbers.count == 4
        return !(isAddress && numbers[0] == 127)
    }

    /// What stands between the scheme and slashes at the end.
    private static func authority(of server: String) -> ArraySlice<UInt8>? {
        let text = Array(server.utf8)
        let schemes = ["http://", "https://"].map { Array($0.utf8) }
        guard let scheme = schemes.first(where: { text.starts(with: $0) }) else { return nil }
        var rest = text[scheme.count...]
        while rest.last == 0x2f { rest = rest.dropLast() }
        return rest
    }

    public func enrolment(_ body: [UInt8]) -> TransportRequest {
        TransportRequest(
            method: "POST", url: server + "/v1/enroll", headers: Self.contentType, body: body,
            timeoutMs: Self.timeoutMs, replyBytesMax: Self.replyBytesMax)
    }

    public func report(_ body: [UInt8], key: [UInt8]) -> (TransportRequest, RequestMAC) {
        signed("POST", "/v1/reports", body, key, timeoutMs: Self.timeoutMs)
    }

    public func hold(after version: UInt64, waitS: Int, key: [UInt8])
        -> (TransportRequest, RequestMAC)
    {
        signed(
            "GET", "/v1/parameters?after=\(version)&wait=\(waitS)", [], key,
            timeoutMs: waitS * 1000 + Self.holdSlackMs)
    }

    /// - Parameter mac: of the request; nil for enrolment, whose reply is vouched for by TLS.
    public static func result(
        _ outcome: Result<TransportReply, TransportFault>, _ mac: RequestMAC?, key: [UInt8]?
    ) -> LinkResult {
        switch outcome {
        case .failure(let fault): return .failed(fault.text)
        case .success(let reply):
            let retryAfterS = reply.header("Retry-After").flatMap { Text.integer($0) }
                .flatMap { Int(exactly: $0) }
            var isAuthentic = false
            if let mac, let key,
                let claimed = reply.header("PHI-MAC").flatMap({ Hex.decode($0) })
                    .flatMap({ Digest32($0) })
            {
                let expected = ReplyMAC.compute(
                    key: key, request: mac, status: reply.status, retryAfterS: retryAfterS,
                    body: reply.body)
                isAuthentic = expected.equalsInConstantTime(claimed)
            }
            return .reply(
                status: reply.status, body: reply.body, isAuthentic: isAuthentic,
                retryAfterS: retryAfterS)
        }
    }

    private static let contentType = [("Content-Type", "application/x-protobuf")]

    private func signed(
        _ method: String, _ path: String, _ body: [UInt8], _ key: [UInt8], timeoutMs: Int
    ) -> (TransportRequest, RequestMAC) {
        let mac = RequestMAC(
            key: key, device: device, nonce: Digest.random(16), method: method, path: path,
            body: body)
        let request = TransportRequest(
            method: method, url: server + path,
            headers: Self.contentType + [("Authorization", mac.header)], body: body,
            timeoutMs: timeoutMs, replyBytesMax: Self.replyBytesMax)
        return (request, mac)
    }
}
