// One HTTP request and its reply, over libcurl.
//
// A `Transfer` owns a libcurl handle and is used again and again. `CurlSession` performs one at a
// time and waits (the operator's command); `TransferLoop` drives several beside other descriptors
// (the agent: a report and a held request, in one thread).

import Bytes
import CCurl

public struct TransportRequest: Sendable {
    public var method: String
    public var url: String
    public var headers: [(String, String)]
    public var body: [UInt8]
    public var timeoutMs: Int
    /// Longer replies are refused.
    public var replyBytesMax: Int

    public init(
        method: String, url: String, headers: [(String, String)] = [], body: [UInt8] = [],
        timeoutMs: Int = 30_000, replyBytesMax: Int = 1 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeoutMs = timeoutMs
        self.replyBytesMax = replyBytesMax
    }
}

public struct TransportReply: Sendable {
    public let status: Int
    public let body: [UInt8]
    private let headers: [UInt8]

    public init(status: Int, body: [UInt8], headers: [UInt8]) {
        self.status = status
        self.body = body
        self.headers = headers
    }

    /// The first header of that name, whatever its case; nil where there is none.
    public func header(_ name: StaticString) -> String? {
        for line in Text.lines(headers[...]) {
            guard let colon = line.firstIndex(of: 0x3a) else { continue }
            let found = line[..<colon]
            guard found.count == name.utf8CodeUnitCount else { continue }
            let matches = name.withUTF8Buffer { buffer in
                zip(found, buffer).allSatisfy { ($0 | 0x20) == ($1 | 0x20) }
            }
            if matches { return Text.string(Text.trimmed(line[(colon + 1)...])) }
        }
        return nil
    }
}

public enum TransportFault: Error, Sendable {
    /// No address, no connection, or it broke.
    case unreachable(String)
    case timedOut(String)
    /// Certificate or handshake.
    case tls(String)
    case replyTooLarge
    case other(String)

    public var text: String {
        switch self {
        case .unreachable(let text): "can't reach the server: \(text)"
        case .timedOut(let text): "no answer in time: \(text)"
        case .tls(let text): "the secure connection failed: \(text)"
        case .replyTooLarge: "the reply is larger than allowed"
        case .other(let text): text
        }
    }

    init(code: Int32, text: String) {
        switch code {
        case CCURL_UNREACHABLE: self = .unreachable(text)
        case CCURL_TIMED_OUT: self = .timedOut(text)
        case CCURL_TLS: self = .tls(text)
        case CCURL_TOO_LARGE: self = .replyTooLarge
        default: self = .other(text)
        }
    }
}

/// What every request of a session has in common.
public struct TransportSettings: Sendable {
    /// PEM file of the only authority trusted; nil for the system's.
    public var caFile: String?
    public var connectTimeoutMs: Int
    public var userAgent: String
    /// Names are looked up by c-ares and no proxy is used: how the agent talks. Otherwise the libcurl of
    /// the system does both.
    var isDirect = false

    public init(caFile: String?, connectTimeoutMs: Int = 10_000, userAgent: String) {
        self.caFile = caFile
        self.connectTimeoutMs = connectTimeoutMs
        self.userAgent = userAgent
    }
}

public final class Transfer {
    let handle: OpaquePointer

    public init() {
        // libcurl gives no handle only without memory; there is nothing to go on with then.
        guard let handle = ccurl_transfer_new() else { preconditionFailure("no memory for libcurl") }
        self.handle = handle
    }

    deinit { ccurl_transfer_free(handle) }

    /// - Parameter addresses: of the server's name, where the caller has asked for them; libcurl asks
    ///   itself otherwise.
    func prepare(
        _ request: TransportRequest, _ settings: TransportSettings,
        at destination: Destination? = nil, addresses: String? = nil
    ) -> Bool {
        let lines = request.headers.map { "\($0.0): \($0.1)" }
        var resolved: String?
        if let destination, let addresses {
            resolved = "\(Text.string(destination.name[...])):\(destination.port):\(addresses)"
        }
        return withCStrings(lines) { headers in
            request.method.withCString { method in
                request.url.withCString { url in
                    settings.userAgent.withCString { agent in
                        withOptionalCString(settings.caFile) { caFile in
                            withOptionalCString(resolved) { resolved in
                                CipherOrder.current.withCStrings { ciphers12, ciphers13 in
                                    request.body.withUnsafeBufferPointer { body in
                                        var description = ccurl_request(
                                            method: method, url: url, headers: headers,
                                            header_count: lines.count, body: body.baseAddress,
                                            body_count: body.count, ca_file: caFile, user_agent: agent,
                                            ciphers_1_2: ciphers12, ciphers_1_3: ciphers13,
                                            resolved: resolved, is_direct: settings.isDirect ? 1 : 0,
                                            connect_timeout_ms: Int64(settings.connectTimeoutMs),
                                            timeout_ms: Int64(request.timeoutMs),
                                            reply_bytes_max: request.replyBytesMax)
                                        return ccurl_transfer_prepare(handle, &description) == 1
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    func result(_ code: Int32) -> Result<TransportReply, TransportFault> {
        guard code == CCURL_OK else {
            return .failure(
                TransportFault(code: code, text: String(cString: ccurl_transfer_error(handle))))
        }
        var count = 0
        let bodyStart = ccurl_transfer_body(handle, &count)
        let body = Array(UnsafeBufferPointer(start: bodyStart, count: count))
        let headerStart = ccurl_transfer_headers(handle, &count)
        let headers = Array(UnsafeBufferPointer(start: headerStart, count: count))
        return .success(
            TransportReply(
                status: ccurl_transfer_status(handle), body: body, headers: headers))
    }

    /// Whether the last request had to open a connection.
    public var openedConnection: Bool { ccurl_transfer_new_connections(handle) > 0 }
}

private func withOptionalCString<R>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> R) -> R {
    guard let text else { return body(nil) }
    return text.withCString { body($0) }
}

/// All the texts as one array of C strings, alive during `body`.
private func withCStrings<R>(
    _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R
) -> R {
    var storage: [CChar] = []
    var offsets: [Int] = []
    for text in texts {
        offsets.append(storage.count)
        for byte in text.utf8 { storage.append(CChar(bitPattern: byte)) }
        storage.append(0)
    }
    return storage.withUnsafeBufferPointer { storage in
        let pointers = offsets.map { offset in storage.baseAddress.map { $0 + offset } }
        return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}
