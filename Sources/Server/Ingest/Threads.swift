// Two things threads need and the language leaves to the system: a thread that can be waited for, and a
// bounded mailbox with a blocking end. (Swift's own executors must not be blocked in a commit.)

import Glibc

public final class Worker: Sendable {
    private let thread: pthread_t

    /// - Returns: nil where the system gives no thread.
    public init?(_ body: @escaping @Sendable () -> Void) {
        final class Body: Sendable {
            let run: @Sendable () -> Void
            init(_ run: @escaping @Sendable () -> Void) { self.run = run }
        }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Body(body))
        let code = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            context.release()
            return nil
        }
        self.thread = thread
    }

    /// Waits for its end; to be called once.
    public func join() { pthread_join(thread, nil) }
}

public final class Mailbox<Element: Sendable>: @unchecked Sendable {
    // Unchecked: `items` and `isClosed` are touched only with `mutex` held.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var items: [Element] = []
    private var isClosed = false

    public init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(arrived, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(arrived)
        pthread_mutex_destroy(mutex)
        arrived.deallocate()
        mutex.deallocate()
    }

    public var count: Int { locked { items.count } }

    /// - Returns: false where it holds `limit` items already, or is closed.
    public func post(_ item: Element, limit: Int) -> Bool {
        locked {
            guard !isClosed, items.count < limit else { return false }
            items.append(item)
            if items.count == 1 { pthread_cond_signal(arrived) }
            return true
        }
    }

    /// Everything that has arrived, waiting for a first item; nil when closed and empty.
    public func takeAll() -> [Element]? {
        locked {
            while items.isEmpty && !isClosed { pthread_cond_wait(arrived, mutex) }
            return takeItems()
        }
    }

    /// The same, waiting no longer than `milliseconds`; empty when nothing came.
    public func takeAll(withinMs milliseconds: Int) -> [Element]? {
        locked {
            var deadline = timespec()
            clock_gettime(CLOCK_MONOTONIC, &deadline)
            let nanoseconds = deadline.tv_nsec + milliseconds % 1000 * 1_000_000
            deadline.tv_sec += milliseconds / 1000 + nanoseconds / 1_000_000_000
            deadline.tv_nsec = nanoseconds % 1_000_000_000
            while items.isEmpty && !isClosed {
                if pthread_cond_timedwait(arrived, mutex, &deadline) == ETIMEDOUT { return [] }
            }
            return takeItems()
        }
    }

    /// Takes nothing more; who waits gets what is left, then nil.
    public func close() {
        locked {
            isClosed = true
            pthread_cond_broadcast(arrived)
        }
    }

    private func takeItems() -> [Element]? {
        if items.isEmpty { return nil }
        let taken = items
        items = []
        items.reserveCapacity(taken.count)
        return taken
    }

    private func locked<Value>(_ body: () -> Value) -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}

/// The wall clock at one moment, carried on by the monotonic one.
struct LedgerClock: Sendable {
    let wallMs: Int64
    let monotonicMs: Int64

    func ms(atMonotonicMs now: Int64) -> Int64 { wallMs + (now - monotonicMs) }
}

public enum Clock {
    private static let origin = LedgerClock(wallMs: wallMs(), monotonicMs: monotonicMs())

    /// Milliseconds since 1970 by the clock as it stood at the start, and what has passed since: for
    /// everything that is compared or waited for. A step of the wall clock can't end a soak then, nor
    /// silence a fleet.
    public static func ledgerMs() -> Int64 { origin.ms(atMonotonicMs: monotonicMs()) }
    /// Milliseconds since 1970, for people and devices that ask for the time.
    public static func wallMs() -> Int64 { read(CLOCK_REALTIME) / 1_000_000 }
    /// For durations and deadlines.
    public static func monotonicMs() -> Int64 { read(CLOCK_MONOTONIC) / 1_000_000 }
    public static func monotonicNs() -> Int64 { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
