// By whom a control is written. Reading is always direct: the kernel lets everybody read these files.
//
// - `files`: by ourselves, into the kernel's files. For a group that is ours: made by `run --`,
//   delegated, or with files that were made writable for us.
// - `systemd`: `systemctl set-property --runtime`, for a unit's group. systemd takes it for its own and
//   writes its own idea of a limit whenever it likes; so it has to be told. Frequencies are no property
//   of a unit and go into the files.
// - `helper`: `phi-agent helper`, which has the rights that the agent does without.

import Bytes
import System

enum Hands {
    case files
    case systemd(SystemdUnit)
    case helper(HelperLink)

    var name: StaticString {
        switch self {
        case .files: "files"
        case .systemd: "systemd"
        case .helper: "helper"
        }
    }

    /// Whether what was written may show in the file a little later.
    var isDelayed: Bool {
        if case .systemd = self { return true }
        return false
    }

    /// Each write starts a program: small steps aren't worth one.
    var isDear: Bool { isDelayed }

    func probe(_ control: Control, _ files: ControlFiles) -> Bool {
        switch self {
        case .files: return files.probe(control)
        case .systemd(let unit):
            if control.isFrequency { return files.probe(control) }
            return unit.isLoaded && (try? files.read(control)) != nil
        case .helper(let link):
            return (try? files.read(control)) != nil && link.probe(control) == nil
        }
    }

    /// Writes them all; for each, the words for why it failed.
    func write(_ batch: [(control: Control, value: String)], _ files: ControlFiles) -> [String?] {
        switch self {
        case .files: return batch.map { Self.write($0.control, $0.value, files) }
        case .helper(let link): return batch.map { link.write($0.control, $0.value) }
        case .systemd(let unit):
            let ofUnit = batch.filter { !$0.control.isFrequency }
            var reason = ofUnit.isEmpty ? nil : unit.set(ofUnit)
            // One bad property turns all of them away: the others get their own chance.
            let alone = reason != nil && ofUnit.count > 1
            return batch.map { item in
                if item.control.isFrequency { return Self.write(item.control, item.value, files) }
                if alone { reason = unit.set([item]) }
                return reason
            }
        }
    }

    private static func write(_ control: Control, _ value: String, _ files: ControlFiles) -> String? {
        do throws(Errno) {
            try files.write(control, value)
            return nil
        } catch {
            return error.text
        }
    }
}
