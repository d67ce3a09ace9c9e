// Reads the database beside the writer, on a thread of its own: a page of history takes as long as a
// disk takes, and the server's few threads have requests to receive meanwhile.

import Store
import Synchronization

public final class Reader: Sendable {
    private struct Job: Sendable {
        let read: @Sendable (FleetStore) throws -> Void
        let fail: @Sendable (any Error) -> Void
    }

    private let mailbox = Mailbox<Job>()
    private let store: Mutex<FleetStore>
    private let worker = Mutex<Worker?>(nil)

    /// Pages that wait at most: an operator's screen asks for one at a time.
    private static let jobCountMax = 64

    /// - Returns: nil where the system gives no thread.
    public init?(_ store: sending FleetStore) {
        self.store = Mutex(store)
        guard let worker = Worker({ [mailbox, self] in
            while let jobs = mailbox.takeAll() {
                for job in jobs {
                    do { try self.store.withLock { try job.read($0) } } catch { job.fail(error) }
                }
            }
        }) else { return nil }
        self.worker.withLock { $0 = worker }
    }

    /// Either `read` answers, or `fail`.
    public func read(
        _ read: @escaping @Sendable (FleetStore) throws -> Void,
        fail: @escaping @Sendable (any Error) -> Void
    ) {
        if !mailbox.post(Job(read: read, fail: fail), limit: Self.jobCountMax) {
            fail(Problem(status: 503, code: "overloaded", detail: "the server is busy or stopping"))
        }
    }

    /// Answers what has arrived, and ends.
    public func stop() {
        mailbox.close()
        worker.withLock { worker in
            worker?.join()
            worker = nil
        }
        store.withLock { $0.close() }
    }
}
