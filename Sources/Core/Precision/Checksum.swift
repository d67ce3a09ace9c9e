/// CRC-32C (Castagnoli), the checksum of every chunk: it finds any burst up to 32 bits and, at a
/// chunk's length, any five flipped bits. Four bits at a time: the table is 64 bytes, not a page.
public enum Checksum {
    private static func step(_ state: UInt32) -> UInt32 {
        let nibbles: InlineArray<16, UInt32> = [
            0x0000_0000, 0x105e_c76f, 0x20bd_8ede, 0x30e3_49b1,
            0x417b_1dbc, 0x5125_dad3, 0x61c6_9362, 0x7198_540d,
            0x82f6_3b78, 0x92a8_fc17, 0xa24b_b5a6, 0xb215_72c9,
            0xc38d_26c4, 0xd3d3_e1ab, 0xe330_a81a, 0xf36e_6f75,
        ]
        return state >> 4 ^ nibbles[Int(state & 15)]
    }

    /// Continues from `previous`, the checksum of what came before these bytes.
    public static func crc32c(_ bytes: UnsafeRawBufferPointer, after previous: UInt32 = 0) -> UInt32 {
        var state = ~previous
        for byte in bytes {
            state ^= UInt32(byte)
            state = step(step(state))
        }
        return ~state
    }
}
