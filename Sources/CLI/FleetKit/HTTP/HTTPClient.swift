// The little of HTTP that the operator's command needs, behind a protocol: tests answer by script.

import Transport

public struct HTTPRequest: Sendable {
    public var method: String
    public var url: String
    public var headers: [(String, String)]
    public var body: [UInt8]
    public var timeoutMs: Int
}

public struct HTTPResponse: Sendable {
    public var status: Int
    public var body: [UInt8]
    public var retryAfter: String?

    public init(status: Int, body: [UInt8], retryAfter: String? = nil) {
        self.status = status
        self.body = body
        self.retryAfter = retryAfter
    }
}

public enum HTTPFailure: Error, Equatable, Sendable {
    case unreachable(String)
    case timedOut(String)
    case tls(String)
    case tooLarge
    case other(String)
}

public protocol HTTPClient: AnyObject {
    func send(_ request: HTTPRequest) throws(HTTPFailure) -> HTTPResponse
}

/// The real one, over libcurl; keeps its connection between requests.
public final class CurlClient: HTTPClient {
    private let session: CurlSession

    /// 10,000 devices at 3 KB are 30 MB; beyond that lists want pages, not memory.
    static let replyBytesMax = 64 << 20

    public init(caFile: String?) {
        session = CurlSession(
            settings: TransportSettings(
                caFile: caFile, connectTimeoutMs: 5000, userAgent: "fleet/\(Version.text)"))
    }

    public func send(_ request: HTTPRequest) throws(HTTPFailure) -> HTTPResponse {
        let reply: TransportReply
        do {
            reply = try session.perform(
                TransportRequest(
                    method: request.method, url: request.url, headers: request.headers,
                    body: request.body, timeoutMs: request.timeoutMs,
                    replyBytesMax: Self.replyBytesMax))
        } catch {
            switch error {
            case .unreachable(let text): throw .unreachable(text)
            case .timedOut(let text): throw .timedOut(text)
            case .tls(let text): throw .tls(text)
            case .replyTooLarge: throw .tooLarge
            case .other(let text): throw .other(text)
            }
        }
        return HTTPResponse(
            status: reply.status, body: reply.body, retryAfter: reply.header("Retry-After"))
    }
}
