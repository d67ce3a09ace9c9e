// A file that is read again and again: its descriptor stays open and its buffer is reused, since a
// walk down /sys costs more than the read. When the device behind it goes, it is opened anew.

import CPosix

public final class OpenFile {
    public let path: String
    private var descriptor: Int32 = -1
    private var buffer: [UInt8]

    /// `limit` bytes are plenty for a kernel attribute, whose pages end at 4096.
    /// https://docs.kernel.org/filesystems/sysfs.html
    public init(_ path: String, limit: Int = 4096) {
        self.path = path
        buffer = [UInt8](repeating: 0, count: limit)
    }

    deinit { close() }

    /// What the file says now, from its first byte; a slice of the reused buffer.
    public func read() throws(Errno) -> ArraySlice<UInt8> {
        // A file replaced by a rename would otherwise show its old content for ever.
        if descriptor >= 0, cposix_is_nameless(descriptor) == 1 { close() }
        if descriptor >= 0 {
            let count = load()
            if count >= 0 { return buffer[..<count] }
            close()
            let error = Errno(code: Int32(truncatingIfNeeded: -count))
            guard error.isStale else { throw error }
        }
        descriptor = try checked(path.withCString { cposix_open_read(CPOSIX_CWD, $0) })
        let count = load()
        guard count >= 0 else {
            close()
            throw Errno(code: Int32(truncatingIfNeeded: -count))
        }
        return buffer[..<count]
    }

    private func load() -> Int {
        buffer.withUnsafeMutableBufferPointer {
            cposix_pread_all(descriptor, $0.baseAddress, $0.count)
        }
    }

    private func close() {
        if descriptor >= 0 { _ = cposix_close(descriptor) }
        descriptor = -1
    }
}
