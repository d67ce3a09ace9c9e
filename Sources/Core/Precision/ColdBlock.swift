// The cold coding: up to `ChunkLimits` values of one series, in runs, each held exactly or on a
// grid, all through one `Forecast` and the range coder.
//
//   varint: number of runs · 2 + 1 if all lengths but the last are multiples of 128 (`unit`); for
//     each a varint: length / unit · 8 + 4 if its value keeps it exact + coding. The last run has no
//     length: it takes what is left
//   byte: decimal places of the decimal runs
//   byte: unit exponent e; the forecast's axis is (value − lower) / (step16 · 2^e)
//   varint number of exceptions; for each a varint distance from the one before, and 8 bytes
//   zigzag varint: the first integer
//   varint length of the XOR section, and the section: the runs that are no decimals, one by one,
//     each with its own varint length
//   the rest: the range coder's bytes
//
// Within a run, exceptions (NaN, ±∞, what the grid or the decimals cannot stand for) are skipped.

public enum RunCoding: UInt8, Sendable {
    case grid8 = 0
    case grid16 = 1
    case decimal = 2
    case xor = 3

    public var isExact: Bool { rawValue >= 2 }
}

public struct ValueRun: Equatable, Sendable {
    public var count: Int
    public var coding: RunCoding
    /// Exact because its value asks for it, not because that happened to be no larger.
    public var isKept: Bool
    /// The values are the original ones, so that holding them exactly would be the truth. Not
    /// coded; false for what was on a grid before.
    public var isOriginal: Bool

    public init(
        count: Int, coding: RunCoding, isKept: Bool = false, isOriginal: Bool = true
    ) {
        self.count = count
        self.coding = coding
        self.isKept = isKept
        self.isOriginal = isOriginal
    }
}

public enum ColdBlock {
    /// The runs as they will be coded: exact ones by decimals or XOR, and grid ones exactly after
    /// all where the decimals' own lattice is no finer than the grid, or where the run is constant:
    /// then the exact coding is no larger. Neighbours of one coding are joined.
    ///
    /// - Parameter runs: as they are wanted; afterwards, in the same memory, as they will be coded.
    /// - Returns: the decimal places.
    public static func plan(
        _ values: UnsafeBufferPointer<Double>, _ runs: inout [ValueRun], grid: Grid
    ) -> Int {
        var places = 0
        var start = 0
        var planned = 0
        for index in runs.indices {
            let run = runs[index]
            let slice = UnsafeBufferPointer(rebasing: values[start..<start + run.count])
            start += run.count
            let (coding, decimals) = coding(of: slice, run, grid)
            places = max(places, decimals)
            if planned > 0, runs[planned - 1].coding == coding, runs[planned - 1].isKept == run.isKept {
                runs[planned - 1].count += run.count
            } else {
                runs[planned] = ValueRun(count: run.count, coding: coding, isKept: run.isKept)
                planned += 1
            }
        }
        runs.removeLast(runs.count - planned)
        return places
    }

    /// The same, into a list of its own.
    public static func plan(
        _ values: UnsafeBufferPointer<Double>, _ wanted: [ValueRun], grid: Grid
    ) -> (runs: [ValueRun], places: Int) {
        var runs = wanted
        let places = plan(values, &runs, grid: grid)
        return (runs, places)
    }

    /// How a run will be coded, and the decimal places if that is by decimals.
    private static func coding(
        of values: UnsafeBufferPointer<Double>, _ run: ValueRun, _ grid: Grid
    ) -> (RunCoding, places: Int) {
        if !run.coding.isExact, !run.isOriginal { return (run.coding, 0) }
        let places = DecimalScale.fit(values)
        if !run.coding.isExact {
            let isConstant = values.allSatisfy { $0.bitPattern == values[0].bitPattern }
            let step = run.coding == .grid8 ? grid.step16 * Double(Grid.nesting) : grid.step16
            let isNoFiner = places.map { step * DecimalScale.power($0) <= 1 } ?? false
            guard isConstant || isNoFiner || hasManyExceptions(values, run.coding, grid) else {
                return (run.coding, 0)
            }
        }
        return places.map { (.decimal, $0) } ?? (.xor, 0)
    }

