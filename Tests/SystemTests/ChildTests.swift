// Real children: how they end, where they run, what they inherit.

import FixtureSupport
import Foundation
import System
import Testing

@Suite struct ChildTests {
    private func run(
        _ command: String..., environment: [(name: String, value: String)] = []
    ) throws -> (end: ChildEnd?, text: String) {
        let child = try ChildProcess(command, environment: environment, capturesOutput: true)
        #expect(child.wait(timeoutMs: 60_000))
        return (child.end, child.writtenText())
    }

    @Test func theStatusIsTheProgramsOwn() throws {
        #expect(try run("true").end == .exited(0))
        #expect(try run("sh", "-c", "exit 7").end?.status == 7)
        #expect(try run("sh", "-c", "kill -TERM $$").end == .killed(signal: 15))
        #expect(try run("sh", "-c", "kill -KILL $$").end?.status == 137)
    }

    @Test func argumentsArriveAsTheyAre() throws {
        let words = ["a b", "", "$(x)", "ü", "*"]
        let child = try ChildProcess(["printf", "[%s]"] + words, capturesOutput: true)
        #expect(child.wait(timeoutMs: 60_000))
        #expect(child.writtenText() == "[a b][][$(x)][ü][*]")
    }

    @Test func theEnvironmentIsOursAndWhatWasGiven() throws {
        let (_, text) = try run(
            "sh", "-c", "echo $PHI_TEST_A/$PHI_TEST_B/$HOME; env | grep -c ^HOME=",
            environment: [("PHI_TEST_A", "x=y z"), ("PHI_TEST_B", ""), ("HOME", "/h")])
        #expect(text == "x=y z//\("/h")\n1\n")
    }

    /// Signals that this process takes or ignores are a program's own again.
    @Test func signalsAreAsAtTheStartOfAProgram() throws {
        _ = try Signals.open()
        #expect(try run("sh", "-c", "kill -PIPE $$; echo alive").end == .killed(signal: 13))
        #expect(try run("sh", "-c", "kill -HUP $$; echo alive").end == .killed(signal: 1))
        let (_, text) = try run("sh", "-c", "grep SigBlk /proc/self/status")
        #expect(text.hasSuffix("0000000000000000\n"))
    }

    @Test func noDescriptorOfOursIsHandedDown() throws {
        let listener = try PacketListener(try Scratch().at("socket"), mode: 0o600)
        let own = try [listener.descriptor, Signals.open()].map {
            try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
        }
        let (_, text) = try run("sh", "-c", "ls -l /proc/self/fd")
        #expect(text.contains("/dev/null"))
        for name in own { #expect(!text.contains(name)) }
    }

    @Test func whatCanNotBeRunIsTold() {
        for (command, code) in [("/nowhere/program", ENOENT), ("phi-surely-none", ENOENT), ("/etc/passwd", EACCES)] {
            do {
                _ = try ChildProcess([command])
                Issue.record("\(command) ran")
            } catch {
                #expect(error == SpawnError(stage: .exec, error: Errno(code: code)), "\(command)")
            }
        }
        #expect(throws: SpawnError.self) { try ChildProcess([]) }
        #expect(throws: SpawnError.self) { try ChildProcess(["a\0b"]) }
        #expect(throws: SpawnError.self) {
            try ChildProcess(["true", String(repeating: "x", count: ChildProcess.bytesMax)])
        }
    }

    @Test func aChildThatTakesTooLongIsEnded() throws {
        let child = try ChildProcess(["sleep", "60"])
        #expect(child.isRunning)
        #expect(!child.wait(timeoutMs: 50))
        #expect(child.end == .killed(signal: 9))
        #expect(throws: Errno.self) { try child.send(.terminate) }
    }

    /// A tree of files stands in for the kernel's: the child writes itself into it.
    @Test func aChildJoinsItsGroupBeforeItRuns() throws {
        let scratch = try Scratch()
        try scratch.write("group/cgroup.procs", "")
        let child = try ChildProcess(["true"], group: scratch.at("group"))
        #expect(child.wait(timeoutMs: 60_000))
        #expect(try scratch.text("group/cgroup.procs") == "0\n")
        try scratch.write("closed/x", "")
        do {
            _ = try ChildProcess(["true"], group: scratch.at("closed"))
            Issue.record("joined a group that is none")
        } catch {
            #expect(error == SpawnError(stage: .group, error: .notFound))
        }
    }
}

@Suite struct PacketTests {
    @Test func messagesStayApartAndThePeerIsKnown() throws {
        let path = try Scratch().at("socket")
        let listener = try PacketListener(path, mode: 0o660)
        #expect(try FileSystem.status(path).mode == 0o660)
        #expect(listener.accept() == nil)
        let client = try PacketSocket(connectingTo: path)
        let server = try #require(listener.accept())
        #expect(server.peerUser == geteuid())
        try client.send([1, 2, 3])
        try client.send([4])
        #expect(try server.receive(limit: 16) == [1, 2, 3])
        #expect(try server.receive(limit: 16, timeoutMs: 1_000) == [4])
        #expect(throws: Errno.wouldBlock) { try server.receive(limit: 16) }
        #expect(throws: Errno.wouldBlock) { try server.receive(limit: 16, timeoutMs: 5) }
        try client.send([UInt8](repeating: 7, count: 100))
        #expect(throws: Errno.tooLong) { try server.receive(limit: 16) }
        try server.send([9])
        #expect(try client.receive(limit: 16) == [9])
    }

    @Test func anEndThatIsGoneIsNoticed() throws {
        let path = try Scratch().at("socket")
        let listener = try PacketListener(path, mode: 0o600)
        var client: PacketSocket? = try PacketSocket(connectingTo: path)
        #expect(client != nil)
        let server = try #require(listener.accept())
        client = nil
        #expect(try server.receive(limit: 16) == nil)
        #expect(throws: Errno.self) { try server.send([1]) }
    }

    @Test func onlyASocketIsReplaced() throws {
        let scratch = try Scratch()
        try scratch.write("file", "x")
        #expect(throws: Errno.exists) { try PacketListener(scratch.at("file"), mode: 0o600) }
        #expect(try scratch.text("file") == "x")
        let path = scratch.at("socket")
        var first: PacketListener? = try PacketListener(path, mode: 0o600)
        #expect(first != nil)
        first = nil
        #expect(!scratch.exists("socket"))
        #expect(throws: Errno.self) { try PacketSocket(connectingTo: path) }
        #expect(throws: Errno.self) { try PacketSocket(connectingTo: "relative") }
        #expect(throws: Errno.self) {
            try PacketListener("/" + String(repeating: "x", count: 200), mode: 0o600)
        }
    }
}
