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

    /// An HTTP or HTTPS address with a host and no path; nil says what is wrong with it.
    public static func problem(with server: String) -> String? {
        let text = Array(server.utf8)
        let schemes = ["http://", "https://"].map { Array($0.utf8) }
        guard let scheme = schemes.first(where: { text.starts(with: $0) }) else {
            return "an address begins with http:// or https://"
        }
        let rest = text.dropFirst(scheme.count)
        guard let first = rest.first, first != 0x2f, !rest.contains(where: { $0 <= 0x20 }) else {
            return "an address names a host"
        }
        return nil
    }

    /// Plain HTTP to another host than this one.
    public static func sendsInClear(_ server: String) -> Bool {
        let text = Array(server.utf8)
        let scheme = Array("http://".utf8)
        guard text.starts(with: scheme) else { return false }
        let rest = text.dropFirst(scheme.count)
        let isLoopback =
            ["127.", "localhost:", "localhost/", "[::1]"].contains { rest.starts(with: Array($0.utf8)) }
            || Text.equal(rest, "localhost")
        return !isLoopback
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
