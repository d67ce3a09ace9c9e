// A reader of the kernel's texts, in place: words and numbers out of the bytes that a read just left
// in the shared buffer. It copies nothing and allocates nothing; `Text` is the comfortable one.

struct Scan {
    private let bytes: UnsafeBufferPointer<UInt8>
    private(set) var position = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { position >= bytes.count }
    var rest: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: bytes[position...]) }

    private func isBlank(_ byte: UInt8) -> Bool {
        byte <= 0x20 && (byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0)
    }

    /// The byte that comes next; 0 at the end.
    private var next: UInt8 { position < bytes.count ? bytes[position] : 0 }

    /// Whether this byte comes next: cheaper than `take` where few lines matter.
    func isAt(_ byte: UInt8) -> Bool { next == byte }

    /// Spaces within a line.
    mutating func skipBlanks() {
        while position < bytes.count, isBlank(bytes[position]) { position += 1 }
    }

    /// Spaces, line ends and NULs.
    mutating func skipSpace() {
        while position < bytes.count, isBlank(bytes[position]) || bytes[position] == 0x0a { position += 1 }
    }

    /// To the first byte of the next line.
    mutating func skipLine() {
        var at = position
        // Eight bytes at once, while none of them ends a line: only there x has a zero byte.
        let raw = UnsafeRawBufferPointer(bytes)
        while at + 8 <= bytes.count {
            let x = raw.loadUnaligned(fromByteOffset: at, as: UInt64.self) ^ 0x0a0a_0a0a_0a0a_0a0a
            if (x &- 0x0101_0101_0101_0101) & ~x & 0x8080_8080_8080_8080 != 0 { break }
            at += 8
        }
        while at < bytes.count {
            at += 1
            if bytes[at - 1] == 0x0a { break }
        }
        position = at
    }

    mutating func skipWord() {
        skipBlanks()
        while position < bytes.count, !isBlank(bytes[position]), bytes[position] != 0x0a { position += 1 }
    }

    /// Passes over `text` where it stands next; a number or a blank must follow it to end a word.
    mutating func take(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count - position >= count else { return false }
        let start = text.utf8Start
        // Most lines begin otherwise.
        guard count > 0, bytes[position] == start[0] else { return count == 0 }
        for index in 0..<count where bytes[position + index] != start[index] { return false }
        position += count
        return true
    }

    mutating func take(_ text: [UInt8]) -> Bool {
        guard bytes.count - position >= text.count else { return false }
        for index in text.indices where bytes[position + index] != text[index] { return false }
        position += text.count
        return true
    }

    /// Passes over a name and the colon behind it, within the line.
    mutating func takeThroughColon() -> Bool {
        while position < bytes.count, bytes[position] != 0x0a {
            position += 1
            if bytes[position - 1] == 0x3a { return true }
        }
        return false
    }

    /// Digits up to a blank, a line end or the end; nil for anything else, and beyond 64 bits.
    mutating func unsigned() -> UInt64? {
        skipBlanks()
        let start = position
        var value: UInt64 = 0
        var at = start
        // Eighteen digits always fit.
        let fitting = min(bytes.count, start + 18)
        while at < fitting {
            let digit = bytes[at] &- 0x30
            guard digit <= 9 else { break }
            value = value &* 10 &+ UInt64(digit)
            at += 1
        }
        position = at
        while position < bytes.count {
            let digit = bytes[position] &- 0x30
            guard digit <= 9 else { break }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(UInt64(digit))
            if overflow || carry { return nil }
            value = sum
            position += 1
        }
        guard position > start, isAtWordEnd else { return nil }
        return value
    }

    /// One to eight hexadecimal digits up to a word's end.
    mutating func hexadecimal() -> UInt32? {
        let start = position
        var value: UInt32 = 0
        while position < bytes.count, position - start < 8 {
            let nibble: UInt8
            switch bytes[position] {
            case 0x30...0x39: nibble = bytes[position] - 0x30
            case 0x41...0x46: nibble = bytes[position] - 0x37
            case 0x61...0x66: nibble = bytes[position] - 0x57
            default:
                return position > start && isAtWordEnd ? value : nil
            }
            value = value << 4 | UInt32(nibble)
            position += 1
        }
        return position > start && isAtWordEnd ? value : nil
    }

    /// As `unsigned`, with a sign.
    mutating func signed() -> Int64? {
        skipBlanks()
        let isNegative = next == 0x2d
        if isNegative || next == 0x2b {
            position += 1
            // A blank between sign and digits is no number.
            guard next &- 0x30 <= 9 else { return nil }
        }
        guard let magnitude = unsigned(), magnitude <= UInt64(Int64.max) else { return nil }
        return isNegative ? -Int64(magnitude) : Int64(magnitude)
    }

    /// `12.34` without sign or exponent; nil for anything else.
    mutating func decimal() -> Double? {
        skipBlanks()
        let start = position
        var mantissa: UInt64 = 0
        var divisor = 1.0
        var seen = 0
        var isFraction = false
        while position < bytes.count {
            let byte = bytes[position]
            if byte == 0x2e, !isFraction {
                isFraction = true
            } else {
                let digit = byte &- 0x30
                guard digit <= 9 else { break }
                seen += 1
                // Fifteen digits are exact; the kernel prints two after the point.
                guard seen <= 15 else { return nil }
                mantissa = mantissa * 10 + UInt64(digit)
                if isFraction { divisor *= 10 }
            }
            position += 1
        }
        guard position > start, seen > 0, isAtWordEnd else { return nil }
        return Double(mantissa) / divisor
    }

    private var isAtWordEnd: Bool {
        position >= bytes.count || isBlank(bytes[position]) || bytes[position] == 0x0a
    }

    /// The file's one number and nothing else, or nil.
    static func only(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
        var scan = Scan(bytes)
        scan.skipSpace()
        guard let value = scan.signed() else { return nil }
        scan.skipSpace()
        return scan.isAtEnd ? value : nil
    }
}
