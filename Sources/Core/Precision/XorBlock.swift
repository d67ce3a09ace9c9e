// Doubles that are no decimals: each XORed with the one before (Gorilla, Pelkonen et al. 2015), or
// plain where that does not pay.
//
//   0                                the same bits again
//   1 0 + the bits of the window     non-zero bits lie within the window of the last such value
//   1 1 + 6 bits leading zeros + 6 bits length − 1 + the bits: a new window

enum XorBlock {
    /// Values that are coded between one emptying of the writer's buffer and the next: so that buffer is
    /// small enough for the stack. None takes more than 78 bits.
    private static let piece = 64
    private static let pieceBytes = piece * 10 + 16

    static func encode<Output: ByteOutput>(
        _ values: UnsafeBufferPointer<Double>, previous: UInt64, into sink: inout Output
    ) {
        var last = previous
        var (leading, length): (UInt64, UInt64) = (0, 0)
        let pieces = (values.count + piece - 1) / piece
        sink.appendBits(pieces: pieces, ofAtMost: pieceBytes) { index, writer in
            for position in index * piece..<min(values.count, (index + 1) * piece) {
                let bits = values[position].bitPattern
                let difference = bits ^ last
                last = bits
                if difference == 0 {
                    writer.write(0, 1)
                    continue
                }
                let zeros = UInt64(difference.leadingZeroBitCount)
                let trailing = UInt64(difference.trailingZeroBitCount)
                let own = 64 - zeros - trailing
                let fits = zeros >= leading && length > 0 && trailing >= 64 - leading - length
                // A window costs 12 bits to move: reuse it while it wastes less.
                if fits && length <= own + 12 {
                    writer.write(1, 2)
                } else {
                    (leading, length) = (zeros, own)
                    writer.write(3 | leading << 2 | (length - 1) << 8, 14)
                }
                let payload = difference >> (64 - leading - length)
                writer.write(payload & 0xFFFF_FFFF, min(32, length))
                if length > 32 { writer.write(payload >> 32, length - 32) }
            }
        }
    }

    static func decode(
        _ values: UnsafeMutableBufferPointer<Double>, previous: UInt64, from bytes: ByteSource
    ) throws(PrecisionError) {
        var source = bytes
        var reader = BitReader(source.takeRest())
        var last = previous
        var (leading, length): (UInt64, UInt64) = (0, 0)
        for position in values.indices {
            if try reader.read(1) == 1 {
                if try reader.read(1) == 1 {
                    leading = try reader.read(6)
                    length = try reader.read(6) + 1
                }
                guard length > 0, leading + length <= 64 else { throw .malformed }
                var payload = try reader.read(min(32, length))
                if length > 32 { payload |= try reader.read(length - 32) << 32 }
                last ^= payload << (64 - leading - length)
            }
            values[position] = Double(bitPattern: last)
        }
    }
}
