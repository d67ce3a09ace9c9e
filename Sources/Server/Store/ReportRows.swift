// Reports, their chunks, and what follows from them: live state, gaps, forks, refusals.

import Bytes
import Digest
import Merge
import Model
import Wire

/// The part of a device's state that has a row of its own, with the counts that don't join.
public struct LiveRow: Equatable, Sendable {
    public var position: Position
    public var lastSeenMs: Int64
    public var reportsStored: Int
    public var chunksStored: Int
    public var spans: ReportSpans

    public init(
        position: Position, lastSeenMs: Int64, reportsStored: Int, chunksStored: Int,
        spans: ReportSpans
    ) {
        self.position = position
        self.lastSeenMs = lastSeenMs
        self.reportsStored = reportsStored
        self.chunksStored = chunksStored
        self.spans = spans
    }
}

public struct StoredReport: Sendable {
    public let sealed: SealedReport
    public let receivedMs: Int64
}

extension FleetStore {
    /// Stores a report and its chunks.
    /// - Returns: false where there is one at its place already; then nothing was written.
    public func insert(
        _ sealed: SealedReport, device: Int64, receivedMs: Int64
    ) throws(StoreFault) -> Bool {
        let report = sealed.report
        let body = ReportBody(sealed)
        let place: [SQLValue] = [
            .integer(device), .integer(report.boot), .integer(report.sequence),
        ]
        let changed = try database.run(
            """
            INSERT OR IGNORE INTO reports
              (device, boot, sequence, received_ms, head, chunk_count, body)
              VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            place + [
                .integer(receivedMs), .blob(sealed.head.bytes), .integer(body.chunkCount),
                .blob(body.bytes),
            ])
        guard changed == 1 else { return false }
        for (index, chunk) in report.chunks.enumerated() {
            try database.run(
                """
                INSERT INTO chunks (device, boot, sequence, position, body) VALUES (?, ?, ?, ?, ?)
                """, place + [.integer(index), .blob(chunk)])
        }
        return true
    }

    public func head(device: Int64, _ position: Position) throws(StoreFault) -> Digest32? {
        try database.query(
            "SELECT head FROM reports WHERE device = ? AND boot = ? AND sequence = ?",
            [.integer(device), .integer(position.boot), .integer(position.sequence)]
        ) { $0.blob(0) }.first.flatMap { Digest32($0) }
    }

    /// The newest reports of a device, newest first, one at a time and without their chunks. What can't be
    /// read is passed over.
    public func history(
        device: Int64, limit: Int, _ take: (Report, _ receivedMs: Int64) -> Void
    ) throws(StoreFault) {
        _ = try database.query(
            """
            SELECT received_ms, body FROM reports WHERE device = ?
              ORDER BY boot DESC, sequence DESC LIMIT ?
            """, [.integer(device), .integer(limit)]
        ) { row in
            if let report = try? Report(stored: row.blob(1)) { take(report, row.integer(0)) }
        }
    }

    /// The report at its place, with its exact bytes.
    public func report(device: Int64, _ position: Position) throws(StoreFault) -> StoredReport? {
        let rows = try database.query(
            """
            SELECT received_ms, chunk_count, body FROM reports
              WHERE device = ? AND boot = ? AND sequence = ?
            """,
            [.integer(device), .integer(position.boot), .integer(position.sequence)]
        ) { row in (receivedMs: row.integer(0), chunkCount: row.int(1), body: row.blob(2)) }
        guard let row = rows.first else { return nil }
        let chunks = row.chunkCount > 0 ? try self.chunks(device: device, position) : []
        guard let sealed = try? SealedReport(decoding: ReportBody.whole(row.body, chunks)) else {
            throw .unreadable("report \(position.boot)/\(position.sequence)")
        }
        return StoredReport(sealed: sealed, receivedMs: row.receivedMs)
    }

    public func chunks(device: Int64, _ position: Position) throws(StoreFault) -> [[UInt8]] {
        try database.query(
            """
            SELECT body FROM chunks WHERE device = ? AND boot = ? AND sequence = ? ORDER BY position
            """,
            [.integer(device), .integer(position.boot), .integer(position.sequence)]
        ) { $0.blob(0) }
    }

    public func save(_ live: LiveRow, device: Int64) throws(StoreFault) {
        try database.run(
            "INSERT OR REPLACE INTO live VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                .integer(device), .integer(live.position.boot), .integer(live.position.sequence),
                .integer(live.lastSeenMs), .integer(live.reportsStored),
                .integer(live.chunksStored), .blob(live.spans.encoded()),
            ])
    }

    public func liveRows() throws(StoreFault) -> [Int64: LiveRow] {
        let rows = try database.query("SELECT * FROM live") { row throws(StoreFault) in
            guard let spans = try? ReportSpans(decoding: row.blob(6)) else { throw .corrupt("live row") }
            return (
                row.integer(0),
                LiveRow(
                    position: Position(boot: row.unsigned(1), sequence: row.unsigned(2)),
                    lastSeenMs: row.integer(3), reportsStored: row.int(4), chunksStored: row.int(5),
                    spans: spans)
            )
        }
        return Dictionary(rows) { first, _ in first }
    }
}
