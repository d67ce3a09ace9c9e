// Small state that is worth keeping and safe to lose: a snapshot under a name, replaced in one step,
// with a checksum and the hardware it belongs to.
//
//   "PHK1" · hardware hash 32 · length u32 · bytes · CRC-32C u32
//
// A file of another board is set aside, not used and not overwritten; one that doesn't hold is void.

import Bytes
import Digest
import Precision
import System

public struct KeptFile: Sendable {
    public enum Finding: Equatable, Sendable {
        case none
        case kept([UInt8])
        case damaged
        /// Of other hardware: set aside under this name.
        case setAside(String)
    }

    private static let magic: [UInt8] = [0x50, 0x48, 0x4b, 0x31]
    private static let frameBytes = 4 + 32 + 4 + 4
    /// A pool of the largest budget, and its directory.
    private static let bytesMax = 80 << 20

    public let path: String

    public init(_ path: String) { self.path = path }

    /// The file's size once `bytes` are in it.
    public static func size(of bytes: [UInt8]) -> Int { bytes.count + frameBytes }

    public func write(_ bytes: [UInt8], hardware: Digest32) throws(Errno) {
        // What was learned on other hardware is set aside first.
        _ = try read(hardware: hardware)
        var sink = ByteSink(reserving: Self.frameBytes + bytes.count)
        sink.append(Self.magic)
        sink.append(hardware.bytes)
        sink.append32(UInt32(bytes.count))
        sink.append(bytes)
        sink.append32(sink.bytes.withUnsafeBytes { Checksum.crc32c($0) })
        try FileSystem.replace(path, with: sink.bytes, mode: 0o600, durable: true)
    }

    public func read(hardware: Digest32) throws(Errno) -> Finding {
        let raw: [UInt8]
        do throws(Errno) { raw = try FileSystem.read(path, limit: Self.bytesMax) } catch {
            if error.isMissing { return .none }
            throw error
        }
        guard raw.count >= Self.frameBytes, Array(raw[..<4]) == Self.magic else { return .damaged }
        let holds = raw.withUnsafeBytes { bytes in
            let length = Int(
                UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 36, as: UInt32.self)))
            let crc = UInt32(
                littleEndian: bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self))
            return length == bytes.count - Self.frameBytes
                && crc == Checksum.crc32c(UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)]))
        }
        guard holds, let owner = Digest32(Array(raw[4..<36])) else { return .damaged }
        guard owner == hardware else {
            let aside = "\(path).of-\(Text.string(Array(owner.hex.utf8)[..<8]))"
            try FileSystem.rename(path, to: aside)
            return .setAside(aside)
        }
        return .kept(Array(raw[40..<(raw.count - 4)]))
    }

    /// Gone, or never there.
    public func remove() throws(Errno) {
        do throws(Errno) { try FileSystem.remove(path) } catch {
            guard error.isMissing else { throw error }
        }
    }
}
