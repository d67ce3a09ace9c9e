// The socket itself, with a core that answers everything: who may come, who is cut off, and what is
// done of what was asked.

import AgentCore
import FixtureSupport
import Foundation
import Model
import System
import Testing

@testable import LocalAPI

/// A server whose loop a test turns by hand; the core counts and says yes.
final class Bench {
    let scratch: Scratch
    let server: LocalServer
    var asked: [LocalRequest] = []
    var notes: [String] = []
    var nowMs: Int64 = 1_000_000

    init() throws {
        scratch = try Scratch()
        server = try LocalServer(path: scratch.at("s"))
    }

    var path: String { scratch.at("s") }

    func turn(_ times: Int = 1) {
        for _ in 0..<times {
            server.poll(nowMs: nowMs)
            while let (request, client) = server.next() {
                asked.append(request)
                server.answer(.noted, client: client)
            }
            notes += server.takeNotes()
        }
    }

    /// A connection that the server has accepted.
    func connect() throws -> LocalSocket {
        let socket = try LocalSocket.connect(path)
        turn()
        return socket
    }

    func send(_ socket: LocalSocket, _ text: String) throws {
        try #require(try socket.send(Array(text.utf8)[...]) == text.utf8.count)
    }

    /// Everything that has come; nil when the other end is closed and nothing is left.
    func receive(_ socket: LocalSocket) throws -> String? {
        var bytes: [UInt8] = []
        while let count = try? socket.receive(into: &bytes, capacity: 65_536) {
            if count == 0 { return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static let decision = Array(#"{"factor":1}"#.utf8) + [0x0a]
}

@Suite struct ServerTests {
    @Test func theSocketIsForItsGroupAlone() throws {
        let bench = try Bench()
        let status = try FileSystem.status(bench.path)
        #expect(status.mode & 0o777 == 0o660)
        #expect(try FileSystem.isSocket(bench.path))
    }

    @Test func aSocketLeftBehindIsTakenOver() throws {
        let scratch = try Scratch()
        // A socket that nobody listens to, as after a crash.
        do { _ = try LocalSocket.listen(scratch.at("s"), waiting: 1) }
        #expect(try FileSystem.isSocket(scratch.at("s")))
        do {
            let server = try LocalServer(path: scratch.at("s"))
            _ = try LocalSocket.connect(server.path)
            // While it runs, nobody else gets it.
            #expect(throws: LocalFault.self) { _ = try LocalServer(path: scratch.at("s")) }
        }
        // It cleans up behind itself.
        #expect(!FileSystem.exists(scratch.at("s")))
    }

    @Test func whatIsNoSocketStays() throws {
        let scratch = try Scratch()
        try scratch.write("s", "precious")
        #expect(throws: LocalFault.self) { _ = try LocalServer(path: scratch.at("s")) }
        #expect(try scratch.text("s") == "precious")
        #expect(throws: LocalFault.self) { _ = try LocalServer(path: scratch.at("no/such/folder/s")) }
        #expect(throws: LocalFault.self) {
            _ = try LocalServer(path: "/tmp/" + String(repeating: "x", count: 108))
        }
    }

    @Test func groupsAreFoundByNameOrNumber() throws {
        let scratch = try Scratch()
        try scratch.write("group", "root:x:0:\nbad\nworkers:x:1234:ann,bob\nhuge:x:99999999999:\n")
        #expect(try UserGroup.id(of: "workers", file: scratch.at("group")) == 1234)
        #expect(try UserGroup.id(of: "77", file: scratch.at("none")) == 77)
        #expect(throws: LocalFault.self) { try UserGroup.id(of: "huge", file: scratch.at("group")) }
        #expect(throws: LocalFault.self) { try UserGroup.id(of: "nobody", file: scratch.at("group")) }
        #expect(throws: LocalFault.self) { try UserGroup.id(of: "x", file: scratch.at("none")) }
    }

    @Test func aCommandIsAnsweredInOneLine() throws {
        let bench = try Bench()
        let socket = try bench.connect()
        try bench.send(socket, "signal value=0.5\n")
        bench.turn()
        // The signal was taken; there is no decision yet to answer with.
        #expect(bench.asked == [.signal(Signals(value: 0.5))])
        #expect(try bench.receive(socket)?.contains("no-decision") == true)
        bench.server.publish(Bench.decision, nowMs: bench.nowMs)
        try bench.send(socket, "signal value=0.5\n\n  \nnonsense\ndecision\n")
        bench.turn()
        let lines = try #require(try bench.receive(socket)).split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines.first == #"{"factor":1}"# && lines.last == #"{"factor":1}"#)
        #expect(lines[1].contains(#""error":"unknown command: nonsense""#))
    }

    @Test func halfALineWaitsForItsOtherHalf() throws {
        let bench = try Bench()
        let socket = try bench.connect()
        try bench.send(socket, "signal val")
        bench.turn(3)
        #expect(bench.asked.isEmpty)
        try bench.send(socket, "ue=0.5\nsig")
        bench.turn(3)
        #expect(bench.asked == [.signal(Signals(value: 0.5))])
        // But not for ever.
        bench.nowMs += LocalLimits.patienceMs + 1
        bench.turn()
        #expect(bench.notes.contains { $0.contains("doesn't end its line") })
        _ = try bench.receive(socket)
        #expect(try bench.receive(socket) == nil)
    }

    @Test func aLineWithoutItsEndCountsAtTheEnd() throws {
        let bench = try Bench()
        do {
            let socket = try bench.connect()
            try bench.send(socket, "signal value=0.25")
        }
        bench.turn(3)
        #expect(bench.asked == [.signal(Signals(value: 0.25))])
        #expect(bench.notes.isEmpty)
    }

    @Test func aLineThatNeverEndsIsCutOff() throws {
        let bench = try Bench()
        let socket = try bench.connect()
        let piece = String(repeating: "x", count: 4000)
        var sent = 0
        while sent < 2 * LocalLimits.endlessBytes, (try? bench.send(socket, piece)) != nil {
            sent += piece.utf8.count
            bench.turn(2)
        }
        #expect(bench.notes.contains { $0.contains("without an end") })
        #expect(sent < 2 * LocalLimits.endlessBytes)
    }

    @Test func oneTooManyIsToldSo() throws {
        let bench = try Bench()
        var clients: [LocalSocket] = []
        for _ in 0..<LocalLimits.clientsMax { clients.append(try bench.connect()) }
        let late = try bench.connect()
        #expect(try bench.receive(late)?.contains(#""code":"busy""#) == true)
        #expect(try bench.receive(late) == nil)
        // A place that becomes free is free.
        clients.removeLast()
        bench.turn()
        let next = try bench.connect()
        try bench.send(next, "help\n")
        bench.turn()
        #expect(try bench.receive(next)?.contains("commands") == true)
    }

    @Test func aSubscriberThatDoesntReadIsCutOffAndTheOthersArent() throws {
        let bench = try Bench()
        let slow = try bench.connect()
        let quick = try bench.connect()
        try bench.send(slow, "subscribe\n")
        try bench.send(quick, "subscribe\n")
        bench.turn()
        let line = Array(#"{"filler":"\#(String(repeating: "x", count: 1500))"}"#.utf8) + [0x0a]
        var told = 0
        for _ in 0..<200 {
            bench.server.publish(line, nowMs: bench.nowMs)
            bench.turn()
            told += try #require(try bench.receive(quick)).split(separator: "\n").count
        }
        #expect(told == 201)  // with the answer to `subscribe`
        #expect(bench.notes.filter { $0.contains("reads too slowly") }.count == 1)
        try bench.send(quick, "help\n")
        bench.turn()
        #expect(try bench.receive(quick)?.contains("commands") == true)
    }

    @Test func whoDoesntReadIsntListenedToButLosesNothing() throws {
        let bench = try Bench()
        bench.server.publish(Array(#"{"filler":"\#(String(repeating: "x", count: 1500))"}"#.utf8) + [0x0a], nowMs: 0)
        let socket = try bench.connect()
        var sent = 0
        // Until nothing more fits anywhere: its own kernel buffer, ours, and the server's.
        while try socket.send(Array("decision\n".utf8)[...]) == 9, sent < 100_000 {
            sent += 1
            if sent % 50 == 0 { bench.turn() }
        }
        #expect(sent < 100_000)
        var answers = 0
        for _ in 0..<(sent * 2) where answers < sent {
            answers += try #require(try bench.receive(socket)).split(separator: "\n").count
            bench.turn()
        }
        #expect(answers == sent)
        #expect(bench.notes.isEmpty)
    }

    @Test func whatWasAskedBeforeGoingIsStillDone() throws {
        let bench = try Bench()
        do {
            let socket = try bench.connect()
            // It never reads an answer, and goes.
            try bench.send(socket, String(repeating: "signal value=0.5\n", count: 300))
        }
        bench.turn(20)
        #expect(bench.asked.count == 300)
        #expect(bench.notes.isEmpty)
    }

    /// Nobody who hangs up, in whatever state, leaves the loop awake.
    @Test func theLoopSleepsWhenThereIsNothingToDo() throws {
        let bench = try Bench()
        let quiet = try bench.connect()
        let half = try bench.connect()
        try bench.send(half, "sign")
        do {
            let gone = try bench.connect()
            try bench.send(gone, "subscribe\nhelp\nsign")
        }
        let unread = try bench.connect()
        try bench.send(unread, "subscribe\n")
        bench.turn(10)
        for _ in 0..<60 { bench.server.publish([UInt8](repeating: 0x78, count: 1500) + [0x0a], nowMs: 0) }
        bench.turn(10)
        var items = [PollItem(bench.server.descriptor)]
        #expect(try PollItem.wait(&items, timeoutMs: 0) == 0)
        withExtendedLifetime((quiet, half, unread)) {}
    }

    @Test func theClientAsksAndListens() throws {
        let bench = try Bench()
        bench.server.publish(Bench.decision, nowMs: 0)
        let client = try LocalClient(path: bench.path)
        try client.send("help")
        try client.send("decision")
        bench.turn(2)
        #expect(try client.nextLine(timeoutMs: 1000).map { String(decoding: $0, as: UTF8.self) }?.contains("commands") == true)
        #expect(try client.nextLine(timeoutMs: 1000) == Array(Bench.decision.dropLast()))
        #expect(try client.nextLine(timeoutMs: 0) == nil)
        #expect(throws: LocalFault.self) { _ = try LocalClient(path: bench.scratch.at("none")) }
    }
}
