// Bytes of what a report says about store and forward.

import Bytes
import Model

extension ChunkOrigin {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter(reserving: 96)
        writer.unsigned(1, chunkCount)
        writer.unsigned(2, stream)
        writer.string(3, kernelBootID, upTo: 64)
        writer.message(4, instant.encoded())
        for name in names.prefix(SeriesName.countMax) { writer.message(5, name.encoded()) }
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(
            chunkCount: 0, stream: 0, kernelBootID: "",
            instant: Instant(monotonicMs: 0, wallMs: 0, isSynced: false))
        while let field = try reader.next() {
            switch field.number {
            case 1: chunkCount = try reader.int(field, upTo: Report.chunkCountMax)
            case 2: stream = try reader.unsigned(field)
            case 3: kernelBootID = try reader.string(field, upTo: 64)
            case 4: instant = try Instant(decoding: try reader.message(field))
            case 5:
                guard names.count < SeriesName.countMax else {
                    throw .tooLong(field: 5, limit: SeriesName.countMax)
                }
                names.append(try SeriesName(decoding: try reader.message(field)))
            default: break
            }
        }
        guard stream > 0, stream < 1 << 62 else { throw .outOfRange(field: 2) }
    }
}

extension ValueCounts {
    public func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.unsigned(1, low)
        writer.unsigned(2, normal)
        writer.unsigned(3, high)
        return writer
    }

    public init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init()
        while let field = try reader.next() {
            switch field.number {
            case 1: low = try reader.unsigned(field)
            case 2: normal = try reader.unsigned(field)
            case 3: high = try reader.unsigned(field)
            default: break
            }
        }
    }
}

extension SpoolSummary {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter(reserving: 96)
        writer.unsigned(1, usedBytes)
        writer.unsigned(2, capBytes)
        writer.unsigned(3, segments)
        writer.message(4, dropped.encoded())
        writer.unsigned(5, damagedRecords)
        writer.unsigned(6, tornBytes)
        writer.signed(7, writeLeftBytes)
        writer.unsigned(8, writeBudgetBytes)
        writer.unsigned(9, checkpointMs)
        writer.unsigned(10, samplesAtRisk)
        writer.double(11, enduranceHours)
        writer.string(12, fault, upTo: 160)
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init()
        while let field = try reader.next() {
            switch field.number {
            case 1: usedBytes = try reader.unsigned(field)
            case 2: capBytes = try reader.unsigned(field)
            case 3: segments = try reader.unsigned(field)
            case 4: dropped = try ValueCounts(decoding: try reader.message(field))
            case 5: damagedRecords = try reader.unsigned(field)
            case 6: tornBytes = try reader.unsigned(field)
            case 7: writeLeftBytes = try reader.signed(field)
            case 8: writeBudgetBytes = try reader.unsigned(field)
            case 9: checkpointMs = try reader.unsigned(field)
            case 10: samplesAtRisk = try reader.unsigned(field)
            case 11:
                enduranceHours = try reader.finite(field)
                guard enduranceHours >= 0 else { throw .outOfRange(field: 11) }
            case 12: fault = try reader.string(field, upTo: 160)
            default: break
            }
        }
    }
}
