// Integers as Rice codes: the quotient by 2^k in unary, the rest in k bits; and, where most are
// zero, lengths of zero runs between Rice codes of what is not. Signed values are zigzagged first.

enum Rice {
    /// A quotient of this or more is an escape: 64 plain bits follow.
    static let escape: UInt64 = 20
    static let largestParameter: UInt64 = 50
    /// Parameter of the run lengths: runs are long where this coding is chosen at all.
    static let runParameter: UInt64 = 3

    @inline(__always) static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: value &<< 1 ^ value &>> 63)
    }

    @inline(__always) static func unzigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value &>> 1) ^ (0 &- Int64(bitPattern: value & 1))
    }

    /// The parameter for `count` zigzagged values of this sum.
    static func parameter(sum: UInt64, count: Int) -> UInt64 {
        let mean = sum / UInt64(max(1, count))
        // Geometric values want k = log2(mean · ln 2), to the next lower integer; ln 2 ≈ 3/4.
        let scaled = mean - mean >> 2
        return scaled == 0
            ? 0 : min(largestParameter, UInt64(63 - scaled.leadingZeroBitCount))
    }

    @inline(__always)
    static func write<Output: BitOutput>(
        _ value: UInt64, parameter: UInt64, to writer: inout Output
    ) {
        let quotient = value &>> parameter
        if quotient < escape {
            let low = value & ((1 &<< parameter) &- 1)
            let length = quotient &+ 1
            if length &+ parameter <= 56 {
                writer.write((low &<< length) | 1 &<< quotient, length &+ parameter)
            } else {
                writer.write(1 &<< quotient, length)
                writer.write(low, parameter)
            }
        } else {
            writer.write(1 &<< escape, escape &+ 1)
            writer.writeWide(value)
        }
    }

    /// The largest parameter for `writeShort`: no code but an escape takes more than 56 bits.
    static let shortParameter: UInt64 = 36

    @inline(__always)
    static func writeShort<Output: BitOutput>(
        _ value: UInt64, parameter: UInt64, to writer: inout Output
    ) {
        let quotient = value &>> parameter
        if quotient < escape {
            let low = value & ((1 &<< parameter) &- 1)
            writer.write((low &<< 1 | 1) &<< quotient, parameter &+ 1 &+ quotient)
        } else {
            write(value, parameter: parameter, to: &writer)
        }
    }

    @inline(__always)
    static func read(
        parameter: UInt64, from reader: inout BitReader
    ) throws(PrecisionError) -> UInt64 {
        let quotient = try reader.readUnary(limit: escape)
        if quotient == escape { return try reader.readWide() }
        return try quotient &<< parameter | reader.read(parameter)
    }

    static func writeRuns<Output: BitOutput>(
        _ values: UnsafeBufferPointer<UInt64>, parameter: UInt64, to writer: inout Output
    ) {
        var position = 0
        while position < values.count {
            let start = position
            while position < values.count, values[position] == 0 { position += 1 }
            write(UInt64(position - start), parameter: runParameter, to: &writer)
            guard position < values.count else { return }
            write(values[position] &- 1, parameter: parameter, to: &writer)
            position += 1
        }
    }

    static func readRuns(
        into values: UnsafeMutableBufferPointer<UInt64>, parameter: UInt64,
        from reader: inout BitReader
    ) throws(PrecisionError) {
        var position = 0
        while position < values.count {
            let run = try read(parameter: runParameter, from: &reader)
            guard run <= UInt64(values.count - position) else { throw .malformed }
            for _ in 0..<run {
                values[position] = 0
                position += 1
            }
            guard position < values.count else { return }
            values[position] = try read(parameter: parameter, from: &reader) &+ 1
            position += 1
        }
    }
}
