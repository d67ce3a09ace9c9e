// Files by path. Everything that must survive a power cut goes through `replace`; a kernel file is
// written with `writeExisting`. Reading never blocks on a FIFO and never exceeds its limit.

import CPosix

public enum FileSystem {
    public struct Status: Equatable, Sendable {
        public var sizeBytes: Int64
        /// Milliseconds since 1970.
        public var modifiedMs: Int64
        /// Permission bits, e.g. 0o600.
        public var mode: UInt32
        /// User id.
        public var owner: UInt32
        public var isFolder: Bool
        public var isRegular: Bool
    }

    /// The whole file. Throws `tooLong` beyond `limit` bytes.
    public static func read(_ path: String, limit: Int = 1 << 20) throws(Errno) -> [UInt8] {
        // Files under /proc and /sys tell no size: grow from a page until the file fits.
        var capacity = min(limit, 4096)
        while true {
            var buffer = [UInt8](repeating: 0, count: capacity)
            let count = buffer.withUnsafeMutableBufferPointer { bytes in
                path.withCString {
                    cposix_read_file(CPOSIX_CWD, $0, bytes.baseAddress, bytes.count)
                }
            }
            if count == -Int(CPOSIX_EFBIG), capacity < limit {
                capacity = min(limit, capacity * 8)
                continue
            }
            buffer.removeLast(capacity - max(0, try checked(count)))
            return buffer
        }
    }

    /// Replaces the file in one step: a reader sees the old or the new, whole. With `durable`, so
    /// does whoever looks after a power cut.
    public static func replace(
        _ path: String, with bytes: [UInt8], mode: UInt32 = 0o644, durable: Bool = true
    ) throws(Errno) {
        try checked(
            bytes.withUnsafeBufferPointer { source in
                path.withCString {
                    cposix_replace($0, source.baseAddress, source.count, mode, durable ? 1 : 0)
                }
            })
    }

    /// Writes into a file that is there, in one write(2), and creates none.
    public static func writeExisting(_ path: String, _ bytes: [UInt8]) throws(Errno) {
        try checked(
            bytes.withUnsafeBufferPointer { source in
                path.withCString {
                    cposix_write_existing(CPOSIX_CWD, $0, source.baseAddress, source.count)
                }
            })
    }

    /// Appends, creating the file when it is missing.
    public static func append(
        _ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644
    ) throws(Errno) {
        try checked(
            bytes.withUnsafeBufferPointer { source in
                path.withCString { cposix_append($0, source.baseAddress, source.count, mode) }
            })
    }

    /// Makes the folder and those above it that are missing.
    public static func makeFolder(_ path: String, mode: UInt32 = 0o755) throws(Errno) {
        try checked(path.withCString { cposix_make_directories($0, mode) })
    }

    /// The names in a folder, sorted by their bytes; at most 4 MiB of them.
    public static func list(_ path: String) throws(Errno) -> [String] {
        var buffer = [CChar](repeating: 0, count: 64 << 10)
        func list() -> Int {
            buffer.withUnsafeMutableBufferPointer { names in
                path.withCString { cposix_list(CPOSIX_CWD, $0, names.baseAddress, names.count) }
            }
        }
        var used = list()
        while used == -Int(CPOSIX_EFBIG), buffer.count < 4 << 20 {
            buffer = [CChar](repeating: 0, count: 4 * buffer.count)
            used = list()
        }
        try checked(used)
        var names: [[UInt8]] = []
        for name in buffer[..<used].split(separator: 0) {
            names.append(name.map { UInt8(bitPattern: $0) })
        }
        names.sort { $0.lexicographicallyPrecedes($1) }
        return names.map { String(decoding: $0, as: UTF8.self) }
    }

    public static func status(_ path: String) throws(Errno) -> Status {
        var found = cposix_status()
        try checked(path.withCString { cposix_status(CPOSIX_CWD, $0, &found) })
        return Status(
            sizeBytes: found.size, modifiedMs: found.modified_ms, mode: found.mode,
            owner: found.owner, isFolder: found.is_directory != 0,
            isRegular: found.is_regular != 0)
    }

    public static func exists(_ path: String) -> Bool {
        path.withCString { cposix_exists(CPOSIX_CWD, $0) } == 1
    }

    public static func isWritable(_ path: String) -> Bool {
        path.withCString { cposix_is_writable(CPOSIX_CWD, $0) } == 1
    }

    public static func remove(_ path: String) throws(Errno) {
        try checked(path.withCString { cposix_unlink($0) })
    }

    /// An empty folder; a cgroup is empty when no process is left in it, whatever files it shows.
    public static func removeFolder(_ path: String) throws(Errno) {
        try checked(path.withCString { cposix_remove_directory($0) })
    }

    public static func rename(_ path: String, to other: String) throws(Errno) {
        try checked(path.withCString { old in other.withCString { cposix_rename(old, $0) } })
    }
}

/// A lock on a state folder, so that two agents never share it. Held until it is let go of; the
/// kernel lets go of it when the process dies, however it dies.
public struct Lock: ~Copyable {
    private let descriptor: Int32

    /// Throws `wouldBlock` when another process holds it.
    public init(_ path: String) throws(Errno) {
        descriptor = try checked(path.withCString { cposix_lock($0) })
    }

    deinit { _ = cposix_close(descriptor) }
}