    private static func hasManyExceptions(
        _ values: UnsafeBufferPointer<Double>, _ coding: RunCoding, _ grid: Grid
    ) -> Bool {
        var missing = 0
        for value in values where index(value, coding, grid, power: 1) == nil { missing += 1 }
        return missing * 8 > values.count
    }

    /// The integer that stands for a value in a coding, nil where it must be an exception.
    @inline(__always)
    private static func index(
        _ value: Double, _ coding: RunCoding, _ grid: Grid, power: Double
    ) -> Int64? {
        switch coding {
        case .grid8: grid.index8(of: value)
        case .grid16: grid.index16(of: value)
        case .decimal: DecimalScale.integer(value, power: power)
        case .xor: nil
        }
    }

    /// - Parameter spare: memory for what is exceptional; used up.
    public static func encode(
        _ values: UnsafeBufferPointer<Double>, runs: [ValueRun], places: Int, grid: Grid,
        into sink: inout ByteSink, using spare: inout ByteSink
    ) {
        let power = DecimalScale.power(places)
        appendRuns(runs, into: &sink)
        sink.append8(UInt8(places))
        let axis = Axis(grid, exponent: unitExponent(values, grid), power: power)
        sink.append8(UInt8(axis.exponent))
        // Exceptions and the first integer are found while coding, and stand before what is coded.
        let start = sink.count
        spare.removeAll()
        appendSection(values, runs, into: &sink)
        var exceptions = (count: 0, previous: 0)
        var first: Int64?
        CountTable.with { counts in
            var encoder = RangeEncoder(taking: &sink)
            var model = ColdModel(axis, on: counts)
            var position = 0
            for run in runs {
                let end = position + run.count
                if run.coding == .xor {
                    while position < end {
                        model.skip(exact: values[position])
                        position += 1
                    }
                }
                while position < end {
                    let value = values[position]
                    if let integer = index(value, run.coding, grid, power: power) {
                        if first == nil {
                            first = integer
                            model.begin(integer, run.coding)
                        } else {
                            model.encode(integer, run.coding, to: &encoder)
                        }
                    } else {
                        spare.appendVarint(UInt64(position - exceptions.previous))
                        spare.append64(value.bitPattern)
                        exceptions = (exceptions.count + 1, position)
                    }
                    position += 1
                }
            }
            encoder.finish(into: &sink)
        }
        spare.insertVarint(UInt64(exceptions.count), at: 0)
        spare.appendSignedVarint(first ?? 0)
        sink.insert(spare.bytes, at: start)
    }

    /// The same, with memory of its own.
    public static func encode(
        _ values: UnsafeBufferPointer<Double>, runs: [ValueRun], places: Int, grid: Grid,
        into sink: inout ByteSink
    ) {
        var spare = ByteSink()
        encode(values, runs: runs, places: places, grid: grid, into: &sink, using: &spare)
    }

    /// The runs that are no decimals, behind the length of all of them.
    private static func appendSection(
        _ values: UnsafeBufferPointer<Double>, _ runs: [ValueRun], into sink: inout ByteSink
    ) {
        let start = sink.count
        var position = 0
        for run in runs {
            let slice = UnsafeBufferPointer(rebasing: values[position..<position + run.count])
            position += run.count
            guard run.coding == .xor else { continue }
            let own = sink.count
            XorBlock.encode(slice, previous: 0, into: &sink)
            sink.insertVarint(UInt64(sink.count - own), at: own)
        }
        sink.insertVarint(UInt64(sink.count - start), at: start)
    }

    /// log2 of the mean step between neighbours, in steps of the 16-bit grid; 0…40.
    private static func unitExponent(_ values: UnsafeBufferPointer<Double>, _ grid: Grid) -> Int {
        var sum = 0.0
        var previous: Double?
        for value in values where value.isFinite {
            if let previous { sum += min((value - previous).magnitude / grid.step16, 1e12) }
            previous = value
        }
        let mean = sum / Double(max(1, values.count))
        return max(0, min(40, Int(mean.exponentOrZero)))
    }

