// When to let go of the code that only a start or a handshake needs.
//
// A TLS handshake runs through some 1.5 MB of the program that a report over a standing connection never
// touches. Mapped, it counts as ours and is kept by the kernel as in use; let go, it is plain page
// cache. Not at once, since a start opens two connections; and seldom, since each time costs some hundred page
// faults: a server that closes every connection must not make it a habit.

struct CodeRelease {
    /// After the last connection was opened, ms.
    static let settleMs: Int64 = 10_000
    /// Between two times, ms.
    static let restMs: Int64 = 600_000

    private var wantedMs: Int64?
    private var releasedMs: Int64?

    init(startedMs: Int64) { wantedMs = startedMs }

    mutating func noteConnection(nowMs: Int64) { wantedMs = nowMs }

    /// True once, when it is time.
    mutating func isDue(nowMs: Int64) -> Bool {
        guard let wanted = wantedMs, nowMs - wanted >= Self.settleMs else { return false }
        if let last = releasedMs, nowMs - last < Self.restMs { return false }
        wantedMs = nil
        releasedMs = nowMs
        return true
    }
}
