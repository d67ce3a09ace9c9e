// Chunks are most of a report's bytes, and have a life of their own (retention, decoding): they are
// stored once, in their table, and cut out of the report's bytes. The exact bytes come back by putting
// them in again; where that wouldn't give the same bytes (an encoder that orders its fields in
// another way), the report is stored whole.

import Bytes
import Model
import Wire

struct ReportBody {
    /// The report's bytes, without its chunks where `chunkCount` is above 0.
    let bytes: [UInt8]
    let chunkCount: Int

    /// Field 19, length-delimited; and the head's field, whose 35 bytes end every report.
    private static let chunkField = 19
    private static let headFieldBytes = 35

    init(_ sealed: SealedReport) {
        if !sealed.report.chunks.isEmpty,
            let lean = Self.cut(sealed.bytes),
            Self.whole(lean, sealed.report.chunks) == sealed.bytes
        {
            bytes = lean
            chunkCount = sealed.report.chunks.count
        } else {
            bytes = sealed.bytes
            chunkCount = 0
        }
    }

    private static func cut(_ bytes: [UInt8]) -> [UInt8]? {
        var lean: [UInt8] = []
        var reader = ProtoReader(bytes)
        do {
            while let field = try reader.next() {
                if field.number != chunkField { lean += bytes[field.start..<reader.position] }
            }
        } catch { return nil }
        return lean
    }

    static func whole(_ lean: [UInt8], _ chunks: [[UInt8]]) -> [UInt8] {
        guard !chunks.isEmpty, lean.count >= headFieldBytes else { return lean }
        var inserted = ProtoWriter(reserving: chunks.reduce(0) { $0 + $1.count + 8 })
        for chunk in chunks { inserted.data(chunkField, chunk) }
        return lean.dropLast(headFieldBytes) + inserted.bytes + lean.suffix(headFieldBytes)
    }
}
