// One request and its reply, from the request line to the last byte sent.
//
// The handler may answer at once, or keep the `Responder` and answer later from any thread; the
// connection is suspended meanwhile and costs no thread. The stages make the two orders of "the
// handler returned" and "somebody answered" meet safely:
//
//   receiving ─► open ─► suspended ─► answered ─► done
//                  └───────────────────▲

import CMicrohttpd
import Synchronization

final class Exchange: @unchecked Sendable {
    // Unchecked: `connection`, `target`, `body` and the flags are touched only by the daemon thread
    // that owns the connection; what other threads touch stands in `stage`, behind its lock.
    enum Stage {
        case receiving
        case open
        case suspended
        case answered(HTTPResponse)
        case done
    }

    let target: String
    let connection: OpaquePointer
    let inFlight: InFlight
    let buffered: BufferedBytes
    var clock: ConnectionClock?
    var body: [UInt8] = []
    var bodyLimit = 0
    var receivedBytes = 0
    /// The answer, whatever the body: nothing of it is kept.
    var refusal: HTTPResponse?
    private var bufferedBytes = 0
    private let stage = Mutex<Stage>(.receiving)

    init(target: String, connection: OpaquePointer, inFlight: InFlight, buffered: BufferedBytes) {
        self.target = target
        self.connection = connection
        self.inFlight = inFlight
        self.buffered = buffered
    }

    /// Keeps a piece of the body, within what all requests together may hold.
    /// - Returns: false where there is no room.
    func keep(_ piece: UnsafeRawBufferPointer, limit: Int) -> Bool {
        let total = buffered.count.add(piece.count, ordering: .relaxed).newValue
        bufferedBytes += piece.count
        guard total <= limit else {
            drop()
            return false
        }
        body.append(contentsOf: piece)
        return true
    }

    func drop() {
        body = []
        buffered.count.subtract(bufferedBytes, ordering: .relaxed)
        bufferedBytes = 0
    }

    var isReceiving: Bool {
        stage.withLock { if case .receiving = $0 { true } else { false } }
    }

    /// The handler gets the request now.
    func open() {
        stage.withLock { $0 = .open }
        inFlight.count.add(1, ordering: .acquiringAndReleasing)
    }

    /// After the handler returned: the reply, or nil with the connection suspended.
    func answerOrSuspend() -> HTTPResponse? {
        stage.withLock { stage in
            switch stage {
            case .answered(let response):
                stage = .done
                return response
            case .open:
                MHD_suspend_connection(connection)
                stage = .suspended
                return nil
            case .receiving, .suspended, .done: return nil
            }
        }
    }

    /// From any thread. The first answer counts, later ones and those to a client that has gone are dropped.
    func answer(_ response: HTTPResponse) {
        let wasPending = stage.withLock { stage in
            switch stage {
            case .open:
                stage = .answered(response)
                return true
            case .suspended:
                stage = .answered(response)
                // Under the lock: the connection can't be completed, and freed, before it is resumed.
                MHD_resume_connection(connection)
                return true
            case .receiving, .answered, .done: return false
            }
        }
        if wasPending { inFlight.count.subtract(1, ordering: .acquiringAndReleasing) }
    }

    /// The library is done with the request, whether the reply was sent or the client went away.
    func complete() {
        // Until now the handler, or who works for it, may have held the body.
        drop()
        let wasPending = stage.withLock { stage in
            defer { stage = .done }
            switch stage {
            case .open, .suspended: return true
            case .receiving, .answered, .done: return false
            }
        }
        if wasPending { inFlight.count.subtract(1, ordering: .acquiringAndReleasing) }
    }
}

/// Bytes of bodies in memory.
final class BufferedBytes: Sendable {
    let count = Atomic<Int>(0)
}

/// Requests that a handler has and nobody answered yet; a graceful stop waits for zero.
final class InFlight: Sendable {
    let count = Atomic<Int>(0)
}

/// The right to answer one request, once. Dropping it unanswered answers 500: no client is left hanging.
public final class Responder: Sendable {
    private let exchange: Exchange?
    private let sink: (@Sendable (HTTPResponse) -> Void)?

    init(_ exchange: Exchange) {
        self.exchange = exchange
        sink = nil
    }

    /// For callers without a socket, such as tests.
    public init(_ sink: @escaping @Sendable (HTTPResponse) -> Void) {
        exchange = nil
        self.sink = sink
    }

    public func reply(_ response: HTTPResponse) {
        exchange?.answer(response)
        sink?(response)
    }

    deinit { exchange?.answer(.text(500, "the request was dropped\n")) }
}
