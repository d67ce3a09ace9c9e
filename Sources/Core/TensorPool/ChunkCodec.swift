// A chunk as bytes: self-describing, one format from memory to wire to disk.
//
//   0xF6, version, tier | worst tier << 2 | class << 4, series u16, count u16,
//   first index, first time (varints), lower f64, upper f64, score u16,
//   times: varint length, then the bytes
//   values: the rest
//   CRC-32C of all before it, u32
//
// Times are second differences, zigzag varints; modular arithmetic, so any Int64 clock jump holds.
// Values: at 81 bits planes of eight (`Bits81Planes`); at 16 and 8 bits the grid's integers at
// their nominal width, and after them what does not fit that width: (position, kind, payload).

import Precision

struct DecodedChunk {
    var header: ChunkHeader
    var timesMs: [Int64]
    var values: [Double]
}

enum ChunkCodec {
    static let magic: UInt8 = 0xF6
    static let version: UInt8 = 1
    static let scoreSteps = 65535.0

    /// A score of 0 … 1 in steps of 1/65535, to the nearest.
    static func scoreIndex(_ score: Double) -> UInt16 { UInt16(score * scoreSteps + 0.5) }

    /// `header.crc` is filled in; `header.count`, times and values agree and are not empty.
    static func encode(_ header: inout ChunkHeader, timesMs: [Int64], values: [Double]) -> [UInt8] {
        var sink = ByteSink(reserving: 64 + values.count * 11)
        sink.append8(magic)
        sink.append8(version)
        sink.append8(
            header.tier.rawValue | header.worstTier.rawValue << 2 | header.kind.rawValue << 4)
        sink.append16(header.series)
        sink.append16(UInt16(header.count))
        sink.appendVarint(header.firstIndex)
        sink.appendSignedVarint(header.firstTimeMs)
        sink.append64(header.lower.bitPattern)
        sink.append64(header.upper.bitPattern)
        sink.append16(scoreIndex(header.score))
        let times = encodeTimes(timesMs)
        sink.appendVarint(UInt64(times.count))
        sink.append(times)
        encodeValues(values, header, into: &sink)
        header.crc = sink.bytes.withUnsafeBytes { Checksum.crc32c($0) }
        sink.append32(header.crc)
        return sink.bytes
    }

    static func decode(_ raw: UnsafeRawBufferPointer) throws(ChunkFault) -> DecodedChunk {
        guard raw.count >= 6, raw.count <= ChunkLimits.bytes, raw[0] == magic else {
            throw .notAChunk
        }
        guard raw[1] == version else { throw .unknownVersion(raw[1]) }
        let body = UnsafeRawBufferPointer(rebasing: raw[..<(raw.count - 4)])
        var tail = ByteSource(UnsafeRawBufferPointer(rebasing: raw[(raw.count - 4)...]))
        var source = ByteSource(body)
        do throws(PrecisionError) {
            let crc = try tail.read32()
            guard crc == Checksum.crc32c(body) else { throw .malformed }
            return try decodeBody(&source, crc: crc)
        } catch {
            // The checksum first: after it, nothing but a faulty writer is malformed.
            if Checksum.crc32c(body) != (try? tail32(raw)) { throw .checksum }
            throw .malformed(error)
        }
    }

    private static func tail32(_ raw: UnsafeRawBufferPointer) throws(PrecisionError) -> UInt32 {
        var tail = ByteSource(UnsafeRawBufferPointer(rebasing: raw[(raw.count - 4)...]))
        return try tail.read32()
    }

