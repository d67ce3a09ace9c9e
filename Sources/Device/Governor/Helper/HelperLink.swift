// The agent's end of the helper's socket. Without a helper every write fails with a reason, and the next
// attempt connects anew: a helper that was restarted has given everything back meanwhile.

import System

public final class HelperLink {
    /// The helper answers at once, or asks systemd, which may take its time, ms.
    static let replyMs = SystemdUnit.timeoutMs + 1_000

    let path: String
    private var socket: PacketSocket?

    init(path: String) { self.path = path }

    /// The words for why it failed; nil when it is done.
    func probe(_ control: Control) -> String? { ask(HelperRequest(.probe, control)) }

    func write(_ control: Control, _ value: String) -> String? {
        ask(HelperRequest(.write, control, value))
    }

    func restore() -> String? { ask(HelperRequest(.restore)) }

    /// Lets go of the helper, which then gives everything back.
    func close() { socket = nil }

    private func connected() throws(Errno) -> PacketSocket {
        if let socket { return socket }
        let made = try PacketSocket(connectingTo: path)
        socket = made
        return made
    }

    private func ask(_ request: HelperRequest) -> String? {
        switch answer(request) {
        case .done: return nil
        case .declined(let why): return why
        case .closed:
            return "the helper closed the connection (busy with another agent, or this user isn't its agent)"
        case .nonsense: return "the helper's reply makes no sense"
        case .unreachable(let error): return "the helper at \(path): \(error.text)"
        }
    }

    enum Answer {
        case done
        /// With the helper's words.
        case declined(String)
        case closed
        case nonsense
        case unreachable(Errno)
    }

    func answer(_ request: HelperRequest) -> Answer {
        guard let message = request.message else { return .declined("the value is too long") }
        do throws(Errno) {
            let socket = try connected()
            try socket.send(message)
            let answer = try socket.receive(limit: HelperMessage.bytes, timeoutMs: Self.replyMs)
            guard let answer else {
                self.socket = nil
                return .closed
            }
            guard let reply = HelperReply(answer), reply.verb == request.verb.rawValue else {
                self.socket = nil
                return .nonsense
            }
            switch reply.status {
            case .done: return .done
            case .malformed: return .declined("the helper didn't understand")
            case .refused: return .declined("the helper refused: \(reply.text)")
            case .failed: return .declined(reply.text)
            }
        } catch {
            // A reply that comes too late must not be taken for the next one.
            self.socket = nil
            return error.isHungUp ? .closed : .unreachable(error)
        }
    }
}
