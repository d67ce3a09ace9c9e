// A kernel file that is read at every cycle: one pread(2) on a descriptor that stays open, into a
// buffer that all such files share. Neither a heap allocation nor a thrown error, since a sensor that
// fails is as ordinary as one that speaks.
//
// `OpenFile` is the comfortable one for files read now and then.

import CPosix

public final class HeldFile {
    /// How much of the file one read gives.
    public enum Extent: Sendable {
        /// All of it: an attribute of sysfs, or a file of /proc that the kernel writes as one record.
        /// One that fills the buffer is too long.
        case whole
        /// All of it, in several reads: a file of /proc that is a list, which may come in pages.
        case list
        /// As much as the buffer takes; the rest isn't wanted.
        case head
    }

    public let path: String
    private let extent: Extent
    private var descriptor: Int32 = -1
    private var isKernels = false

    public init(_ path: String, _ extent: Extent = .whole) {
        self.path = path
        self.extent = extent
    }

    deinit { close() }

    /// Reads the file from its first byte.
    /// - Returns: the bytes read, or the error's number, negative.
    public func read(into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        // A file replaced by a rename would otherwise show its old content for ever.
        if descriptor >= 0, !isKernels, cposix_is_nameless(descriptor) == 1 { close() }
        if descriptor >= 0 {
            let count = load(buffer)
            guard count < 0 else { return count }
            // Opened again by its name: now, where the device went and perhaps came back; at the next
            // read after any other failure.
            close()
            guard Errno(code: Int32(truncatingIfNeeded: -count)).isStale else { return count }
        }
        let opened = path.withCString { cposix_open_read(CPOSIX_CWD, $0) }
        guard opened >= 0 else { return Int(opened) }
        descriptor = opened
        isKernels = cposix_is_kernel_file(opened) == 1
        let count = load(buffer)
        if count < 0 { close() }
        return count
    }

    private func load(_ buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        switch extent {
        case .head: return cposix_pread(descriptor, buffer.baseAddress, buffer.count, 0)
        case .list:
            guard isKernels else {
                return cposix_pread_all(descriptor, buffer.baseAddress, buffer.count)
            }
            return cposix_pread_list(descriptor, buffer.baseAddress, buffer.count)
        case .whole:
            let count = cposix_pread(descriptor, buffer.baseAddress, buffer.count, 0)
            return count == buffer.count ? -Int(CPOSIX_EFBIG) : count
        }
    }

    private func close() {
        if descriptor >= 0 { _ = cposix_close(descriptor) }
        descriptor = -1
    }
}

extension FileSystem {
    /// Whether the file is one of the kernel's (sysfs, procfs, cgroup2).
    public static func isKernels(_ path: String) -> Bool {
        let opened = path.withCString { cposix_open_read(CPOSIX_CWD, $0) }
        guard opened >= 0 else { return false }
        defer { _ = cposix_close(opened) }
        return cposix_is_kernel_file(opened) == 1
    }
}

/// A file that the kernel was told something through, and that wakes who polls it for `.priority`.
public struct Trigger: ~Copyable {
    public let descriptor: Int32

    /// Opens the file and writes `text` into it, its end included.
    public init(_ path: String, _ text: StaticString) throws(Errno) {
        let opened = text.withUTF8Buffer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { chars in
                path.withCString { cposix_open_trigger(CPOSIX_CWD, $0, chars.baseAddress, chars.count) }
            }
        }
        descriptor = try checked(opened)
    }

    /// Opens the file to be watched for changes alone.
    public init(watching path: String) throws(Errno) {
        descriptor = try checked(path.withCString { cposix_open_read(CPOSIX_CWD, $0) })
    }

    /// Takes note of what changed, so that the next change is one.
    /// - Returns: false when the file is gone: it would be ready for ever.
    public func rearm() -> Bool {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1024) { buffer in
            cposix_pread(descriptor, buffer.baseAddress, buffer.count, 0) >= 0
        }
    }

    deinit { _ = cposix_close(descriptor) }
}
