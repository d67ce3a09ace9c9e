// What a handler sees of a request, and what it answers. Nothing here knows of libmicrohttpd.

public struct HTTPRequest: Sendable {
    public let method: String
    /// Path and query exactly as they stand in the request line: what a MAC covers.
    public let target: String
    public let authorization: String?
    public let body: [UInt8]
    public let isLoopback: Bool
    public let isEncrypted: Bool

    public init(
        method: String, target: String, authorization: String? = nil, body: [UInt8] = [],
        isLoopback: Bool = true, isEncrypted: Bool = false
    ) {
        self.method = method
        self.target = target
        self.authorization = authorization
        self.body = body
        self.isLoopback = isLoopback
        self.isEncrypted = isEncrypted
    }

    /// The target up to the query.
    public var path: String {
        guard let mark = target.utf8.firstIndex(of: 0x3f) else { return target }
        return String(target[..<mark])
    }

    /// Name and value of each query argument, percent-decoded.
    public var query: [(name: String, value: String)] {
        guard let mark = target.utf8.firstIndex(of: 0x3f) else { return [] }
        return target.utf8[target.utf8.index(after: mark)...].split(separator: 0x26).map { pair in
            guard let equals = pair.firstIndex(of: 0x3d) else { return (Self.decode(pair), "") }
            return (Self.decode(pair[..<equals]), Self.decode(pair[pair.index(after: equals)...]))
        }
    }

    public func argument(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }

    /// A stray `%` stands for itself.
    static func decode<Text: Collection<UInt8>>(_ text: Text) -> String {
        let source = Array(text)
        var bytes: [UInt8] = []
        var index = 0
        while index < source.count {
            if source[index] == 0x25, index + 2 < source.count,
                let high = nibble(source[index + 1]), let low = nibble(source[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(source[index] == 0x2b ? 0x20 : source[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func nibble(_ character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character - 0x30
        case 0x41...0x46: character - 0x37
        case 0x61...0x66: character - 0x57
        default: nil
        }
    }
}

/// What is known before a request's body is received.
public struct HTTPHead: Sendable {
    public let method: String
    /// The target up to the query.
    public let path: String
    public let authorization: String?
}

/// What becomes of a request's body.
public enum BodyRule: Sendable {
    /// It may have so many bytes.
    case upTo(Int)
    /// It isn't kept, and this is the answer.
    case refuse(HTTPResponse)
}

public struct HTTPResponse: Sendable {
    public var status: Int
    public var contentType: String?
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    public init(
        _ status: Int, contentType: String? = nil, headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }

    public static func text(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }
}
