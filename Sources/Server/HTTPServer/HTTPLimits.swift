// Every limit of the server in one place, each beside its reason.

public struct HTTPLimits: Sendable {
    /// Sockets at once. A fleet of 20,000 may hold one connection each; beyond that the kernel's
    /// file limit has to be raised by the operator first.
    public var connectionCountMax: UInt32 = 20_000
    /// libmicrohttpd's pool for one connection: headers and the window through which a body passes.
    /// Our requests' headers are below 600 bytes; the default of 32 KiB costs 33 KB when idle.
    public var connectionMemoryBytes = 4096
    /// Seconds in which a head, and then a body, must have arrived in full, and which a connection may
    /// stay idle. Who dribbles a byte now and then is cut as well as who says nothing.
    public var requestSeconds: UInt32 = 60
    /// One daemon thread per core of a small server.
    public var threadCount: UInt32 = 2
    /// A body that is this many times over its limit isn't even read to its end.
    public var overrunFactor = 4
    /// Of a request that is refused by its head, a body up to here is read and dropped, so that the
    /// connection lives on and the refusal isn't lost with it; a longer one is answered at once.
    public var drainedBytesMax = 16_384
    /// Bodies held in memory at once, of all connections: thousands of senders that stop half-way
    /// would else fill it, and a server of 512 MB is killed.
    public var bufferedBytesMax = 128 << 20
    /// Connections the kernel queues while all threads are busy.
    public var backlog: Int32 = 1024

    public init() {}
}

/// Why the server can't listen, with what to do about it.
public enum HTTPServerFault: Error, Equatable, Sendable {
    case badAddress(String)
    case cannotListen(String, errno: Int32)
    /// libmicrohttpd refused to start: with certificates, they are the likely cause.
    case cannotStart(isEncrypted: Bool)

    public var text: String {
        switch self {
        case .badAddress(let text): "'\(text)' is no address and port"
        case .cannotListen(let text, let code): "can't listen on \(text) (errno \(code))"
        case .cannotStart(true): "the HTTPS server doesn't start"
        case .cannotStart(false): "the HTTP server doesn't start"
        }
    }

    public var hint: String {
        switch self {
        case .badAddress: "use ADDRESS:PORT, for instance 0.0.0.0:8440 or [::]:8440"
        case .cannotListen: "is another program on that port (ss -ltnp), or the address of another machine?"
        case .cannotStart(true): "check that server.crt and server.key are PEM and belong together"
        case .cannotStart(false): "check the limit of open files (ulimit -n)"
        }
    }
}
