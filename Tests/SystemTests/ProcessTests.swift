import FixtureSupport
import Foundation
import System
import Testing

// What a process has once (signals, environment) is tested in one suite, one after the other.
@Suite(.serialized) struct ProcessTests {
    @Test func argumentsAreTheProcesss() {
        #expect(CommandLineArguments.all == CommandLine.arguments)
    }

    @Test func environmentIsRead() {
        #expect(System.Process.environment("PATH")?.isEmpty == false)
        #expect(System.Process.environment("PHI_SURELY_UNSET") == nil)
    }

    @Test func machineFactsAreSane() {
        #expect(Machine.cpuCount >= 1)
        #expect(Machine.pageSizeBytes >= 4096)
        #expect(Machine.pageSizeBytes & (Machine.pageSizeBytes - 1) == 0)
        #expect(["x86_64", "aarch64"].contains(Machine.architecture))
        #expect(!Machine.hostName.isEmpty)
        #expect(System.Process.heapInUseBytes > 0)
    }

    /// Resident bytes that were given back by `release`, after 128 MiB in blocks of that size were used and freed,
    /// with small ones between them that stay.
    private func givenBack(blockBytes: Int, release: () throws -> Void) rethrows -> Int {
        let count = (128 << 20) / blockBytes
        var blocks: [UnsafeMutableRawPointer] = []
        var pins: [UnsafeMutableRawPointer] = []
        for _ in 0..<count {
            let block = UnsafeMutableRawPointer.allocate(byteCount: blockBytes, alignment: 16)
            block.initializeMemory(as: UInt8.self, repeating: 1, count: blockBytes)
            blocks.append(block)
            pins.append(.allocate(byteCount: 2048, alignment: 16))
        }
        let before = residentBytes()
        for block in blocks { block.deallocate() }
        try release()
        let after = residentBytes()
        for pin in pins { pin.deallocate() }
        return before - after
    }

    private func residentBytes() -> Int {
        let statm = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (statm.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * Machine.pageSizeBytes
    }

    // Half of it: other suites come and go in this process meanwhile.
    @Test func whatIsFreeOfTheHeapGoesBack() throws {
        #expect(try givenBack(blockBytes: 16 << 10) { try System.Process.releaseUnused() } > 64 << 20)
    }

    @Test func clocksGoForward() {
        let before = (Clock.boottimeMs, Clock.monotonicNs)
        Clock.sleep(ms: 15)
        #expect(Clock.boottimeMs - before.0 >= 14)
        #expect(Clock.monotonicNs - before.1 >= 15_000_000)
        #expect(Clock.wallMs > 1_600_000_000_000)
    }

    @Test func errorsHaveWords() {
        #expect(Errno.notFound.text == "No such file or directory")
        #expect(Errno(code: 99_999).text == "unknown error")
    }

    @Test func signalsArriveAtADescriptor() throws {
        let descriptor = try Signals.open()
        #expect(try Signals.open() == descriptor)
        #expect(Signals.next() == nil)
        kill(getpid(), SIGHUP)
        kill(getpid(), SIGPIPE)
        var items = [PollItem(descriptor)]
        for _ in 0..<10 where items[0].ready.isEmpty {
            try PollItem.wait(&items, timeoutMs: 500)
        }
        #expect(items[0].ready == .read)
        #expect(Signals.next() == .hangUp)
        #expect(Signals.next() == nil)
    }

    @Test func pollTimesOut() throws {
        var items = [PollItem(try Signals.open())]
        #expect(try PollItem.wait(&items, timeoutMs: 1) == 0)
        #expect(items[0].ready == [])
    }

    @Test(arguments: [false, true])
    func notifyReachesPathAndAbstractSockets(isAbstract: Bool) throws {
        let scratch = try Scratch()
        let name = isAbstract ? "@phi-test-\(UUID().uuidString)" : scratch.at("notify")
        let receiver = try Datagrams(name)
        setenv("NOTIFY_SOCKET", name, 1)
        defer { unsetenv("NOTIFY_SOCKET") }
        #expect(try System.Process.notify("READY=1"))
        #expect(receiver.next() == "READY=1")
    }

    @Test func notifyWithoutAListenerIsQuiet() throws {
        unsetenv("NOTIFY_SOCKET")
        #expect(try System.Process.notify("READY=1") == false)
    }
}
