// The kernel's files behind the controls, read and written directly. Only files that are there; none
// outside of the managed group and the CPU policies.

import Bytes
import System

struct ControlFiles {
    let group: ManagedGroup
    /// Nil: frequencies are left alone.
    let frequency: CPUFrequency?

    var controls: [Control] { Control.ofGroup + (frequency?.controls ?? []) }

    private func path(_ control: Control) throws(Errno) -> String {
        guard control.isFrequency else { return "\(group.folder)/\(control.file)" }
        guard let frequency else { throw .notFound }
        return "\(frequency.folder)/\(control.file)"
    }

    func read(_ control: Control) throws(Errno) -> String {
        let bytes = try FileSystem.read(path(control), limit: 256)
        let value = Text.trimmed(bytes[...])
        guard Control.isValue(value) else { throw .invalid }
        return Text.string(value)
    }

    func write(_ control: Control, _ value: String) throws(Errno) {
        try FileSystem.writeExisting(path(control), Array("\(value)\n".utf8))
    }

    /// Whether the control can be written. For a group's file its own value is written back: a look at
    /// the permission bits would not tell, since a delegated group may be writable and its controller
    /// missing. For a frequency see CPUFrequency.
    func probe(_ control: Control) -> Bool {
        guard let value = try? read(control), let path = try? path(control) else { return false }
        if control.isFrequency { return FileSystem.isWritable(path) }
        do throws(Errno) {
            try write(control, value)
            return true
        } catch {
            return false
        }
    }

    /// Whether `current` is somebody else's doing, after we left `mine` there.
    func isForeign(_ control: Control, mine: String, current: String) -> Bool {
        guard !mine.isSame(as: current) else { return false }
        guard control.isFrequency else { return true }
        return (Text.integer(current) ?? 0) > (Text.integer(mine) ?? 0)
    }
}
