// A JSON document as it was written: the order of its members, the text of its numbers and the line
// of each value are kept. So `-o json` passes on what the server said, a parameter file's mistakes
// have line numbers, and a name that is there twice is seen. (Foundation's decoder gives none of
// the three.)

import Bytes

public struct JSON: Equatable, Sendable {
    public indirect enum Value: Equatable, Sendable {
        case null
        case bool(Bool)
        /// As it stands in the text: `1e3` stays `1e3`.
        case number(String)
        case string(String)
        case array([JSON])
        case object([Member])
    }

    public struct Member: Equatable, Sendable {
        public let name: String
        public let line: Int
        public let value: JSON
    }

    public let value: Value
    /// 0 where it came from no text.
    public let line: Int

    public init(_ value: Value, line: Int = 0) {
        self.value = value
        self.line = line
    }

    public static let null = JSON(.null)
    static func text(_ text: String) -> JSON { JSON(.string(text)) }
    static func optional(_ text: String?) -> JSON { text.map { .text($0) } ?? .null }
    static func number(_ value: Int) -> JSON { JSON(.number("\(value)")) }
    static func number(_ value: UInt64) -> JSON { JSON(.number("\(value)")) }
    /// What has no JSON number becomes null.
    static func number(_ value: Double?) -> JSON {
        guard let value, value.isFinite else { return .null }
        return JSON(.number(Format.exact(value)))
    }
    static func bool(_ value: Bool) -> JSON { JSON(.bool(value)) }
    static func array(_ items: [JSON]) -> JSON { JSON(.array(items)) }
    static func object(_ members: KeyValuePairs<String, JSON>) -> JSON {
        JSON(.object(members.map { Member(name: $0.key, line: 0, value: $0.value) }))
    }
}

// What a reader wants to know; a wrong type is the same as nothing there.
extension JSON {
    public subscript(_ name: String) -> JSON {
        guard case .object(let members) = value else { return .null }
        return members.last { $0.name == name }?.value ?? .null
    }

    public var isNull: Bool { value == .null }

    public var string: String? {
        guard case .string(let text) = value else { return nil }
        return text
    }

    public var bool: Bool? {
        guard case .bool(let flag) = value else { return nil }
        return flag
    }

    /// Finite, or nil.
    public var double: Double? {
        guard case .number(let text) = value, let number = Double(text), number.isFinite else {
            return nil
        }
        return number
    }

    public var int: Int? { integer.flatMap { Int(exactly: $0) } }

    /// Up to ±2^53, beyond which readers of JSON disagree (RFC 8259, 6); so sums and differences of
    /// two of them never overflow.
    public var integer: Int64? {
        guard case .number(let text) = value,
            let number = Text.integer(text) ?? double.flatMap({ Int64(exactly: $0) }),
            (-(1 << 53)...(1 << 53)).contains(number)
        else { return nil }
        return number
    }

    public var unsigned: UInt64? {
        guard case .number(let text) = value else { return nil }
        return UInt64(text)
    }

    /// A text or a number, as it was written.
    var word: String? {
        if case .number(let text) = value { return text }
        return string
    }

    public var items: [JSON] {
        guard case .array(let items) = value else { return [] }
        return items
    }

    public var members: [Member] {
        guard case .object(let members) = value else { return [] }
        return members
    }

    /// For messages: "a text", "a number" …
    var kind: String {
        switch value {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }

    func with(_ name: String, _ added: JSON) -> JSON {
        JSON(.object(members + [Member(name: name, line: 0, value: added)]), line: line)
    }
}
