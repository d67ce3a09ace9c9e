// Numbers as text without the heap: digits of whole ones, and the shortest exact form of a Double kept
// beside it.

struct NumberText: TextOutputStream, Sendable {
    /// As long as a Double gets: -2.2250738585072014e-308.
    static let bytesMost = 24
    /// As long as 64 bits get, with a sign.
    static let digitsMost = 21

    let bits: UInt64
    private var count = 0
    private var text: (UInt64, UInt64, UInt64) = (0, 0, 0)

    init(_ value: Double) {
        bits = value.bitPattern
        value.write(to: &self)
    }

    mutating func write(_ string: String) {
        var string = string
        string.withUTF8 { append($0) }
    }

    /// The standard library's own way past a String, where it has one.
    mutating func _writeASCII(_ buffer: UnsafeBufferPointer<UInt8>) { append(buffer) }

    private mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        let (start, most) = (count, min(bytes.count, Self.bytesMost - count))
        guard let first = bytes.baseAddress else { return }
        withUnsafeMutableBytes(of: &text) { room in
            room.baseAddress?.advanced(by: start).copyMemory(from: first, byteCount: most)
        }
        count += most
    }

    /// Into room for `bytesMost` bytes, of which the text's are used.
    func copy(to bytes: UnsafeMutablePointer<UInt8>) -> Int {
        UnsafeMutableRawPointer(bytes).storeBytes(of: text, as: (UInt64, UInt64, UInt64).self)
        return count
    }

    /// The digits of a whole number; how many they are.
    static func write(_ value: UInt64, _ bytes: UnsafeMutablePointer<UInt8>) -> Int {
        var count = 1
        var bound: UInt64 = 10
        while count < 20, value >= bound {
            count += 1
            let (next, overflow) = bound.multipliedReportingOverflow(by: 10)
            if overflow { break }
            bound = next
        }
        var rest = value
        var index = count
        while index > 0 {
            index -= 1
            let tenth = rest / 10
            bytes[index] = 0x30 + UInt8(truncatingIfNeeded: rest &- tenth &* 10)
            rest = tenth
        }
        return count
    }
}
