// Unix stream sockets and a set of descriptors to wait for. Nothing here blocks but `ReadySet.wait`.

import CPosix

/// An open stream socket; closed when it is let go of.
public final class LocalSocket {
    /// Longest path of a socket, bytes. https://man7.org/linux/man-pages/man7/unix.7.html
    public static let pathBytesMax = Int(CPOSIX_SOCKET_PATH_MAX)

    /// Who was at the other end when it connected.
    public struct Peer: Equatable, Sendable {
        public var process: Int32
        public var user: UInt32
        public var group: UInt32
    }

    let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { _ = cposix_close(descriptor) }

    /// Listens at `path`, which must not exist; for the owner alone until `open(path:)`.
    public static func listen(_ path: String, waiting: Int32) throws(Errno) -> LocalSocket {
        LocalSocket(try checked(path.withCString { cposix_local_listen($0, waiting) }))
    }

    public static func connect(_ path: String) throws(Errno) -> LocalSocket {
        LocalSocket(try checked(path.withCString { cposix_local_connect($0) }))
    }

    /// The next connection; nil when none waits.
    public func accept() throws(Errno) -> LocalSocket? {
        let result = cposix_local_accept(descriptor)
        if result == -CPOSIX_EAGAIN { return nil }
        return LocalSocket(try checked(result))
    }

    public var peer: Peer? {
        var found = cposix_peer()
        guard cposix_local_peer(descriptor, &found) == 0 else { return nil }
        return Peer(process: found.pid, user: found.user, group: found.group)
    }

    /// What the kernel may hold of what was sent and not read yet, roughly.
    public func limitSendBuffer(bytes: Int) {
        _ = cposix_socket_set_send_buffer(descriptor, Int32(clamping: bytes))
    }

    /// Appends what has come, at most `capacity` bytes, and tells how many; nil when there is nothing
    /// now, 0 at the end.
    public func receive(into bytes: inout [UInt8], capacity: Int) throws(Errno) -> Int? {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: capacity))
        let result = bytes.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return -Int(CPOSIX_EINVAL) }
            return cposix_socket_receive(descriptor, base + start, capacity)
        }
        bytes.removeLast(capacity - max(0, result))
        if result == -Int(CPOSIX_EAGAIN) { return nil }
        return try checked(result)
    }

    /// How many of the bytes were taken; 0 when none can be now.
    public func send(_ bytes: ArraySlice<UInt8>) throws(Errno) -> Int {
        guard !bytes.isEmpty else { return 0 }
        let result = bytes.withUnsafeBufferPointer {
            cposix_socket_send(descriptor, $0.baseAddress, $0.count)
        }
        if result == -Int(CPOSIX_EAGAIN) { return 0 }
        return try checked(result)
    }

    /// Waits until it can be read (or written); false after the timeout.
    public func wait(for wanted: Readiness, timeoutMs: Int) throws(Errno) -> Bool {
        var items = [PollItem(descriptor, wanted)]
        return try PollItem.wait(&items, timeoutMs: timeoutMs) > 0
    }
}

extension FileSystem {
    /// Whether `path` itself, not what it links to, is a socket.
    public static func isSocket(_ path: String) throws(Errno) -> Bool {
        try checked(path.withCString { cposix_is_socket($0) }) == 1
    }

    public static func changeMode(_ path: String, _ mode: UInt32) throws(Errno) {
        try checked(path.withCString { cposix_change_mode($0, mode) })
    }

    public static func changeGroup(_ path: String, _ group: UInt32) throws(Errno) {
        try checked(path.withCString { cposix_change_group($0, group) })
    }
}

extension Process {
    /// The effective user id.
    public static var userID: UInt32 { cposix_user_id() }
}

/// Sockets by tag, with what is wanted of each. Its own descriptor can be polled: it is readable
/// while a member is ready, so a loop that waits for other things takes it in as one more.
public final class ReadySet {
    public let descriptor: Int32
    private var items = [cposix_epoll_item](repeating: cposix_epoll_item(), count: 32)

    public init() throws(Errno) { descriptor = try checked(cposix_epoll_open()) }

    deinit { _ = cposix_close(descriptor) }

    public func add(_ socket: LocalSocket, tag: UInt64, _ wanted: Readiness = .read) throws(Errno) {
        try checked(cposix_epoll_set(descriptor, socket.descriptor, wanted.rawValue, tag, 1))
    }

    /// With nothing wanted it still tells of an error or hang-up.
    public func change(_ socket: LocalSocket, tag: UInt64, _ wanted: Readiness) throws(Errno) {
        try checked(cposix_epoll_set(descriptor, socket.descriptor, wanted.rawValue, tag, 0))
    }

    /// Members that are ready, at most 32 at a time: the others are told by the next call.
    public func wait(timeoutMs: Int) -> [(tag: UInt64, ready: Readiness)] {
        let count = items.withUnsafeMutableBufferPointer {
            cposix_epoll_wait(
                descriptor, $0.baseAddress, Int32($0.count), Int32(clamping: timeoutMs))
        }
        return items.prefix(Int(max(0, count))).map { ($0.tag, Readiness(rawValue: $0.ready)) }
    }
}
