// Lines on standard error. Under systemd each begins with its priority, which the journal takes off again.
// https://www.freedesktop.org/software/systemd/man/sd-daemon.html

import Glibc

struct Log: Sendable {
    enum Level: Int { case error = 3, warning = 4, info = 6 }

    private let hasPriorities = getenv("JOURNAL_STREAM") != nil

    func callAsFunction(_ level: Level, _ text: String) {
        let line = (hasPriorities ? "<\(level.rawValue)>" : "") + "phi-aggregator: \(text)\n"
        // One write, so that lines of several threads don't mix.
        _ = Array(line.utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
}

func printOut(_ text: String) {
    _ = Array(text.utf8).withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
}
