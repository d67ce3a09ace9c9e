// Bytes of what a report says about limits.

import Bytes
import Model

extension ControlSummary {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter(reserving: 160)
        writer.string(1, group, upTo: Self.groupBytesMax)
        writer.string(2, by, upTo: Self.byBytesMax)
        for file in missing.prefix(Self.countMax) { writer.string(3, file, upTo: Limit.fileBytesMax) }
        for limit in limits.prefix(Self.countMax) {
            var inner = ProtoWriter()
            inner.string(1, limit.file, upTo: Limit.fileBytesMax)
            inner.string(2, limit.value, upTo: Limit.valueBytesMax)
            inner.string(3, limit.original, upTo: Limit.valueBytesMax)
            writer.message(4, inner)
        }
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init()
        while let field = try reader.next() {
            switch field.number {
            case 1: group = try reader.string(field, upTo: Self.groupBytesMax)
            case 2: by = try reader.string(field, upTo: Self.byBytesMax)
            case 3:
                guard missing.count < Self.countMax else { throw .tooLong(field: 3, limit: Self.countMax) }
                missing.append(try reader.string(field, upTo: Limit.fileBytesMax))
            case 4:
                guard limits.count < Self.countMax else { throw .tooLong(field: 4, limit: Self.countMax) }
                limits.append(try Limit(decoding: try reader.message(field)))
            default: break
            }
        }
    }
}

extension ControlSummary.Limit {
    fileprivate init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(file: "", value: "", original: "")
        while let field = try reader.next() {
            switch field.number {
            case 1: file = try reader.string(field, upTo: Self.fileBytesMax)
            case 2: value = try reader.string(field, upTo: Self.valueBytesMax)
            case 3: original = try reader.string(field, upTo: Self.valueBytesMax)
            default: break
            }
        }
    }
}
