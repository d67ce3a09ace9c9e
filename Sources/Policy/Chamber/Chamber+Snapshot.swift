// What the chamber learned, as bytes: for a restart, an update, or a look from outside.
//
//     "PHC1" · class hash 32 · chain head 32 · fit 1 + 2×8 · slot count 2 · slots · CRC-32C 4
//     a slot: number 1 · four shares 2 each · visits 2 · last use 2          (little-endian)
//
// At most 3.4 KiB. Learned state is worth keeping and safe to lose: bytes that are cut short, flipped
// or of another version are refused as a whole, with the reason, and the chamber begins anew. It belongs
// to one class of hardware; on another it is set aside. The chamber does no I/O: whoever keeps the bytes
// writes them atomically, at the end and now and then.

import Digest
import Model
import Phi
import Precision

extension Chamber {
    /// Most bytes of a snapshot.
    public static let snapshotBytesMost = 4 + 32 + 32 + 17 + 2 + 256 * 13 + 4
    private static let magic: [UInt8] = [0x50, 0x48, 0x43, 0x31]

    /// The learned state. Write it atomically, at the end and at most every few minutes: nothing in
    /// it is worth an SD card's wear.
    public func snapshot() -> [UInt8] {
        var bytes = Self.magic
        bytes.reserveCapacity(Self.snapshotBytesMost)
        bytes += (learned.ofClass ?? Digest32.zero).bytes
        bytes += chainHead.bytes
        func put(_ value: UInt64, _ count: Int) {
            for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
        }
        let fit = forecast.provenOutlook != nil ? forecast.model.fit : nil
        let rises = fit.map { ($0.fastRiseC, $0.slowRiseC) } ?? learned.rises
        put(rises == nil ? 0 : 1, 1)
        put(rises?.0.bitPattern ?? 0, 8)
        put(rises?.1.bitPattern ?? 0, 8)
        put(UInt64(learned.slots.live), 2)
        for number in 0..<SlotLearner.slotCount {
            let slot = learned.slots.slots[number]
            guard slot.visits > 0 else { continue }
            put(UInt64(number), 1)
            for field in [slot.a, slot.b, slot.c, slot.d, slot.visits, slot.lastUse] {
                put(UInt64(field), 2)
            }
        }
        put(UInt64(bytes.withUnsafeBytes { Checksum.crc32c($0) }), 4)
        return bytes
    }

    /// A chamber that goes on from a snapshot, or why it can't.
    public static func restore(
        _ bytes: [UInt8], knownHardware: Digest32? = nil
    ) throws(SnapshotFault) -> Chamber {
        guard bytes.count >= 4, bytes[0] == magic[0], bytes[1] == magic[1], bytes[2] == magic[2] else {
            throw .foreign
        }
        guard bytes[3] == magic[3] else { throw .version(bytes[3]) }
        guard bytes.count >= 91, bytes.count <= snapshotBytesMost else {
            throw .length(bytes.count)
        }
        func number(_ at: Int, _ count: Int) -> UInt64 {
            var value: UInt64 = 0
            for index in 0..<count { value |= UInt64(bytes[at + index]) << UInt64(8 * index) }
            return value
        }
        let end = bytes.count - 4
        let sum = bytes.withUnsafeBytes {
            Checksum.crc32c(UnsafeRawBufferPointer(rebasing: $0[..<end]))
        }
        guard UInt64(sum) == number(end, 4) else { throw .checksum }
        let count = Int(number(85, 2))
        guard end == 87 + 13 * count, count <= SlotLearner.slotCount,
            let ofClass = Digest32(Array(bytes[4..<36])), let head = Digest32(Array(bytes[36..<68]))
        else { throw .length(bytes.count) }
        var learned = Learned()
        learned.ofClass = ofClass == Digest32.zero ? nil : ofClass
        if number(68, 1) != 0 {
            let fast = Double(bitPattern: number(69, 8))
            let slow = Double(bitPattern: number(77, 8))
            let limits = ThermalModel.riseLimitsC
            guard limits.contains(fast), limits.contains(slow) else { throw .content }
            learned.rises = (fast, slow)
        }
        var last = -1
        for index in 0..<count {
            let at = 87 + 13 * index
            func field(_ place: Int) -> UInt16 { UInt16(number(at + 1 + 2 * place, 2)) }
            let slot = SlotLearner.Slot(
                a: field(0), b: field(1), c: field(2), d: field(3), visits: field(4),
                lastUse: field(5))
            let place = Int(number(at, 1))
            guard place > last, slot.visits > 0, min(min(slot.a, slot.b), min(slot.c, slot.d)) > 0
            else { throw .content }
            last = place
            learned.slots.restore(place, slot)
        }
        var chamber = Chamber(knownHardware: knownHardware)
        chamber.forecast = ThermalForecast(model: learned.model)
        chamber.learned = learned
        chamber.chainHead = head
        return chamber
    }

    /// The same for whoever doesn't ask why: nil for bytes that aren't a whole snapshot.
    public init?(restoring bytes: [UInt8], knownHardware: Digest32? = nil) {
        guard let chamber = try? Chamber.restore(bytes, knownHardware: knownHardware) else { return nil }
        self = chamber
    }
}

/// Why bytes are no snapshot of the chamber.
public enum SnapshotFault: Error, Equatable, Sendable {
    /// They don't begin as one.
    case foreign
    /// Of another version: its number's character.
    case version(UInt8)
    /// Cut short, or longer than any.
    case length(Int)
    /// Whole, but not as they were written.
    case checksum
    /// Written with values that no chamber has.
    case content

    public var text: String {
        switch self {
        case .foreign: "these bytes are no snapshot of the chamber"
        case .version(let byte): "the snapshot is of another version (\(byte))"
        case .length(let count): "\(count) bytes are no whole snapshot: it was cut short or appended to"
        case .checksum: "the snapshot's checksum is wrong: it was damaged on its storage"
        case .content: "the snapshot holds values that no chamber has"
        }
    }

    /// What to do about it.
    public var hint: String { "remove the file; the chamber learns anew, within a few hours of work" }
}
