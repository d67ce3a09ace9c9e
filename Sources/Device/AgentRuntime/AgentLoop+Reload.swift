// SIGHUP: the options are read anew. What can change under a running agent does, at once; the rest is
// named and waits for the next start. A faulty file changes nothing.

import AgentCore
import Bytes
import System
import Telemetry

extension AgentLoop {
    func reload() {
        _ = try? Process.notify("RELOADING=1\nMONOTONIC_USEC=\(Clock.monotonicNs / 1_000)")
        defer { _ = try? Process.notify("READY=1") }
        var next: Options
        do throws(UsageError) { next = try options.readAnew() } catch {
            return log.write(.error, "SIGHUP: nothing is changed: \(error.text) (\(error.hint(of: "run")))")
        }
        // What has a key has its root as well: under another one everything begins anew.
        let isStrangers = core.state.reportKey != nil && next.token != nil && next.root != core.state.root
        if isStrangers { next.keepFleet(of: options) }
        let changed = next.names(differingFrom: options)
        let later = changed.filter { !Options.isLive($0) }
        if !later.isEmpty {
            log.write(.warning, "SIGHUP: takes effect at the next start: \(Self.list(later))")
        }
        if isStrangers {
            log.write(
                .warning,
                "SIGHUP: the token names another root key: enrolment anew at the next start, and the server as it was "
                    + "until then")
        }
        let moves = changed.contains { Text.equal($0, "server") || Text.equal($0, "ca-file") }
        // An enrolment that is under way is the former token's, and may be the former root's.
        let begins = core.state.reportKey == nil && changed.contains { Options.isToken($0) }
        options.adopt(next)
        log = Log(options.logLevel)
        signalFile = SignalFile(path: options.signalPath)
        if moves || begins { reconnect() }
        core.reconfigure(
            token: options.token, root: options.root, sampleIntervalMs: options.intervalMs, isAlone: options.server == nil,
            at: .now())
        let now = changed.filter(Options.isLive)
        log.write(.notice, now.isEmpty ? "SIGHUP: nothing changes now" : "SIGHUP: changed \(Self.list(now))")
    }

    private static func list(_ names: [String]) -> String {
        var text = ""
        for name in names { text += text.isEmpty ? name : ", \(name)" }
        return text
    }
}
