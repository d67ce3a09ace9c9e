// Bytes of the readings beside temperature and memory: zram, disks, network, reclaim, and the sensors
// that are anything but good. All of them came after the first agents: a reader that doesn't know
// them skips them, and one that misses them has nil.

import Bytes
import Model

private let nameBytesMax = 64

extension ZramReading {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.unsigned(1, diskBytes)
        writer.unsigned(2, originalBytes)
        writer.unsigned(3, compressedBytes)
        writer.unsigned(4, usedBytes)
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(diskBytes: 0, originalBytes: 0, compressedBytes: 0, usedBytes: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: diskBytes = try reader.unsigned(field)
            case 2: originalBytes = try reader.unsigned(field)
            case 3: compressedBytes = try reader.unsigned(field)
            case 4: usedBytes = try reader.unsigned(field)
            default: break
            }
        }
    }
}

extension ProtoWriter {
    /// A reading that may be absent; what is no number counts as absent.
    fileprivate mutating func optional(_ field: Int, _ value: Double?) {
        if let value, value.isFinite { double(field, value) }
    }
}

extension DiskReading {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.unsigned(1, readBytesTotal)
        writer.unsigned(2, writtenBytesTotal)
        writer.optional(3, readBytesPerS)
        writer.optional(4, writtenBytesPerS)
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(readBytesTotal: 0, writtenBytesTotal: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: readBytesTotal = try reader.unsigned(field)
            case 2: writtenBytesTotal = try reader.unsigned(field)
            case 3: readBytesPerS = try reader.finite(field)
            case 4: writtenBytesPerS = try reader.finite(field)
            default: break
            }
        }
    }
}

extension NetworkReading {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.unsigned(1, receivedBytesTotal)
        writer.unsigned(2, sentBytesTotal)
        writer.unsigned(3, faultsTotal)
        writer.optional(4, receivedBytesPerS)
        writer.optional(5, sentBytesPerS)
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(receivedBytesTotal: 0, sentBytesTotal: 0, faultsTotal: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: receivedBytesTotal = try reader.unsigned(field)
            case 2: sentBytesTotal = try reader.unsigned(field)
            case 3: faultsTotal = try reader.unsigned(field)
            case 4: receivedBytesPerS = try reader.finite(field)
            case 5: sentBytesPerS = try reader.finite(field)
            default: break
            }
        }
    }
}

extension ReclaimReading {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.unsigned(1, majorFaultsTotal)
        writer.unsigned(2, directScanBytesTotal)
        writer.unsigned(3, oomKillsTotal)
        writer.optional(4, majorFaultsPerS)
        writer.optional(5, directScanBytesPerS)
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(majorFaultsTotal: 0, directScanBytesTotal: 0, oomKillsTotal: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: majorFaultsTotal = try reader.unsigned(field)
            case 2: directScanBytesTotal = try reader.unsigned(field)
            case 3: oomKillsTotal = try reader.unsigned(field)
            case 4: majorFaultsPerS = try reader.finite(field)
            case 5: directScanBytesPerS = try reader.finite(field)
            default: break
            }
        }
    }
}

extension SensorStatus {
    /// Error numbers of every system stay below.
    private static let errorCodeMax = 1_000_000

    func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.string(1, name, upTo: nameBytesMax)
        writer.unsigned(2, UInt64(condition.rawValue))
        writer.unsigned(3, min(errorCode, Self.errorCodeMax))
        if let lastGoodMs { writer.signed(4, lastGoodMs) }
        return writer
    }

    /// nil for a condition that a newer agent knows and this program doesn't.
    init?(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        var name = ""
        var condition: SensorCondition?
        var errorCode = 0
        var lastGoodMs: Int64?
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try reader.string(field, upTo: nameBytesMax)
            case 2: condition = SensorCondition(rawValue: UInt8(clamping: try reader.unsigned(field)))
            case 3: errorCode = try reader.int(field, upTo: Self.errorCodeMax)
            case 4: lastGoodMs = try reader.signed(field)
            default: break
            }
        }
        guard let condition else { return nil }
        self.init(name: name, condition: condition, errorCode: errorCode, lastGoodMs: lastGoodMs)
    }
}
