// Where a coder's output goes. The coders are written once, for any output: `ByteSink` keeps the
// bytes, `ByteCount` counts them, for whoever wants to know what a block would take: without memory,
// and to the byte what the coding itself would come to.

/// Bytes, and bits among them.
protocol ByteOutput {
    associatedtype Bits: BitOutput

    var count: Int { get }
    mutating func append8(_ value: UInt8)
    mutating func append64(_ value: UInt64)
    mutating func append(_ more: UnsafeRawBufferPointer)
    mutating func appendVarint(_ value: UInt64)
    mutating func appendSignedVarint(_ value: Int64)
    mutating func removeLast(_ count: Int)
    /// Appends what `body` writes, at most `limit` bytes of it.
    mutating func appendBits(atMost limit: Int, _ body: (inout Bits) -> Void)
    /// The same for `count` pieces of at most `limit` bytes each.
    mutating func appendBits(
        pieces count: Int, ofAtMost limit: Int, _ body: (Int, inout Bits) -> Void)
}

protocol BitOutput {
    /// The low `count` bits of `value`, 0…56; the bits above must be 0.
    mutating func write(_ value: UInt64, _ count: UInt64)
    mutating func writeWide(_ value: UInt64)
}

extension ByteSink: ByteOutput {}
extension BitWriter: BitOutput {}

struct BitCount: BitOutput {
    private(set) var bits: UInt64 = 0
    var bytes: Int { Int((bits + 7) / 8) }

    @inline(__always)
    mutating func write(_ value: UInt64, _ count: UInt64) { bits &+= count }

    @inline(__always)
    mutating func writeWide(_ value: UInt64) { bits &+= 64 }
}

struct ByteCount: ByteOutput {
    private(set) var count = 0

    mutating func append8(_ value: UInt8) { count += 1 }
    mutating func append64(_ value: UInt64) { count += 8 }
    mutating func append(_ more: UnsafeRawBufferPointer) { count += more.count }
    mutating func removeLast(_ count: Int) { self.count -= count }

    mutating func appendVarint(_ value: UInt64) {
        // Seven bits to a byte, and a byte for none.
        count += (70 - (value | 1).leadingZeroBitCount) / 7
    }

    mutating func appendSignedVarint(_ value: Int64) { appendVarint(Rice.zigzag(value)) }

    @inline(__always)
    mutating func appendBits(atMost limit: Int, _ body: (inout BitCount) -> Void) {
        var bits = BitCount()
        body(&bits)
        count += bits.bytes
    }

    @inline(__always)
    mutating func appendBits(
        pieces count: Int, ofAtMost limit: Int, _ body: (Int, inout BitCount) -> Void
    ) {
        // What is left over from one piece comes with the next.
        appendBits(atMost: count * limit) { bits in
            for piece in 0..<count { body(piece, &bits) }
        }
    }
}
