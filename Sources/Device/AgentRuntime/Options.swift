// Flags and the configuration file. Both have the same names: `--server URL` on the command line is
// `server = URL` in the file; a flag wins over the file.

import AgentCore
import Bytes
import Digest
import Governor
import Model
import Spool
import System
import Uplink

/// A wrong flag or setting, with what to do about it.
public struct UsageError: Error, Sendable {
    public let text: String
    /// nil: the help of the command that was called.
    public let hint: String?

    init(_ text: String, hint: String? = nil) {
        self.text = text
        self.hint = hint
    }

    func hint(of command: StaticString) -> String {
        hint ?? "phi-agent \(command) --help lists the options"
    }
}

public struct Options: Sendable {
    public var server: String?
    public var token: String?
    /// Where the token stands; not read by whoever has no use for it.
    public var tokenFile: String?
    /// From the token, as printed by `fleet enroll token`.
    public var root: Digest32?
    public var caFile: String?
    /// `ca-file = system`: whoever this machine trusts may vouch for the aggregator.
    public var trustsSystem = false
    public var isInsecure = false
    public var stateFolder = "/var/lib/phi-agent"
    public var runFolder = "/run/phi-agent"
    /// nil: `signals` in the run folder.
    public var signalFile: String?
    /// nil: `agent.sock` in the run folder; "none": no local API.
    public var socket: String?
    /// Who may use the socket beside the agent's own user and root.
    public var socketGroup: String?
    public var sysfsRoot = "/sys"
    public var procfsRoot = "/proc"
    public var cgroupRoot = "/sys/fs/cgroup"
    /// Managed group below the cgroup root; nil: decisions are published and nothing is governed.
    public var group: String?
    public var isDryRun = false
    /// Cap the CPUs' frequency as well.
    public var scalesFrequency = false
    public var governBy = GovernBy.automatic
    public var helperSocket = HelperOptions.socketStandard
    public var intervalMs: Int64?
    public var labels: [Label] = []
    public var logLevel = LogLevel.info
    /// 0: nothing is spooled.
    public var spoolCapBytes = Spool.defaultCapBytes
    public var writeBudgetBytes = WriteBudget.defaultBytesPerDay
    /// A checkpoint of 1 KiB costs a card 20 KiB (`WriteBudget`): 720 a day, 14 MiB of the 16.
    public var checkpointMs: Int64 = 120_000
    /// For trials: time passes so many times as fast.
    public var timeScale: Int64 = 1
    /// A token's file is for the agent's user: only who enrols reads it.
    private let readsToken: Bool
    /// What all this was read from, and the settings in it.
    let arguments: [String]
    var settings: [(name: String, value: String?)]

    var signalPath: String { signalFile ?? "\(runFolder)/signals" }

    /// Nobody is named who may vouch for the aggregator's certificate.
    var lacksAuthority: Bool {
        guard let server, caFile == nil, !trustsSystem else { return false }
        return Array(server.utf8).starts(with: "https://".utf8)
    }

    /// For whatever is about to connect.
    func requireAuthority() throws(UsageError) {
        guard let server, lacksAuthority else { return }
        throw UsageError(
            "\(server) needs --ca-file: who may vouch for it",
            hint: "copy ca.crt from the operator's folder to the device; --ca-file system trusts whoever this machine does")
    }

    /// Where the local API's socket is; nil where there shall be none.
    public var socketPath: String? {
        guard let socket else { return "\(runFolder)/agent.sock" }
        return Text.equal(socket, "none") ? nil : socket
    }

