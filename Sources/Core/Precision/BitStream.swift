// Bits into bytes and back, least significant bit first. The writer fills memory that its caller
// owns, and says at the end whether it fitted; the reader checks every read.

public struct BitWriter {
    private let base: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    private var position = 0
    private var pending: UInt64 = 0
    private var pendingCount: UInt64 = 0
    /// What was written did not fit: the bytes are worthless.
    public private(set) var overflowed = false

    public init(_ memory: UnsafeMutableBufferPointer<UInt8>) {
        base = memory.baseAddress!
        capacity = memory.count
    }

    /// The low `count` bits of `value`, 0…56; the bits above must be 0.
    @inline(__always)
    public mutating func write(_ value: UInt64, _ count: UInt64) {
        pending |= value &<< pendingCount
        pendingCount &+= count
        if pendingCount >= 64 { flush(value, count) }
    }

    @inline(__always)
    private mutating func flush(_ value: UInt64, _ count: UInt64) {
        guard capacity &- position >= 8 else {
            overflowed = true
            pendingCount = 0
            return
        }
        UnsafeMutableRawPointer(base + position).storeBytes(
            of: pending.littleEndian, as: UInt64.self)
        position += 8
        pendingCount &-= 64
        // The bits of `value` that did not fit; at least one did, so the shift is below 64.
        pending = value &>> (count &- pendingCount)
    }

    public mutating func writeWide(_ value: UInt64) {
        write(value & 0xFFFF_FFFF, 32)
        write(value >> 32, 32)
    }

    /// The whole bytes so far; writing goes on at the memory's start.
    mutating func drain() -> Int {
        defer { position = 0 }
        return overflowed ? 0 : position
    }

    /// Bytes in use after the last bit was flushed; call once.
    public mutating func finish() -> Int {
        while pendingCount > 0 {
            guard position < capacity else {
                overflowed = true
                return 0
            }
            base[position] = UInt8(truncatingIfNeeded: pending)
            position += 1
            pending >>= 8
            pendingCount = pendingCount > 8 ? pendingCount - 8 : 0
        }
        return overflowed ? 0 : position
    }
}

public struct BitReader {
    private let base: UnsafeRawBufferPointer
    private var position = 0
    private var pending: UInt64 = 0
    private var pendingCount: UInt64 = 0

    public init(_ bytes: UnsafeRawBufferPointer) { base = bytes }

    /// The next `count` bits, 0…56.
    @inline(__always)
    public mutating func read(_ count: UInt64) throws(PrecisionError) -> UInt64 {
        if pendingCount < count { try refill(count) }
        let value = pending & ((1 &<< count) &- 1)
        pending &>>= count
        pendingCount &-= count
        return value
    }

    public mutating func readWide() throws(PrecisionError) -> UInt64 {
        let low = try read(32)
        return try low | read(32) << 32
    }

    /// Zeros before the next one bit, which is consumed too; more than `limit` (≤ 55) is refused.
    @inline(__always)
    public mutating func readUnary(limit: UInt64) throws(PrecisionError) -> UInt64 {
        if pending == 0 || UInt64(pending.trailingZeroBitCount) >= pendingCount {
            refillWhatIsThere()
        }
        let zeros = UInt64(pending.trailingZeroBitCount)
        guard zeros < pendingCount else { throw pendingCount > limit ? .malformed : .truncated }
        guard zeros <= limit else { throw .malformed }
        pending &>>= zeros &+ 1
        pendingCount &-= zeros &+ 1
        return zeros
    }

    private mutating func refill(_ count: UInt64) throws(PrecisionError) {
        refillWhatIsThere()
        guard pendingCount >= count else { throw .truncated }
    }

    @inline(__always)
    private mutating func refillWhatIsThere() {
        if base.count - position >= 8 {
            // Whole bytes as far as they fit above what is pending.
            let word = UInt64(
                littleEndian: base.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            pending |= word &<< pendingCount
            let bytes = (63 &- pendingCount) >> 3
            position += Int(bytes)
            pendingCount &+= bytes << 3
            // Bits above `pendingCount` came along; the next refill writes the same bits again.
            pending &= pendingCount >= 64 ? .max : (1 &<< pendingCount) &- 1
            return
        }
        while pendingCount <= 56, position < base.count {
            pending |= UInt64(base[position]) &<< pendingCount
            position += 1
            pendingCount &+= 8
        }
    }

    /// Whole bytes not yet touched.
    public var bytesLeft: Int { base.count - position + Int(pendingCount >> 3) }
}
