// One record of the spool: chunks of one stream, with all that is needed to deliver them when every other
// record is lost. Its class of value is that of its dearest chunk; a small one may hold others, too.
//
//   magic CF 86 53 31 ("φS1") · class u8 · 3 zeros · payload length u32 · number u64 · payload · CRC-32C u32
//
// Little-endian; the checksum covers all before it. The number grows by one a record, over restarts
// too. The payload is protobuf, so that a field can be added. A segment file is records one behind
// another, and nothing else.

import AgentCore
import Bytes
import Model
import Precision
import TensorPool
import Wire

public struct SpoolRecord: Equatable, Sendable {
    public var number: UInt64
    public var kind: ValueClass
    public var stamp: SpoolStamp
    public var chunks: [[UInt8]]

    public init(number: UInt64, kind: ValueClass, stamp: SpoolStamp, chunks: [[UInt8]]) {
        self.number = number
        self.kind = kind
        self.stamp = stamp
        self.chunks = chunks
    }

    static let magic: [UInt8] = [0xCF, 0x86, 0x53, 0x31]
    static let headBytes = 20
    static let frameBytes = headBytes + 4
    /// Bytes of chunks in one record: it fits a report whole.
    public static let chunkBytesMax = 40 * 1024
    /// A payload is a record's chunks (one may be as large as a chunk gets) and its stamp, whose names
    /// are the most of it. More is no record of ours, and nothing is allocated for it.
    static let payloadBytesMax = 256 * 1024

    public func encoded() -> [UInt8] {
        var writer = ProtoWriter(reserving: 512 + chunks.reduce(0) { $0 + $1.count + 4 })
        writer.data(1, stamp.device.bytes)
        writer.unsigned(2, stamp.stream)
        writer.unsigned(3, stamp.boot)
        writer.string(4, stamp.kernelBootID, upTo: 64)
        writer.message(5, stamp.instant.encoded())
        writer.unsigned(6, stamp.samplesTaken)
        writer.unsigned(7, stamp.samplesAtRiskMost)
        writer.message(8, stamp.dropped.encoded())
        for name in stamp.names { writer.message(9, name.encoded()) }
        for mark in stamp.acknowledged {
            var inner = ProtoWriter()
            inner.unsigned(1, UInt64(mark.series))
            inner.unsigned(2, mark.end)
            writer.message(10, inner)
        }
        for chunk in chunks { writer.data(11, chunk) }
        let payload = writer.bytes
        var sink = ByteSink(reserving: Self.frameBytes + payload.count)
        sink.append(Self.magic)
        sink.append8(kind.rawValue)
        sink.append8(0)
        sink.append16(0)
        sink.append32(UInt32(payload.count))
        sink.append64(number)
        sink.append(payload)
        sink.append32(sink.bytes.withUnsafeBytes { Checksum.crc32c($0) })
        return sink.bytes
    }

    /// From a payload whose checksum was right.
    init?(number: UInt64, kind: ValueClass, payload: [UInt8]) {
        do throws(WireFault) {
            self = try Self.decode(number, kind, payload)
        } catch {
            return nil
        }
    }

    private static func decode(
        _ number: UInt64, _ kind: ValueClass, _ payload: [UInt8]
    ) throws(WireFault) -> SpoolRecord {
        var device: DeviceID?
        var stamp = SpoolStamp(
            device: DeviceID(high: 0, low: 0), stream: 0, boot: 0, kernelBootID: "",
            instant: Instant(monotonicMs: 0, wallMs: 0, isSynced: false), samplesTaken: 0,
            samplesAtRiskMost: 0, dropped: ValueCounts(), names: [], acknowledged: [])
        var chunks: [[UInt8]] = []
        var reader = ProtoReader(payload)
        while let field = try reader.next() {
            switch field.number {
            case 1: device = DeviceID(try reader.data(field, exactly: 16))
            case 2: stamp.stream = try reader.unsigned(field)
            case 3: stamp.boot = try reader.unsigned(field)
            case 4: stamp.kernelBootID = try reader.string(field, upTo: 64)
            case 5: stamp.instant = try Instant(decoding: try reader.message(field))
            case 6: stamp.samplesTaken = try reader.unsigned(field)
            case 7: stamp.samplesAtRiskMost = try reader.unsigned(field)
            case 8: stamp.dropped = try ValueCounts(decoding: try reader.message(field))
            case 9:
                guard stamp.names.count < SeriesName.countMax else {
                    throw .tooLong(field: 9, limit: SeriesName.countMax)
                }
                stamp.names.append(try SeriesName(decoding: try reader.message(field)))
            case 10:
                guard stamp.acknowledged.count < TensorPool.seriesLimit else {
                    throw .tooLong(field: 10, limit: TensorPool.seriesLimit)
                }
                stamp.acknowledged.append(try mark(try reader.message(field)))
            case 11:
                guard chunks.count < Report.chunkCountMax else {
                    throw .tooLong(field: 11, limit: Report.chunkCountMax)
                }
                chunks.append(try reader.data(field, upTo: ChunkLimits.bytes))
            default: break
            }
        }
        guard let device else { throw .missing(field: 1) }
        guard stamp.stream > 0, stamp.stream < 1 << 62 else { throw .outOfRange(field: 2) }
        stamp.device = device
        return SpoolRecord(number: number, kind: kind, stamp: stamp, chunks: chunks)
    }

    private static func mark(_ message: ProtoReader) throws(WireFault) -> SeriesMark {
        var reader = message
        var mark = SeriesMark(series: 0, end: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: mark.series = UInt16(truncatingIfNeeded: try reader.int(field, upTo: 65_535))
            case 2: mark.end = try reader.unsigned(field)
            default: break
            }
        }
        return mark
    }
}
