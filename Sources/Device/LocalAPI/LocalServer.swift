// The local API's socket: clients come and go, their lines become requests for AgentCore, its answers
// become lines.
//
// It lives in the agent's one-thread loop and never waits. The loop polls `descriptor` beside its
// other ones, calls `poll`, takes requests with `next` until there are none, and gives each its
// `answer`. A client gets one read of its socket a turn, so none can hold up the others; one that
// doesn't read its answers isn't listened to, and a subscriber that falls behind is cut off.

import AgentCore
import Bytes
import System

/// Why there is no local API, and what to do about it.
public struct LocalFault: Error, Sendable {
    public let text: String
    public let hint: String

    public init(_ text: String, hint: String) {
        self.text = text
        self.hint = hint
    }
}

public final class LocalServer {
    public static let mode: UInt32 = 0o660
    private static let listenerTag: UInt64 = 0
    /// How long no connection is accepted when the process has no descriptor left.
    private static let acceptPauseMs: Int64 = 1000

    public let path: String
    private let lock: Lock
    private let listener: LocalSocket
    private let ready: ReadySet
    private var connections: [Connection] = []
    /// Those whose turn it is, and who they are.
    private var turn: [Connection] = []
    private var asking: Connection?
    private var lastID = listenerTag
    private var nowMs: Int64 = 0
    private var acceptAgainMs: Int64?
    private var hasNewcomers = false
    private var decisionLine: [UInt8] = []
    private var isDecisionOld = false
    private var cutOff: UInt64 = 0
    private var turnedAway: UInt64 = 0
    private var notes: [String] = []

    /// Readable while there is something to do.
    public var descriptor: Int32 { ready.descriptor }

    /// - Parameter group: who may connect beside the agent's own user and root; nil: its own group.
    public init(path: String, group: UInt32? = nil) throws(LocalFault) {
        self.path = path
        guard path.utf8.count <= LocalSocket.pathBytesMax else {
            throw LocalFault(
                "the socket's path is longer than \(LocalSocket.pathBytesMax) bytes: \(path)",
                hint: "give --socket a shorter one")
        }
        // Whoever holds the lock is the only one there: a socket left behind by a crash can go.
        do throws(Errno) { lock = try Lock("\(path).lock") } catch {
            throw LocalFault(
                error == .wouldBlock
                    ? "another agent serves \(path)" : "\(path).lock can't be locked: \(error.text)",
                hint: error == .wouldBlock
                    ? "stop the other agent, or give --socket another path"
                    : "give --socket a path in a folder that this user may write")
        }
        try Self.clear(path)
        do throws(Errno) {
            listener = try LocalSocket.listen(path, waiting: LocalLimits.waitingMax)
            ready = try ReadySet()
            try ready.add(listener, tag: Self.listenerTag)
        } catch {
            try? FileSystem.remove(path)
            throw LocalFault("can't listen on \(path): \(error.text)", hint: "give --socket another path")
        }
        do throws(Errno) {
            if let group { try FileSystem.changeGroup(path, group) }
            try FileSystem.changeMode(path, Self.mode)
        } catch {
            try? FileSystem.remove(path)
            throw LocalFault(
                "\(path) can't be given to its group: \(error.text)",
                hint: "the agent's user must be in the group: SupplementaryGroups= in a drop-in of its unit")
        }
    }

    private static func clear(_ path: String) throws(LocalFault) {
        var isSocket = false
        do throws(Errno) {
            isSocket = try FileSystem.isSocket(path)
            if isSocket { try FileSystem.remove(path) }
        } catch {
            if error.isMissing { return }
            throw LocalFault("\(path): \(error.text)", hint: "give --socket another path")
        }
        guard isSocket else {
            throw LocalFault(
                "\(path) is there and is no socket", hint: "move it away, or give --socket another path")
        }
    }

    deinit { try? FileSystem.remove(path) }

    /// Nobody is connected, and nothing is to be done until somebody comes.
    public var isAlone: Bool {
        connections.isEmpty && acceptAgainMs == nil && notes.isEmpty && !hasNewcomers
    }

    /// Looks who is there. `next` follows.
    public func poll(nowMs: Int64) {
        self.nowMs = nowMs
        if let again = acceptAgainMs, nowMs >= again {
            acceptAgainMs = nil
            _ = try? ready.change(listener, tag: Self.listenerTag, .read)
        }
        for (tag, readiness) in ready.wait(timeoutMs: 0) {
            if tag == Self.listenerTag {
                hasNewcomers = true
            } else if let connection = connections.first(where: { $0.id == tag }) {
                connection.attend(readiness, nowMs: nowMs)
                turn.append(connection)
            }
        }
        // Nothing happens with those that hang: time alone cuts them off.
        for connection in connections where !turn.contains(where: { $0 === connection }) {
            settle(connection)
        }
    }

