// The spool: what nobody has acknowledged, on the device's disk, until somebody has.
//
//   pool (RAM) ── checkpoint ──► segment files ── backlog, oldest first ──► reports
//
// A checkpoint appends a record (`SpoolRecord`), or more of them, to a segment of its class of value and
// syncs: what it answered as stored survives a power cut. Segments are append-only and never rewritten; they go as a
// whole, when all in them is acknowledged, or, at the byte cap, the oldest of the lowest class first.
//
// Its parts: `Spool+Write` (append, cap), `Spool+Read` (backlog, release), `SegmentScan` (what holds).
// Nothing here blocks the agent: a file that can't be read is passed over, a disk that can't be written
// is said once, and the agent goes on in memory.

import AgentCore
import Bytes
import Model
import System

public struct SpoolNote: Equatable, Sendable {
    public var level: LogLevel
    public var text: String
}

public final class Spool {
    public static let defaultCapBytes: Int64 = 32 << 20
    /// Two segments and a record.
    public static let leastCapBytes: Int64 = 512 << 10
    /// A segment's size, about: small enough that a delivered one goes soon and that reading one back
    /// costs little memory, large enough that a full spool is some hundred files.
    static let segmentBytes = 128 << 10
    /// Files at most: a start looks at each. Agents that restart
    /// every minute make small ones; the cap's policy holds for them too.
    static let segmentCountMax = 1500
    /// What a file takes on the disk is a multiple of this.
    static let blockBytes: Int64 = 4096
    /// Bytes of chunks, of whatever classes, that are written as one record: a block of the file system.
    static let mixedBytesMax = 4096

    struct Segment {
        var name: SegmentName
        var bytes: Int
        /// Written by this run: records may be appended.
        var isOurs = false
        /// It holds the running stream.
        var isCurrent = false
        /// A run of values in it that wasn't acknowledged when last looked: as long as it isn't, the
        /// segment can't be void. nil: not looked yet, or it was.
        var witness: SeriesMark?
        /// What lies before was forwarded.
        var readOffset = 0
        /// Damage in it that was counted.
        var damagedCounted = 0
        /// It could not be read in this run.
        var isUnreadable = false

        var diskBytes: Int64 {
            (Int64(bytes) + Spool.blockBytes - 1) / Spool.blockBytes * Spool.blockBytes
        }
    }

    public let folder: String
    public let device: DeviceID
    public let capBytes: Int64
    /// By number, so oldest first.
    var segments: [Segment] = []
    var nextNumber: UInt64 = 1
    var plan: [ReadPlan] = []
    var namesWritten = 0

    /// The newest record's stamp, as a start found it.
    public private(set) var newest: SpoolStamp?
    public internal(set) var damagedRecords: UInt64 = 0
    public internal(set) var tornBytes: UInt64 = 0
    public internal(set) var fault: Errno?
    /// What this run's records cost the card, failed ones too.
    public internal(set) var spentBytes: Int64 = 0
    /// Bytes appended in this run, between the first and the last checkpoint.
    var appendedBytes: Int64 = 0
    var firstAppendMs: Int64?
    var lastAppendMs: Int64 = 0
    private var notes: [SpoolNote] = []

    /// Opens the folder, or makes it. It never fails: what is wrong is noted, and stands in `fault`.
    public init(folder: String, device: DeviceID, capBytes: Int64) {
        self.folder = folder
        self.device = device
        self.capBytes = max(Self.leastCapBytes, capBytes)
        do throws(Errno) {
            try FileSystem.makeFolder(folder, mode: 0o700)
            try find()
        } catch {
            fail(error, "opened")
        }
    }

    private func find() throws(Errno) {
        for text in try FileSystem.list(folder) {
            guard let name = SegmentName(text) else {
                if SegmentName.isBeyond(text) {
                    note(
                        .warning,
                        "\(folder)/\(text) has a number that no segment of this agent's gets: it is passed over "
                            + "(remove it, once you know where it came from)")
                }
                continue
            }
            guard let status = try? FileSystem.status("\(folder)/\(text)"), status.isRegular else {
                continue
            }
            let bytes = Int(min(status.sizeBytes, Int64(Int32.max)))
            segments.append(Segment(name: name, bytes: bytes))
        }
        segments.sort { $0.name.number < $1.name.number }
        if let last = segments.last { nextNumber = last.name.number + 1 }
        var newestNumber: UInt64 = 0
        for kind in ValueClass.allCases {
            guard let index = segments.lastIndex(where: { $0.name.kind == kind }) else { continue }
            mend(index, &newestNumber)
        }
        segments.removeAll { $0.bytes == 0 }
    }

