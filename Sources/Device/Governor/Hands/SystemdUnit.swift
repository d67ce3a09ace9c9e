// A unit of systemd whose limits are set by `systemctl set-property --runtime`: at once, until the next
// boot, and known to systemd. https://www.freedesktop.org/software/systemd/man/latest/systemctl.html
//
// `systemctl revert` would also undo what the unit's owner has set, so the originals are given back one
// by one, like every other value.

import Bytes
import System

struct SystemdUnit {
    /// A manager that doesn't answer must not hold the agent's cycle up for longer, ms.
    static let timeoutMs: Int64 = 10_000

    let name: String
    /// "systemctl", searched in PATH.
    let program: String

    /// Whether systemd knows it. https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.systemd1.html
    var isLoaded: Bool {
        guard case .success(let text) = run(["show", "--property=LoadState", name]) else { return false }
        return Text.equal(Text.trimmed(Array(text.utf8)[...]), "LoadState=loaded")
    }

    /// The words for why it failed; nil when it is done.
    func set(_ batch: [(control: Control, value: String)]) -> String? {
        var arguments = ["--no-ask-password", "set-property", "--runtime", name]
        for (control, value) in batch {
            guard let property = Self.property(control, value) else { return "no property of a unit" }
            arguments.append(property)
        }
        switch run(arguments) {
        case .success: return nil
        case .failure(let fault): return fault.text
        }
    }

    /// https://www.freedesktop.org/software/systemd/man/latest/systemd.resource-control.html
    static func property(_ control: Control, _ value: String) -> String? {
        let bytes = Array(value.utf8)[...]
        guard control.accepts(bytes) else { return nil }
        switch control {
        case .memoryMax: return "MemoryMax=" + (Text.equal(bytes, "max") ? "infinity" : value)
        case .memoryHigh: return "MemoryHigh=" + (Text.equal(bytes, "max") ? "infinity" : value)
        case .cpuWeight: return "CPUWeight=\(value)"
        case .cpuMax:
            let words = Text.words(bytes)
            // No value is no quota.
            guard let quota = Text.integer(words[0]) else { return "CPUQuota=" }
            guard let period = Text.integer(words[1]) else { return nil }
            // Hundredths of a percent of one CPU; 0 is none that systemd takes.
            let share = Double(quota) / Double(period) * 100
            return "CPUQuota=\(Decimal.fixed(max(0.01, share), decimals: 2))%"
        case .frequencyCap: return nil
        }
    }

    /// Whether a program of that name is in PATH.
    static func isInstalled(_ program: String) -> Bool {
        if program.utf8.contains(0x2f) { return FileSystem.exists(program) }
        let path = Process.environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin"
        for folder in Array(path.utf8).split(separator: 0x3a) {
            if FileSystem.exists("\(String(decoding: folder, as: UTF8.self))/\(program)") { return true }
        }
        return false
    }

    private struct Fault: Error {
        let text: String
    }

    private func run(_ arguments: [String]) -> Result<String, Fault> {
        let child: ChildProcess
        do throws(SpawnError) {
            child = try ChildProcess([program] + arguments, capturesOutput: true)
        } catch {
            return .failure(Fault(text: "\(program): \(error.error.text)"))
        }
        guard child.wait(timeoutMs: Self.timeoutMs) else {
            return .failure(Fault(text: "\(program): no answer within \(Self.timeoutMs / 1000) s"))
        }
        let written = child.writtenText()
        guard child.end == .exited(0) else {
            let line = Text.lines(Array(written.utf8)[...]).first.map { Text.string(Text.trimmed($0)) }
            return .failure(Fault(text: "\(program): \(line ?? "status \(child.end?.status ?? -1)")"))
        }
        return .success(written)
    }
}
