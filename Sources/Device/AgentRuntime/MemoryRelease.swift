// When to give memory back: the code that only a start or a handshake needs, and pages of the heap and the
// stack that nobody uses any more.
//
// A TLS handshake runs through some 1.5 MB of the program that a report over a standing connection never
// touches. Mapped, it counts as ours and is kept by the kernel as in use; let go, it is plain page
// cache. Not at once, since a start opens two connections; and seldom, since each time costs some hundred page
// faults: a server that closes every connection must not make it a habit.
//
// What was needed once, for a long report or a deep call, stays with the process otherwise; that goes back as seldom,
// whether or not there was a connection.

struct MemoryRelease {
    /// After the last connection was opened, ms.
    static let settleMs: Int64 = 10_000
    /// Between two times, ms.
    static let restMs: Int64 = 600_000

    private var codeWantedMs: Int64?
    private var codeReleasedMs: Int64?
    private var nextUnusedMs: Int64

    init(startedMs: Int64) {
        codeWantedMs = startedMs
        nextUnusedMs = startedMs + Self.settleMs
    }

    mutating func noteConnection(nowMs: Int64) { codeWantedMs = nowMs }

    /// True once, when it is time for code.
    mutating func isCodeDue(nowMs: Int64) -> Bool {
        guard let wanted = codeWantedMs, nowMs - wanted >= Self.settleMs else { return false }
        if let last = codeReleasedMs, nowMs - last < Self.restMs { return false }
        codeWantedMs = nil
        codeReleasedMs = nowMs
        return true
    }

    /// True once, when it is time for what is unused of heap and stack.
    mutating func isUnusedDue(nowMs: Int64) -> Bool {
        guard nowMs >= nextUnusedMs else { return false }
        nextUnusedMs = nowMs + Self.restMs
        return true
    }
}