    /// Looks at the last segment of a class: a torn tail is cut off, the newest record is remembered.
    private func mend(_ index: Int, _ newestNumber: inout UInt64) {
        guard let bytes = read(index) else { return }
        let scan = SegmentScan(bytes)
        count(scan.damaged, bytes: scan.damagedBytes, index)
        if scan.tornBytes > 0 {
            tornBytes += UInt64(scan.tornBytes)
            note(
                .warning,
                "the spool's last record was cut short: \(scan.tornBytes) bytes of "
                    + "\(segments[index].name.text) are void (a power cut or a kill in the middle of a write)")
            let path = path(segments[index].name)
            do throws(Errno) {
                if scan.end == 0 {
                    try FileSystem.remove(path)
                } else {
                    let file = try GrowingFile(path)
                    try file.truncate(to: scan.end)
                    try file.sync()
                }
                segments[index].bytes = scan.end
            } catch {
                // It stays as it is: reading passes over it, and it is counted by now.
                segments[index].damagedCounted += 1
                note(.warning, "\(path) can't be cut: \(error.text)")
            }
        }
        guard let last = scan.records.last else { return }
        nextNumber = max(nextNumber, last.number + 1)
        if last.number >= newestNumber,
            let record = SpoolRecord(
                number: last.number, kind: last.kind, payload: Array(bytes[last.payload]))
        {
            newestNumber = last.number
            newest = record.stamp
        }
    }

    /// Counts the damage that wasn't yet: stretches without a record, and records that make no sense.
    ///
    /// A segment whose end was cut off by `mend` has none there any more. Any other was closed when its last
    /// record was whole: what is no record at its end is damage, too.
    func count(_ found: Int, bytes: Int, _ index: Int) {
        guard found > segments[index].damagedCounted else { return }
        damagedRecords += UInt64(found - segments[index].damagedCounted)
        segments[index].damagedCounted = found
        note(
            .warning,
            "the spool's \(segments[index].name.text) is damaged: \(bytes) bytes in "
                + "\(found) places were skipped, each of a record or more; how many values they held can't be "
                + "told (phi-agent spool verify shows where)")
    }

    // MARK: What others ask

    /// Segments of earlier streams, or of this one that the pool gave away, may wait.
    public var hasSegments: Bool { !segments.isEmpty }
    public var segmentCount: Int { segments.count }
    public var usedBytes: Int64 { segments.reduce(0) { $0 + $1.diskBytes } }

    /// Hours until the disk is full without an aggregator, at the rate of this run's checkpoints; 0
    /// before there is a rate.
    public var enduranceHours: Double {
        guard let firstAppendMs, lastAppendMs > firstAppendMs, appendedBytes > 0 else { return 0 }
        let hours = Double(lastAppendMs - firstAppendMs) / 3_600_000
        return Double(max(0, capBytes - usedBytes)) / (Double(appendedBytes) / hours)
    }

    public func takeNotes() -> [SpoolNote] {
        defer { notes = [] }
        return notes
    }

    func note(_ level: LogLevel, _ text: String) { notes.append(SpoolNote(level: level, text: text)) }

    /// Said when it begins and when its reason changes, not at every attempt.
    func fail(_ error: Errno, _ what: StaticString) {
        defer { fault = error }
        guard fault != error else { return }
        let hint =
            error.isNoSpace
            ? "make room, or give a smaller --spool-cap"
            : error.isReadOnly
                ? "the card went read-only: check it (dmesg), remount or replace it"
                : "check the card (dmesg) and who owns \(folder)"
        note(
            .error,
            "the spool \(folder) can't be \(what): \(error.text); the agent goes on in memory: what a crash "
                + "takes then is lost (\(hint))")
    }

    func succeeded() {
        guard fault != nil else { return }
        fault = nil
        note(.notice, "the spool can be written again")
    }

    func path(_ name: SegmentName) -> String { "\(folder)/\(name.text)" }

    /// nil where it can't be read: said once, then passed over.
    func read(_ index: Int) -> [UInt8]? {
        guard !segments[index].isUnreadable else { return nil }
        let limit = Self.segmentBytes + SpoolRecord.payloadBytesMax + 4096
        do throws(Errno) {
            return try FileSystem.read(path(segments[index].name), limit: limit)
        } catch {
            if error.isMissing {
                segments[index].bytes = 0
            } else {
                note(.warning, "\(path(segments[index].name)) can't be read: \(error.text); it is passed over")
            }
            segments[index].isUnreadable = true
            return nil
        }
    }

    /// A segment that is void. When even that fails it is forgotten for this run: its samples would
    /// only arrive twice, and the aggregator keeps them once.
    func remove(_ index: Int) {
        do throws(Errno) { try FileSystem.remove(path(segments[index].name)) } catch {
            if !error.isMissing { note(.warning, "\(path(segments[index].name)) can't be removed: \(error.text)") }
        }
        segments.remove(at: index)
    }
}
