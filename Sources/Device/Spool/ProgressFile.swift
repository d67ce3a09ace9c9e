// How far the agent has come, in the run folder (memory): one small record a cycle that outlives a kill,
// so that the next start knows to the sample what was lost. A power cut takes it along; then the
// last record on disk says what was at risk at most.
//
//   "PHP2" · kernel boot u64 · boot u64 · samples taken u64 · unrecorded u64 · bare u64 ·
//   write budget left i64 · CRC-32C u32

import AgentCore
import Precision
import System

public struct Progress: Equatable, Sendable {
    /// Which boot of the kernel: a run folder that isn't memory would show an older one's.
    public var kernel: UInt64
    public var boot: UInt64
    public var samplesTaken: UInt64
    /// Samples that neither the disk nor the aggregator has.
    public var atRisk: AtRisk
    public var writeLeftBytes: Int64

    public init(
        kernel: UInt64, boot: UInt64, samplesTaken: UInt64, atRisk: AtRisk, writeLeftBytes: Int64
    ) {
        self.kernel = kernel
        self.boot = boot
        self.samplesTaken = samplesTaken
        self.atRisk = atRisk
        self.writeLeftBytes = writeLeftBytes
    }
}

public struct ProgressFile: ~Copyable {
    private static let magic: UInt32 = 0x3250_4850
    private static let byteCount = 56
    private let file: RecordFile

    public init(_ path: String) throws(Errno) { file = try RecordFile(path) }

    public func write(_ progress: Progress) throws(Errno) {
        // On the stack: it is written with every cycle.
        var record = InlineArray<7, UInt64>(repeating: 0)
        try withUnsafeMutableBytes(of: &record) { raw throws(Errno) in
            func put<Word: FixedWidthInteger & BitwiseCopyable>(_ word: Word, at offset: Int) {
                raw.storeBytes(of: word.littleEndian, toByteOffset: offset, as: Word.self)
            }
            put(Self.magic, at: 0)
            put(progress.kernel, at: 4)
            put(progress.boot, at: 12)
            put(progress.samplesTaken, at: 20)
            put(progress.atRisk.unrecorded, at: 28)
            put(progress.atRisk.bare, at: 36)
            put(UInt64(bitPattern: progress.writeLeftBytes), at: 44)
            let end = Self.byteCount - 4
            put(Checksum.crc32c(UnsafeRawBufferPointer(rebasing: raw[..<end])), at: end)
            try file.write(UnsafeRawBufferPointer(raw))
        }
    }

    /// What the run before left; nil where nothing holds.
    public static func read(_ path: String) -> Progress? {
        guard let bytes = try? FileSystem.read(path, limit: 4096), bytes.count == byteCount else {
            return nil
        }
        return bytes.withUnsafeBytes { raw in
            func word(_ offset: Int) -> UInt64 {
                UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            }
            func half(_ offset: Int) -> UInt32 {
                UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            }
            let covered = UnsafeRawBufferPointer(rebasing: raw[..<(byteCount - 4)])
            guard half(0) == magic, half(byteCount - 4) == Checksum.crc32c(covered) else { return nil }
            var atRisk = AtRisk()
            (atRisk.unrecorded, atRisk.bare) = (word(28), word(36))
            return Progress(
                kernel: word(4), boot: word(12), samplesTaken: word(20), atRisk: atRisk,
                writeLeftBytes: Int64(bitPattern: word(44)))
        }
    }
}
