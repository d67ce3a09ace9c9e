// Reading and writing the little-endian bytes of a chunk. The source borrows memory that outlives
// it (every use sits inside a `withUnsafeBytes`) and checks every read.

public struct ByteSource {
    @usableFromInline let base: UnsafeRawBufferPointer
    public private(set) var position = 0

    public init(_ bytes: UnsafeRawBufferPointer) { base = bytes }

    public var remaining: Int { base.count - position }

    public mutating func read8() throws(PrecisionError) -> UInt8 {
        guard position < base.count else { throw .truncated }
        defer { position += 1 }
        return base[position]
    }

    public mutating func read16() throws(PrecisionError) -> UInt16 {
        UInt16(truncatingIfNeeded: try read(bytes: 2))
    }

    public mutating func read32() throws(PrecisionError) -> UInt32 {
        UInt32(truncatingIfNeeded: try read(bytes: 4))
    }

    public mutating func read64() throws(PrecisionError) -> UInt64 { try read(bytes: 8) }

    private mutating func read(bytes count: Int) throws(PrecisionError) -> UInt64 {
        guard remaining >= count else { throw .truncated }
        var value: UInt64 = 0
        for index in 0..<count {
            value |= UInt64(base[position + index]) << UInt64(8 * index)
        }
        position += count
        return value
    }

    /// LEB128, at most ten bytes; overlong forms and bits beyond 64 are malformed.
    public mutating func readVarint() throws(PrecisionError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try read8()
            if shift == 63 && byte > 1 { throw .malformed }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                if byte == 0 && shift > 0 { throw .malformed }
                return value
            }
            shift += 7
            if shift > 63 { throw .malformed }
        }
    }

    public mutating func readSignedVarint() throws(PrecisionError) -> Int64 {
        let value = try readVarint()
        return Int64(truncatingIfNeeded: value >> 1) ^ -Int64(truncatingIfNeeded: value & 1)
    }

    /// The next `count` bytes as a source of their own.
    public mutating func readSlice(_ count: Int) throws(PrecisionError) -> ByteSource {
        guard count >= 0, remaining >= count else { throw .truncated }
        let slice = UnsafeRawBufferPointer(rebasing: base[position..<position + count])
        position += count
        return ByteSource(slice)
    }

    /// All that is left, as memory; nothing is left then.
    public mutating func takeRest() -> UnsafeRawBufferPointer {
        defer { position = base.count }
        return UnsafeRawBufferPointer(rebasing: base[position...])
    }
}

public struct ByteSink {
    public private(set) var bytes: [UInt8] = []
    public var count: Int { bytes.count }
    public var capacity: Int { bytes.capacity }

    public init(reserving count: Int = 0) { bytes.reserveCapacity(count) }

    public mutating func append8(_ value: UInt8) { bytes.append(value) }
    public mutating func append16(_ value: UInt16) { append(UInt64(value), bytes: 2) }
    public mutating func append32(_ value: UInt32) { append(UInt64(value), bytes: 4) }
    public mutating func append64(_ value: UInt64) { append(value, bytes: 8) }
    public mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }

    public mutating func append(_ more: UnsafeRawBufferPointer) { bytes.append(contentsOf: more) }
    public mutating func removeLast(_ count: Int) { bytes.removeLast(count) }
    /// Empties it and keeps its memory.
    public mutating func removeAll() {
        if !bytes.isEmpty { bytes.removeAll(keepingCapacity: true) }
    }
    /// Empties it, with room for `count` bytes from the start. In steps, so that what is used again and
    /// again isn't moved for each byte more.
    public mutating func removeAll(reserving count: Int) {
        removeAll()
        if bytes.capacity < count { bytes.reserveCapacity((count + 1023) & ~1023) }
    }

    /// Appends what `body` writes, at most `limit` bytes of it.
    @inline(__always)
    mutating func appendBits(atMost limit: Int, _ body: (inout BitWriter) -> Void) {
        // On the stack, if it is no more than a kilobyte.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: limit) { scratch in
            var writer = BitWriter(scratch)
            body(&writer)
            let written = writer.finish()
            precondition(!writer.overflowed, "the caller's limit was too low")
            bytes.append(contentsOf: UnsafeRawBufferPointer(start: scratch.baseAddress, count: written))
        }
    }

    /// The same for `count` pieces of at most `limit` bytes each, through a buffer of one piece.
    @inline(__always)
    mutating func appendBits(
        pieces count: Int, ofAtMost limit: Int, _ body: (Int, inout BitWriter) -> Void
    ) {
        // The bits that are left over from one piece come with the next.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: limit + 8) { scratch in
            var writer = BitWriter(scratch)
            for piece in 0..<count {
                body(piece, &writer)
                let written = piece == count - 1 ? writer.finish() : writer.drain()
                precondition(!writer.overflowed, "the caller's limit was too low")
                bytes.append(
                    contentsOf: UnsafeRawBufferPointer(start: scratch.baseAddress, count: written))
            }
        }
    }

    private mutating func append(_ value: UInt64, bytes count: Int) {
        withUnsafeBytes(of: value.littleEndian) { raw in
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: raw[..<count]))
        }
    }

    public mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Before what stands at `position`: a length that is known only afterwards.
    public mutating func insertVarint(_ value: UInt64, at position: Int) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 10) { varint in
            var rest = value
            var length = 0
            while rest >= 0x80 {
                varint[length] = UInt8(truncatingIfNeeded: rest) | 0x80
                rest >>= 7
                length += 1
            }
            varint[length] = UInt8(truncatingIfNeeded: rest)
            bytes.insert(contentsOf: UnsafeBufferPointer(rebasing: varint[...length]), at: position)
        }
    }

    /// Before what stands at `position`.
    public mutating func insert(_ more: [UInt8], at position: Int) {
        bytes.insert(contentsOf: more, at: position)
    }

    /// Zigzag, so that small negatives stay short.
    public mutating func appendSignedVarint(_ value: Int64) {
        appendVarint(UInt64(bitPattern: value << 1 ^ value >> 63))
    }
}
