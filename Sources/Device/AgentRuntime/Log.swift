// Lines on standard error, with the priority that journald reads where it listens.
// https://www.freedesktop.org/software/systemd/man/latest/sd-daemon.html

import AgentCore
import System

struct Log: Sendable {
    private let most: LogLevel
    private let hasJournal: Bool

    init(_ most: LogLevel) {
        self.most = most
        hasJournal = Process.environment("JOURNAL_STREAM") != nil
    }

    func write(_ level: LogLevel, _ text: String) {
        guard level.rawValue <= most.rawValue else { return }
        Standard.error(
            hasJournal ? "<\(level.rawValue)>\(text)\n" : "phi-agent: \(Self.name(level))\(text)\n")
    }

    private static func name(_ level: LogLevel) -> StaticString {
        switch level {
        case .error: "error: "
        case .warning: "warning: "
        case .notice, .info: ""
        case .debug: "debug: "
        }
    }
}
