// SQLite, as little of it as is needed: open, prepared statements that are kept, transactions.
//
// One connection belongs to one thread at a time; who shares one puts it behind a lock.

import CSQLite

public enum SQLValue: Sendable {
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
    case null

    static func integer(_ value: UInt64) -> SQLValue { .integer(Int64(bitPattern: value)) }
    static func integer(_ value: Int) -> SQLValue { .integer(Int64(value)) }
    static func optional(_ value: Int64?) -> SQLValue { value.map { .integer($0) } ?? .null }
    static func optional(_ value: String?) -> SQLValue { value.map { .text($0) } ?? .null }
}

/// One row of a result, valid only inside the closure that gets it.
struct Row {
    let statement: OpaquePointer

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }
    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }
    func unsigned(_ column: Int32) -> UInt64 { UInt64(bitPattern: integer(column)) }
    func int(_ column: Int32) -> Int { Int(integer(column)) }
    func real(_ column: Int32) -> Double { sqlite3_column_double(statement, column) }

    func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    func text(_ column: Int32) -> String {
        sqlite3_column_text(statement, column).map { String(cString: $0) } ?? ""
    }

    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    func blob(_ column: Int32) -> [UInt8] {
        guard let bytes = sqlite3_column_blob(statement, column) else { return [] }
        let count = Int(sqlite3_column_bytes(statement, column))
        return Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }
}

final class Database {
    /// nil once it is closed.
    private var handle: OpaquePointer?
    private var statements: [String: OpaquePointer] = [:]

    init(path: String, isReadOnly: Bool = false) throws(StoreFault) {
        var handle: OpaquePointer?
        let flags =
            isReadOnly
            ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let code = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let handle else {
            let why = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(handle)
            throw .cannotOpen(path: path, why: why)
        }
        self.handle = handle
        sqlite3_extended_result_codes(handle, 1)
        // A backup or a person with the sqlite3 shell may hold the lock for a moment.
        sqlite3_busy_timeout(handle, 5000)
    }

    deinit { close() }

    /// Whoever comes later gets a fault.
    func close() {
        for statement in statements.values { sqlite3_finalize(statement) }
        statements = [:]
        sqlite3_close_v2(handle)
        handle = nil
    }

    private func open() throws(StoreFault) -> OpaquePointer {
        guard let handle else { throw .statement(code: SQLITE_MISUSE, why: "the database is closed") }
        return handle
    }

    /// Statements without parameters and results, several if need be.
    func execute(_ sql: String) throws(StoreFault) {
        try check(sqlite3_exec(open(), sql, nil, nil, nil))
    }

    /// A statement without a result. Returns how many rows it changed.
    @discardableResult
    func run(_ sql: String, _ values: [SQLValue] = []) throws(StoreFault) -> Int {
        let statement = try prepared(sql)
        defer { reset(statement) }
        try bind(statement, values)
        let code = sqlite3_step(statement)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { throw fault(code) }
        return Int(sqlite3_changes(try open()))
    }

    func query<Value>(
        _ sql: String, _ values: [SQLValue] = [], _ read: (Row) throws(StoreFault) -> Value
    ) throws(StoreFault) -> [Value] {
        let statement = try prepared(sql)
        defer { reset(statement) }
        try bind(statement, values)
        var found: [Value] = []
        while true {
            let code = sqlite3_step(statement)
            if code == SQLITE_DONE { return found }
            guard code == SQLITE_ROW else { throw fault(code) }
            found.append(try read(Row(statement: statement)))
        }
    }

    var isInTransaction: Bool { handle.map { sqlite3_get_autocommit($0) == 0 } ?? false }

    var lastInsertedRow: Int64 { handle.map { sqlite3_last_insert_rowid($0) } ?? 0 }

    private func prepared(_ sql: String) throws(StoreFault) -> OpaquePointer {
        if let statement = statements[sql] { return statement }
        var statement: OpaquePointer?
        try check(
            sqlite3_prepare_v3(
                open(), sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil))
        guard let statement else { throw .statement(code: SQLITE_MISUSE, why: "an empty statement") }
        statements[sql] = statement
        return statement
    }

    private func reset(_ statement: OpaquePointer) {
        sqlite3_reset(statement)
        sqlite3_clear_bindings(statement)
    }

    private func bind(_ statement: OpaquePointer, _ values: [SQLValue]) throws(StoreFault) {
        // SQLITE_TRANSIENT, a cast of -1 that Swift doesn't import: SQLite copies.
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        for (offset, value) in values.enumerated() {
            let index = Int32(offset + 1)
            let code =
                switch value {
                case .integer(let value): sqlite3_bind_int64(statement, index, value)
                case .real(let value): sqlite3_bind_double(statement, index, value)
                case .text(let value): sqlite3_bind_text(statement, index, value, -1, transient)
                case .null: sqlite3_bind_null(statement, index)
                case .blob(let bytes):
                    bytes.isEmpty
                        ? sqlite3_bind_zeroblob(statement, index, 0)
                        : bytes.withUnsafeBytes {
                            sqlite3_bind_blob(
                                statement, index, $0.baseAddress, Int32($0.count), transient)
                        }
                }
            try check(code)
        }
    }

    private func check(_ code: Int32) throws(StoreFault) {
        if code != SQLITE_OK { throw fault(code) }
    }

    private func fault(_ code: Int32) -> StoreFault {
        switch code & 0xff {
        case SQLITE_FULL: .full
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt("file")
        default: .statement(code: code, why: handle.map { String(cString: sqlite3_errmsg($0)) } ?? "closed")
        }
    }
}
