// The layouts of the records in the arena. All fields are aligned; bytes 0…2 are the arena's.
//
// A sealed block or chunk:
//    3 u8  tier | worst tier << 2 | class << 4 | in this window << 6 | damaged << 7
//    4 u16 slot of the series     6 u16 count     8 u32 id of its times     12 u32 CRC-32C
//   16 u16 score   18 u16 high values | lowest << 14 | stubborn << 15   20 u16 full scale
//   22 u16 first index, bits 32…47
//   24 u32 first index, bits 0…31                28 u16 bytes of the payload
//   30 u16 where in its times its own begin      32 payload (`ExactBlock` or `ColdBlock`)
// Times:
//    4 u32 id   8 u16 count   10 u16 users   12 u32 CRC-32C   16 i64 first   24 i64 last
//   32 u16 bytes of the payload   34 payload (`TimeBlock`)
// Open values: 4 u16 slot, 8 values.  Track: 4 u16 track, 8 times.

import Precision

struct ChunkRecord {
    static let headerBytes = 32
    let at: UnsafeMutableRawPointer

    static func bytes(payload: Int) -> Int { Arena.rounded(headerBytes + payload) }

    private func get<T: BitwiseCopyable>(_ offset: Int, _ type: T.Type) -> T {
        at.load(fromByteOffset: offset, as: T.self)
    }
    private func set<T: BitwiseCopyable>(_ offset: Int, _ value: T) {
        at.storeBytes(of: value, toByteOffset: offset, as: T.self)
    }

    var tier: Tier {
        get { Tier(rawValue: get(3, UInt8.self) & 3) ?? .bits8 }
        nonmutating set { set(3, get(3, UInt8.self) & ~3 | newValue.rawValue) }
    }
    var worstTier: Tier {
        get { Tier(rawValue: get(3, UInt8.self) >> 2 & 3) ?? .bits8 }
        nonmutating set { set(3, get(3, UInt8.self) & ~12 | newValue.rawValue << 2) }
    }
    var kind: SeriesClass {
        get { SeriesClass(rawValue: get(3, UInt8.self) >> 4 & 3) ?? .signal }
        nonmutating set { set(3, get(3, UInt8.self) & ~48 | newValue.rawValue << 4) }
    }
    var inWindow: Bool {
        get { get(3, UInt8.self) & 64 != 0 }
        nonmutating set { set(3, get(3, UInt8.self) & ~64 | (newValue ? 64 : 0)) }
    }
    var isDamaged: Bool {
        get { get(3, UInt8.self) & 128 != 0 }
        nonmutating set { set(3, get(3, UInt8.self) & ~128 | (newValue ? 128 : 0)) }
    }
    func clearFlags() {
        set(3, UInt8(0))
        set(18, UInt16(0))
    }
    var slot: Int {
        get { Int(get(4, UInt16.self)) }
        nonmutating set { set(4, UInt16(newValue)) }
    }
    var count: Int {
        get { Int(get(6, UInt16.self)) }
        nonmutating set { set(6, UInt16(newValue)) }
    }
    var timesId: UInt32 {
        get { get(8, UInt32.self) }
        nonmutating set { set(8, newValue) }
    }
    var timesOffset: Int {
        get { Int(get(30, UInt16.self)) }
        nonmutating set { set(30, UInt16(newValue)) }
    }
    var score: UInt16 {
        get { get(16, UInt16.self) }
        nonmutating set { set(16, newValue) }
    }
    var highValues: Int {
        get { Int(get(18, UInt16.self) & 0x3FFF) }
        nonmutating set { set(18, get(18, UInt16.self) & 0xC000 | UInt16(min(newValue, 0x3FFF))) }
    }
    /// Nothing in it can go to fewer bits: all is kept exact, or at 8 bits already. Set before `seal`.
    var isLowest: Bool {
        get { get(18, UInt16.self) & 0x4000 != 0 }
        nonmutating set { set(18, get(18, UInt16.self) & 0xBFFF | (newValue ? 0x4000 : 0)) }
    }
    /// Recoding it did not help; it is not tried again.
    var isStubborn: Bool {
        get { get(18, UInt16.self) & 0x8000 != 0 }
        nonmutating set {
            set(18, get(18, UInt16.self) & 0x7FFF | (newValue ? 0x8000 : 0))
            seal()
        }
    }
    var scale: Int {
        get { Int(get(20, UInt16.self)) }
        nonmutating set { set(20, UInt16(newValue)) }
    }
    var firstIndex: UInt64 {
        get { UInt64(get(22, UInt16.self)) << 32 | UInt64(get(24, UInt32.self)) }
        nonmutating set {
            set(22, UInt16(truncatingIfNeeded: newValue >> 32))
            set(24, UInt32(truncatingIfNeeded: newValue))
        }
    }
    var end: UInt64 { firstIndex + UInt64(count) }
    var length: Int { Int(get(0, UInt16.self)) }

