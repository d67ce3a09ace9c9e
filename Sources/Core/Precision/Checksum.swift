/// CRC-32C (Castagnoli), the checksum of every chunk: it finds any burst up to 32 bits and, at a
/// chunk's length, any five flipped bits. A byte at a time, by a table of 1 KiB that is made once.
public enum Checksum {
    /// Read in place: a table that is a value would be copied for every checksum.
    private nonisolated(unsafe) static let table: UnsafePointer<UInt32> = {
        let table = UnsafeMutablePointer<UInt32>.allocate(capacity: 256)
        for byte in 0..<256 {
            var state = UInt32(byte)
            // The polynomial 0x1EDC6F41, its bits reversed.
            for _ in 0..<8 { state = state >> 1 ^ (state & 1 == 0 ? 0 : 0x82F6_3B78) }
            (table + byte).initialize(to: state)
        }
        return UnsafePointer(table)
    }()

    /// Continues from `previous`, the checksum of what came before these bytes.
    public static func crc32c(_ bytes: UnsafeRawBufferPointer, after previous: UInt32 = 0) -> UInt32 {
        var state = ~previous
        let table = table
        for byte in bytes { state = state &>> 8 ^ table[Int((state ^ UInt32(byte)) & 255)] }
        return ~state
    }
}
