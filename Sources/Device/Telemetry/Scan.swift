// A reader of the kernel's texts, in place: words and numbers out of the bytes that a read just left
// in the shared buffer. It copies nothing and allocates nothing; `Text` is the comfortable one.
//
// Every cycle reads a thousand bytes and more with it, so what is passed over is passed over by eight
// bytes at once, and what is looked for is compared so.

struct Scan {
    // Where it reads, and behind the last byte.
    private var at: UnsafePointer<UInt8>
    private let end: UnsafePointer<UInt8>

    /// The text must outlive the scan.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        // An empty text may have no address.
        at = bytes.baseAddress ?? Self.nowhere
        end = at + bytes.count
    }

    private static var nowhere: UnsafePointer<UInt8> { ("" as StaticString).utf8Start }

    /// What hasn't been passed over yet.
    var rest: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: at, count: end - at) }

    var isAtEnd: Bool { at >= end }

    @inline(__always)
    private static func isBlank(_ byte: UInt8) -> Bool {
        byte <= 0x20 && (byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0)
    }

    /// Whether this byte comes next: cheaper than `take` where few lines matter.
    func isAt(_ byte: UInt8) -> Bool { at < end && at.pointee == byte }

    /// Spaces within a line.
    mutating func skipBlanks() {
        while at < end, Self.isBlank(at.pointee) { at += 1 }
    }

    /// Spaces, line ends and NULs.
    mutating func skipSpace() {
        while at < end, Self.isBlank(at.pointee) || at.pointee == 0x0a { at += 1 }
    }

    /// Passes over bytes up to the first that may be `wanted`, as far as eight can be looked at together: `marks`
    /// sets the high bit of each that may, and of none before it.
    @inline(__always)
    private mutating func skip(upTo marks: (UInt64) -> UInt64) {
        while end - at >= 8 {
            let marked = marks(UnsafeRawPointer(at).loadUnaligned(as: UInt64.self).littleEndian)
            guard marked == 0 else {
                at += marked.trailingZeroBitCount / 8
                return
            }
            at += 8
        }
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    /// To the first byte of the next line.
    mutating func skipLine() {
        skip { bytes in
            // Only where a line ends a byte is 0 now.
            let x = bytes ^ (Self.ones &* 0x0a)
            return (x &- Self.ones) & ~x & Self.highs
        }
        while at < end {
            at += 1
            if at[-1] == 0x0a { break }
        }
    }

    mutating func skipWord() {
        skipBlanks()
        while true {
            // Blanks and line ends are among the bytes below 0x21.
            skip { bytes in (bytes &- Self.ones &* 0x21) & ~bytes & Self.highs }
            while at < end, at.pointee > 0x20 { at += 1 }
            guard at < end, !Self.isBlank(at.pointee), at.pointee != 0x0a else { return }
            at += 1
        }
    }

    /// Passes over `text` where it stands next; a number or a blank must follow it to end a word.
    @inline(__always)
    mutating func take(_ text: StaticString) -> Bool {
        take(text.utf8Start, text.utf8CodeUnitCount)
    }

    mutating func take(_ text: [UInt8]) -> Bool {
        text.withUnsafeBufferPointer { text in
            guard let start = text.baseAddress else { return true }
            return take(start, text.count)
        }
    }

    @inline(__always)
    private mutating func take(_ text: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        guard end - at >= count else { return false }
        var done = 0
        while count - done >= 8 {
            guard Self.same(UInt64.self, at + done, text + done) else { return false }
            done += 8
        }
        if count - done >= 4 {
            guard Self.same(UInt32.self, at + done, text + done) else { return false }
            done += 4
        }
        if count - done >= 2 {
            guard Self.same(UInt16.self, at + done, text + done) else { return false }
            done += 2
        }
        guard done == count || at[done] == text[done] else { return false }
        at += count
        return true
    }

    @inline(__always)
    private static func same<Word: FixedWidthInteger & BitwiseCopyable>(
        _: Word.Type, _ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>
    ) -> Bool {
        UnsafeRawPointer(a).loadUnaligned(as: Word.self) == UnsafeRawPointer(b).loadUnaligned(as: Word.self)
    }

    /// Passes over a name and the colon behind it, within the line.
    mutating func takeThroughColon() -> Bool {
        while at < end, at.pointee != 0x0a {
            at += 1
            if at[-1] == 0x3a { return true }
        }
        return false
    }

    /// Digits up to a blank, a line end or the end; nil for anything else, and beyond 64 bits.
    mutating func unsigned() -> UInt64? {
        skipBlanks()
        let start = at
        var value: UInt64 = 0
        // Eighteen digits always fit.
        let fitting = end - start < 18 ? end : start + 18
        while at < fitting {
            let digit = at.pointee &- 0x30
            guard digit <= 9 else { break }
            value = value &* 10 &+ UInt64(digit)
            at += 1
        }
        while at < end {
            let digit = at.pointee &- 0x30
            guard digit <= 9 else { break }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(UInt64(digit))
            if overflow || carry { return nil }
            value = sum
            at += 1
        }
        guard at > start, isAtWordEnd else { return nil }
        return value
    }

    /// One to eight hexadecimal digits up to a word's end.
    mutating func hexadecimal() -> UInt32? {
        let start = at
        var value: UInt32 = 0
        while at < end, at - start < 8 {
            let nibble: UInt8
            switch at.pointee {
            case 0x30...0x39: nibble = at.pointee - 0x30
            case 0x41...0x46: nibble = at.pointee - 0x37
            case 0x61...0x66: nibble = at.pointee - 0x57
            default:
                return at > start && isAtWordEnd ? value : nil
            }
            value = value << 4 | UInt32(nibble)
            at += 1
        }
        return at > start && isAtWordEnd ? value : nil
    }

    /// As `unsigned`, with a sign.
    mutating func signed() -> Int64? {
        skipBlanks()
        let isNegative = isAt(0x2d)
        if isNegative || isAt(0x2b) {
            at += 1
            // A blank between sign and digits is no number.
            guard at < end, at.pointee &- 0x30 <= 9 else { return nil }
        }
        guard let magnitude = unsigned(), magnitude <= UInt64(Int64.max) else { return nil }
        return isNegative ? -Int64(magnitude) : Int64(magnitude)
    }

    /// `12.34` without sign or exponent; nil for anything else.
    mutating func decimal() -> Double? {
        skipBlanks()
        let start = at
        var mantissa: UInt64 = 0
        var divisor: UInt64 = 1
        var seen = 0
        var isFraction = false
        while at < end {
            let byte = at.pointee
            if byte == 0x2e, !isFraction {
                isFraction = true
            } else {
                let digit = byte &- 0x30
                guard digit <= 9 else { break }
                seen += 1
                // Fifteen digits are exact; the kernel prints two after the point.
                guard seen <= 15 else { return nil }
                mantissa = mantissa &* 10 &+ UInt64(digit)
                if isFraction { divisor = divisor &* 10 }
            }
            at += 1
        }
        guard at > start, seen > 0, isAtWordEnd else { return nil }
        return Double(mantissa) / Double(divisor)
    }

    private var isAtWordEnd: Bool {
        at >= end || Self.isBlank(at.pointee) || at.pointee == 0x0a
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
