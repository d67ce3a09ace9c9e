// Reading a segment: whatever holds is used, whatever doesn't is skipped and counted.
//
// A record that isn't whole, or whose checksum is wrong, costs itself: the scan looks for the next
// magic whose record holds. So a flipped bit, even in a length, never blocks what follows it. What
// lies behind the last whole record is the *tail*: torn by a power cut, and cut off.

import AgentCore
import Precision

struct SegmentScan {
    /// Places of whole records, in their order.
    private(set) var records: [Place] = []
    /// Stretches between whole records that hold none: each was one record or more.
    private(set) var damaged = 0
    private(set) var damagedBytes = 0
    /// Where the last whole record ends.
    private(set) var end = 0
    private(set) var tornBytes = 0

    struct Place: Equatable {
        var number: UInt64
        var kind: ValueClass
        var start: Int
        var end: Int

        var payload: Range<Int> { start + SpoolRecord.headBytes..<end - 4 }
    }

    init(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { scan($0) }
    }

    private mutating func scan(_ raw: UnsafeRawBufferPointer) {
        var at = 0
        while at < raw.count {
            if let place = Self.record(in: raw, at: at) {
                records.append(place)
                at = place.end
                end = at
                continue
            }
            guard let next = Self.next(in: raw, after: at) else { break }
            damaged += 1
            damagedBytes += next - at
            at = next
        }
        tornBytes = raw.count - end
    }

    /// The next place at which a whole record begins.
    private static func next(in raw: UnsafeRawBufferPointer, after start: Int) -> Int? {
        var at = start + 1
        while at + SpoolRecord.frameBytes <= raw.count {
            if raw[at] == SpoolRecord.magic[0], record(in: raw, at: at) != nil { return at }
            at += 1
        }
        return nil
    }

    private static func record(in raw: UnsafeRawBufferPointer, at start: Int) -> Place? {
        guard raw.count - start >= SpoolRecord.frameBytes else { return nil }
        for offset in 0..<4 where raw[start + offset] != SpoolRecord.magic[offset] { return nil }
        guard let kind = ValueClass(rawValue: raw[start + 4]) else { return nil }
        let length = Int(
            UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: start + 8, as: UInt32.self)))
        guard length <= SpoolRecord.payloadBytesMax,
            length <= raw.count - start - SpoolRecord.frameBytes
        else { return nil }
        let end = start + SpoolRecord.frameBytes + length
        let covered = UnsafeRawBufferPointer(rebasing: raw[start..<end - 4])
        let crc = UInt32(
            littleEndian: raw.loadUnaligned(fromByteOffset: end - 4, as: UInt32.self))
        guard crc == Checksum.crc32c(covered) else { return nil }
        let number = UInt64(
            littleEndian: raw.loadUnaligned(fromByteOffset: start + 12, as: UInt64.self))
        guard number < SegmentName.numberLimit else { return nil }
        return Place(number: number, kind: kind, start: start, end: end)
    }
}

/// A segment's file name: its class and the number of its first record, e.g. `n00000000000004d2.seg`. So
/// the names alone say which is oldest and of what worth.
struct SegmentName: Equatable, Sendable {
    var kind: ValueClass
    var number: UInt64

    /// No agent counts so far: a number beyond it is none of ours.
    static let numberLimit: UInt64 = 1 << 62
    /// A segment's number is its first record's, and others follow it.
    static let nameLimit = numberLimit / 2
    private static let suffix: [UInt8] = Array(".seg".utf8)
    private static let digits: [UInt8] = Array("0123456789abcdef".utf8)

    var text: String {
        let letter: UInt8
        switch kind {
        case .low: letter = 0x6c
        case .normal: letter = 0x6e
        case .high: letter = 0x68
        }
        var bytes = [letter]
        for shift in stride(from: UInt64(60), through: 0, by: -4) {
            bytes.append(Self.digits[Int(number >> shift & 15)])
        }
        return String(decoding: bytes + Self.suffix, as: UTF8.self)
    }

    init(kind: ValueClass, number: UInt64) {
        self.kind = kind
        self.number = number
    }

    /// nil for a file that isn't a segment.
    init?(_ text: String) {
        guard let name = Self.parsed(text), name.number < Self.nameLimit else { return nil }
        self = name
    }

    /// Named like a segment, by a number that none of ours has.
    static func isBeyond(_ text: String) -> Bool { (parsed(text)?.number ?? 0) >= nameLimit }

    private static func parsed(_ text: String) -> SegmentName? {
        let bytes = Array(text.utf8)
        guard bytes.count == 21, Array(bytes[17...]) == Self.suffix else { return nil }
        let kind: ValueClass
        switch bytes[0] {
        case 0x6c: kind = .low
        case 0x6e: kind = .normal
        case 0x68: kind = .high
        default: return nil
        }
        var value: UInt64 = 0
        for byte in bytes[1..<17] {
            guard let digit = Self.digits.firstIndex(of: byte) else { return nil }
            value = value << 4 | UInt64(digit)
        }
        return SegmentName(kind: kind, number: value)
    }
}
