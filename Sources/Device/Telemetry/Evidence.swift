// What a look at the machine rests on, so that the next look can tell that nothing has changed.
//
// What a look finds is a function of what it reads: some dozen small files and the names in a few folders.
// Each is noted with an imprint of what it said. As long as all of them say the same, so would the look,
// and it needn't be taken: reading into a buffer and comparing takes no memory, where names, texts and a
// record would be made only to be thrown away.
//
// What moves by itself isn't imprinted whole: of /proc/meminfo the size the memory is taken for counts, and
// of /proc/cpuinfo what is read from it.

import Bytes
import Model
import System

final class Evidence {
    private enum Kind: UInt8 {
        case file, folder, memory, processors
    }

    /// A kernel attribute's pages end here. https://docs.kernel.org/filesystems/sysfs.html
    private static let fileBytesMost = 4096
    /// Of a note: its kind and the imprint. The path follows, and a NUL.
    private static let headBytes = 9

    private let buffer: UnsafeMutableBufferPointer<UInt8>
    /// One note behind the other: a list of its own for each would be several times as large.
    private var notes: [UInt8] = []
    /// Something was read that can't be noted: the next look has to be taken.
    private var isIncomplete = false

    /// - Parameter buffer: what files are read into; others may use it between calls.
    init(_ buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

    func forget() {
        notes.removeAll(keepingCapacity: true)
        isIncomplete = false
    }

    /// Whether there is any, and all that was read still says what it said.
    var holds: Bool {
        notes.withUnsafeBufferPointer { notes in
            guard let start = notes.baseAddress, !notes.isEmpty, !isIncomplete else { return false }
            var at = 0
            while at < notes.count {
                let seen = UnsafeRawPointer(start + at + 1).loadUnaligned(as: UInt64.self)
                var end = at + Self.headBytes
                let path = UnsafeRawPointer(start + end).assumingMemoryBound(to: CChar.self)
                guard let kind = Kind(rawValue: notes[at]), imprint(kind, path) == seen else { return false }
                while notes[end] != 0 { end += 1 }
                at = end + 1
            }
            return true
        }
    }

    // MARK: Reading, with a note of it

    /// The file's bytes; nil where it can't be read, or is no attribute by its length.
    func bytes(_ path: String) -> [UInt8]? {
        let count = path.withCString { read($0) }
        append(.file, path, imprint(ofFile: count))
        return count < 0 ? nil : Array(buffer[..<count])
    }

    /// The file's text, cut from its end's NUL or newline; nil when empty.
    func text(_ path: String) -> String? {
        guard let bytes = bytes(path) else { return nil }
        let trimmed = Text.trimmed(bytes[...])
        return trimmed.isEmpty ? nil : Text.string(trimmed)
    }

    /// The file's whole number within `bounds`, or nil.
    func integer(_ path: String, in bounds: ClosedRange<Int64>) -> Int64? {
        guard let bytes = bytes(path), let value = Text.integer(Text.trimmed(bytes[...])),
            bounds.contains(value)
        else { return nil }
        return value
    }

    /// Names in a folder; none when it can't be read.
    func names(_ path: String) -> [String] {
        // The imprint first: what changes in between, the next look finds.
        note(.folder, path)
        return OneShot.names(path)
    }

    /// The size that the machine's memory is taken for, bytes; nil while it can't be read.
    func memoryBytes(_ path: String) -> UInt64? {
        let size = note(.memory, path)
        return size == 0 ? nil : size
    }

    func processors(_ path: String) -> ProcessorInfo {
        ProcessorInfo(imprint: note(.processors, path) ?? 0)
    }

    @discardableResult
    private func note(_ kind: Kind, _ path: String) -> UInt64? {
        let seen = path.withCString { imprint(kind, $0) }
        append(kind, path, seen)
        return seen
    }

    private func append(_ kind: Kind, _ path: String, _ seen: UInt64?) {
        guard let seen else {
            isIncomplete = true
            return
        }
        notes.append(kind.rawValue)
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            notes.append(UInt8(truncatingIfNeeded: seen >> shift))
        }
        for byte in path.utf8 { notes.append(byte) }
        notes.append(0)
    }

    // MARK: Imprints

    /// What would be read now: 0 for nothing, nil for more names than can be told apart.
    private func imprint(_ kind: Kind, _ path: UnsafePointer<CChar>) -> UInt64? {
        switch kind {
        case .file: return imprint(ofFile: read(path))
        case .folder: return FileSystem.imprint(path, using: buffer)
        case .memory:
            let count = FileSystem.read(path, into: buffer)
            guard count >= 0 else { return 0 }
            let text = UnsafeBufferPointer(rebasing: buffer[..<count])
            return MemoryInfo.parse(text).map { HardwareRecord.rounded(memoryTotal: $0.totalBytes) } ?? 0
        case .processors:
            var info = ProcessorInfo()
            FileSystem.forEachLine(of: path, using: buffer) { info.take(line: $0) }
            return info.imprint
        }
    }

    private func read(_ path: UnsafePointer<CChar>) -> Int {
        FileSystem.read(path, into: UnsafeMutableBufferPointer(rebasing: buffer[..<Self.fileBytesMost]))
    }

    private func imprint(ofFile count: Int) -> UInt64 {
        count < 0 ? 0 : FileSystem.imprint(of: UnsafeBufferPointer(rebasing: buffer[..<count]))
    }
}
