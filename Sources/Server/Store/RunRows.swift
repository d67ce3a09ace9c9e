// Which samples are here, each once, and when they were taken.
//
// Chunks come in reports and stay there as they came: their bytes are part of the report's proof. What
// counts stands here. A *run* is a stretch of one series of one stream, and the chunk that holds it; runs of
// a series never overlap. A sample that arrives twice (a device crashed between our acknowledgement and
// its note of it, or a chunk was cut anew) adds no run. So whoever reads samples reads runs.
//
// Times are milliseconds since a boot of the kernel. They are dated by what is known best of that boot's
// clock: a boot that was synchronised once dates all its samples, also those that came before.

import Model
import TensorPool

/// How well the times of a kernel's boot can be dated.
public enum Dating: UInt8, Sendable, Comparable {
    /// The boot's clock was never synchronised, and stood at a time before this program was.
    case undated = 0
    /// It was never synchronised: its own word, e.g. from the file system's last mount.
    case estimated
    case synchronised

    /// 2025-01-01 in UTC: no sample is older.
    static let leastWallMs: Int64 = 1_735_689_600_000

    init(_ instant: Instant) {
        if instant.isSynced {
            self = .synchronised
        } else {
            self = instant.wallMs >= Self.leastWallMs ? .estimated : .undated
        }
    }

    public var name: String {
        switch self {
        case .undated: "undated"
        case .estimated: "estimated"
        case .synchronised: "synchronised"
        }
    }

    public static func < (a: Dating, b: Dating) -> Bool { a.rawValue < b.rawValue }
}

/// wall − monotonic of one boot of a kernel.
public struct BootClock: Equatable, Sendable {
    public var kernelBootID: String
    public var offsetMs: Int64
    public var dating: Dating

    public init(_ kernelBootID: String, _ instant: Instant) {
        self.kernelBootID = kernelBootID
        let (offset, hasOverflowed) = instant.wallMs.subtractingReportingOverflow(instant.monotonicMs)
        offsetMs = hasOverflowed ? 0 : offset
        dating = hasOverflowed ? .undated : Dating(instant)
    }

    /// Worth a write beside what is known: a better dating, or another time by more than a clock is
    /// trimmed in an hour.
    public func betters(_ known: BootClock?) -> Bool {
        guard let known, known.kernelBootID == kernelBootID else { return true }
        if known.dating != dating { return known.dating < dating }
        let (apart, hasOverflowed) = offsetMs.subtractingReportingOverflow(known.offsetMs)
        return hasOverflowed || apart.magnitude >= 20
    }
}

public struct StoredRun: Equatable, Sendable {
    public var stream: UInt64
    public var series: UInt16
    public var first: UInt64
    public var end: UInt64
    /// Of the chunk's first sample, by the kernel's boot.
    public var firstMs: Int64
    /// Where its chunk is.
    public var boot: UInt64
    public var sequence: UInt64
    public var position: Int
    public var kernelBootID: String
    /// What has to be added to a time of the stream; nil where it can't be dated.
    public var offsetMs: Int64?
    public var dating: Dating
}

/// What a report's chunks added.
public struct RunsAdded: Equatable, Sendable {
    public var samples = 0
    /// Were here already.
    public var repeated = 0
    /// Chunks of no format that is known here: kept, and no run.
    public var unknownChunks = 0

    public init() {}
}

extension FleetStore {
    /// Files the chunks of a report that was inserted just now.
    public func addRuns(_ report: Report, device: Int64) throws(StoreFault) -> RunsAdded {
        var added = RunsAdded()
        guard !report.chunks.isEmpty else { return added }
        var next = 0
        for origin in Self.origins(of: report) {
            try database.run(
                "INSERT OR IGNORE INTO streams VALUES (?, ?, ?)",
                [.integer(device), .integer(origin.stream), .text(origin.kernelBootID)])
            try note(BootClock(origin.kernelBootID, origin.instant), device: device)
            let end = min(report.chunks.count, next + origin.chunkCount)
            for position in next..<end {
                try addRun(report, position, stream: origin.stream, device: device, &added)
            }
            next = end
        }
        return added
    }

    /// An agent that tells no origins has one stream a boot.
    static func origins(of report: Report) -> [ChunkOrigin] {
        var origins = report.origins
        let told = origins.reduce(0) { $0 + $1.chunkCount }
        if told < report.chunks.count {
            origins.append(
                ChunkOrigin(
                    chunkCount: report.chunks.count - told, stream: report.boot,
                    kernelBootID: report.kernelBootID, instant: report.instant))
        }
        return origins
    }

