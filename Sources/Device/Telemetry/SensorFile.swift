// What a sensor can mean at all, files that are read once, and names.
//
// Every reading ends in one of two ways: a plausible value, or "no data". Why it is "no data" (EIO
// of the BCM2711's sensor, EAGAIN of a hwmon driver, an empty or absurd text, a FIFO in the file's
// place) stands in the ledger, and is never an error.

import Bytes
import System

/// Limits of what a sensor can mean. Outside of them it is broken, whatever it says.
enum Plausible {
    /// Silicon sensors of these boards are specified from −40 °C; beyond 150 °C no board reports.
    static let temperatureMilliC: ClosedRange<Int64> = -40_000...150_000
    /// Up to 10 GHz.
    static let frequencyKHz: ClosedRange<Int64> = 1_000...10_000_000
    /// PSI shares are percentages.
    static let percent: ClosedRange<Double> = 0...100
    /// A machine with a load of 100,000 would not answer.
    static let load: ClosedRange<Double> = 0...100_000
    /// 64 TiB, in the kernel's kB.
    static let memoryKBMost: UInt64 = 1 << 36
    /// 64 TiB.
    static let bytesMost: Int64 = 1 << 46
}

extension OpenFile {
    /// The file's whole number within `bounds`, or nil.
    func integer(in bounds: ClosedRange<Int64>) -> Int64? {
        guard let text = try? read(), let value = Text.integer(Text.trimmed(text)),
            bounds.contains(value)
        else { return nil }
        return value
    }

    /// The file's text, cut from its end's NUL or newline; nil when empty.
    func text() -> String? {
        guard let text = try? read() else { return nil }
        let trimmed = Text.trimmed(text)
        return trimmed.isEmpty ? nil : Text.string(trimmed)
    }
}

/// A file that is read once.
enum OneShot {
    static func bytes(_ path: String, limit: Int = 4096) -> [UInt8]? {
        try? FileSystem.read(path, limit: limit)
    }

    static func text(_ path: String) -> String? { OpenFile(path).text() }

    static func integer(_ path: String, in bounds: ClosedRange<Int64>) -> Int64? {
        OpenFile(path, limit: 64).integer(in: bounds)
    }

    /// Names in a folder; none when it can't be read.
    static func names(_ path: String) -> [String] { (try? FileSystem.list(path)) ?? [] }
}

/// Byte-wise tests of names: String's own pull the Unicode tables into the device binary.
enum Name {
    static func has(_ name: String, prefix: StaticString) -> Bool {
        let bytes = Array(name.utf8)
        let count = prefix.utf8CodeUnitCount
        return bytes.count >= count && Text.equal(bytes[..<count], prefix)
    }

    static func has(_ name: String, suffix: StaticString) -> Bool {
        let bytes = Array(name.utf8)
        let count = suffix.utf8CodeUnitCount
        return bytes.count >= count && Text.equal(bytes[(bytes.count - count)...], suffix)
    }

    static func has(_ name: String, middle: StaticString) -> Bool {
        let bytes = Array(name.utf8)
        let count = middle.utf8CodeUnitCount
        guard bytes.count >= count else { return false }
        return (0...(bytes.count - count)).contains { Text.equal(bytes[$0..<($0 + count)], middle) }
    }

    static func equal(_ a: String, _ b: String) -> Bool { Text.equal(a, b) }

    static func equal(_ a: [String], _ b: [String]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { equal($0, $1) }
    }
}
