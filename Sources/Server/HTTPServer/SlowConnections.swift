// Cuts connections that take too long over a request.
//
// libmicrohttpd's own timeout counts silence: a client that sends one byte every now and then holds
// its socket for hours. Here the clock of a connection starts when it is accepted, starts again when a
// request's head is complete and when a reply is done, and stands still while the handler has the
// request. An honest idle client is cut no earlier than by the library's own timeout.

import Glibc
import Synchronization

final class ConnectionClock: Sendable {
    let descriptor: Int32
    /// Monotonic milliseconds since when we wait for the client; 0: the client waits for us.
    let waitingSinceMs = Atomic<Int64>(0)

    init(descriptor: Int32) {
        self.descriptor = descriptor
        restart()
    }

    func restart() { waitingSinceMs.store(monotonicMs(), ordering: .relaxed) }
    func halt() { waitingSinceMs.store(0, ordering: .relaxed) }
}

final class SlowConnections: Sendable {
    private let clocks = Mutex<[ObjectIdentifier: ConnectionClock]>([:])
    let cutTotal = Atomic<Int>(0)

    var count: Int { clocks.withLock { $0.count } }

    func add(_ clock: ConnectionClock) {
        clocks.withLock { $0[ObjectIdentifier(clock)] = clock }
    }

    /// Called before the library closes the socket, so that `cut` never meets a descriptor that has
    /// become another file.
    func remove(_ clock: ConnectionClock) {
        clocks.withLock { $0[ObjectIdentifier(clock)] = nil }
    }

    func cut(olderThanMs limit: Int64) {
        let now = monotonicMs()
        clocks.withLock { clocks in
            for clock in clocks.values {
                let since = clock.waitingSinceMs.load(ordering: .relaxed)
                guard since != 0, now - since > limit else { continue }
                shutdown(clock.descriptor, Int32(SHUT_RDWR))
                clock.halt()
                cutTotal.add(1, ordering: .relaxed)
            }
        }
    }
}

func monotonicMs() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
