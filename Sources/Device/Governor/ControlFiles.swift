// The kernel's files behind the controls, read and written directly. Only files that are there; none
// outside of the managed group and the CPU policies.

import Bytes
import System

final class ControlFiles {
    /// Of this many policies the files stay open; a server with one for each core keeps none.
    private static let policiesHeld = 8

    let group: ManagedGroup
    /// Nil: frequencies are left alone.
    let frequency: CPUFrequency?
    private var held: [(control: Control, file: OpenFile)] = []

    init(group: ManagedGroup, frequency: CPUFrequency?) {
        self.group = group
        self.frequency = frequency
        let caps = frequency?.controls ?? []
        for control in Control.ofGroup + (caps.count <= Self.policiesHeld ? caps : []) {
            if let path = try? path(control) { held.append((control, OpenFile(path, limit: 256))) }
        }
    }

    var controls: [Control] { Control.ofGroup + (frequency?.controls ?? []) }

    private func path(_ control: Control) throws(Errno) -> String {
        guard control.isFrequency else { return "\(group.folder)/\(control.file)" }
        guard let frequency else { throw .notFound }
        return "\(frequency.folder)/\(control.file)"
    }

    func exists(_ control: Control) -> Bool { (try? path(control)).map { FileSystem.exists($0) } ?? false }

    /// By its permissions, which is all that can be told without writing.
    func isWritable(_ control: Control) -> Bool {
        (try? path(control)).map { FileSystem.isWritable($0) } ?? false
    }

    func read(_ control: Control) throws(Errno) -> String {
        if let open = held.first(where: { $0.control == control }) {
            return try Self.value(open.file.read())
        }
        return try Self.value(FileSystem.read(path(control), limit: 256)[...])
    }

    private static func value(_ text: ArraySlice<UInt8>) throws(Errno) -> String {
        let value = Text.trimmed(text)
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
