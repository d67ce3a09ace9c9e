// Several transfers at once in one thread, beside descriptors that wake it.
//
// A transfer to a name waits until the name's addresses are known (NameResolver); from the outside it runs
// from `start` on, and ends like any other where the name leads nowhere.

import Bytes
import CCurl

public enum Curl {
    /// Once, before anything else here; false where libcurl can't start.
    public static func start() -> Bool { ccurl_init() == 1 }

    public static var version: String { String(cString: ccurl_version()) }
}

/// A descriptor that wakes the loop beside the transfers.
public struct Watched: Sendable {
    /// What it may become ready for.
    public struct Interest: OptionSet, Sendable {
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }

        public static let read = Interest(rawValue: CCURL_WATCH_READ)
        public static let write = Interest(rawValue: CCURL_WATCH_WRITE)
        /// A PSI trigger fired, a kernel attribute changed.
        public static let priority = Interest(rawValue: CCURL_WATCH_PRIORITY)
    }

    // The C struct and nothing else: a list of these is the list that libcurl's shim takes.
    fileprivate var raw: ccurl_watched

    public init(_ descriptor: Int32, _ wanted: Interest) {
        raw = ccurl_watched(descriptor: descriptor, wanted: wanted.rawValue, ready: 0)
    }

    public var descriptor: Int32 { raw.descriptor }
    public var ready: Interest { Interest(rawValue: raw.ready) }
    public var isReady: Bool { raw.ready != 0 }
}

public final class TransferLoop {
    private let multi: OpaquePointer
    private let resolver = NameResolver()
    private var running: [Transfer] = []
    /// Their name is being asked for.
    private var waiting: [(transfer: Transfer, request: TransportRequest, destination: Destination)] = []
    /// Ended before they began.
    private var failed: [(Transfer, TransportFault)] = []
    /// Descriptors of the loop's user and of the resolver, together; kept for its memory.
    private var all: [Watched] = []
    public private(set) var settings: TransportSettings

    public init(settings: TransportSettings) {
        guard let multi = ccurl_multi_new() else { preconditionFailure("no memory for libcurl") }
        self.multi = multi
        self.settings = settings
        self.settings.isDirect = true
    }

    deinit {
        for transfer in running { ccurl_multi_cancel(multi, transfer.handle) }
        ccurl_multi_free(multi)
    }

    /// Starts the request on a transfer that isn't running; false where libcurl refuses it (a bad
    /// address, no memory).
    public func start(_ transfer: Transfer, _ request: TransportRequest) -> Bool {
        guard !isRunning(transfer) else { return false }
        guard let destination = Destination(url: request.url) else { return launch(transfer, request) }
        if let addresses = resolver.addresses(of: destination) {
            return launch(transfer, request, destination, addresses)
        }
        // One name at a time: an agent has one server.
        guard resolver.ask(for: destination) else { return false }
        waiting.append((transfer, request, destination))
        return true
    }

    private func launch(
        _ transfer: Transfer, _ request: TransportRequest, _ destination: Destination? = nil,
        _ addresses: String? = nil
    ) -> Bool {
        guard transfer.prepare(request, settings, at: destination, addresses: addresses),
            ccurl_multi_start(multi, transfer.handle) == 1
        else { return false }
        running.append(transfer)
        return true
    }

    public func isRunning(_ transfer: Transfer) -> Bool {
        running.contains { $0 === transfer } || waiting.contains { $0.transfer === transfer }
            || failed.contains { $0.0 === transfer }
    }

    public func cancel(_ transfer: Transfer) {
        if running.contains(where: { $0 === transfer }) {
            ccurl_multi_cancel(multi, transfer.handle)
            running.removeAll { $0 === transfer }
        }
        waiting.removeAll { $0.transfer === transfer }
        failed.removeAll { $0.0 === transfer }
    }

    /// Waits until a transfer moves, one of the descriptors is ready or the time is over. At most 16
    /// descriptors; a list that is kept from call to call costs no allocation.
    public func wait(_ watched: inout [Watched], timeoutMs: Int) {
        guard failed.isEmpty else { return poll(&watched, timeoutMs: 0) }
        guard resolver.isAsking else { return poll(&watched, timeoutMs: timeoutMs) }
        all.removeAll(keepingCapacity: true)
        all += watched
        for (descriptor, isWritten) in resolver.descriptors() {
            all.append(Watched(descriptor, isWritten ? [.read, .write] : .read))
        }
        poll(&all, timeoutMs: resolver.timeoutMs(atMost: timeoutMs))
        for index in watched.indices { watched[index] = all[index] }
        if let (destination, answer) = resolver.proceed() { resolved(destination, answer) }
    }

    private func poll(_ watched: inout [Watched], timeoutMs: Int) {
        for index in watched.indices { watched[index].raw.ready = 0 }
        let result = watched.withUnsafeMutableBufferPointer { items in
            items.withMemoryRebound(to: ccurl_watched.self) {
                ccurl_multi_wait(multi, $0.baseAddress, $0.count, Int32(clamping: max(0, timeoutMs)))
            }
        }
        // A libcurl that can't wait must not become a loop at full speed.
        if result < 0 { ccurl_pause_ms(100) }
    }

    private func resolved(_ destination: Destination, _ answer: NameResolver.Answer) {
        let due = waiting.filter { $0.destination == destination }
        waiting.removeAll { $0.destination == destination }
        for (transfer, request, _) in due {
            switch answer {
            case .addresses(let addresses):
                if !launch(transfer, request, destination, addresses) {
                    failed.append((transfer, .other("the request can't be made: \(request.url)")))
                }
            case .none(let why):
                let name = Text.string(destination.name[...])
                failed.append((transfer, .unreachable("the name \(name) can't be resolved: \(why)")))
            }
        }
    }

    /// - Returns: for each descriptor, whether it can be read.
    public func wait(_ descriptors: [Int32], timeoutMs: Int) -> [Bool] {
        var watched = descriptors.map { Watched($0, .read) }
        wait(&watched, timeoutMs: timeoutMs)
        return watched.map { $0.isReady }
    }

    /// A transfer that ended, until there are none.
    public func ended() -> (Transfer, Result<TransportReply, TransportFault>)? {
        if let (transfer, fault) = failed.popLast() { return (transfer, .failure(fault)) }
        guard !running.isEmpty else { return nil }
        var code: Int32 = 0
        while let handle = ccurl_multi_ended(multi, &code) {
            guard let transfer = running.first(where: { $0.handle == handle }) else { continue }
            running.removeAll { $0 === transfer }
            let result = transfer.result(code)
            // The name may lead elsewhere by now.
            if case .failure = result { resolver.forget() }
            return (transfer, result)
        }
        return nil
    }
}

/// One request at a time, waiting for its reply; connections are kept alive between them.
public final class CurlSession {
    private let transfer = Transfer()
    private let settings: TransportSettings

    public init(settings: TransportSettings) { self.settings = settings }

    public func perform(_ request: TransportRequest) throws(TransportFault) -> TransportReply {
        guard transfer.prepare(request, settings) else {
            throw .other("not a request that can be made: \(request.method) \(request.url)")
        }
        switch transfer.result(ccurl_transfer_perform(transfer.handle)) {
        case .success(let reply): return reply
        case .failure(let fault): throw fault
        }
    }
}
