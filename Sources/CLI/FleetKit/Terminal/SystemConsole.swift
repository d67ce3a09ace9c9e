// The real console and clock.

import Glibc

public final class SystemConsole: Console {
    public init() {}

    public var width: Int? {
        guard isatty(1) == 1 else { return nil }
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    public var canAsk: Bool { isatty(0) == 1 && isatty(1) == 1 }

    public func write(_ text: String) { Self.write(text, to: 1) }
    public func writeError(_ text: String) { Self.write(text, to: 2) }
    public func readLine() -> String? { Swift.readLine() }

    /// A closed pipe ends the program as SIGPIPE would; other errors have nobody to be told to.
    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EINTR || errno == EAGAIN {
                continue
            } else {
                return
            }
        }
    }
}

public final class SystemTimepiece: Timepiece {
    public init() {}

    public var nowMs: Int64 { Self.read(CLOCK_REALTIME) }
    public var steadyMs: Int64 { Self.read(CLOCK_MONOTONIC) }

    public func sleep(milliseconds: Int) {
        var wish = timespec(
            tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
        nanosleep(&wish, nil)
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
