// Numbers in text, read from byte slices without a copy: what the kernel writes under /proc and
// /sys, flags and configuration files. No locale, no libc.

public enum Text {
    /// The slice without spaces, tabs, line ends and NULs around it (device-tree strings end in NUL).
    public static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var slice = text
        while let first = slice.first, isBlank(first) { slice = slice.dropFirst() }
        while let last = slice.last, isBlank(last) { slice = slice.dropLast() }
        return slice
    }

    public static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte == 0
    }

    /// A whole decimal number with an optional sign and nothing else, or nil.
    public static func integer(_ text: ArraySlice<UInt8>) -> Int64? {
        var digits = text
        var negative = false
        if let first = digits.first, first == 0x2d || first == 0x2b {
            negative = first == 0x2d
            digits = digits.dropFirst()
        }
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard digit >= 0x30, digit <= 0x39 else { return nil }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.subtractingReportingOverflow(Int64(digit - 0x30))
            if overflow || carry { return nil }
            value = sum
        }
        if negative { return value }
        return value == Int64.min ? nil : -value
    }

    public static func integer(_ text: String) -> Int64? { integer(Array(text.utf8)[...]) }

    /// A number without exponent, such as `0.618`, or nil. At most 17 digits count, which is more
    /// than any value that is typed by a person or printed by the kernel has.
    public static func decimal(_ text: ArraySlice<UInt8>) -> Double? {
        var digits = text
        var negative = false
        if let first = digits.first, first == 0x2d || first == 0x2b {
            negative = first == 0x2d
            digits = digits.dropFirst()
        }
        var mantissa: Int64 = 0
        var scale = 0
        var seen = 0
        var point = false
        for character in digits {
            if character == 0x2e, !point {
                point = true
                continue
            }
            guard character >= 0x30, character <= 0x39 else { return nil }
            seen += 1
            guard mantissa < 10_000_000_000_000_000 else {
                if !point { return nil }
                continue
            }
            mantissa = mantissa * 10 + Int64(character - 0x30)
            if point { scale += 1 }
        }
        guard seen > 0 else { return nil }
        var divisor = 1.0
        for _ in 0..<scale { divisor *= 10 }
        let value = Double(mantissa) / divisor
        return negative ? -value : value
    }

    public static func decimal(_ text: String) -> Double? { decimal(Array(text.utf8)[...]) }

    /// Splits at every run of blanks; empty pieces are left out.
    public static func words(_ text: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        text.split { isBlank($0) }
    }

    public static func lines(_ text: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        text.split(separator: 0x0a)
    }

    public static func string(_ text: ArraySlice<UInt8>) -> String {
        String(decoding: text, as: UTF8.self)
    }

    /// Byte-wise comparison: String's own pulls the Unicode tables into the device binary.
    public static func equal(_ text: ArraySlice<UInt8>, _ other: StaticString) -> Bool {
        guard text.count == other.utf8CodeUnitCount else { return false }
        return other.withUTF8Buffer { buffer in
            var index = text.startIndex
            for byte in buffer {
                if text[index] != byte { return false }
                index += 1
            }
            return true
        }
    }

    /// Byte for byte: String's own comparison pulls the Unicode tables into the device's program.
    public static func equal(_ a: String, _ b: String) -> Bool {
        let same = a.utf8.withContiguousStorageIfAvailable { a in
            b.utf8.withContiguousStorageIfAvailable { b in
                guard a.count == b.count else { return false }
                var index = 0
                while index < a.count, a[index] == b[index] { index += 1 }
                return index == a.count
            }
        }
        return (same ?? nil) ?? a.utf8.elementsEqual(b.utf8)
    }

    public static func equal(_ text: String, _ other: StaticString) -> Bool {
        equal(Array(text.utf8)[...], other)
    }
}

public enum Decimal {
    /// `value` rounded half away from zero to `decimals` digits (0…9), for people. "nan", "inf";
    /// what is too large to be anything but absurd (9e15) is "inf" too.
    public static func fixed(_ value: Double, decimals: Int) -> String {
        guard value == value else { return "nan" }
        guard abs(value) < 9e15 else { return value < 0 ? "-inf" : "inf" }
        let decimals = max(0, min(9, decimals))
        var power: UInt64 = 1
        for _ in 0..<decimals { power *= 10 }
        // The whole part apart (both are exact): together with nine decimals it may pass 64 bits.
        let magnitude = abs(value)
        var whole = UInt64(magnitude)
        let rest = (magnitude - Double(whole)) * Double(power)
        var units = UInt64(rest.rounded(.toNearestOrAwayFromZero))
        if units == power {
            whole += 1
            units = 0
        }
        let sign = value < 0 && (whole > 0 || units > 0) ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(whole)" }
        let fraction = Array("\(units)".utf8)
        let padding = [UInt8](repeating: 0x30, count: decimals - fraction.count)
        return "\(sign)\(whole).\(String(decoding: padding + fraction, as: UTF8.self))"
    }
}
