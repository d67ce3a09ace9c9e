// What SIGHUP needs of the options: reading them again, what differs, and which of it a running agent
// takes on.

import Bytes

extension Options {
    /// Settings that a running agent takes on.
    private static let live: [StaticString] = [
        "server", "token", "token-file", "ca-file", "insecure", "signals", "interval", "log-level",
    ]

    static func isLive(_ name: String) -> Bool { live.contains { Text.equal(name, $0) } }

    /// The same command line, its files as they are now.
    func readAnew() throws(UsageError) -> Options {
        let next = try Options(arguments: arguments)
        try next.requireAuthority()
        return next
    }

    /// The settings that aren't as in `other`, each once.
    func names(differingFrom other: Options) -> [String] {
        var names: [String] = []
        for flag in Options.flags where !isSame(flag.name, as: other) { names.append("\(flag.name)") }
        // The file's name is as before, what it holds isn't.
        let isTold = names.contains { Self.isToken($0) }
        if !isTold, (token ?? "").utf8.elementsEqual((other.token ?? "").utf8) == false {
            names.append("token-file")
        }
        return names
    }

    /// Takes the live settings of `next`; the others stay as the agent was started with.
    mutating func adopt(_ next: Options) {
        settings = settings.filter { !Self.isLive($0.name) } + next.settings.filter { Self.isLive($0.name) }
        adoptFleet(of: next)
        signalFile = next.signalFile
        intervalMs = next.intervalMs
        logLevel = next.logLevel
    }

    static func isToken(_ name: String) -> Bool { Text.equal(name, "token") || Text.equal(name, "token-file") }

    /// Takes the settings of `other` that say whose device this is.
    mutating func keepFleet(of other: Options) {
        let isOfFleet = { (name: String) in
            Self.isToken(name) || Text.equal(name, "server") || Text.equal(name, "ca-file") || Text.equal(name, "insecure")
        }
        settings = settings.filter { !isOfFleet($0.name) } + other.settings.filter { isOfFleet($0.name) }
        adoptFleet(of: other)
    }

    private mutating func adoptFleet(of next: Options) {
        server = next.server
        token = next.token
        tokenFile = next.tokenFile
        root = next.root
        caFile = next.caFile
        trustsSystem = next.trustsSystem
        isInsecure = next.isInsecure
    }

    private func isSame(_ name: StaticString, as other: Options) -> Bool {
        let mine = settings.filter { Text.equal($0.name, name) }
        let theirs = other.settings.filter { Text.equal($0.name, name) }
        guard mine.count == theirs.count else { return false }
        return zip(mine, theirs).allSatisfy { ($0.value ?? "").utf8.elementsEqual(($1.value ?? "").utf8) }
    }
}