    /// Decodes exactly `values.count` values from the whole rest of `source`; answers the runs.
    public static func decode(
        into values: UnsafeMutableBufferPointer<Double>, grid: Grid, from source: inout ByteSource
    ) throws(PrecisionError) -> [ValueRun] {
        var runs: [ValueRun] = []
        try decode(into: values, grid: grid, from: &source, appending: &runs)
        return runs
    }

    /// The same, with the runs behind those that the list has already.
    public static func decode(
        into values: UnsafeMutableBufferPointer<Double>, grid: Grid, from source: inout ByteSource,
        appending runs: inout [ValueRun]
    ) throws(PrecisionError) {
        let known = runs.count
        try walkRuns(count: values.count, from: &source) { runs.append($0) }
        let places = Int(try source.read8())
        guard places <= DecimalScale.largest else { throw .malformed }
        let exponent = Int(try source.read8())
        guard exponent <= 40 else { throw .malformed }
        let power = DecimalScale.power(places)
        let axis = Axis(grid, exponent: exponent, power: power)
        var exceptions = try readExceptions(values, from: &source)
        let firstInteger = try source.readSignedVarint()
        let sectionLength = try source.readVarint()
        guard sectionLength <= UInt64(source.remaining) else { throw .truncated }
        var section = try source.readSlice(Int(sectionLength))
        var decoder = RangeDecoder(source.takeRest())
        try CountTable.with { counts throws(PrecisionError) in
            var model = ColdModel(axis, on: counts)
            var begun = false
            var position = 0
            for place in known..<runs.count {
                let run = runs[place]
                let end = position + run.count
                if run.coding == .xor {
                    let length = try section.readVarint()
                    guard length <= UInt64(section.remaining) else { throw .truncated }
                    let slice = UnsafeMutableBufferPointer(rebasing: values[position..<end])
                    try XorBlock.decode(slice, previous: 0, from: section.readSlice(Int(length)))
                    for value in slice { model.skip(exact: value) }
                    position = end
                    continue
                }
                while position < end {
                    defer { position += 1 }
                    if exceptions.next == position {
                        values[position] = Double(bitPattern: exceptions.bits)
                        try exceptions.advance()
                        continue
                    }
                    let integer: Int64
                    if begun {
                        integer = try model.decode(run.coding, from: &decoder)
                    } else {
                        integer = firstInteger
                        model.begin(integer, run.coding)
                        begun = true
                    }
                    switch run.coding {
                    case .grid8:
                        guard integer.magnitude <= UInt64(Grid.largestIndex) else { throw .malformed }
                        values[position] = grid.value8(integer)
                    case .grid16:
                        guard integer.magnitude <= UInt64(Grid.largestIndex) else { throw .malformed }
                        values[position] = grid.value16(integer)
                    default: values[position] = Double(integer) / power
                    }
                }
            }
        }
        guard exceptions.next == nil, section.remaining == 0 else { throw .malformed }
    }

    private static func readExceptions(
        _ values: UnsafeMutableBufferPointer<Double>, from source: inout ByteSource
    ) throws(PrecisionError) -> ExceptionList {
        let count = try source.readVarint()
        guard count <= UInt64(values.count) else { throw .tooLarge }
        let start = source
        for _ in 0..<count {
            _ = try source.readVarint()
            _ = try source.read64()
        }
        return try ExceptionList(start, count: Int(count), limit: values.count)
    }
}

/// Walks the exceptions of a chunk in order, without a copy of them.
private struct ExceptionList {
    private var source: ByteSource
    private var left: Int
    private let limit: Int
    private(set) var next: Int?
    private(set) var bits: UInt64 = 0

    init(_ source: ByteSource, count: Int, limit: Int) throws(PrecisionError) {
        self.source = source
        left = count
        self.limit = limit
        next = nil
        try advance()
    }

    mutating func advance() throws(PrecisionError) {
        guard left > 0 else {
            next = nil
            return
        }
        left -= 1
        let distance = try source.readVarint()
        guard distance < UInt64(limit), next == nil || distance > 0 else { throw .malformed }
        next = (next ?? 0) + Int(distance)
        bits = try source.read64()
    }
}
