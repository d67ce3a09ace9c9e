// The folder of the managed group: reading and writing its files, nothing outside of it.

import Bytes
import System

struct ManagedGroup {
    let folder: String

    /// Nil for the root group and for paths that would lead out of `root`: "", "/", "a/../b".
    init?(root: String, path: String) {
        let parts = Array(path.utf8).split(separator: 0x2f)
        guard !parts.isEmpty else { return nil }
        for part in parts {
            if part.elementsEqual("..".utf8) || part.elementsEqual(".".utf8) { return nil }
            if part.contains(where: { $0 < 0x20 }) { return nil }
        }
        let joined = parts.map { String(decoding: $0, as: UTF8.self) }
        var folder = root
        for part in joined { folder += "/\(part)" }
        self.folder = folder
    }

    func read(_ control: Control) throws(Errno) -> String {
        let bytes = try FileSystem.read("\(folder)/\(control.file)", limit: 256)
        let value = Text.trimmed(bytes[...])
        guard Control.isValue(value) else { throw .invalid }
        return Text.string(value)
    }

    func write(_ control: Control, _ value: String) throws(Errno) {
        try FileSystem.writeExisting("\(folder)/\(control.file)", Array("\(value)\n".utf8))
    }

    /// Whether the control can be written: its own value is written back. A look at the permission
    /// bits would not tell: a delegated group may be writable and its controller missing.
    func probe(_ control: Control) -> Bool {
        guard let value = try? read(control) else { return false }
        do throws(Errno) {
            try write(control, value)
            return true
        } catch {
            return false
        }
    }

    /// What the group holds and can't give back without swap, bytes: 0 where memory.stat isn't there.
    func unreclaimableBytes() -> UInt64 {
        guard let stat = try? FileSystem.read("\(folder)/memory.stat", limit: 64 << 10) else {
            return 0
        }
        var sum: UInt64 = 0
        for line in Text.lines(stat[...]) {
            let words = Text.words(line)
            guard words.count == 2, let value = Text.integer(words[1]), value > 0 else { continue }
            // "kernel" covers stacks, page tables and slabs, of which the reclaimable part counts
            // too: a little room more.
            if Text.equal(words[0], "anon") || Text.equal(words[0], "shmem")
                || Text.equal(words[0], "kernel")
            {
                let (next, overflow) = sum.addingReportingOverflow(UInt64(value))
                sum = overflow ? sum : next
            }
        }
        return sum
    }
}

extension String {
    /// Byte-wise: String's own comparison pulls the Unicode tables into the device binary.
    func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
