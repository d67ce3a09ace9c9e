// `phi-agent spool list|verify|show`: what waits on this device's disk. It reads and changes nothing, and
// the agent may run meanwhile.

import AgentCore
import Bytes
import Model
import Spool
import System
import TensorPool

extension Subcommand {
    static let spool = Subcommand(
        name: "spool", arguments: "list|verify|show [OPTION…]", verbs: "list verify show",
        summary: "what waits on disk for the aggregator",
        discussion: """
            list    segments, oldest first: class of value, records, values, bytes, damage
            verify  reads every record and decodes every chunk; exit status 1 where any is bad
            show    every record: its stream, clock and chunks

            It reads --state-dir; give the options that the agent runs with.
            """,
        flags: Options.flags,
        examples: [
            Example("after a power cut", "sudo phi-agent spool verify"),
            Example("how much waits", "sudo phi-agent spool list"),
        ],
        exits: [
            ExitMeaning("0", "well"), ExitMeaning("1", "damage was found, or the folder can't be read"),
            ExitMeaning("2", "wrong usage"),
        ],
        run: spoolCommand)

    private static func spoolCommand(_ arguments: [String]) -> Int32 {
        guard let verb = arguments.first else {
            return wrong(UsageError("spool: list, verify or show?"), "spool")
        }
        do throws(UsageError) {
            let options = try Options(arguments: Array(arguments.dropFirst()), readsToken: false)
            let folder = "\(options.stateFolder)/\(StateFolder.spoolName)"
            if Text.equal(verb, "list") { return inspect(folder, isStrict: false, showsRecords: false) }
            if Text.equal(verb, "verify") { return inspect(folder, isStrict: true, showsRecords: false) }
            if Text.equal(verb, "show") { return inspect(folder, isStrict: false, showsRecords: true) }
            throw UsageError("spool \(verb): list, verify or show?")
        } catch {
            return wrong(error, "spool")
        }
    }

    private static func inspect(_ folder: String, isStrict: Bool, showsRecords: Bool) -> Int32 {
        let segments: [SegmentInspection]
        do throws(Errno) {
            segments = try SpoolInspection.look(folder, decodesChunks: isStrict) { found in
                if showsRecords { show(found) }
            }
        } catch {
            return failed(
                "\(folder): \(error.text)",
                hint: error.isForbidden
                    ? "the agent's user and root may read it: sudo phi-agent spool"
                    : "has the agent spooled here? See --state-dir")
        }
        if !showsRecords { for segment in segments { list(segment) } }
        var bytes = 0
        var records = 0
        var values: UInt64 = 0
        var isSound = true
        for segment in segments {
            bytes += segment.bytes
            records += segment.records
            values += segment.values
            if !segment.isSound { isSound = false }
        }
        Standard.output(
            "\(segments.count) segments, \(records) records, \(values) values, \(bytes) bytes"
                + "\(isSound ? "" : "; damage was found: what holds is delivered, the rest is skipped")\n")
        return isStrict && !isSound ? 1 : 0
    }

    private static func list(_ segment: SegmentInspection) {
        var line = "\(segment.name)  \(name(segment.kind))  \(segment.records) records  \(segment.values) values  "
            + "\(segment.bytes) bytes"
        for (index, stream) in segment.streams.enumerated() { line += "\(index == 0 ? "  stream " : ",")\(stream)" }
        if let first = segment.first, let last = segment.last {
            line += "  \(time(first)) … \(time(last))"
        }
        if let fault = segment.fault { line += "  UNREADABLE: \(fault)" }
        if segment.damaged > 0 { line += "  DAMAGED: \(segment.damagedBytes) bytes in \(segment.damaged) places" }
        if segment.tornBytes > 0 { line += "  CUT SHORT: \(segment.tornBytes) bytes at the end" }
        if segment.badChunks > 0 { line += "  BAD CHUNKS: \(segment.badChunks)" }
        Standard.output(line + "\n")
    }

    private static func show(_ found: RecordInspection) {
        let record = found.record
        Standard.output(
            "record \(record.number)  \(name(record.kind))  stream \(record.stamp.stream)  boot \(record.stamp.boot)  "
                + "\(time(record.stamp.instant))  samples \(record.stamp.samplesTaken)  \(found.bytes) bytes\n")
        for chunk in record.chunks {
            guard let place = ChunkPlace(of: chunk) else {
                Standard.output("  a chunk of another format, \(chunk.count) bytes\n")
                continue
            }
            Standard.output(
                "  series \(place.series)  \(place.firstIndex)..<\(place.end)  \(chunk.count) bytes\n")
        }
    }

    /// Wall-clock seconds where the clock was synchronised; else seconds since boot, and said so.
    private static func time(_ instant: Instant) -> String {
        instant.isSynced ? "unix \(instant.wallMs / 1000)" : "boot+\(instant.monotonicMs / 1000)s"
    }

    private static func name(_ kind: ValueClass) -> StaticString {
        switch kind {
        case .low: "low   "
        case .normal: "normal"
        case .high: "high  "
        }
    }
}
