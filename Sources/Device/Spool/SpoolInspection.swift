// A look at a spool from outside, for `phi-agent spool`: it changes nothing, and no agent need run.

import AgentCore
import Model
import System
import TensorPool

public struct SegmentInspection: Sendable {
    public var name: String
    public var kind: ValueClass
    public var bytes: Int
    public var records = 0
    public var chunks = 0
    public var values: UInt64 = 0
    /// Chunks whose own checksum is wrong, in records whose checksum is right.
    public var badChunks = 0
    /// Stretches that hold no record, and their bytes.
    public var damaged = 0
    public var damagedBytes = 0
    public var tornBytes = 0
    public var streams: [UInt64] = []
    public var first: Instant?
    public var last: Instant?
    /// Why it can't be read.
    public var fault: String?

    public var isSound: Bool { fault == nil && damaged == 0 && tornBytes == 0 && badChunks == 0 }
}

public struct RecordInspection: Sendable {
    public var record: SpoolRecord
    public var bytes: Int
    public var values: UInt64
}

public enum SpoolInspection {
    /// Names of the segments in a spool's folder, oldest first.
    static func names(_ folder: String) throws(Errno) -> [SegmentName] {
        var names: [SegmentName] = []
        for text in try FileSystem.list(folder) {
            if let name = SegmentName(text) { names.append(name) }
        }
        names.sort { $0.number < $1.number }
        return names
    }

    /// - Parameter decodesChunks: each chunk is decoded too, as the aggregator's readers will.
    /// - Parameter visit: told of every record that holds.
    public static func look(
        _ folder: String, decodesChunks: Bool, visit: (RecordInspection) -> Void = { _ in }
    ) throws(Errno) -> [SegmentInspection] {
        var found: [SegmentInspection] = []
        for name in try names(folder) {
            var segment = SegmentInspection(name: name.text, kind: name.kind, bytes: 0)
            do throws(Errno) {
                let bytes = try FileSystem.read("\(folder)/\(name.text)", limit: 64 << 20)
                look(bytes, &segment, decodesChunks, visit)
            } catch {
                segment.fault = error.text
            }
            found.append(segment)
        }
        return found
    }

    private static func look(
        _ bytes: [UInt8], _ segment: inout SegmentInspection, _ decodesChunks: Bool,
        _ visit: (RecordInspection) -> Void
    ) {
        let scan = SegmentScan(bytes)
        segment.bytes = bytes.count
        segment.damaged = scan.damaged
        segment.damagedBytes = scan.damagedBytes
        segment.tornBytes = scan.tornBytes
        for place in scan.records {
            guard
                let record = SpoolRecord(
                    number: place.number, kind: place.kind, payload: Array(bytes[place.payload]))
            else {
                segment.damaged += 1
                segment.damagedBytes += place.end - place.start
                continue
            }
            var values: UInt64 = 0
            for chunk in record.chunks {
                values += UInt64(ChunkPlace(of: chunk)?.count ?? 0)
                if decodesChunks, (try? decodeChunk(chunk)) == nil { segment.badChunks += 1 }
            }
            segment.records += 1
            segment.chunks += record.chunks.count
            segment.values += values
            if !segment.streams.contains(record.stamp.stream) { segment.streams.append(record.stamp.stream) }
            segment.first = segment.first ?? record.stamp.instant
            segment.last = record.stamp.instant
            visit(RecordInspection(record: record, bytes: place.end - place.start, values: values))
        }
    }
}
