// Eight 81-bit numbers lie in 81 bytes as planes: 8 fractions of 8 bytes, 8 exponents of 2 bytes,
// one byte of signs (bit i is value i's). Little-endian, no shifting across values.

public enum Bits81Planes {
    public static let valuesPerGroup = 8
    public static let bytesPerGroup = 81

    /// Bytes that `count` values take; the last group is padded with zeros.
    public static func byteCount(forValues count: Int) -> Int {
        (count + valuesPerGroup - 1) / valuesPerGroup * bytesPerGroup
    }

    public static func pack(_ values: [Bits81], into writer: inout ByteSink) {
        var start = 0
        while start < values.count {
            var signs: UInt8 = 0
            for lane in 0..<8 {
                let value = start + lane < values.count ? values[start + lane] : Bits81.zero
                writer.append64(value.fraction)
                if value.isNegative { signs |= 1 << UInt8(lane) }
            }
            for lane in 0..<8 {
                let value = start + lane < values.count ? values[start + lane] : Bits81.zero
                writer.append16(value.exponent)
            }
            writer.append8(signs)
            start += valuesPerGroup
        }
    }

    /// Reads `count` values; the source must hold `byteCount(forValues: count)` bytes.
    public static func unpack(
        count: Int, from reader: inout ByteSource
    ) throws(PrecisionError) -> [Bits81] {
        guard count >= 0, reader.remaining / bytesPerGroup >= (count + 7) / 8 else {
            throw .truncated
        }
        var values: [Bits81] = []
        values.reserveCapacity(count)
        while values.count < count {
            let lanes = min(valuesPerGroup, count - values.count)
            let first = values.count
            for lane in 0..<valuesPerGroup {
                let fraction = try reader.read64()
                if lane < lanes {
                    values.append(Bits81(isNegative: false, exponent: 0, fraction: fraction))
                }
            }
            for lane in 0..<valuesPerGroup {
                let exponent = try reader.read16()
                if lane < lanes { values[first + lane].exponent = exponent }
            }
            let signs = try reader.read8()
            for lane in 0..<lanes {
                values[first + lane].isNegative = signs >> UInt8(lane) & 1 == 1
            }
        }
        return values
    }
}
