// The fleet's memory: everything a restart needs. What was committed survives kill -9 and, with
// synchronous=FULL, a power cut: the log is synced before a commit returns.
// https://www.sqlite.org/pragma.html#pragma_synchronous, https://www.sqlite.org/wal.html
//
// A store belongs to one thread at a time. The rows of each subject stand in files of their own.

import Digest

public final class FleetStore {
    let database: Database
    /// Random, made with the database: a device sees by it that a server was restored from a backup.
    public let epoch: UInt64
    private let isReadOnly: Bool

    /// - Parameter beginsAnew: the database was restored from a backup. A new epoch tells the devices, which
    ///   offer again what they hold.
    public init(path: String, nowMs: Int64, beginsAnew: Bool = false) throws(StoreFault) {
        database = try Database(path: path)
        isReadOnly = false
        try database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864;")
        // Asserted after reading: on some file systems WAL isn't to be had, and the answer is silent.
        let mode = try database.query("PRAGMA journal_mode") { $0.text(0) }.first
        guard mode == "wal" else {
            throw .cannotOpen(path: path, why: "this file system has no write-ahead log (\(mode ?? "?"))")
        }
        // 2 is FULL: what an acknowledgement rests on.
        guard try database.query("PRAGMA synchronous", [], { $0.int(0) }) == [2] else {
            throw .cannotOpen(path: path, why: "SQLite doesn't take synchronous = FULL")
        }
        try Schema.migrate(database, nowMs: nowMs)
        if beginsAnew { try database.run("DELETE FROM meta WHERE name = 'epoch'") }
        try database.run(
            "INSERT OR IGNORE INTO meta VALUES ('epoch', ?)", [.blob(Digest.random(8))])
        epoch = try Self.readEpoch(database)
    }

    /// A second connection for reading beside the one that writes.
    public init(readingFrom path: String) throws(StoreFault) {
        database = try Database(path: path, isReadOnly: true)
        isReadOnly = true
        epoch = try Self.readEpoch(database)
    }

    private static func readEpoch(_ database: Database) throws(StoreFault) -> UInt64 {
        let bytes = try database.query("SELECT value FROM meta WHERE name = 'epoch'") { $0.blob(0) }
        guard let bytes = bytes.first, bytes.count == 8 else { throw .corrupt("server epoch") }
        // Positive as a signed number too, for readers of JSON.
        return bytes.reduce(0) { $0 << 8 | UInt64($1) } >> 11
    }

    public func begin() throws(StoreFault) { try database.execute("BEGIN IMMEDIATE") }
    public func commit() throws(StoreFault) { try database.execute("COMMIT") }
    public func rollback() { try? database.execute("ROLLBACK") }

    /// Brings the log into the database and closes it: what a copy of the file then lacks is nothing.
    public func close() {
        if !isReadOnly { try? database.execute("PRAGMA wal_checkpoint(TRUNCATE)") }
        database.close()
    }

    /// Inside a transaction: all of `body`, or nothing of it.
    public func atomically<Value>(_ body: () throws -> Value) throws -> Value {
        try database.execute("SAVEPOINT part")
        do {
            let value = try body()
            try database.execute("RELEASE part")
            return value
        } catch {
            // After some faults (a full disk, an I/O error) SQLite has rolled all of it back by itself,
            // and what came next would be committed statement by statement.
            guard database.isInTransaction else { throw StoreFault.transactionLost }
            try? database.execute("ROLLBACK TO part")
            try? database.execute("RELEASE part")
            throw error
        }
    }
}
