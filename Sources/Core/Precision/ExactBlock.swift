// The hot coding of a block of Doubles, lossless: every bit comes back.
//
//   byte 0: 0 plain 64-bit, 1 XOR, 2 + d decimals at 10^-d
//   decimals: varint of exceptions, for each a varint position and 8 bytes; then `IntegerBlock`

public enum ExactBlock {
    public static let plain: UInt8 = 0
    public static let xor: UInt8 = 1
    public static let decimal: UInt8 = 2

    /// Appends the coding of 1…`ChunkCount` values. `hint` is the number of decimals to try first;
    /// the answer is the one to try next time, nil when the block was none of decimals.
    @discardableResult
    public static func encode(
        _ values: UnsafeBufferPointer<Double>, hint: Int, into sink: inout ByteSink
    ) -> Int? {
        code(values, hint: hint, into: &sink)
    }

    /// The bytes that `encode` would append.
    public static func length(_ values: UnsafeBufferPointer<Double>, hint: Int) -> Int {
        var sink = ByteCount()
        _ = code(values, hint: hint, into: &sink)
        return sink.count
    }

    private static func code<Output: ByteOutput>(
        _ values: UnsafeBufferPointer<Double>, hint: Int, into sink: inout Output
    ) -> Int? {
        precondition(!values.isEmpty)
        let places = withUnsafeTemporaryAllocation(of: Int64.self, capacity: values.count) {
            encodeDecimals(values, hint: hint, through: $0.baseAddress.unsafelyUnwrapped, into: &sink)
        }
        if let places { return places }
        let start = sink.count
        sink.append8(xor)
        XorBlock.encode(values, previous: 0, into: &sink)
        if sink.count - start > values.count * 8 {
            sink.removeLast(sink.count - start)
            sink.append8(plain)
            // Doubles lie in memory as on the wire: both processors are little-endian.
            sink.append(UnsafeRawBufferPointer(values))
        }
        return nil
    }

    /// Nil, and nothing was appended, if the values are no decimals.
    @inline(__always)
    private static func encodeDecimals<Output: ByteOutput>(
        _ values: UnsafeBufferPointer<Double>, hint: Int,
        through integers: UnsafeMutablePointer<Int64>, into sink: inout Output
    ) -> Int? {
        guard let (places, exceptions) = DecimalScale.convert(values, hint: hint, into: integers) else {
            return nil
        }
        sink.append8(decimal + UInt8(places))
        sink.appendVarint(UInt64(exceptions))
        if exceptions > 0 {
            appendExceptions(values, power: DecimalScale.power(places), into: &sink)
        }
        IntegerBlock.encode(integers, count: values.count, into: &sink)
        return places
    }

    private static func appendExceptions<Output: ByteOutput>(
        _ values: UnsafeBufferPointer<Double>, power: Double, into sink: inout Output
    ) {
        for (position, value) in values.enumerated()
        where DecimalScale.integer(value, power: power) == nil {
            sink.appendVarint(UInt64(position))
            sink.append64(value.bitPattern)
        }
    }

    /// Decodes exactly `values.count` values from the whole rest of `source`.
    public static func decode(
        into values: UnsafeMutableBufferPointer<Double>, from source: inout ByteSource
    ) throws(PrecisionError) {
        guard !values.isEmpty else { throw .malformed }
        let mode = try source.read8()
        if mode == plain {
            guard source.remaining == values.count * 8 else { throw .truncated }
            for position in values.indices {
                values[position] = Double(bitPattern: try source.read64())
            }
            return
        }
        if mode == xor { return try XorBlock.decode(values, previous: 0, from: source) }
        let places = Int(mode - decimal)
        guard places <= DecimalScale.largest else { throw .malformed }
        let exceptions = try source.readVarint()
        guard exceptions <= UInt64(values.count) else { throw .tooLarge }
        var later = source
        for _ in 0..<exceptions {
            _ = try source.readVarint()
            _ = try source.read64()
        }
        // The integers are decoded in place: both are 8 bytes.
        let raw = UnsafeMutableRawPointer(values.baseAddress!)
        let integers = raw.bindMemory(to: Int64.self, capacity: values.count)
        let outcome = Result<Void, PrecisionError> { () throws(PrecisionError) in
            try IntegerBlock.decode(integers, count: values.count, from: &source)
        }
        let power = DecimalScale.power(places)
        for position in 0..<values.count {
            let integer = raw.load(fromByteOffset: position * 8, as: Int64.self)
            raw.storeBytes(
                of: Double(integer) / power, toByteOffset: position * 8, as: Double.self)
        }
        _ = raw.bindMemory(to: Double.self, capacity: values.count)
        try outcome.get()
        for _ in 0..<exceptions {
            let position = try later.readVarint()
            guard position < UInt64(values.count) else { throw .malformed }
            values[Int(position)] = Double(bitPattern: try later.read64())
        }
    }
}
