// A JSON writer for what the device says to people and programs (decision.json, --json, logs), and
// for the server's hot pages. It only writes; who must read JSON stands on a floor with Foundation.
//
// One that is kept and restarted allocates nothing once it has seen its longest document. A number
// that is as it was in the document before, or a section that is, is then written from memory.

public struct JSONWriter: Sendable {
    /// What is written, and room behind it.
    private var room: [UInt8] = []
    private var count = 0
    private var needsComma = false
    /// Of a restarted writer: the texts of its fractional numbers, by their place in the document.
    private var kept: [NumberText] = []
    private var place = 0
    private var isKept = false
    private var sections: [Section] = []

    private struct Section: Sendable {
        var version: UInt64
        var bytes: [UInt8]

        /// In the memory of what was there before, with room for figures that grow.
        mutating func keep(_ written: ArraySlice<UInt8>) {
            bytes.removeAll(keepingCapacity: true)
            if bytes.capacity < written.count { bytes.reserveCapacity(2 * written.count) }
            bytes.append(contentsOf: written)
        }
    }

    public init() {}

    public var bytes: [UInt8] { Array(room[..<count]) }
    public var text: String { String(decoding: room[..<count], as: UTF8.self) }

    public func withBytes<Result, Fault>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(Fault) -> Result
    ) throws(Fault) -> Result {
        try room.withUnsafeBufferPointer { bytes throws(Fault) in
            try body(UnsafeBufferPointer(rebasing: bytes[..<count]))
        }
    }

    /// Begins another document, best one of the same form, in the same memory.
    public mutating func restart() {
        count = 0
        needsComma = false
        place = 0
        isKept = true
    }

    public mutating func beginObject(_ key: StaticString? = nil) { open(key, 0x7b) }
    public mutating func endObject() { close(0x7d) }
    public mutating func beginArray(_ key: StaticString? = nil) { open(key, 0x5b) }
    public mutating func endArray() { close(0x5d) }

    /// Fields of an object that has others before them, which are the same while `version` is.
    /// - Parameter number: 0 and up, one for each section that the document may have.
    public mutating func section(
        _ number: Int, of version: UInt64, _ write: (inout JSONWriter) -> Void
    ) {
        guard isKept, needsComma else { return write(&self) }
        while sections.count <= number { sections.append(Section(version: ~version, bytes: [])) }
        if sections[number].version == version, !sections[number].bytes.isEmpty {
            return sections[number].bytes.withUnsafeBufferPointer { put($0) }
        }
        let start = count
        // Its numbers would move the places of those that follow.
        isKept = false
        write(&self)
        isKept = true
        sections[number].version = version
        sections[number].keep(room[start..<count])
    }

    /// A line's end, after the document.
    public mutating func endLine() { put(0x0a) }

    /// A key that is only known at run time; a value must follow.
    public mutating func key(_ name: String) {
        separate()
        quote(name)
        put(0x3a)
        needsComma = false
    }

    public mutating func value(_ value: String, _ key: StaticString? = nil) {
        lead(key)
        quote(value)
    }

    /// A text of the program's own, which needs no escapes.
    public mutating func value(name: StaticString, _ key: StaticString? = nil) {
        lead(key)
        put(0x22)
        put(name)
        put(0x22)
    }

    /// 64 hexadecimal digits, the first word's highest first.
    public mutating func value(hex words: (UInt64, UInt64, UInt64, UInt64), _ key: StaticString? = nil) {
        lead(key)
        put(66) { bytes in
            bytes[0] = 0x22
            Hex.write(words.0, bytes + 1)
            Hex.write(words.1, bytes + 17)
            Hex.write(words.2, bytes + 33)
            Hex.write(words.3, bytes + 49)
            bytes[65] = 0x22
            return 66
        }
    }

    /// A number in its shortest exact form; NaN and infinities have none in JSON and become null.
    public mutating func value(_ value: Double, _ key: StaticString? = nil) {
        guard value.isFinite else { return null(key) }
        lead(key)
        // Whole numbers without ".0", as JSON readers elsewhere print them.
        if value == value.rounded(.towardZero), abs(value) < 1e15 { return put(whole: Int64(value)) }
        guard isKept else { return put(NumberText(value)) }
        if place == kept.count {
            kept.append(NumberText(value))
        } else if kept[place].bits != value.bitPattern {
            kept[place] = NumberText(value)
        }
        put(kept[place])
        place += 1
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
        put(text: Decimal.fixed(value, decimals: decimals))
    }

    public mutating func value(_ value: Int, _ key: StaticString? = nil) {
        lead(key)
        put(whole: Int64(value))
    }

    public mutating func value(_ value: UInt64, _ key: StaticString? = nil) {
        lead(key)
        put(NumberText.digitsMost) { NumberText.write(value, $0) }
    }

    public mutating func value(_ value: Bool, _ key: StaticString? = nil) {
        lead(key)
        put(value ? "true" : "false")
    }

    /// A value that is JSON already.
    public mutating func fragment(_ json: ArraySlice<UInt8>, _ key: StaticString? = nil) {
        lead(key)
        json.withUnsafeBufferPointer { put($0) }
    }

    public mutating func null(_ key: StaticString? = nil) {
        lead(key)
        put("null")
    }

    private mutating func open(_ key: StaticString?, _ bracket: UInt8) {
        lead(key)
        put(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        put(bracket)
        needsComma = true
    }

    private mutating func lead(_ key: StaticString?) {
        if let key {
            let length = key.utf8CodeUnitCount
            put(length + 4) { [needsComma] bytes in
                bytes[0] = 0x2c
                let start = bytes + (needsComma ? 1 : 0)
                start[0] = 0x22
                Self.copy(key.utf8Start, to: start + 1, length)
                start[length + 1] = 0x22
                start[length + 2] = 0x3a
                return length + (needsComma ? 4 : 3)
            }
        } else if needsComma {
            put(0x2c)
        }
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { put(0x2c) }
        needsComma = true
    }

    private mutating func quote(_ text: String) {
        var text = text
        text.withUTF8 { quote($0) }
    }

    private mutating func quote(_ text: UnsafeBufferPointer<UInt8>) {
        put(0x22)
        if text.contains(where: Self.isEscaped) {
            for byte in text { putEscaped(byte) }
        } else {
            put(text)
        }
        put(0x22)
    }

    private static func isEscaped(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x22 || byte == 0x5c }

    private mutating func putEscaped(_ byte: UInt8) {
        guard Self.isEscaped(byte) else { return put(byte) }
        put(0x5c)
        guard byte < 0x20 else { return put(byte) }
        put("u00")
        put(Hex.digit(byte >> 4))
        put(Hex.digit(byte & 15))
    }

    // MARK: Bytes

    private mutating func put(_ byte: UInt8) {
        put(1) { bytes in
            bytes[0] = byte
            return 1
        }
    }

    private mutating func put(_ text: StaticString) {
        put(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func put(text: String) {
        var text = text
        text.withUTF8 { put($0) }
    }

    private mutating func put(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let first = bytes.baseAddress else { return }
        put(bytes.count) { room in
            Self.copy(first, to: room, bytes.count)
            return bytes.count
        }
    }

    private mutating func put(whole value: Int64) {
        put(NumberText.digitsMost) { bytes in
            guard value < 0 else { return NumberText.write(value.magnitude, bytes) }
            bytes[0] = 0x2d
            return 1 + NumberText.write(value.magnitude, bytes + 1)
        }
    }

    private mutating func put(_ number: NumberText) {
        put(NumberText.bytesMost) { number.copy(to: $0) }
    }

    /// Keys and names are short: whole words, of which the last may lie over the one before, cost less
    /// than a call.
    @inline(__always)
    private static func copy(
        _ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, _ count: Int
    ) {
        let (source, target) = (UnsafeRawPointer(source), UnsafeMutableRawPointer(target))
        func move<Word: BitwiseCopyable>(_ offset: Int, _: Word.Type) {
            target.storeBytes(
                of: source.loadUnaligned(fromByteOffset: offset, as: Word.self), toByteOffset: offset,
                as: Word.self)
        }
        switch count {
        case 17...: target.copyMemory(from: source, byteCount: count)
        case 8...:
            move(0, UInt64.self)
            move(count - 8, UInt64.self)
        case 4...:
            move(0, UInt32.self)
            move(count - 4, UInt32.self)
        default: for offset in 0..<max(0, count) { move(offset, UInt8.self) }
        }
    }

    /// Gives `write` room for `most` bytes; it says how many it has used.
    @inline(__always)
    private mutating func put(_ most: Int, _ write: (UnsafeMutablePointer<UInt8>) -> Int) {
        if room.count - count < most { grow(most) }
        let end = count
        count += room.withUnsafeMutableBufferPointer { bytes in
            bytes.baseAddress.map { write($0 + end) } ?? 0
        }
    }

    @inline(never)
    private mutating func grow(_ most: Int) {
        let wanted = max(256, 2 * room.count, count + most)
        room.append(contentsOf: repeatElement(0, count: wanted - room.count))
    }
}
