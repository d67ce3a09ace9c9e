// Timestamps, milliseconds, any Int64, in any order.
//
//   byte: bit 0: cold, bits 1…3: the unit (`units`) that all distances are multiples of
//   hot:  `IntegerBlock` of the times, in units since the first
//   cold: zigzag varint of the first difference, byte: unit exponent, then the differences through
//         `Forecast` and `Mixture`; for differences below 2^50 only
//
// The first time itself stands in the header of whoever holds the block.

public enum TimeBlock {
    private static let cold: UInt8 = 1
    /// Milliseconds. Clocks of logs tend to tick in one of these; the place in the row is what is
    /// coded.
    private static let units: InlineArray<5, Int64> = [1, 1000, 60_000, 10, 100]
    private static let coldLimit: UInt64 = 1 << 50

    /// Appends the hot coding, or the cold one where it is asked for, possible, and smaller (jitter
    /// on a lattice that one odd time has broken is better off hot).
    public static func encode(
        _ times: UnsafeBufferPointer<Int64>, cold wanted: Bool, into sink: inout ByteSink
    ) {
        withCopy(of: times) { encode(consuming: $0, cold: wanted, into: &sink) }
    }

    /// The bytes that the hot coding would append.
    public static func hotLength(_ times: UnsafeBufferPointer<Int64>) -> Int {
        guard !times.isEmpty else { return 0 }
        return withCopy(of: times) {
            var sink = ByteCount()
            encodeHot(consuming: $0, unitCode: unitCode(lattice($0).step), into: &sink)
            return sink.count
        }
    }

    /// A copy to be used up, on the stack if it is no longer than a block.
    @inline(__always)
    private static func withCopy<Result>(
        of times: UnsafeBufferPointer<Int64>,
        _ body: (UnsafeMutableBufferPointer<Int64>) -> Result
    ) -> Result {
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: times.count) { copy in
            _ = copy.initialize(from: times)
            return body(copy)
        }
    }

    /// The same, without a copy: the times are gone afterwards.
    public static func encode(
        consuming times: UnsafeMutableBufferPointer<Int64>, cold wanted: Bool,
        into sink: inout ByteSink
    ) {
        precondition(!times.isEmpty)
        let first = times[0]
        let (step, largest) = lattice(times)
        let code = unitCode(step)
        let unit = units[code]
        let start = sink.count
        if wanted && largest < coldLimit && times.count > 2 {
            sink.append8(UInt8(code) << 1 | cold)
            encodeCold(UnsafeBufferPointer(times), unit: unit, into: &sink)
            let hot = IntegerBlock.estimate({ (times[$0] &- first) / unit }, count: times.count)
            if sink.count - start <= hot { return }
            sink.removeLast(sink.count - start)
        }
        encodeHot(consuming: times, unitCode: code, into: &sink)
    }

    /// The step of which all distances from the first time are multiples, and the largest difference
    /// of two that follow each other.
    @inline(__always)
    private static func lattice(
        _ times: UnsafeMutableBufferPointer<Int64>
    ) -> (step: Int64, largest: UInt64) {
        let first = times[0]
        var step: Int64 = 0
        var largest: UInt64 = 0
        var previous = first
        for time in times {
            let (delta, overflow) = time.subtractingReportingOverflow(previous)
            largest = max(largest, overflow ? .max : delta.magnitude)
            let (distance, wraps) = time.subtractingReportingOverflow(first)
            step = wraps ? 1 : commonStep(step, distance)
            previous = time
        }
        return (step, largest)
    }

    private static func encodeHot<Output: ByteOutput>(
        consuming times: UnsafeMutableBufferPointer<Int64>, unitCode code: Int,
        into sink: inout Output
    ) {
        let (first, unit) = (times[0], units[code])
        sink.append8(UInt8(code) << 1)
        for position in times.indices { times[position] = (times[position] &- first) / unit }
        IntegerBlock.encode(times.baseAddress.unsafelyUnwrapped, count: times.count, into: &sink)
    }

    /// The largest step of which both are multiples, of at most a minute.
    @inline(__always)
    private static func commonStep(_ step: Int64, _ distance: Int64) -> Int64 {
        // Zero is a multiple of everything: it is what no distance has said anything against.
        let known = step == 0 ? 60_000 : step
        return distance % known == 0 ? known : smallerStep(known, distance)
    }

    private static func smallerStep(_ step: Int64, _ distance: Int64) -> Int64 {
        var (larger, smaller) = (step, distance % step)
        while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
        return larger < 0 ? -larger : larger
    }

    /// The largest unit that divides a step.
    private static func unitCode(_ step: Int64) -> Int {
        if step % 1000 == 0 { return step % 60_000 == 0 ? 2 : 1 }
        return step % 100 == 0 ? 4 : step % 10 == 0 ? 3 : 0
    }

    private static func encodeCold(
        _ times: UnsafeBufferPointer<Int64>, unit: Int64, into sink: inout ByteSink
    ) {
        var sum = 0.0
        for position in 2..<times.count {
            let change =
                (times[position] - times[position - 1]) / unit
                - (times[position - 1] - times[position - 2]) / unit
            sum += Double(change.magnitude)
        }
        let exponent = Self.exponent(sum / Double(times.count))
        let domain = IntegerDomain(scale: Double(UInt64(1) << UInt64(exponent)), offset: 0)
        let first = (times[1] - times[0]) / unit
        sink.appendSignedVarint(first)
        sink.append8(UInt8(exponent))
        CountTable.with { counts in
            var forecast = Forecast()
            var mixture = Mixture(on: counts)
            var encoder = RangeEncoder(taking: &sink)
            forecast.observe(Double(first) / domain.scale)
            for position in 2..<times.count {
                let delta = (times[position] - times[position - 1]) / unit
                mixture.encode(delta, forecast.outlook, domain, to: &encoder)
                forecast.observe(Double(delta) / domain.scale)
            }
            encoder.finish(into: &sink)
        }
    }

    private static func exponent(_ mean: Double) -> Int {
        mean < 1 ? 0 : min(40, Int((mean.bitPattern >> 52) & 0x7FF) - 1023)
    }

    /// Decodes exactly `times.count` times from the whole rest of `source`.
    public static func decode(
        into times: UnsafeMutableBufferPointer<Int64>, first: Int64,
        from source: inout ByteSource
    ) throws(PrecisionError) {
        guard !times.isEmpty else { throw .malformed }
        let flags = try source.read8()
        guard flags >> 1 < units.count else { throw .malformed }
        let unit = units[Int(flags >> 1)]
        guard flags & cold != 0 else {
            try IntegerBlock.decode(times.baseAddress!, count: times.count, from: &source)
            for position in times.indices { times[position] = first &+ times[position] &* unit }
            return
        }
        guard times.count > 2 else { throw .malformed }
        let firstDelta = try source.readSignedVarint()
        let exponent = try source.read8()
        guard firstDelta.magnitude < coldLimit, exponent <= 40 else { throw .malformed }
        let domain = IntegerDomain(scale: Double(UInt64(1) << UInt64(exponent)), offset: 0)
        var decoder = RangeDecoder(source.takeRest())
        times[0] = first
        times[1] = first &+ firstDelta &* unit
        try CountTable.with { counts throws(PrecisionError) in
            var forecast = Forecast()
            var mixture = Mixture(on: counts)
            forecast.observe(Double(firstDelta) / domain.scale)
            for position in 2..<times.count {
                let delta = try mixture.decode(forecast.outlook, domain, from: &decoder)
                forecast.observe(Double(delta) / domain.scale)
                times[position] = times[position - 1] &+ delta &* unit
            }
        }
    }
}
