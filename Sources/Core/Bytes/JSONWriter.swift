// A JSON writer for what the device says to people and programs (decision.json, --json, logs), and
// for the server's hot pages. It only writes; who must read JSON stands on a floor with Foundation.

public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    public init() {}

    public var text: String { String(decoding: bytes, as: UTF8.self) }

    public mutating func beginObject(_ key: StaticString? = nil) { open(key, 0x7b) }
    public mutating func endObject() { close(0x7d) }
    public mutating func beginArray(_ key: StaticString? = nil) { open(key, 0x5b) }
    public mutating func endArray() { close(0x5d) }

    /// A key that is only known at run time; a value must follow.
    public mutating func key(_ name: String) {
        separate()
        quote(name)
        bytes.append(0x3a)
        needsComma = false
    }

    public mutating func value(_ value: String, _ key: StaticString? = nil) {
        lead(key)
        quote(value)
    }

    /// A number in its shortest exact form; NaN and infinities have none in JSON and become null.
    public mutating func value(_ value: Double, _ key: StaticString? = nil) {
        guard value.isFinite else { return null(key) }
        lead(key)
        // Whole numbers without ".0", as JSON readers elsewhere print them.
        if value == value.rounded(.towardZero), abs(value) < 1e15 {
            bytes.append(contentsOf: "\(Int64(value))".utf8)
        } else {
            bytes.append(contentsOf: "\(value)".utf8)
        }
    }

    /// "No data" is null.
    public mutating func value(_ value: Double?, _ key: StaticString? = nil) {
        if let value { self.value(value, key) } else { null(key) }
    }

    /// A number for people, at most `decimals` digits after the point.
    public mutating func value(_ value: Double, decimals: Int, _ key: StaticString? = nil) {
        // Beyond what `Decimal` writes out, the shortest form: "inf" is no JSON.
        guard abs(value) < 9e15 else { return self.value(value, key) }
        lead(key)
        bytes.append(contentsOf: Decimal.fixed(value, decimals: decimals).utf8)
    }

    public mutating func value(_ value: Int, _ key: StaticString? = nil) {
        lead(key)
        bytes.append(contentsOf: "\(value)".utf8)
    }

    public mutating func value(_ value: UInt64, _ key: StaticString? = nil) {
        lead(key)
        bytes.append(contentsOf: "\(value)".utf8)
    }

    public mutating func value(_ value: Bool, _ key: StaticString? = nil) {
        lead(key)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// A value that is JSON already.
    public mutating func fragment(_ json: ArraySlice<UInt8>, _ key: StaticString? = nil) {
        lead(key)
        bytes.append(contentsOf: json)
    }

    public mutating func null(_ key: StaticString? = nil) {
        lead(key)
        bytes.append(contentsOf: "null".utf8)
    }

    private mutating func open(_ key: StaticString?, _ bracket: UInt8) {
        lead(key)
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func lead(_ key: StaticString?) {
        separate()
        if let key {
            bytes.append(0x22)
            key.withUTF8Buffer { bytes.append(contentsOf: $0) }
            bytes.append(0x22)
            bytes.append(0x3a)
        }
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(0x2c) }
        needsComma = true
    }

    private mutating func quote(_ text: String) {
        bytes.append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5c:
                bytes.append(0x5c)
                bytes.append(byte)
            case 0x00..<0x20:
                let hex = Hex.encode([byte])
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(contentsOf: hex.utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(0x22)
    }
}