    static let flags = [
        Flag("config", "FILE", "read these options from FILE, one `name = value` a line"),
        Flag("server", "URL", "the aggregator, e.g. https://fleet.example:8440"),
        Flag("token", "TOKEN", "enrolment token, as printed by fleet enroll token"),
        Flag("token-file", "FILE", "read the token from FILE (kept out of the process list)"),
        Flag("insecure", nil, "enrol over plain HTTP off this machine: the token and key travel in clear"),
        Flag("ca-file", "FILE", "the fleet's certificate authority (PEM), the only one trusted; system: this machine's"),
        Flag("label", "KEY=VALUE", "label set at enrolment; may be repeated"),
        Flag("state-dir", "DIR", "identity, keys, boot counter, parameters (/var/lib/phi-agent)"),
        Flag("run-dir", "DIR", "decision.json and the workload's signals (/run/phi-agent)"),
        Flag("signals", "FILE", "what the workload says of itself (signals in the run folder)"),
        Flag("socket", "FILE", "the local API's socket (agent.sock in the run folder), or none"),
        Flag("socket-group", "GROUP", "who may use the socket, beside root and the agent's own group"),
        Flag("group", "NAME", "cgroup below the cgroup root that is governed, e.g. workload.slice"),
        Flag("dry-run", nil, "say what would be written to the group, and write nothing"),
        Flag("cpufreq", nil, "cap the CPUs' frequency as well; it slows the whole machine"),
        Flag("govern-by", "WAY", "who writes the limits: files, systemd, helper or auto (default)"),
        Flag("helper", "SOCKET", "where phi-agent helper listens (/run/phi-helper/socket)"),
        Flag("interval", "TIME", "time between observations, e.g. 500ms, 10s; replaces the parameter"),
        Flag("spool-cap", "SIZE", "disk for what isn't delivered yet (32MiB); 0 keeps it in memory alone"),
        Flag("write-budget", "SIZE", "what may be written to the state folder in a day, restarts apart (16MiB)"),
        Flag("checkpoint", "TIME", "time between checkpoints, the most that a crash loses (2m)"),
        Flag("time-scale", "N", "for trials: the agent's time passes N times as fast"),
        Flag("log-level", "LEVEL", "error, warning, notice, info (default) or debug"),
        Flag("sysfs-root", "DIR", "read sensors below DIR (/sys)"),
        Flag("procfs-root", "DIR", "read memory and load below DIR (/proc)"),
        Flag("cgroup-root", "DIR", "the cgroup v2 tree (/sys/fs/cgroup)"),
    ]

    public init(arguments: [String], readsToken: Bool = true) throws(UsageError) {
        let settings = try Self.settings(in: arguments, among: Self.flags) {
            path throws(UsageError) in try Self.settings(inFile: path)
        }
        self.arguments = arguments
        self.readsToken = readsToken
        self.settings = settings.map { (name: $0.0, value: $0.1) }
        for (name, value) in settings { try set(name, value) }
        if let server, token != nil || tokenFile != nil, !isInsecure, Uplink.sendsInClear(server) {
            throw UsageError(
                "enrolment over plain HTTP would show the token and the key to the network",
                hint: "use https:// with --ca-file; --insecure enrols all the same")
        }
    }

