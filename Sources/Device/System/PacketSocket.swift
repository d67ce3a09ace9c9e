// Sockets of this machine that keep messages apart: one end writes a message, the other reads that
// message, whole. Who is at the other end is the kernel's word, not the peer's.

import CPosix

/// One end of a connection.
public final class PacketSocket {
    public let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Connects to an absolute path.
    public init(connectingTo path: String) throws(Errno) {
        descriptor = try checked(path.withCString { cposix_packet_connect($0) })
    }

    deinit { _ = cposix_close(descriptor) }

    /// User id of the process at the other end, at the time it connected.
    public var peerUser: UInt32? {
        var user: UInt32 = 0
        return cposix_peer_user(descriptor, &user) == 0 ? user : nil
    }

    public func send(_ message: [UInt8]) throws(Errno) {
        try checked(
            message.withUnsafeBufferPointer {
                cposix_packet_send(descriptor, $0.baseAddress, $0.count)
            })
    }

    /// The next message; nil when the other end is gone. Throws `wouldBlock` when none waits, and
    /// `tooLong` for one beyond `limit` bytes, which is lost.
    public func receive(limit: Int) throws(Errno) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: max(1, limit))
        let count = try checked(
            buffer.withUnsafeMutableBufferPointer {
                cposix_packet_receive(descriptor, $0.baseAddress, $0.count)
            })
        guard count > 0 else { return nil }
        guard count <= limit else { throw .tooLong }
        return Array(buffer[..<count])
    }

    /// Waits for a message; throws `wouldBlock` when none came in time.
    public func receive(limit: Int, timeoutMs: Int64) throws(Errno) -> [UInt8]? {
        let deadline = Clock.boottimeMs + timeoutMs
        while true {
            do throws(Errno) { return try receive(limit: limit) } catch {
                let left = deadline - Clock.boottimeMs
                guard error == .wouldBlock, left > 0 else { throw error }
                var items = [PollItem(descriptor)]
                try PollItem.wait(&items, timeoutMs: Int(left))
            }
        }
    }
}

/// A path at which others connect. It is removed with the listener.
public final class PacketListener {
    public let descriptor: Int32
    private let path: String

    /// Takes the place of a socket that an earlier process left; whoever may write in that folder is
    /// trusted. Throws when something else lies there.
    public init(_ path: String, mode: UInt32) throws(Errno) {
        if let found = try? FileSystem.status(path), found.isFolder || found.isRegular {
            throw .exists
        }
        do throws(Errno) { try FileSystem.remove(path) } catch {
            guard error.isMissing else { throw error }
        }
        descriptor = try checked(path.withCString { cposix_packet_listen($0, mode) })
        self.path = path
    }

    deinit {
        _ = cposix_close(descriptor)
        try? FileSystem.remove(path)
    }

    /// The next one that connected; nil when none waits.
    public func accept() -> PacketSocket? {
        let found = cposix_packet_accept(descriptor)
        return found >= 0 ? PacketSocket(descriptor: found) : nil
    }
}
