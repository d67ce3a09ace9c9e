// Text → JSON (RFC 8259), with line and column of what is wrong.

public struct JSONFault: Error, Equatable, Sendable {
    public let line: Int
    public let column: Int
    public let text: String
}

struct JSONReader {
    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var lineStart = 0
    private var depth = 0

    /// Nesting beyond it is an attack on the stack, not a document.
    static let depthMax = 64

    static func read(_ bytes: [UInt8]) throws(JSONFault) -> JSON {
        var reader = JSONReader(bytes: bytes)
        let json = try reader.value()
        reader.skipBlanks()
        guard reader.position == bytes.count else { throw reader.fault("something follows the end") }
        return json
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func fault(_ text: String) -> JSONFault {
        JSONFault(line: line, column: position - lineStart + 1, text: text)
    }

    private mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d {
            position += 1
            if byte == 0x0a {
                line += 1
                lineStart = position
            }
        }
    }

    private mutating func value() throws(JSONFault) -> JSON {
        skipBlanks()
        let start = line
        guard let byte = current else { throw fault("the text ends where a value should stand") }
        switch byte {
        case 0x7b: return JSON(.object(try object()), line: start)
        case 0x5b: return JSON(.array(try array()), line: start)
        case 0x22: return JSON(.string(try string()), line: start)
        case 0x2d, 0x30...0x39: return JSON(.number(try number()), line: start)
        default: return JSON(try word(), line: start)
        }
    }

    private mutating func word() throws(JSONFault) -> JSON.Value {
        let rest = bytes[position...].prefix { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7a }
        let value: JSON.Value
        switch String(decoding: rest.prefix(16), as: UTF8.self) {
        case "true": value = .bool(true)
        case "false": value = .bool(false)
        case "null": value = .null
        case let other where ["nan", "inf", "infinity"].contains(other.lowercased()):
            throw fault("\(other) is no number that JSON or a parameter can have")
        case "": throw fault("a value should stand here")
        case let other: throw fault("“\(other)” is no value; a text stands in \"quotes\"")
        }
        position += rest.count
        return value
    }

    private mutating func number() throws(JSONFault) -> String {
        let start = position
        if current == 0x2d { position += 1 }
        let rest = bytes[position...]
        if String(decoding: rest.prefix(3), as: UTF8.self).lowercased() == "inf" {
            throw fault("infinity is no number that JSON or a parameter can have")
        }
        let first = current
        let whole = digits()
        guard whole > 0, whole == 1 || first != 0x30 else { throw fault("not a number") }
        if current == 0x2e {
            position += 1
            guard digits() > 0 else { throw fault("digits should follow the point") }
        }
        if current == 0x65 || current == 0x45 {
            position += 1
            if current == 0x2b || current == 0x2d { position += 1 }
            guard digits() > 0 else { throw fault("digits should follow the exponent's e") }
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() -> Int {
        let start = position
        while let byte = current, byte >= 0x30, byte <= 0x39 { position += 1 }
        return position - start
    }

    private mutating func open() throws(JSONFault) {
        position += 1
        depth += 1
        if depth > Self.depthMax { throw fault("nested deeper than \(Self.depthMax)") }
        skipBlanks()
    }

    /// After an element: true where another one follows.
    private mutating func another(before end: UInt8) throws(JSONFault) -> Bool {
        skipBlanks()
        guard current == 0x2c || current == end else {
            throw fault("a comma or \(end == 0x7d ? "}" : "]") should stand here")
        }
        let isComma = current == 0x2c
        position += 1
        if isComma {
            skipBlanks()
            if current == end { throw fault("a comma stands before the end") }
        } else {
            depth -= 1
        }
        return isComma
    }

    private mutating func array() throws(JSONFault) -> [JSON] {
        try open()
        var items: [JSON] = []
        if current == 0x5d {
            position += 1
            depth -= 1
            return items
        }
        repeat { items.append(try value()) } while try another(before: 0x5d)
        return items
    }

    private mutating func object() throws(JSONFault) -> [JSON.Member] {
        try open()
        var members: [JSON.Member] = []
        if current == 0x7d {
            position += 1
            depth -= 1
            return members
        }
        repeat {
            guard current == 0x22 else { throw fault("a name in quotes should stand here") }
            let start = line
            let name = try string()
            skipBlanks()
            guard current == 0x3a else { throw fault("a colon should follow \"\(name)\"") }
            position += 1
            members.append(JSON.Member(name: name, line: start, value: try value()))
        } while try another(before: 0x7d)
        return members
    }

    private mutating func string() throws(JSONFault) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = current, byte != 0x22 {
            guard byte >= 0x20 else { throw fault("the text isn't closed on its line") }
            position += 1
            if byte == 0x5c { try escape(into: &text) } else { text.append(byte) }
        }
        guard current == 0x22 else { throw fault("the text isn't closed") }
        position += 1
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONFault) {
        guard let byte = current else { throw fault("the text isn't closed") }
        position += 1
        switch byte {
        case 0x22, 0x5c, 0x2f: text.append(byte)
        case 0x62: text.append(0x08)
        case 0x66: text.append(0x0c)
        case 0x6e: text.append(0x0a)
        case 0x72: text.append(0x0d)
        case 0x74: text.append(0x09)
        case 0x75:
            var unit = try hexUnit()
            // A surrogate pair is one scalar; half of one is U+FFFD.
            if unit & 0xfc00 == 0xd800, current == 0x5c, position + 1 < bytes.count,
                bytes[position + 1] == 0x75
            {
                position += 2
                let low = try hexUnit()
                unit = low & 0xfc00 == 0xdc00 ? 0x10000 + (unit & 0x3ff) << 10 + (low & 0x3ff) : 0xfffd
            }
            text.append(contentsOf: String(Unicode.Scalar(unit) ?? "\u{fffd}").utf8)
        default: throw fault("\\\(Character(Unicode.Scalar(byte))) is no escape")
        }
    }

    private mutating func hexUnit() throws(JSONFault) -> UInt32 {
        guard position + 4 <= bytes.count,
            let unit = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw fault("four hexadecimal digits should follow \\u") }
        position += 4
        return unit
    }
}
