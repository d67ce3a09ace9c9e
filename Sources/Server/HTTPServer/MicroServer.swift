// An HTTP/1.1 server: libmicrohttpd with epoll and a small pool of threads, and what the library
// leaves to its user: bodies bounded while they arrive, slow clients cut, replies that may come later
// from another thread, and a stop that answers everybody first. It serves until it is told to stop.

import CMicrohttpd
import Glibc
import Synchronization

public final class MicroServer: @unchecked Sendable {
    // Unchecked: the daemon's pointer is written in init and taken by `stop`, once; the library's
    // functions on it may be called from any thread.
    public typealias Handler = @Sendable (HTTPRequest, Responder) -> Void
    /// Asked before the body is received.
    public typealias BodyLimit = @Sendable (HTTPHead) -> BodyRule

    public struct TLS: Sendable {
        public let certificate: [UInt8]
        public let key: [UInt8]
        /// What GnuTLS deems sound, without the versions that RFC 8996 took out of use.
        static let priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

        public init(certificate: [UInt8], key: [UInt8]) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// `127.0.0.1:8440`, with the port really bound.
    public let address: String
    public let port: UInt16
    public let isEncrypted: Bool
    let limits: HTTPLimits
    let handler: Handler
    let bodyLimit: BodyLimit
    let slow = SlowConnections()
    let inFlight = InFlight()
    let oversizedTotal = Atomic<Int>(0)
    let buffered = BufferedBytes()
    let fullTotal = Atomic<Int>(0)
    private var daemon: OpaquePointer?
    private let isStopped = Atomic<Bool>(false)

    public init(
        listen: String, tls: TLS? = nil, limits: HTTPLimits = HTTPLimits(),
        bodyLimit: @escaping BodyLimit, handler: @escaping Handler
    ) throws(HTTPServerFault) {
        let socket = try ListeningSocket(listen, backlog: limits.backlog)
        address = socket.address
        port = socket.port
        isEncrypted = tls != nil
        self.limits = limits
        self.handler = handler
        self.bodyLimit = bodyLimit
        daemon = nil
        // The daemon's threads hold the server until it is stopped: it can't end under their feet.
        let this = Unmanaged.passRetained(self)
        daemon = start(socket.descriptor, tls, this.toOpaque())
        guard daemon != nil else {
            this.release()
            close(socket.descriptor)
            throw .cannotStart(isEncrypted: tls != nil)
        }
    }

    /// Whether an address to listen on is reached from this machine alone.
    public static func isLocal(_ listen: String) -> Bool { ListeningSocket.isLoopback(listen) }

    public var connectionCount: Int { slow.count }
    public var inFlightCount: Int { inFlight.count.load(ordering: .acquiring) }
    public var cutTotal: Int { slow.cutTotal.load(ordering: .relaxed) }
    /// Bytes of bodies in memory, of requests that aren't answered yet.
    public var bufferedByteCount: Int { buffered.count.load(ordering: .relaxed) }
    /// Requests refused because others' bodies filled the memory set aside for them.
    public var crowdedOutTotal: Int { fullTotal.load(ordering: .relaxed) }
    /// Requests refused for the size of their body.
    public var refusedBodiesTotal: Int { oversizedTotal.load(ordering: .relaxed) }

    /// Cuts clients that are too slow; to be called about once a second.
    public func cutSlowConnections() {
        slow.cut(olderThanMs: Int64(limits.requestSeconds) * 1000)
    }

    /// Accepts nobody any more, lets `drain` answer what is held, waits for every answer, then ends.
    public func stop(drain: () -> Void = {}) {
        guard !isStopped.exchange(true, ordering: .acquiringAndReleasing), let daemon else { return }
        let socket = MHD_quiesce_daemon(daemon)
        drain()
        // The handlers' owners answer on their own; 5 s is beyond the slowest commit seen.
        for _ in 0..<500 where inFlightCount > 0 { usleep(10_000) }
        // What was answered just now still has to leave through the sockets.
        usleep(50_000)
        if inFlightCount == 0 {
            MHD_stop_daemon(daemon)
            self.daemon = nil
            Unmanaged.passUnretained(self).release()
        }
        // Otherwise the daemon is left to the process's end: the library would abort on a suspended one.
        if socket >= 0 { close(socket) }
    }

    private func start(
        _ socket: Int32, _ tls: TLS?, _ this: UnsafeMutableRawPointer
    ) -> OpaquePointer? {
        var flags = MHD_USE_EPOLL_INTERNAL_THREAD.rawValue | MHD_ALLOW_SUSPEND_RESUME.rawValue
        var options: [MHD_OptionItem] = [
            option(.LISTEN_SOCKET, Int(socket)),
            option(.CONNECTION_MEMORY_LIMIT, limits.connectionMemoryBytes),
            option(.CONNECTION_LIMIT, Int(limits.connectionCountMax)),
            option(.CONNECTION_TIMEOUT, Int(limits.requestSeconds)),
            option(.THREAD_POOL_SIZE, Int(limits.threadCount)),
            option(.SIGPIPE_HANDLED_BY_APP, 1),
        ]
        options.append(callback(.URI_LOG_CALLBACK, Callbacks.requestLine, this))
        options.append(callback(.NOTIFY_COMPLETED, Callbacks.completed, this))
        options.append(callback(.NOTIFY_CONNECTION, Callbacks.connection, this))
        var texts: [UnsafeMutablePointer<CChar>] = []
        defer { texts.forEach { free($0) } }
        if let tls {
            flags |= MHD_USE_TLS.rawValue
            for (name, bytes): (MHD_OPTION, [UInt8]) in [
                (.HTTPS_MEM_CERT, tls.certificate), (.HTTPS_MEM_KEY, tls.key),
                (.HTTPS_PRIORITIES, Array(TLS.priorities.utf8)),
            ] {
                guard let text = strndup(bytes.map { CChar(bitPattern: $0) } + [0], bytes.count)
                else { return nil }
                texts.append(text)
                options.append(MHD_OptionItem(option: name, value: 0, ptr_value: text))
            }
        }
        options.append(option(.END, 0))
        // One variadic argument that is an array: the options' own C types (unsigned, size_t) differ,
        // and a Swift Int in the place of an unsigned is a trap for another architecture.
        return options.withUnsafeMutableBufferPointer { options in
            withVaList([
                Int32(bitPattern: MHD_OPTION.ARRAY.rawValue),
                options.baseAddress.map { OpaquePointer($0) } ?? OpaquePointer(this),
                Int32(bitPattern: MHD_OPTION.END.rawValue),
            ]) {
                MHD_start_daemon_va(flags, 0, nil, nil, Callbacks.access, this, $0)
            }
        }
    }

    private func option(_ name: MHD_OPTION, _ value: Int) -> MHD_OptionItem {
        MHD_OptionItem(option: name, value: value, ptr_value: nil)
    }

    private func callback<Function>(
        _ name: MHD_OPTION, _ function: Function, _ closure: UnsafeMutableRawPointer
    ) -> MHD_OptionItem {
        MHD_OptionItem(
            option: name, value: unsafeBitCast(function, to: Int.self), ptr_value: closure)
    }
}
