// A file that is replaced as a whole, again and again, at the price of four system calls and no text.

import CPosix

/// A file in memory that is replaced again and again: a reader sees the old one or the new, whole. Not
/// a file that survives a power cut (`FileSystem.replace` is for those), nor one for the owner alone.
public struct ReplacedFile: Sendable {
    public let path: String
    private let temporary: String
    private let mode: UInt32
    private let isCut: Bool

    public init(_ path: String, mode: UInt32 = 0o644) {
        self.path = path
        self.mode = mode
        temporary = "\(path).\(cposix_process_id()).tmp"
        isCut = cposix_mask_cuts(mode) == 1
    }

    public func replace(with bytes: UnsafeBufferPointer<UInt8>) throws(Errno) {
        try checked(
            path.withCString { path in
                temporary.withCString { temporary in
                    cposix_replace_by(
                        path, temporary, bytes.baseAddress, bytes.count, mode, isCut ? 1 : 0)
                }
            })
    }
}