    /// The next request for AgentCore, whose `answer` must follow; nil when all is done.
    public func next() -> (request: LocalRequest, client: UInt64)? {
        while let connection = turn.first {
            while let line = connection.nextLine(nowMs) {
                if let request = take(line, of: connection) {
                    asking = connection
                    return (request, connection.id)
                }
            }
            turn.removeFirst()
            settle(connection)
        }
        // Last: those who left have made room.
        if hasNewcomers {
            hasNewcomers = false
            accept()
        }
        return nil
    }

    public func answer(_ answer: LocalAnswer, client: UInt64) {
        guard let connection = asking, connection.id == client else { return }
        asking = nil
        connection.answer(text(of: answer))
    }

    /// There is a new decision: `publish` it at once where someone is connected, else when someone is.
    public func noteNewDecision() { isDecisionOld = true }

    public var wantsDecision: Bool { isDecisionOld && !connections.isEmpty }

    /// The decision in force from now on, a line of JSON with its end: told to all who subscribed.
    public func publish(_ line: [UInt8], nowMs: Int64) {
        self.nowMs = nowMs
        decisionLine = line
        isDecisionOld = false
        for connection in connections where connection.isSubscribed {
            connection.answer(line)
            settle(connection)
        }
    }

    /// What happened that an operator may want to know.
    public func takeNotes() -> [String] {
        defer { notes = [] }
        return notes
    }

    // MARK: lines

    /// - Returns: what AgentCore must answer; the rest is answered here.
    private func take(_ line: LineBuffer.Line, of connection: Connection) -> LocalRequest? {
        guard case .whole(let bytes) = line else {
            connection.answer(LocalReplies.error(LocalMistake.lineTooLong))
            return nil
        }
        do throws(LocalMistake) {
            switch try LocalCommand(line: bytes) {
            case .ask(let request): return request
            case .decision: connection.answer(decision)
            case .subscribe:
                connection.isSubscribed = true
                connection.answer(decision)
            case .help: connection.answer(LocalReplies.help)
            case nil: break
            }
        } catch {
            connection.answer(LocalReplies.error(error))
        }
        return nil
    }

    private var decision: [UInt8] {
        decisionLine.isEmpty ? LocalReplies.error(LocalRefusal.noDecision) : decisionLine
    }

    private func text(of answer: LocalAnswer) -> [UInt8] {
        switch answer {
        case .noted: decision
        case .appended(let receipt): LocalReplies.receipt(receipt)
        case .values(let values): LocalReplies.values(values)
        case .series(let series): LocalReplies.series(series)
        case .status(let status):
            LocalReplies.status(
                status, clients: connections.count, cutOff: cutOff, turnedAway: turnedAway)
        case .refused(let refusal): LocalReplies.error(refusal)
        }
    }

    // MARK: clients

    private func accept() {
        let before = lastID
        for _ in 0..<LocalLimits.clientsMax {
            // Some of those just admitted may have left already: the others wait for the next turn.
            if lastID > before, connections.count >= LocalLimits.clientsMax { return }
            do throws(Errno) {
                guard let socket = try listener.accept() else { return }
                try admit(socket)
            } catch {
                // Without a descriptor the listener would stay ready, and the loop would spin.
                notes.append("a local client can't be accepted: \(error.text)")
                acceptAgainMs = nowMs + Self.acceptPauseMs
                _ = try? ready.change(listener, tag: Self.listenerTag, [])
                return
            }
        }
    }

    private func admit(_ socket: LocalSocket) throws(Errno) {
        let connection = Connection(lastID + 1, socket)
        let user = connection.peer?.user
        let isTrusted = user == 0 || user == Process.userID
        let most = LocalLimits.clientsMax - (isTrusted ? 0 : LocalLimits.clientsKept)
        guard connections.count < most else {
            turnedAway += 1
            connection.answer(
                LocalReplies.error(
                    "busy", "\(connections.count) clients are connected already",
                    hint: "close connections that aren't needed, or use one for everything"))
            return connection.flush(nowMs)
        }
        try ready.add(socket, tag: connection.id)
        lastID += 1
        connections.append(connection)
    }

    private func settle(_ connection: Connection) {
        // It may have gone while a decision was published.
        guard connections.contains(where: { $0 === connection }) else { return }
        let before = connection.watched
        if let wanted = connection.settle(nowMs) {
            guard wanted != before else { return }
            do throws(Errno) {
                try ready.change(connection.socket, tag: connection.id, wanted)
                return
            } catch {
                notes.append("a local client can't be watched: \(error.text)")
            }
        }
        if let fault = connection.fault {
            cutOff += 1
            let who = connection.peer.map { "process \($0.process), user \($0.user)" } ?? "unknown"
            notes.append("a local client (\(who)) was cut off: it \(fault)")
        }
        connections.removeAll { $0 === connection }
    }
}
