// What can go wrong with the database, with what to do about it.

public enum StoreFault: Error, Equatable, Sendable {
    case cannotOpen(path: String, why: String)
    /// The database was written by a newer program.
    case newerSchema(found: Int, known: Int)
    case full
    case busy
    case statement(code: Int32, why: String)
    /// SQLite gave the whole transaction up by itself.
    case transactionLost
    /// A report that was stored and can't be decoded.
    case unreadable(String)
    /// A row that can't be what we wrote.
    case corrupt(String)

    public var text: String {
        switch self {
        case .cannotOpen(let path, let why): "can't open the database \(path): \(why)"
        case .newerSchema(let found, let known):
            "the database has schema \(found), this program knows up to \(known)"
        case .full: "the disk is full"
        case .busy: "another program holds the database"
        case .statement(let code, let why): "the database refuses a statement (\(code)): \(why)"
        case .unreadable(let what): "\(what) can't be read"
        case .transactionLost: "the database gave up the transaction (a full disk or an I/O error)"
        case .corrupt(let what): "the database holds a damaged \(what)"
        }
    }

    public var hint: String {
        switch self {
        case .cannotOpen: "does the data folder exist, and may this user write to it?"
        case .newerSchema: "run the phi-aggregator that wrote it, or a newer one"
        case .full, .transactionLost: "make room in the data folder; devices keep their reports until then"
        case .busy: "is another phi-aggregator running on this data folder?"
        case .statement, .corrupt, .unreadable: "check with: sqlite3 phi.db 'PRAGMA integrity_check'"
        }
    }
}
