// problem+json (RFC 9457): how every error is told, to operators and devices alike.

import Bytes

public struct Problem: Error, Equatable, Sendable {
    public var status: Int
    public var code: String
    public var detail: String
    public var hint: String

    public static let contentType = "application/problem+json"

    public init(status: Int, code: String, detail: String, hint: String = "") {
        self.status = status
        self.code = code
        self.detail = detail
        self.hint = hint
    }

    public var title: String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 503: "Service Unavailable"
        default: "Internal Server Error"
        }
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.value("about:blank", "type")
        writer.value(title, "title")
        writer.value(status, "status")
        writer.value(detail, "detail")
        writer.value(code, "code")
        if !hint.isEmpty { writer.value(hint, "hint") }
        writer.endObject()
        return writer.bytes
    }
}
