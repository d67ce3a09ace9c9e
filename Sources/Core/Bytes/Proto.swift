// Protocol Buffers on the wire: varints, zigzag, fixed-width and length-delimited fields.
//
// Generated C structs don't map onto Embedded Swift, and the messages are few: the codec is written
// by hand against the public schema `fleet/phi.proto` (a test lets protoc decode what we write).
// Encoding: https://protobuf.dev/programming-guides/encoding/

/// What is wrong with bytes that claim to be a message. Thrown by every decoder, never a trap.
public enum WireFault: Error, Equatable, Sendable {
    case truncated
    case badVarint
    case badTag
    case wrongType(field: Int)
    case tooLong(field: Int, limit: Int)
    case missing(field: Int)
    case outOfRange(field: Int)

    public var text: String {
        switch self {
        case .truncated: "the message ends in the middle of a field"
        case .badVarint: "a number is longer than 64 bits"
        case .badTag: "a field has no valid number or type"
        case .wrongType(let field): "field \(field) has the wrong type"
        case .tooLong(let field, let limit): "field \(field) is longer than \(limit)"
        case .missing(let field): "field \(field) is missing"
        case .outOfRange(let field): "field \(field) is out of range"
        }
    }
}

/// Writes one message. Fields equal to proto3's default (zero, empty) are still written when asked
/// for: a caller that wants them absent doesn't call.
public struct ProtoWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init(reserving capacity: Int = 0) {
        if capacity > 0 { bytes.reserveCapacity(capacity) }
    }

    public mutating func unsigned(_ field: Int, _ value: UInt64) {
        tag(field, 0)
        varint(value)
    }

    public mutating func unsigned(_ field: Int, _ value: Int) {
        unsigned(field, UInt64(max(0, value)))
    }

    public mutating func bool(_ field: Int, _ value: Bool) {
        unsigned(field, value ? 1 : 0)
    }

    /// sint64: zigzag, so that small negative numbers are short.
    public mutating func signed(_ field: Int, _ value: Int64) {
        unsigned(field, UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    public mutating func double(_ field: Int, _ value: Double) {
        tag(field, 1)
        var pattern = value.bitPattern
        for _ in 0..<8 {
            bytes.append(UInt8(truncatingIfNeeded: pattern))
            pattern >>= 8
        }
    }

    public mutating func data(_ field: Int, _ value: [UInt8]) {
        tag(field, 2)
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    public mutating func string(_ field: Int, _ value: String) {
        data(field, Array(value.utf8))
    }

    /// At most `limit` bytes of the text, cut between characters: what a decoder would refuse for its
    /// length must not be written.
    public mutating func string(_ field: Int, _ value: String, upTo limit: Int) {
        let bytes = Array(value.utf8)
        var count = min(limit, bytes.count)
        // Not within a character: continuation bytes are 10xxxxxx.
        while count > 0, count < bytes.count, bytes[count] & 0xc0 == 0x80 { count -= 1 }
        data(field, Array(bytes[..<count]))
    }

    public mutating func message(_ field: Int, _ value: ProtoWriter) {
        data(field, value.bytes)
    }

    private mutating func tag(_ field: Int, _ type: UInt64) {
        varint(UInt64(field) << 3 | type)
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

/// Reads one message, field by field, without copying: sub-messages share the array.
public struct ProtoReader {
    public let bytes: [UInt8]
    public private(set) var position: Int
    private let end: Int

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = 0
        end = bytes.count
    }

    private init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    public struct Field: Sendable {
        public let number: Int
        let value: Value
        /// Where the field's tag starts in the array (the chain digest covers what precedes one).
        public let start: Int
    }

    enum Value: Sendable {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        case bytes(Range<Int>)
    }

    /// The next field, or nil at the end of the message.
    public mutating func next() throws(WireFault) -> Field? {
        guard position < end else { return nil }
        let start = position
        let tag = try varint()
        let number = tag >> 3
        guard number >= 1, number < 1 << 29 else { throw .badTag }
        let value: Value
        switch tag & 7 {
        case 0: value = .varint(try varint())
        case 1: value = .fixed64(try fixed(8))
        case 2:
            let length = try varint()
            guard length <= UInt64(end - position) else { throw .truncated }
            let range = position..<(position + Int(length))
            position = range.upperBound
            value = .bytes(range)
        case 5: value = .fixed32(UInt32(truncatingIfNeeded: try fixed(4)))
        default: throw .badTag
        }
        return Field(number: Int(number), value: value, start: start)
    }

    public func unsigned(_ field: Field) throws(WireFault) -> UInt64 {
        guard case .varint(let value) = field.value else { throw .wrongType(field: field.number) }
        return value
    }

    /// An unsigned number that must fit below `limit`, inclusive.
    public func int(_ field: Field, upTo limit: Int) throws(WireFault) -> Int {
        let value = try unsigned(field)
        guard value <= UInt64(limit) else { throw .outOfRange(field: field.number) }
        return Int(value)
    }

    public func bool(_ field: Field) throws(WireFault) -> Bool {
        try unsigned(field) != 0
    }

    public func signed(_ field: Field) throws(WireFault) -> Int64 {
        let value = try unsigned(field)
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    public func double(_ field: Field) throws(WireFault) -> Double {
        guard case .fixed64(let value) = field.value else { throw .wrongType(field: field.number) }
        return Double(bitPattern: value)
    }

    /// A finite double: NaN and infinities are refused where they have no meaning.
    public func finite(_ field: Field) throws(WireFault) -> Double {
        let value = try double(field)
        guard value.isFinite else { throw .outOfRange(field: field.number) }
        return value
    }

    public func data(_ field: Field, upTo limit: Int) throws(WireFault) -> [UInt8] {
        Array(bytes[try range(field, upTo: limit)])
    }

    public func data(_ field: Field, exactly count: Int) throws(WireFault) -> [UInt8] {
        let found = try range(field, upTo: count)
        guard found.count == count else { throw .outOfRange(field: field.number) }
        return Array(bytes[found])
    }

    /// Text; bytes that aren't UTF-8 are repaired with U+FFFD, control characters become spaces
    /// (a device's name must not steer an operator's terminal).
    public func string(_ field: Field, upTo limit: Int) throws(WireFault) -> String {
        var text = Array(bytes[try range(field, upTo: limit)])
        for index in text.indices where text[index] < 0x20 || text[index] == 0x7f {
            text[index] = 0x20
        }
        // U+0080…U+009F, C2 80…C2 9F: terminals take U+009B for ESC [.
        for index in text.indices.dropFirst()
        where text[index - 1] == 0xc2 && text[index] >= 0x80 && text[index] <= 0x9f {
            text[index - 1] = 0x20
            text[index] = 0x20
        }
        return String(decoding: text, as: UTF8.self)
    }

    public func message(_ field: Field) throws(WireFault) -> ProtoReader {
        ProtoReader(bytes, try range(field, upTo: Int.max))
    }

    private func range(_ field: Field, upTo limit: Int) throws(WireFault) -> Range<Int> {
        guard case .bytes(let range) = field.value else { throw .wrongType(field: field.number) }
        guard range.count <= limit else { throw .tooLong(field: field.number, limit: limit) }
        return range
    }

    private mutating func varint() throws(WireFault) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end {
            let byte = bytes[position]
            position += 1
            if shift == 63 && byte > 1 { throw .badVarint }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { throw .badVarint }
        }
        throw .truncated
    }

    private mutating func fixed(_ count: Int) throws(WireFault) -> UInt64 {
        guard end - position >= count else { throw .truncated }
        var value: UInt64 = 0
        for index in 0..<count {
            value |= UInt64(bytes[position + index]) << UInt64(8 * index)
        }
        position += count
        return value
    }
}
