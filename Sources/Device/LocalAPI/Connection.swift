// One client of the local API: its socket, what came in and what waits to go out.

import System

final class Connection {
    let id: UInt64
    let socket: LocalSocket
    let peer: LocalSocket.Peer?
    var input = LineBuffer()
    private(set) var output = OutputQueue()
    var isSubscribed = false
    /// It has said all it wanted to say.
    private(set) var hasEnded = false
    /// Nobody reads its answers any more; what it asked for before is still done.
    private var isDeaf = false
    /// What its socket is watched for.
    private(set) var watched: Readiness = .read
    private var lineSinceMs: Int64?
    private var unreadSinceMs: Int64?
    private(set) var fault: StaticString?

    init(_ id: UInt64, _ socket: LocalSocket) {
        self.id = id
        self.socket = socket
        peer = socket.peer
        socket.limitSendBuffer(bytes: LocalLimits.sendBufferBytes)
    }

    /// Takes what the socket has to give, once: other clients and the agent itself want their turn.
    func attend(_ ready: Readiness, nowMs: Int64) {
        if ready.contains(.error) { goDeaf() }
        if ready.contains(.write) { flush(nowMs) }
        guard !hasEnded, mayListen, input.room > 0, !ready.isDisjoint(with: [.read, .error]) else { return }
        do throws(Errno) {
            let count = try input.fill { bytes, room throws(Errno) in
                try socket.receive(into: &bytes, capacity: room)
            }
            if count == 0 { hasEnded = true }
        } catch {
            hasEnded = true
            goDeaf()
        }
    }

    /// The next line to be done; nil while there is none, or while its answers aren't read.
    func nextLine(_ nowMs: Int64) -> LineBuffer.Line? {
        if !mayListen { flush(nowMs) }
        guard mayListen, fault == nil else { return nil }
        if let line = input.next() { return line }
        return hasEnded ? input.rest().map { .whole($0) } : nil
    }

    func answer(_ line: [UInt8]) {
        if !isDeaf { output.add(line) }
    }

    func flush(_ nowMs: Int64) {
        while !output.isEmpty {
            do throws(Errno) {
                let count = try socket.send(output.waiting)
                guard count > 0 else { break }
                output.sent(count)
                unreadSinceMs = nil
            } catch {
                return goDeaf()
            }
        }
        unreadSinceMs = output.isEmpty ? nil : unreadSinceMs ?? nowMs
    }

    /// After its turn: what to watch for from now on; nil when it is done with.
    func settle(_ nowMs: Int64) -> Readiness? {
        flush(nowMs)
        lineSinceMs = input.isWithinLine ? lineSinceMs ?? nowMs : nil
        if fault == nil { fault = overdue(nowMs) }
        if fault != nil || (hasEnded && output.isEmpty) { return nil }
        var wanted: Readiness = []
        if !hasEnded, mayListen { wanted.insert(.read) }
        if !output.isEmpty { wanted.insert(.write) }
        watched = wanted
        return wanted
    }

    private func overdue(_ nowMs: Int64) -> StaticString? {
        if output.count > LocalLimits.backlogBytesMax { return "reads too slowly" }
        if input.skipped > LocalLimits.endlessBytes { return "sends a line without an end" }
        if let since = unreadSinceMs, nowMs - since > LocalLimits.patienceMs {
            return "doesn't read its answers"
        }
        if let since = lineSinceMs, mayListen, nowMs - since > LocalLimits.patienceMs {
            return "doesn't end its line"
        }
        return nil
    }

    private var mayListen: Bool { output.count <= LocalLimits.backlogBytesPaused }

    private func goDeaf() {
        isDeaf = true
        isSubscribed = false
        output.sent(output.count)
    }
}
