// JSON that this program wrote itself, read back for a table: every leaf with its path, such as
// `votes.value.factor` or `lanes.3`. A file that was cut short or isn't JSON is refused as a whole.
//
// It is a reader of our own decision.json, not of what a stranger sends: texts lose their escapes of
// control characters, and a number keeps its digits beside its value.

import Bytes

struct FlatJSON {
    enum Leaf {
        case null
        case bool(Bool)
        case number(Double)
        case text(String)
    }

    private(set) var leaves: [(path: [UInt8], leaf: Leaf)] = []
    private let bytes: [UInt8]
    private var position = 0

    /// Nesting that decision.json never has.
    private static let depthMost = 8

    /// Nothing in it.
    init() { bytes = [] }

    init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        guard value([], 0) else { return nil }
        skip()
        guard position == bytes.count else { return nil }
    }

    subscript(path: String) -> Leaf? {
        let wanted = Array(path.utf8)
        return leaves.first { $0.path == wanted }?.leaf
    }

    func number(_ path: String) -> Double? {
        if case .number(let number) = self[path] { return number }
        return nil
    }

    func text(_ path: String) -> String? {
        if case .text(let text) = self[path] { return text }
        return nil
    }

    func isTrue(_ path: String) -> Bool {
        if case .bool(let value) = self[path] { return value }
        return false
    }

    /// Paths of an array's items that have `.field`, or of its plain items where that is empty.
    func items(_ path: String, _ field: String = "") -> [String] {
        var found: [String] = []
        while true {
            let item = "\(path).\(found.count)"
            guard self[field.isEmpty ? item : "\(item).\(field)"] != nil else { return found }
            found.append(item)
        }
    }

    // MARK: Reading

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skip() {
        while let byte = current, Text.isBlank(byte), byte != 0 { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skip()
        guard current == byte else { return false }
        position += 1
        return true
    }

    private mutating func value(_ path: [UInt8], _ depth: Int) -> Bool {
        skip()
        guard let first = current, depth <= Self.depthMost else { return false }
        switch first {
        case 0x7b: return members(path, depth)
        case 0x5b: return elements(path, depth)
        case 0x22:
            guard let text = string() else { return false }
            leaves.append((path, .text(Text.string(text[...]))))
        default:
            let word = bytes[position...].prefix { !Text.isBlank($0) && $0 != 0x2c && $0 != 0x7d && $0 != 0x5d }
            position += word.count
            if Text.equal(word, "null") {
                leaves.append((path, .null))
            } else if Text.equal(word, "true") || Text.equal(word, "false") {
                leaves.append((path, .bool(word.first == 0x74)))
            } else {
                guard let number = Self.number(word) else { return false }
                leaves.append((path, .number(number)))
            }
        }
        return true
    }

    private mutating func members(_ path: [UInt8], _ depth: Int) -> Bool {
        position += 1
        if take(0x7d) { return true }
        repeat {
            skip()
            guard let name = string(), take(0x3a) else { return false }
            guard value(path.isEmpty ? name : path + [0x2e] + name, depth + 1) else { return false }
        } while take(0x2c)
        return take(0x7d)
    }

    private mutating func elements(_ path: [UInt8], _ depth: Int) -> Bool {
        position += 1
        if take(0x5d) { return true }
        var index = 0
        repeat {
            guard value(path + Array(".\(index)".utf8), depth + 1) else { return false }
            index += 1
        } while take(0x2c)
        return take(0x5d)
    }

    private mutating func string() -> [UInt8]? {
        guard current == 0x22 else { return nil }
        position += 1
        var text: [UInt8] = []
        while let byte = current {
            position += 1
            if byte == 0x22 { return text }
            guard byte == 0x5c else {
                text.append(byte)
                continue
            }
            guard let escaped = current else { return nil }
            position += 1
            if escaped == 0x75 {
                guard bytes.count - position >= 4 else { return nil }
                position += 4
                text.append(0x3f)
            } else {
                text.append(escaped)
            }
        }
        return nil
    }

    /// With an exponent, as the writer prints what is very small.
    private static func number(_ word: ArraySlice<UInt8>) -> Double? {
        guard let mark = word.firstIndex(where: { $0 | 0x20 == 0x65 }) else { return Text.decimal(word) }
        guard let mantissa = Text.decimal(word[..<mark]), let power = Text.integer(word[(mark + 1)...]),
            abs(power) < 400
        else { return nil }
        var value = mantissa
        for _ in 0..<abs(power) { value = power < 0 ? value / 10 : value * 10 }
        return value
    }
}