    /// The settings of a command line, those of its `--config` files first: a flag wins over a file.
    static func settings(
        in arguments: [String], among flags: [Flag], file: (String) throws(UsageError) -> [(String, String?)]
    ) throws(UsageError) -> [(String, String?)] {
        var fromFile: [(String, String?)] = []
        var fromFlags: [(String, String?)] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard let (name, inline) = split(flag: argument) else {
                throw UsageError("unexpected argument: \(argument)")
            }
            guard let known = flags.first(where: { Text.equal(name, $0.name) }) else {
                throw UsageError("unknown option: --\(name)")
            }
            var value = inline
            if known.value != nil, value == nil {
                guard let next = rest.popFirst() else {
                    throw UsageError("--\(name) needs a value")
                }
                value = next
            }
            if Text.equal(name, "config") {
                fromFile += try file(value ?? "")
            } else {
                fromFlags.append((name, value))
            }
        }
        return fromFile + fromFlags
    }

    /// A switch: given alone it is on.
    static func isOn(_ value: String, _ name: String) throws(UsageError) -> Bool {
        let text = Array(value.utf8)[...]
        let on: [StaticString] = ["", "true", "yes", "on", "1"]
        let off: [StaticString] = ["false", "no", "off", "0"]
        if on.contains(where: { Text.equal(text, $0) }) { return true }
        if off.contains(where: { Text.equal(text, $0) }) { return false }
        throw UsageError("\(name) = \(value): yes or no")
    }

    private mutating func set(_ name: String, _ value: String?) throws(UsageError) {
        let value = value ?? ""
        let text = Array(name.utf8)[...]
        if Text.equal(text, "server") {
            if let problem = Uplink.problem(with: value) {
                throw UsageError(
                    "--server \(value): \(problem)", hint: "e.g. --server https://fleet.example:8440")
            }
            server = value
        } else if Text.equal(text, "token") {
            try setToken(value)
        } else if Text.equal(text, "token-file") {
            tokenFile = value
            if readsToken { try setToken(Self.contents(value)) }
        } else if Text.equal(text, "ca-file") {
            trustsSystem = Text.equal(value, "system")
            if trustsSystem {
                caFile = nil
                return
            }
            guard FileSystem.exists(value) else {
                throw UsageError(
                    "--ca-file \(value): no such file",
                    hint: "copy ca.crt from the operator's folder to the device")
            }
            caFile = value
        } else if Text.equal(text, "label") {
            guard let label = Label(value) else {
                throw UsageError("--label \(value): KEY=VALUE of letters, digits, '-', '_' and '.'")
            }
            guard labels.count < Label.countMax else {
                throw UsageError("more than \(Label.countMax) labels")
            }
            labels.append(label)
        } else if Text.equal(text, "state-dir") {
            stateFolder = value
        } else if Text.equal(text, "run-dir") {
            runFolder = value
        } else if Text.equal(text, "signals") {
            signalFile = value
        } else if Text.equal(text, "socket") {
            guard value.utf8.count <= LocalSocket.pathBytesMax, !value.isEmpty else {
                throw UsageError("--socket \(value): a path of at most \(LocalSocket.pathBytesMax) bytes")
            }
            socket = value
        } else if Text.equal(text, "socket-group") {
            socketGroup = value
        } else if Text.equal(text, "group") {
            let parts = Array(value.utf8).split(separator: 0x2f)
            let leadsAside = parts.contains { Text.equal($0, "..") || Text.equal($0, ".") }
            guard !parts.isEmpty, !leadsAside else {
                throw UsageError("--group \(value): a group below the cgroup root")
            }
            group = value
        } else if Text.equal(text, "insecure") {
            isInsecure = try Self.isOn(value, name)
        } else if Text.equal(text, "dry-run") {
            isDryRun = try Self.isOn(value, name)
        } else if Text.equal(text, "cpufreq") {
            scalesFrequency = try Self.isOn(value, name)
        } else if Text.equal(text, "govern-by") {
            governBy = try Self.way(value)
        } else if Text.equal(text, "helper") {
            guard Text.equal(Array(value.utf8).prefix(1), "/") else {
                throw UsageError("--helper \(value): an absolute path")
            }
            helperSocket = value
        } else if Text.equal(text, "interval") {
            let ms = try Self.duration(value, "interval")
            guard (100...3_600_000).contains(ms) else {
                throw UsageError("--interval \(value): between 100ms and 1h")
            }
            intervalMs = ms
        } else if Text.equal(text, "spool-cap") {
            spoolCapBytes = try Self.size(value, "spool-cap")
            guard spoolCapBytes == 0 || spoolCapBytes >= Spool.leastCapBytes else {
                throw UsageError("--spool-cap \(value): 0, or at least 512KiB")
            }
        } else if Text.equal(text, "write-budget") {
            writeBudgetBytes = try Self.size(value, "write-budget")
            guard (WriteBudget.leastBytesPerDay...WriteBudget.mostBytesPerDay).contains(writeBudgetBytes) else {
                throw UsageError(
                    "--write-budget \(value): between 1MiB and 64GiB a day",
                    hint: "--spool-cap 0 writes no samples to disk at all")
            }
        } else if Text.equal(text, "checkpoint") {
            let ms = try Self.duration(value, "checkpoint")
            guard (1_000...3_600_000).contains(ms) else {
                throw UsageError("--checkpoint \(value): between 1s and 1h")
            }
            checkpointMs = ms
        } else if Text.equal(text, "time-scale") {
            guard let times = Text.integer(Array(value.utf8)[...]).flatMap({ Int64(exactly: $0) }),
                (1...10_000).contains(times)
            else { throw UsageError("--time-scale \(value): a whole number from 1 to 10000") }
            timeScale = times
        } else if Text.equal(text, "log-level") {
            logLevel = try Self.level(value)
        } else if Text.equal(text, "sysfs-root") {
            sysfsRoot = value
        } else if Text.equal(text, "procfs-root") {
            procfsRoot = value
        } else if Text.equal(text, "cgroup-root") {
            cgroupRoot = value
        }
    }

    private mutating func setToken(_ text: String) throws(UsageError) {
        guard let parts = Self.token(in: text) else {
            throw UsageError(
                "the enrolment token has not the form SECRET.FINGERPRINT",
                hint: "copy the whole line that fleet enroll token prints")
        }
        token = parts.secret
        root = parts.root
    }

    /// `SECRET.ROOTFINGERPRINT`; nil for anything else.
    static func token(in text: String) -> (secret: String, root: Digest32)? {
        let parts = Text.trimmed(Array(text.utf8)[...]).split(separator: 0x2e)
        guard parts.count == 2, Hex.decode(parts[0])?.count == 16,
            let root = Hex.decode(parts[1]).flatMap({ Digest32($0) })
        else { return nil }
        return (Text.string(parts[0]), root)
    }

    static func split(flag: String) -> (String, String?)? {
        let bytes = Array(flag.utf8)
        guard bytes.count > 2, bytes[0] == 0x2d, bytes[1] == 0x2d else { return nil }
        guard let equals = bytes.firstIndex(of: 0x3d) else {
            return (Text.string(bytes[2...]), nil)
        }
        return (Text.string(bytes[2..<equals]), Text.string(bytes[(equals + 1)...]))
    }

    static func contents(_ path: String) throws(UsageError) -> String {
        do throws(Errno) {
            return Text.string(try FileSystem.read(path, limit: 64 * 1024)[...])
        } catch {
            throw UsageError(
                "\(path): \(error.text)",
                hint: error.isForbidden ? "call it as a user who may read that file: sudo -u phi-agent, or sudo" : nil)
        }
    }

    static func settings(
        inFile path: String, among flags: [Flag] = Options.flags
    ) throws(UsageError) -> [(String, String?)] {
        let text = Array(try contents(path).utf8)
        var settings: [(String, String?)] = []
        for (index, line) in text.split(separator: 0x0a, omittingEmptySubsequences: false).enumerated() {
            let line = Text.trimmed(line)
            guard let first = line.first, first != 0x23 else { continue }
            let parts = line.split(separator: 0x3d, maxSplits: 1, omittingEmptySubsequences: false)
            let name = Text.string(Text.trimmed(parts.first ?? line))
            guard let known = flags.first(where: { Text.equal(name, $0.name) }),
                !Text.equal(name, "config")
            else { throw UsageError("\(path):\(index + 1): unknown setting: \(name)") }
            if known.value != nil, parts.count < 2 {
                throw UsageError("\(path):\(index + 1): \(name) needs a value")
            }
            let value = parts.count < 2 ? nil : Text.string(Text.trimmed(parts[1]))
            settings.append((name, value))
        }
        return settings
    }

    /// `10s`, `500ms`, `2m`, `1h` in milliseconds.
    static func duration(_ text: String, _ name: StaticString) throws(UsageError) -> Int64 {
        let bytes = Array(text.utf8)
        let digits = bytes.prefix { $0 >= 0x30 && $0 <= 0x39 }
        let unit = bytes[digits.count...]
        var factor: Int64?
        if Text.equal(unit, "ms") {
            factor = 1
        } else if Text.equal(unit, "s") {
            factor = 1_000
        } else if Text.equal(unit, "m") {
            factor = 60_000
        } else if Text.equal(unit, "h") {
            factor = 3_600_000
        }
        guard let factor, let number = Text.integer(digits), number < 1 << 40 else {
            throw UsageError("--\(name) \(text): a time with its unit, e.g. 500ms, 10s, 2m, 1h")
        }
        return number * factor
    }

    static func way(_ text: String) throws(UsageError) -> GovernBy {
        if Text.equal(text, "auto") { return .automatic }
        if Text.equal(text, "files") { return .files }
        if Text.equal(text, "systemd") { return .systemd }
        if Text.equal(text, "helper") { return .helper }
        throw UsageError("--govern-by \(text): files, systemd, helper or auto")
    }

    /// `512KiB`, `32MiB`, `1GiB` or plain bytes.
    static func size(_ text: String, _ name: StaticString) throws(UsageError) -> Int64 {
        let bytes = Array(text.utf8)
        let digits = bytes.prefix { $0 >= 0x30 && $0 <= 0x39 }
        let unit = bytes[digits.count...]
        let units: [(StaticString, Int64)] = [("", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)]
        guard let factor = units.first(where: { Text.equal(unit, $0.0) })?.1,
            let number = Text.integer(digits), number < 1 << 30
        else { throw UsageError("--\(name) \(text): a size, e.g. 512KiB, 32MiB, 1GiB") }
        return Int64(number) * factor
    }

    static func level(_ text: String) throws(UsageError) -> LogLevel {
        if Text.equal(text, "error") { return .error }
        if Text.equal(text, "warning") { return .warning }
        if Text.equal(text, "notice") { return .notice }
        if Text.equal(text, "info") { return .info }
        if Text.equal(text, "debug") { return .debug }
        throw UsageError("--log-level \(text): error, warning, notice, info or debug")
    }
}
