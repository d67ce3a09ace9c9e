// A peer: the XOR coding of values of Gorilla (Pelkonen et al., VLDB 2015), as the paper has it:
// control bits 0 / 10 / 11, 5 bits of leading zeros, 6 bits of length, the window reused whenever the
// new value fits into it.

public struct Gorilla {
    private var bytes: [UInt8] = []
    private var pending: UInt64 = 0
    private var pendingCount = 0

    private mutating func write(_ value: UInt64, _ count: Int) {
        var left = count
        while left > 0 {
            let take = min(left, 8 - pendingCount)
            let piece = value >> UInt64(left - take) & ((1 << UInt64(take)) - 1)
            pending = pending << UInt64(take) | piece
            pendingCount += take
            left -= take
            if pendingCount == 8 {
                bytes.append(UInt8(pending))
                (pending, pendingCount) = (0, 0)
            }
        }
    }

    public static func encode(_ values: [Double]) -> [UInt8] {
        var coder = Gorilla()
        guard let first = values.first else { return [] }
        coder.bytes.reserveCapacity(values.count * 8)
        coder.write(first.bitPattern, 64)
        var last = first.bitPattern
        var (leading, trailing) = (65, 65)
        for value in values.dropFirst() {
            let difference = value.bitPattern ^ last
            last = value.bitPattern
            if difference == 0 {
                coder.write(0, 1)
                continue
            }
            let zeros = min(31, difference.leadingZeroBitCount)
            let ends = difference.trailingZeroBitCount
            if zeros >= leading && ends >= trailing {
                coder.write(0b10, 2)
                coder.write(difference >> UInt64(trailing), 64 - leading - trailing)
            } else {
                (leading, trailing) = (zeros, ends)
                coder.write(0b11, 2)
                coder.write(UInt64(leading), 5)
                coder.write(UInt64(64 - leading - trailing - 1), 6)
                coder.write(difference >> UInt64(trailing), 64 - leading - trailing)
            }
        }
        coder.write(0, 7)
        return coder.bytes
    }

    /// What `encode` wrote, back; a peer to measure, not a decoder for foreign bytes.
    public static func decode(_ bytes: [UInt8], count: Int) -> [Double] {
        var position = 0
        func read(_ count: Int) -> UInt64 {
            var value: UInt64 = 0
            var left = count
            while left > 0 {
                let offset = position & 7
                let take = min(left, 8 - offset)
                let byte = UInt64(bytes[position >> 3])
                value = value << UInt64(take)
                    | byte >> UInt64(8 - offset - take) & ((1 << UInt64(take)) - 1)
                position += take
                left -= take
            }
            return value
        }
        var values: [Double] = []
        guard count > 0 else { return values }
        values.reserveCapacity(count)
        var last = read(64)
        values.append(Double(bitPattern: last))
        var (leading, length) = (0, 0)
        while values.count < count {
            if read(1) == 1 {
                if read(1) == 1 {
                    leading = Int(read(5))
                    length = Int(read(6)) + 1
                }
                last ^= read(length) << UInt64(64 - leading - length)
            }
            values.append(Double(bitPattern: last))
        }
        return values
    }
}
