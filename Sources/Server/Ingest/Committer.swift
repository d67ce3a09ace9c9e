// Group commit: one thread takes whatever has arrived, commits it as one transaction, and lets the
// replies go; meanwhile the next batch gathers. Under light load a batch is one report and costs one
// sync; under heavy load a sync is shared by hundreds.

import Synchronization

public final class Committer: Sendable {
    private let mailbox = Mailbox<Job>()
    private let ledger: Mutex<Ledger>
    private let worker = Mutex<Worker?>(nil)

    /// Reports that wait for a commit at most. At 60,000 reports a second this is a tenth of a second's
    /// worth: whoever comes later is better served by "try again" than by a longer wait.
    public static let reportCountMax = 6_000
    /// Operators' tasks still find room when reports don't.
    private static let jobCountMax = reportCountMax + 1_000

    /// - Returns: nil where the system gives no thread.
    public init?(_ ledger: sending Ledger) {
        self.ledger = Mutex(ledger)
        guard let worker = Worker({ [mailbox, self] in
            while let jobs = mailbox.takeAll() {
                self.ledger.withLock { $0.commit(jobs, nowMs: Clock.ledgerMs()) }
            }
        }) else { return nil }
        self.worker.withLock { $0 = worker }
    }

    public var queueDepth: Int { mailbox.count }

    /// - Returns: false when too many reports wait already.
    public func submit(_ report: VerifiedReport) -> Bool {
        mailbox.post(.report(report), limit: Self.reportCountMax)
    }

    /// Runs `work` on the committer's thread, inside the next transaction; `then` hears of it after the commit.
    public func perform<Value: Sendable>(
        _ work: @escaping @Sendable (Ledger) throws -> Value,
        then: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        if !mailbox.post(.task(LedgerTask(work, then: then)), limit: Self.jobCountMax) {
            then(.failure(Problem(status: 503, code: "overloaded", detail: "the server is busy or stopping")))
        }
    }

    public func tick() { _ = mailbox.post(.tick, limit: Self.reportCountMax) }

    /// Commits what has arrived, answers it, closes the database, and ends.
    public func stop() {
        mailbox.close()
        worker.withLock { worker in
            worker?.join()
            worker = nil
        }
        ledger.withLock { $0.store.close() }
    }
}
