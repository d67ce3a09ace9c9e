// A file that records are appended to and synced, or that one record is rewritten in.

import CPosix

/// Appends; what `append` wrote is on the disk after `sync`.
public struct GrowingFile: ~Copyable {
    private let descriptor: Int32

    public init(_ path: String, mode: UInt32 = 0o600) throws(Errno) {
        descriptor = try checked(path.withCString { cposix_open_append($0, mode) })
    }

    deinit { _ = cposix_close(descriptor) }

    public func append(_ bytes: [UInt8]) throws(Errno) {
        try checked(
            bytes.withUnsafeBufferPointer {
                cposix_write_all(descriptor, $0.baseAddress, $0.count)
            })
    }

    public func sync() throws(Errno) { try checked(cposix_sync_data(descriptor)) }

    /// Cuts the file's end off.
    public func truncate(to bytes: Int) throws(Errno) {
        try checked(cposix_truncate(descriptor, Int64(bytes)))
    }
}

/// One small record, rewritten in place with one write: for a file in memory (tmpfs), since on a card
/// a power cut could leave half of it.
public struct RecordFile: ~Copyable {
    private let descriptor: Int32

    public init(_ path: String, mode: UInt32 = 0o600) throws(Errno) {
        descriptor = try checked(path.withCString { cposix_open_record($0, mode) })
    }

    deinit { _ = cposix_close(descriptor) }

    public func write(_ bytes: UnsafeRawBufferPointer) throws(Errno) {
        let written = try checked(
            cposix_pwrite(
                descriptor, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, 0))
        guard written == bytes.count else { throw .inputOutput }
    }
}

extension FileSystem {
    /// Names made or removed in the folder survive a power cut from now on.
    public static func syncFolder(_ path: String) throws(Errno) {
        try checked(path.withCString { cposix_sync_folder($0) })
    }
}

extension Errno {
    /// The disk, or this user's share of it, is full.
    public var isNoSpace: Bool { code == CPOSIX_ENOSPC || code == CPOSIX_EDQUOT }
    public var isReadOnly: Bool { code == CPOSIX_EROFS }
}
