// The three clocks of a board without a clock chip, and waiting.

import CPosix
import Synchronization

public enum Clock {
    /// Milliseconds since boot, suspend included.
    public static var boottimeMs: Int64 { cposix_boottime_ms() &* speed }

    /// Milliseconds since 1970, right or wrong.
    public static var wallMs: Int64 {
        let (wallMs, speed) = (cposix_realtime_ms(), speed)
        return speed == 1 ? wallMs : wallMs &+ cposix_boottime_ms() &* (speed - 1)
    }

    /// Nanoseconds, for measuring spans.
    public static var monotonicNs: Int64 { cposix_monotonic_ns() }

    /// The kernel says that the wall clock is synchronised. It is asked once a second, and at once when the wall
    /// clock was set: its answer costs three times what a sensor's file does.
    /// https://man7.org/linux/man-pages/man2/adjtimex.2.html
    public static var isSynced: Bool {
        let nowMs = cposix_boottime_ms()
        let bootMs = cposix_realtime_ms() &- nowMs
        // A clock that is being slewed moves by half a millisecond in this second.
        let isSet = (bootMs &- askedBootMs.load(ordering: .relaxed)).magnitude > 10
        if isSet || nowMs &- askedMs.load(ordering: .relaxed) >= 1000 {
            synced.store(cposix_clock_is_synchronised() == 1, ordering: .relaxed)
            askedMs.store(nowMs, ordering: .relaxed)
            askedBootMs.store(bootMs, ordering: .relaxed)
        }
        return synced.load(ordering: .relaxed)
    }

    private static let askedMs = Atomic<Int64>(-1000)
    /// When the machine booted by the wall clock, as it was then, ms since 1970.
    private static let askedBootMs = Atomic<Int64>(0)
    private static let synced = Atomic<Bool>(false)

    public static func sleep(ms: Int64) { cposix_sleep_ms(ms) }

    private static let factor = Atomic<Int64>(1)
    private static var speed: Int64 { factor.load(ordering: .relaxed) }

    /// For trials: from now on time passes `times` as fast, counted from the kernel's boot, so that
    /// agents that follow one another in one boot share their clock. What waits asks `realMs`.
    public static func quicken(_ times: Int64) { factor.store(max(1, times), ordering: .relaxed) }

    /// The real time that a span of this clock takes, rounded up.
    public static func realMs(_ spanMs: Int64) -> Int64 { (spanMs + speed - 1) / speed }
}

/// What a descriptor may become ready for.
public struct Readiness: OptionSet, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let read = Readiness(rawValue: CPOSIX_POLL_READ)
    public static let write = Readiness(rawValue: CPOSIX_POLL_WRITE)
    public static let priority = Readiness(rawValue: CPOSIX_POLL_PRIORITY)
    /// Error or hang-up: never asked for, always told.
    public static let error = Readiness(rawValue: CPOSIX_POLL_ERROR)
}

public struct PollItem: Sendable {
    public var descriptor: Int32
    public var wanted: Readiness
    public var ready: Readiness = []

    public init(_ descriptor: Int32, _ wanted: Readiness = .read) {
        self.descriptor = descriptor
        self.wanted = wanted
    }

    /// Waits until an item is ready, a signal comes or the time is over; how many are ready.
    /// At most 64 items.
    @discardableResult
    public static func wait(_ items: inout [PollItem], timeoutMs: Int) throws(Errno) -> Int {
        var raw: [cposix_poll_item] = []
        for item in items {
            raw.append(
                cposix_poll_item(fd: item.descriptor, wanted: item.wanted.rawValue, ready: 0))
        }
        let timeout = Int32(clamping: timeoutMs)
        let result = raw.withUnsafeMutableBufferPointer {
            cposix_poll($0.baseAddress, Int32($0.count), timeout)
        }
        for index in items.indices { items[index].ready = Readiness(rawValue: raw[index].ready) }
        return Int(try checked(result))
    }
}

/// Signals as a stream to poll. After `open`, SIGTERM, SIGINT and SIGHUP no longer end the process
/// and SIGPIPE is ignored.
public enum Signals {
    public enum Name: Sendable {
        case terminate
        case interrupt
        case hangUp
        /// A child ended; only after `watchChildren`.
        case child
        /// Ctrl-C on a terminal: all processes there got it, not this one alone.
        case terminalInterrupt
    }

    /// The descriptor to poll; the same at every call.
    public static func open() throws(Errno) -> Int32 {
        try checked(cposix_signals_open())
    }

    /// From now on the end of a child arrives as well.
    public static func watchChildren() throws(Errno) {
        try checked(cposix_signals_watch_children())
    }

    /// The next one that came; nil when none waits.
    public static func next() -> Name? {
        switch cposix_signals_next() {
        case CPOSIX_SIGTERM, CPOSIX_SIGTERM | CPOSIX_SIGNAL_OF_TERMINAL: .terminate
        case CPOSIX_SIGINT: .interrupt
        case CPOSIX_SIGINT | CPOSIX_SIGNAL_OF_TERMINAL: .terminalInterrupt
        case CPOSIX_SIGHUP, CPOSIX_SIGHUP | CPOSIX_SIGNAL_OF_TERMINAL: .hangUp
        case CPOSIX_SIGCHLD, CPOSIX_SIGCHLD | CPOSIX_SIGNAL_OF_TERMINAL: .child
        default: nil
        }
    }
}
