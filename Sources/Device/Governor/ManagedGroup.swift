// The folder of the managed group: where its files are, and what they say of its memory.

import Bytes
import System

public struct ManagedGroup: Equatable, Sendable {
    public let folder: String
    /// Below the root, e.g. "/workload.slice".
    public let path: String

    /// Nil for the root group and for paths that would lead out of `root`: "", "/", "a/../b".
    public init?(root: String, path: String) {
        let parts = Array(path.utf8).split(separator: 0x2f)
        guard !parts.isEmpty else { return nil }
        for part in parts {
            if part.elementsEqual("..".utf8) || part.elementsEqual(".".utf8) { return nil }
            if part.contains(where: { $0 < 0x20 }) { return nil }
        }
        var joined = ""
        for part in parts { joined += "/" + String(decoding: part, as: UTF8.self) }
        self.path = joined
        folder = root + joined
    }

    public static func == (a: ManagedGroup, b: ManagedGroup) -> Bool { a.folder.isSame(as: b.folder) }

    /// The name of systemd's unit, where the group is one.
    var unit: String? {
        let name = Array(path.utf8).split(separator: 0x2f).last ?? []
        for suffix in [".slice", ".service", ".scope"] where name.count > suffix.utf8.count {
            if name.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) {
                return String(decoding: name, as: UTF8.self)
            }
        }
        return nil
    }

    /// What the group holds and can't give back without swap, bytes: 0 where memory.stat isn't there.
    func unreclaimableBytes() -> UInt64 {
        guard let stat = try? FileSystem.read("\(folder)/memory.stat", limit: 64 << 10) else { return 0 }
        return Self.unreclaimable(in: stat[...])
    }

    /// "kernel" covers stacks, page tables and slabs, of which the reclaimable part counts too: a little
    /// room more. Read in every cycle, so without lists of lines and words.
    static func unreclaimable(in stat: ArraySlice<UInt8>) -> UInt64 {
        var sum: UInt64 = 0
        for name in ["anon", "shmem", "kernel"] as [StaticString] {
            let (next, overflow) = sum.addingReportingOverflow(value(name, in: stat) ?? 0)
            sum = overflow ? sum : next
        }
        return sum
    }

    /// The number behind a name, in a file of lines such as `anon 4096`.
    static func value(_ name: StaticString, in text: ArraySlice<UInt8>) -> UInt64? {
        var rest = text
        while !rest.isEmpty {
            let line = rest.prefix { $0 != 0x0a }
            rest = rest[line.endIndex...].dropFirst()
            guard let space = line.firstIndex(of: 0x20), Text.equal(line[..<space], name) else { continue }
            return Text.integer(Text.trimmed(line[space...])).flatMap { UInt64(exactly: $0) }
        }
        return nil
    }

    /// A number, or "max", the largest there is; nil for anything else.
    static func bytes(_ text: ArraySlice<UInt8>) -> UInt64? {
        let word = Text.trimmed(text)
        if Text.equal(word, "max") { return .max }
        return Text.integer(word).flatMap { UInt64(exactly: $0) }
    }
}