    private static func decodeBody(
        _ source: inout ByteSource, crc: UInt32
    ) throws(PrecisionError) -> DecodedChunk {
        _ = try source.read16()
        let flags = try source.read8()
        guard flags < 64, let tier = Tier(rawValue: flags & 3),
            let worst = Tier(rawValue: flags >> 2 & 3), worst <= tier,
            let kind = SeriesClass(rawValue: flags >> 4)
        else { throw .malformed }
        let series = try source.read16()
        let count = Int(try source.read16())
        guard count > 0 else { throw .malformed }
        guard count <= ChunkLimits.values else { throw .tooLarge }
        let firstIndex = try source.readVarint()
        guard firstIndex <= UInt64(Int64.max) else { throw .malformed }
        let firstTime = try source.readSignedVarint()
        let lower = Double(bitPattern: try source.read64())
        let upper = Double(bitPattern: try source.read64())
        guard let grid = Grid(lower: lower, upper: upper) else { throw .malformed }
        let score = Double(try source.read16()) / scoreSteps
        let timeBytes = try source.readVarint()
        guard timeBytes <= UInt64(source.remaining) else { throw .truncated }
        var timeSource = try source.readSlice(Int(timeBytes))
        let times = try decodeTimes(&timeSource, count: count, first: firstTime)
        let values = try decodeValues(&source, count: count, tier: tier, grid: grid)
        guard source.remaining == 0 else { throw .malformed }
        let header = ChunkHeader(
            series: series, kind: kind, firstIndex: firstIndex, count: count,
            firstTimeMs: firstTime, lastTimeMs: times[count - 1], tier: tier, worstTier: worst,
            errorBound: bound(tier, grid), score: score, lower: lower, upper: upper, crc: crc)
        return DecodedChunk(header: header, timesMs: times, values: values)
    }

    static func bound(_ tier: Tier, _ grid: Grid) -> Double {
        switch tier {
        case .bits81: 0
        case .bits16: grid.bound16
        case .bits8: grid.bound8
        }
    }

    // MARK: times

    private static func encodeTimes(_ times: [Int64]) -> [UInt8] {
        var sink = ByteSink(reserving: times.count)
        var delta: Int64 = 0
        for index in times.indices.dropFirst() {
            let next = times[index] &- times[index - 1]
            sink.appendSignedVarint(next &- delta)
            delta = next
        }
        return sink.bytes
    }

    private static func decodeTimes(
        _ source: inout ByteSource, count: Int, first: Int64
    ) throws(PrecisionError) -> [Int64] {
        guard source.remaining >= count - 1 else { throw .truncated }
        var times = [first]
        times.reserveCapacity(count)
        var delta: Int64 = 0
        for index in 1..<max(1, count) {
            delta &+= try source.readSignedVarint()
            times.append(times[index - 1] &+ delta)
        }
        guard source.remaining == 0 else { throw .malformed }
        return times
    }

    // MARK: values

    private static func encodeValues(
        _ values: [Double], _ header: ChunkHeader, into sink: inout ByteSink
    ) {
        guard header.tier != .bits81, let grid = Grid(lower: header.lower, upper: header.upper)
        else {
            Bits81Planes.pack(values.map { Bits81($0) }, into: &sink)
            return
        }
        let wide = header.tier == .bits16
        var exceptions = ByteSink()
        for (position, value) in values.enumerated() {
            let index = wide ? grid.index16(of: value) : grid.index8(of: value)
            if let index, index >= 0, index <= (wide ? 0xFFFF : 0xFF) {
                if wide { sink.append16(UInt16(index)) } else { sink.append8(UInt8(index)) }
                continue
            }
            if wide { sink.append16(0) } else { sink.append8(0) }
            exceptions.append16(UInt16(position))
            if let index {
                exceptions.append8(0)
                exceptions.appendSignedVarint(index)
            } else {
                exceptions.append8(1)
                exceptions.append64(value.bitPattern)
            }
        }
        sink.append(exceptions.bytes)
    }

    private static func decodeValues(
        _ source: inout ByteSource, count: Int, tier: Tier, grid: Grid
    ) throws(PrecisionError) -> [Double] {
        if tier == .bits81 {
            let exact = try Bits81Planes.unpack(count: count, from: &source)
            var values: [Double] = []
            values.reserveCapacity(count)
            for value in exact {
                guard let double = value.exactDouble else { throw .malformed }
                values.append(double)
            }
            return values
        }
        let wide = tier == .bits16
        guard source.remaining >= count * (wide ? 2 : 1) else { throw .truncated }
        var values: [Double] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            let index = wide ? Int64(try source.read16()) : Int64(try source.read8())
            values.append(wide ? grid.value16(index) : grid.value8(index))
        }
        while source.remaining > 0 {
            let position = Int(try source.read16())
            guard position < count else { throw .malformed }
            switch try source.read8() {
            case 0:
                let index = try source.readSignedVarint()
                guard index.magnitude <= UInt64(Grid.largestIndex) else { throw .malformed }
                values[position] = wide ? grid.value16(index) : grid.value8(index)
            case 1: values[position] = Double(bitPattern: try source.read64())
            default: throw .malformed
            }
        }
        return values
    }
}