    var payload: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: at + Self.headerBytes, count: Int(get(28, UInt16.self)))
    }

    func setPayload(_ bytes: [UInt8]) {
        set(28, UInt16(bytes.count))
        bytes.withUnsafeBytes {
            (at + Self.headerBytes).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
        }
    }

    /// Over what is the chunk's own: not its place in the arena, its times' id or its flags.
    private var checksum: UInt32 {
        let head = UnsafeRawBufferPointer(start: at + 16, count: 14)
        var state = Checksum.crc32c(UnsafeRawBufferPointer(start: at + 4, count: 4))
        state = Checksum.crc32c(head, after: state)
        return Checksum.crc32c(payload, after: state)
    }
    func seal() { set(12, checksum) }
    var isIntact: Bool {
        Self.headerBytes + payload.count <= length && get(12, UInt32.self) == checksum
    }
}

struct TimesRecord {
    static let headerBytes = 34
    let at: UnsafeMutableRawPointer

    static func bytes(payload: Int) -> Int { Arena.rounded(headerBytes + payload) }

    var id: UInt32 {
        get { at.load(fromByteOffset: 4, as: UInt32.self) }
        nonmutating set { at.storeBytes(of: newValue, toByteOffset: 4, as: UInt32.self) }
    }
    var count: Int {
        get { Int(at.load(fromByteOffset: 8, as: UInt16.self)) }
        nonmutating set { at.storeBytes(of: UInt16(newValue), toByteOffset: 8, as: UInt16.self) }
    }
    var users: Int {
        get { Int(at.load(fromByteOffset: 10, as: UInt16.self)) }
        nonmutating set { at.storeBytes(of: UInt16(newValue), toByteOffset: 10, as: UInt16.self) }
    }
    var first: Int64 {
        get { at.load(fromByteOffset: 16, as: Int64.self) }
        nonmutating set { at.storeBytes(of: newValue, toByteOffset: 16, as: Int64.self) }
    }
    var last: Int64 {
        get { at.load(fromByteOffset: 24, as: Int64.self) }
        nonmutating set { at.storeBytes(of: newValue, toByteOffset: 24, as: Int64.self) }
    }
    var length: Int { Int(at.load(as: UInt16.self)) }
    var payload: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: at + Self.headerBytes, count: Int(at.load(fromByteOffset: 32, as: UInt16.self)))
    }

    func setPayload(_ bytes: [UInt8]) {
        at.storeBytes(of: UInt16(bytes.count), toByteOffset: 32, as: UInt16.self)
        bytes.withUnsafeBytes {
            (at + Self.headerBytes).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
        }
    }

    private var checksum: UInt32 {
        let count = Checksum.crc32c(UnsafeRawBufferPointer(start: at + 8, count: 2))
        let head = UnsafeRawBufferPointer(start: at + 16, count: 18)
        return Checksum.crc32c(payload, after: Checksum.crc32c(head, after: count))
    }
    func seal() { at.storeBytes(of: checksum, toByteOffset: 12, as: UInt32.self) }
    var isIntact: Bool {
        Self.headerBytes + payload.count <= length
            && at.load(fromByteOffset: 12, as: UInt32.self) == checksum
    }
}
