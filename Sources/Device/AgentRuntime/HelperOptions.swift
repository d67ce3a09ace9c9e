// The helper's settings. What it may do is decided here alone, by flags and a file that only root may
// write; the agent has no word in it.

import AgentCore
import Bytes
import Governor
import System

struct HelperOptions {
    static let socketStandard = "/run/phi-helper/socket"

    var group: String?
    /// A name or a number.
    var user = "phi-agent"
    var scalesFrequency = false
    var by = GovernBy.automatic
    var runFolder = "/run/phi-helper"
    var cgroupRoot = "/sys/fs/cgroup"
    var sysfsRoot = "/sys"
    var passwdFile = "/etc/passwd"
    var logLevel = LogLevel.info

    static let flags = [
        Flag("config", "FILE", "read these options from FILE, one `name = value` a line"),
        Flag("group", "NAME", "cgroup below the cgroup root whose limits may be written"),
        Flag("user", "USER", "who may ask for it, beside root: a name or a number (phi-agent)"),
        Flag("cpufreq", nil, "the CPUs' frequency caps may be written, too"),
        Flag("govern-by", "WAY", "who writes the limits: files, systemd or auto (default)"),
        Flag("run-dir", "DIR", "the socket and the journal of what was found (/run/phi-helper)"),
        Flag("log-level", "LEVEL", "error, warning, notice, info (default) or debug"),
        Flag("sysfs-root", "DIR", "the CPU policies are below DIR (/sys)"),
        Flag("cgroup-root", "DIR", "the cgroup v2 tree (/sys/fs/cgroup)"),
    ]

    init(arguments: [String]) throws(UsageError) {
        let settings = try Options.settings(in: arguments, among: Self.flags) {
            path throws(UsageError) in try Self.settings(ofRoot: path)
        }
        for (name, value) in settings { try set(name, value ?? "") }
    }

    /// The file must be such that nobody but root (or whoever runs the helper) has a hand in it.
    private static func settings(ofRoot path: String) throws(UsageError) -> [(String, String?)] {
        if let status = try? FileSystem.status(path) {
            guard status.owner == 0 || status.owner == Process.user, status.mode & 0o022 == 0 else {
                throw UsageError(
                    "\(path) can be written by others than root",
                    hint: "chown root \(path); chmod go-w \(path)")
            }
        }
        return try Options.settings(inFile: path, among: flags)
    }

    private mutating func set(_ name: String, _ value: String) throws(UsageError) {
        let text = Array(name.utf8)[...]
        if Text.equal(text, "group") {
            group = value
        } else if Text.equal(text, "user") {
            user = value
        } else if Text.equal(text, "cpufreq") {
            scalesFrequency = try Options.isOn(value, name)
        } else if Text.equal(text, "govern-by") {
            by = try Options.way(value)
            guard by != .helper else {
                throw UsageError("govern-by = helper: the helper can't ask itself")
            }
        } else if Text.equal(text, "run-dir") {
            runFolder = value
        } else if Text.equal(text, "log-level") {
            logLevel = try Options.level(value)
        } else if Text.equal(text, "sysfs-root") {
            sysfsRoot = value
        } else if Text.equal(text, "cgroup-root") {
            cgroupRoot = value
        }
    }

    func configuration() throws(UsageError) -> HelperConfiguration {
        guard let group, ManagedGroup(root: cgroupRoot, path: group) != nil else {
            throw UsageError(
                group.map { "--group \($0): a group below the cgroup root" } ?? "no --group is named",
                hint: "group = workload.slice in /etc/phi-agent/helper.conf")
        }
        guard let id = userID() else {
            throw UsageError(
                "--user \(user): no such user", hint: "useradd --system phi-agent, or give a number")
        }
        var configuration = HelperConfiguration(
            group: group, journalPath: "\(runFolder)/journal", socketPath: "\(runFolder)/socket", user: id)
        configuration.cgroupRoot = cgroupRoot
        configuration.sysfsRoot = sysfsRoot
        configuration.scalesFrequency = scalesFrequency
        configuration.by = by
        return configuration
    }

    /// Read by hand: the static program has no name service.
    func userID() -> UInt32? {
        if let number = Text.integer(user) { return UInt32(exactly: number) }
        guard let text = try? FileSystem.read(passwdFile, limit: 1 << 20) else { return nil }
        for line in Text.lines(text[...]) {
            let fields = line.split(separator: 0x3a, omittingEmptySubsequences: false)
            if fields.count >= 3, fields[0].elementsEqual(user.utf8), let id = Text.integer(fields[2]) {
                return UInt32(exactly: id)
            }
        }
        return nil
    }
}