    private func addRun(
        _ report: Report, _ position: Int, stream: UInt64, device: Int64, _ added: inout RunsAdded
    ) throws(StoreFault) {
        guard let place = ChunkPlace(of: report.chunks[position]) else {
            added.unknownChunks += 1
            return
        }
        let known = try runs(
            overlapping: place.firstIndex..<place.end, device: device, stream: stream, series: place.series)
        var from = place.firstIndex
        var fresh: [Range<UInt64>] = []
        for run in known {
            if run.lowerBound > from { fresh.append(from..<run.lowerBound) }
            from = max(from, run.upperBound)
        }
        if from < place.end { fresh.append(from..<place.end) }
        for range in fresh {
            try database.run(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    .integer(device), .integer(stream), .integer(Int(place.series)), .integer(range.lowerBound),
                    .integer(range.upperBound), .integer(place.firstTimeMs), .integer(report.boot),
                    .integer(report.sequence), .integer(position),
                ])
            added.samples += range.count
        }
        added.repeated += place.count - fresh.reduce(0) { $0 + $1.count }
    }

    /// Disjoint and ascending, cut to the range.
    private func runs(
        overlapping range: Range<UInt64>, device: Int64, stream: UInt64, series: UInt16
    ) throws(StoreFault) -> [Range<UInt64>] {
        // Since runs don't overlap, of those that begin before the range only the last can reach into it.
        let rows = try database.query(
            """
            SELECT first, end FROM runs WHERE device = ?1 AND stream = ?2 AND series = ?3
              AND first < ?5 AND first >= coalesce((SELECT max(first) FROM runs
                WHERE device = ?1 AND stream = ?2 AND series = ?3 AND first <= ?4), 0)
              ORDER BY first
            """,
            [
                .integer(device), .integer(stream), .integer(Int(series)), .integer(range.lowerBound),
                .integer(range.upperBound),
            ]
        ) { ($0.unsigned(0), $0.unsigned(1)) }
        return rows.compactMap { first, end in
            let (low, high) = (max(first, range.lowerBound), min(end, range.upperBound))
            return low < high ? low..<high : nil
        }
    }

    /// The better dating stands; of equals the one told last.
    public func note(_ clock: BootClock, device: Int64) throws(StoreFault) {
        try database.run(
            """
            INSERT INTO boot_clocks VALUES (?1, ?2, ?3, ?4)
              ON CONFLICT (device, kernel_boot) DO UPDATE SET offset_ms = ?3, dating = ?4
              WHERE ?4 >= dating
            """,
            [
                .integer(device), .text(clock.kernelBootID), .integer(clock.offsetMs),
                .integer(Int(clock.dating.rawValue)),
            ])
    }

    public func bootClock(device: Int64, _ kernelBootID: String) throws(StoreFault) -> BootClock? {
        try database.query(
            "SELECT offset_ms, dating FROM boot_clocks WHERE device = ? AND kernel_boot = ?",
            [.integer(device), .text(kernelBootID)]
        ) { row in
            BootClock(
                kernelBootID: kernelBootID, offsetMs: row.integer(0),
                dating: Dating(rawValue: UInt8(clamping: row.integer(1))) ?? .undated)
        }.first
    }

    /// A device's runs, newest stream first, dated as well as is known now.
    public func runs(device: Int64, limit: Int) throws(StoreFault) -> [StoredRun] {
        try database.query(
            """
            SELECT runs.stream, series, first, end, first_ms, boot, sequence, position,
                coalesce(streams.kernel_boot, ''), offset_ms, coalesce(dating, 0)
              FROM runs
              LEFT JOIN streams ON streams.device = runs.device AND streams.stream = runs.stream
              LEFT JOIN boot_clocks ON boot_clocks.device = runs.device
                AND boot_clocks.kernel_boot = streams.kernel_boot
              WHERE runs.device = ? ORDER BY runs.stream DESC, series, first DESC LIMIT ?
            """, [.integer(device), .integer(limit)]
        ) { row in
            let dating = Dating(rawValue: UInt8(clamping: row.integer(10))) ?? .undated
            return StoredRun(
                stream: row.unsigned(0), series: UInt16(clamping: row.integer(1)), first: row.unsigned(2),
                end: row.unsigned(3), firstMs: row.integer(4), boot: row.unsigned(5),
                sequence: row.unsigned(6), position: row.int(7), kernelBootID: row.text(8),
                offsetMs: dating == .undated ? nil : row.optionalInteger(9), dating: dating)
        }
    }

    /// For a database from before there were runs: its reports tell no origins, so a boot is a stream.
    static func fileOldChunks(_ database: Database) throws(StoreFault) {
        var last: Int64 = 0
        while true {
            let rows = try database.query(
                "SELECT id, device, boot, sequence, position, body FROM chunks WHERE id > ? ORDER BY id LIMIT 500",
                [.integer(last)]
            ) { row in
                (
                    id: row.integer(0), device: row.integer(1), boot: row.integer(2), sequence: row.integer(3),
                    position: row.int(4), place: ChunkPlace(of: row.blob(5))
                )
            }
            guard let end = rows.last else { return }
            last = end.id
            for row in rows {
                guard let place = row.place else { continue }
                // In order of arrival, and overlaps were rare: an overlapping one stays a chunk alone.
                let known = try database.query(
                    """
                    SELECT max(end) FROM runs WHERE device = ? AND stream = ? AND series = ?
                    """, [.integer(row.device), .integer(row.boot), .integer(Int(place.series))]
                ) { $0.unsigned(0) }.first ?? 0
                let first = max(place.firstIndex, known)
                guard first < place.end else { continue }
                try database.run(
                    "INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        .integer(row.device), .integer(row.boot), .integer(Int(place.series)), .integer(first),
                        .integer(place.end), .integer(place.firstTimeMs), .integer(row.boot),
                        .integer(row.sequence), .integer(row.position),
                    ])
            }
        }
    }
}

extension BootClock {
    init(kernelBootID: String, offsetMs: Int64, dating: Dating) {
        self.kernelBootID = kernelBootID
        self.offsetMs = offsetMs
        self.dating = dating
    }
}
