// An error of the operating system, as Swift sees it. CPosix returns -errno; nothing here reads a
// global errno.

import CPosix

public struct Errno: Error, Equatable, Sendable {
    /// The system's number, positive.
    public let code: Int32

    public init(code: Int32) { self.code = code }

    /// The system's words for it, e.g. "No such file or directory".
    public var text: String {
        guard let text = cposix_error_text(code) else { return "error \(code)" }
        return String(cString: text)
    }

    /// Nothing of that name.
    public var isMissing: Bool { code == CPOSIX_ENOENT || code == CPOSIX_ENOTDIR }

    /// The thing behind an open descriptor is gone: open it again by its name.
    public var isStale: Bool {
        code == CPOSIX_ENODEV || code == CPOSIX_ESTALE || code == CPOSIX_ENOENT
            || code == CPOSIX_ENXIO
    }

    /// No such process: it has ended.
    public var isGone: Bool { code == CPOSIX_ESRCH }

    public static let denied = Errno(code: CPOSIX_EACCES)
    public static let exists = Errno(code: CPOSIX_EEXIST)
    public static let gone = Errno(code: CPOSIX_ESRCH)
    public static let notFound = Errno(code: CPOSIX_ENOENT)
    public static let tooLong = Errno(code: CPOSIX_EFBIG)
    public static let wouldBlock = Errno(code: CPOSIX_EAGAIN)
    public static let inputOutput = Errno(code: CPOSIX_EIO)
    public static let invalid = Errno(code: CPOSIX_EINVAL)
    /// The kernel has the feature switched off.
    public static let unsupported = Errno(code: CPOSIX_EOPNOTSUPP)
    /// The caller isn't allowed to.
    public var isForbidden: Bool { code == CPOSIX_EPERM || code == CPOSIX_EACCES }
    /// The other end closed the connection.
    public var isHungUp: Bool { code == CPOSIX_EPIPE || code == CPOSIX_ECONNRESET }
    /// Nobody listens at that socket.
    public static let refused = Errno(code: CPOSIX_ECONNREFUSED)
    /// The socket's name is taken.
    public static let inUse = Errno(code: CPOSIX_EADDRINUSE)
}

/// A result of CPosix: the value, or the error in it.
@discardableResult
func checked(_ result: Int32) throws(Errno) -> Int32 {
    guard result >= 0 else { throw Errno(code: -result) }
    return result
}

@discardableResult
func checked(_ result: Int) throws(Errno) -> Int {
    guard result >= 0 else { throw Errno(code: Int32(truncatingIfNeeded: -result)) }
    return result
}
