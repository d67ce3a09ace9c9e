// A chunk as bytes: self-describing, one format for wire and disk. The coded times and values are
// the pool's own bytes, untouched.
//
//   0xF6, version, tier | worst tier << 2 | class << 4 | cold << 6, series u16, count u16,
//   first index varint, first time i64, lower f64, upper f64, score u16,
//   varint length of the times, times (`TimeBlock`), values (`ExactBlock`, or `ColdBlock` if cold),
//   CRC-32C of all before it, u32

import Precision

struct DecodedChunk {
    var header: ChunkHeader
    var isCold: Bool
    var timesMs: [Int64]
    var values: [Double]
    /// Where the coded times and values lie in the bytes.
    var timesRange: Range<Int>
    var valuesRange: Range<Int>
}

enum ChunkCodec {
    static let magic: UInt8 = 0xF6
    static let version: UInt8 = 2
    static let scoreSteps = 65535.0
    static let leastBytes = 40

    /// A score of 0 … 1 in steps of 1/65535, to the nearest.
    static func scoreIndex(_ score: Double) -> UInt16 { UInt16(score * scoreSteps + 0.5) }

    /// `header.crc` is filled in.
    static func encode(
        _ header: inout ChunkHeader, isCold: Bool, times: UnsafeRawBufferPointer,
        values: UnsafeRawBufferPointer
    ) -> [UInt8] {
        var sink = ByteSink(reserving: 64 + times.count + values.count)
        sink.append8(magic)
        sink.append8(version)
        sink.append8(
            header.tier.rawValue | header.worstTier.rawValue << 2 | header.kind.rawValue << 4
                | (isCold ? 64 : 0))
        sink.append16(header.series)
        sink.append16(UInt16(header.count))
        sink.appendVarint(header.firstIndex)
        sink.append64(UInt64(bitPattern: header.firstTimeMs))
        sink.append64(header.lower.bitPattern)
        sink.append64(header.upper.bitPattern)
        sink.append16(scoreIndex(header.score))
        sink.appendVarint(UInt64(times.count))
        sink.append(times)
        sink.append(values)
        header.crc = sink.bytes.withUnsafeBytes { Checksum.crc32c($0) }
        sink.append32(header.crc)
        return sink.bytes
    }

    static func decode(_ raw: UnsafeRawBufferPointer) throws(ChunkFault) -> DecodedChunk {
        guard raw.count >= leastBytes, raw.count <= ChunkLimits.bytes, raw[0] == magic else {
            throw .notAChunk
        }
        guard raw[1] == version else { throw .unknownVersion(raw[1]) }
        let body = UnsafeRawBufferPointer(rebasing: raw[..<(raw.count - 4)])
        let crc = UInt32(
            littleEndian: raw.loadUnaligned(fromByteOffset: raw.count - 4, as: UInt32.self))
        guard crc == Checksum.crc32c(body) else { throw .checksum }
        do throws(PrecisionError) {
            return try decodeBody(body, crc: crc)
        } catch {
            throw .malformed(error)
        }
    }

    private static func decodeBody(
        _ body: UnsafeRawBufferPointer, crc: UInt32
    ) throws(PrecisionError) -> DecodedChunk {
        var source = ByteSource(body)
        _ = try source.read16()
        let flags = try source.read8()
        guard flags < 128, let tier = Tier(rawValue: flags & 3),
            let worst = Tier(rawValue: flags >> 2 & 3), worst <= tier,
            let kind = SeriesClass(rawValue: flags >> 4 & 3)
        else { throw .malformed }
        let isCold = flags & 64 != 0
        let series = try source.read16()
        let count = Int(try source.read16())
        guard count > 0 else { throw .malformed }
        guard count <= ChunkLimits.values else { throw .tooLarge }
        let firstIndex = try source.readVarint()
        guard firstIndex < ChunkLimits.indices else { throw .malformed }
        let firstTime = Int64(bitPattern: try source.read64())
        let lower = Double(bitPattern: try source.read64())
        let upper = Double(bitPattern: try source.read64())
        guard let grid = Grid(lower: lower, upper: upper) else { throw .malformed }
        let score = Double(try source.read16()) / scoreSteps
        let timesLength = try source.readVarint()
        guard timesLength <= UInt64(source.remaining) else { throw .truncated }
        let timesStart = source.position
        var timesSource = try source.readSlice(Int(timesLength))
        let valuesStart = source.position
        let times = try decodeTimes(&timesSource, count: count, first: firstTime)
        let (values, runs) = try decodeValues(&source, count: count, grid, isCold: isCold)
        for run in runs where run.coding.tier < tier { throw .malformed }
        let header = ChunkHeader(
            series: series, kind: kind, firstIndex: firstIndex, count: count,
            firstTimeMs: firstTime, lastTimeMs: times[count - 1], tier: tier, worstTier: worst,
            errorBound: tier.errorBound(grid), score: score, lower: lower, upper: upper, crc: crc)
        return DecodedChunk(
            header: header, isCold: isCold, timesMs: times, values: values,
            timesRange: timesStart..<valuesStart, valuesRange: valuesStart..<body.count)
    }

    private static func decodeTimes(
        _ source: inout ByteSource, count: Int, first: Int64
    ) throws(PrecisionError) -> [Int64] {
        var times = [Int64](repeating: 0, count: count)
        try times.withUnsafeMutableBufferPointer {
            (buffer: inout UnsafeMutableBufferPointer<Int64>) throws(PrecisionError) in
            try TimeBlock.decode(into: buffer, first: first, from: &source)
        }
        guard times[0] == first else { throw .malformed }
        return times
    }

    private static func decodeValues(
        _ source: inout ByteSource, count: Int, _ grid: Grid, isCold: Bool
    ) throws(PrecisionError) -> ([Double], [ValueRun]) {
        var values = [Double](repeating: 0, count: count)
        var runs: [ValueRun] = []
        try values.withUnsafeMutableBufferPointer {
            (buffer: inout UnsafeMutableBufferPointer<Double>) throws(PrecisionError) in
            if isCold {
                runs = try ColdBlock.decode(into: buffer, grid: grid, from: &source)
            } else {
                try ExactBlock.decode(into: buffer, from: &source)
            }
        }
        return (values, runs)
    }
}
