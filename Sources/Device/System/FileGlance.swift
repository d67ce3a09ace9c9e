// Files and folders looked at in memory that is there already: for whoever looks again and again, and mostly
// sees the same. Names are C strings, which a list of paths can hold without a text for each.

import Bytes
import CPosix

extension FileSystem {
    /// The whole file, in the buffer.
    /// - Returns: the bytes read, or the error's number, negative; a file that doesn't fit is an error.
    public static func read(
        _ path: UnsafePointer<CChar>, into buffer: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        cposix_read_file(CPOSIX_CWD, path, buffer.baseAddress, buffer.count)
    }

    /// Calls `body` with each line of a file of any length; none where it can't be read. Of a line longer
    /// than the buffer come the pieces.
    public static func forEachLine(
        of path: UnsafePointer<CChar>, using buffer: UnsafeMutableBufferPointer<UInt8>,
        _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        let opened = cposix_open_read(CPOSIX_CWD, path)
        guard opened >= 0, let start = buffer.baseAddress else { return }
        defer { _ = cposix_close(opened) }
        var position: Int64 = 0
        var kept = 0
        while true {
            let count = cposix_pread(opened, start + kept, buffer.count - kept, position)
            guard count > 0 else { break }
            position += Int64(count)
            let filled = kept + count
            var line = 0
            for index in kept..<filled where buffer[index] == 0x0a {
                body(UnsafeBufferPointer(rebasing: buffer[line..<index]))
                line = index + 1
            }
            if line == 0, filled == buffer.count {
                body(UnsafeBufferPointer(buffer))
                line = filled
            }
            kept = filled - line
            for index in 0..<kept { buffer[index] = buffer[line + index] }
        }
        if kept > 0 { body(UnsafeBufferPointer(rebasing: buffer[..<kept])) }
    }

    /// A number that differs when another name stands in the folder, one is gone, or their order moved; 0
    /// when it can't be read, nil when there are more names than the buffer holds, so that nobody knows.
    /// The buffer holds the names meanwhile.
    public static func imprint(
        _ path: UnsafePointer<CChar>, using buffer: UnsafeMutableBufferPointer<UInt8>
    ) -> UInt64? {
        let used = buffer.withMemoryRebound(to: CChar.self) { names in
            cposix_list(CPOSIX_CWD, path, names.baseAddress, names.count)
        }
        if used == -Int(CPOSIX_EFBIG) { return nil }
        return used < 0 ? 0 : imprint(of: UnsafeBufferPointer(rebasing: buffer[..<used]))
    }

    public static func imprint(of bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var imprint = Imprint()
        imprint.add(bytes)
        return imprint.value
    }
}
