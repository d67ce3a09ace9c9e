// One number for many bytes: it differs, but for chance, where they do. Not for what somebody could forge.

/// FNV-1a, 64 bits. Source: http://www.isthe.com/chongo/tech/comp/fnv/
public struct Imprint {
    public private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    public init() {}

    /// One byte; of a wider number all bits at once.
    @inline(__always)
    public mutating func add(_ more: UInt64) { value = (value ^ more) &* 0x100_0000_01b3 }

    @inline(__always)
    public mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { add(UInt64(byte)) }
    }
}
