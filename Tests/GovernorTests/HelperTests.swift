// The privileged helper and the agent's end of its socket, over a real socket in a folder of the test's.

import FixtureSupport
import Foundation
import Model
import System
import Testing

@testable import Governor

/// A helper on a fixture's tree, answered by a thread of its own.
private final class RunningHelper: @unchecked Sendable {
    let group: Group
    let before: [String]
    private let server: HelperServer
    private let lock = NSLock()
    private var kept: [HelperNote] = []
    private var isStopping = false
    private let ended = DispatchSemaphore(value: 0)

    init(_ fixture: String = "pi4", change: (inout HelperConfiguration) -> Void = { _ in }) throws {
        group = try Group(fixture)
        before = try group.everything
        var configuration = HelperConfiguration(
            group: "/workload.slice", journalPath: group.tree.at("helper-journal"),
            socketPath: group.tree.at("helper"), user: geteuid())
        configuration.cgroupRoot = group.tree.at("cgroup")
        configuration.sysfsRoot = group.tree.at("sys")
        configuration.by = .files
        change(&configuration)
        server = try #require(try HelperServer(configuration))
        Thread { [self] in
            while !lock.withLock({ isStopping }) {
                var items = server.descriptors.map { PollItem($0) }
                _ = try? PollItem.wait(&items, timeoutMs: 20)
                let notes = server.turn()
                lock.withLock { kept += notes }
            }
            ended.signal()
        }.start()
    }

    func stop() -> [HelperNote] {
        lock.withLock { isStopping = true }
        ended.wait()
        return server.stop()
    }

    var notes: [HelperNote] { lock.withLock { kept } }

    func count(of note: HelperNote) -> Int { notes.count { $0 == note } }

    /// Until it was noted once more than that often.
    func waits(for note: HelperNote, moreThan times: Int = 0) -> Bool {
        for _ in 0..<3_000 {
            if count(of: note) > times { return true }
            Clock.sleep(ms: 10)
        }
        return false
    }

    /// The agent's governor, which may write nothing by itself.
    func governor() -> CgroupGovernor {
        var configuration = group.configuration()
        configuration.by = .helper
        configuration.scalesFrequency = true
        return CgroupGovernor(configuration)
    }
}

@Suite struct HelperTests {
    @Test func aDecisionGoesThroughTheHelper() throws {
        let helper = try RunningHelper()
        let governor = helper.governor()
        #expect(governor.mode == .full)
        #expect(governor.status.by.description == "helper")
        let events = governor.apply(decision(0.1, ceiling: 300 << 20), intervalMs: 10_000)
        #expect(events.map(\.outcome) == [.written, .written, .written, .written])
        #expect(try helper.group.value("cpu.max") == "120000 100000")
        #expect(try helper.group.value("memory.max") == "\(300 << 20)")
        // The journal is the helper's, not the agent's.
        #expect(!helper.group.tree.exists("journal"))
        #expect(try helper.group.tree.text("helper-journal").contains("memory.max max"))
        #expect(governor.restore().allSatisfy { $0.outcome == .restored })
        #expect(try helper.group.everything == helper.before)
        _ = helper.stop()
    }

    /// What the doctor is told, without a write.
    @Test func aLookAsksTheHelperAndWritesNothing() throws {
        let helper = try RunningHelper()
        var configuration = helper.group.configuration()
        configuration.by = .automatic
        configuration.scalesFrequency = true
        let path = configuration.helperSocket
        var look = try #require(configuration.look())
        #expect(look.exists && look.locked == [] && look.absent == [])
        #expect(look.writer == .helper(path: path, .answers))
        #expect(helper.waits(for: .dropped))
        // An agent that has it keeps it.
        let governor = helper.governor()
        _ = governor.apply(decision(0.5, ceiling: 300 << 20), intervalMs: 10_000)
        let held = try helper.group.everything
        #expect(configuration.look()?.writer == .helper(path: path, .taken))
        #expect(try helper.group.everything == held)
        #expect(governor.mode == .full)
        _ = governor.restore()
        _ = helper.stop()
        withExtendedLifetime(governor) {}
        // A file that the kernel doesn't offer is no fault of the helper's.
        configuration.by = .files
        try helper.group.tree.remove("\(Group.folder)/memory.high")
        look = try #require(configuration.look())
        #expect(look.writer == .files && look.absent == ["memory.high"])
        configuration.by = .helper
        configuration.helperSocket = helper.group.tree.at("nowhere")
        #expect(
            configuration.look()?.writer
                == .helper(path: helper.group.tree.at("nowhere"), .away("No such file or directory")))
        configuration.group = "/.."
        #expect(configuration.look() == nil)
    }

    /// root is never turned away.
    @Test(.enabled(if: geteuid() != 0)) func aUserThatIsTurnedAwaySeesAHelperThatIsTaken() throws {
        let helper = try RunningHelper { $0.user = geteuid() + 1 }
        var configuration = helper.group.configuration()
        configuration.by = .helper
        #expect(configuration.look()?.writer == .helper(path: configuration.helperSocket, .taken))
        _ = helper.stop()
    }

    /// However the agent ends, its connection ends with it.
    @Test func whenTheAgentIsGoneEverythingIsGivenBack() throws {
        let helper = try RunningHelper()
        var governor: CgroupGovernor? = helper.governor()
        _ = governor?.apply(decision(0.5, ceiling: 300 << 20), intervalMs: 10_000)
        #expect(try helper.group.everything != helper.before)
        governor = nil
        #expect(helper.waits(for: .dropped))
        #expect(try helper.group.everything == helper.before)
        #expect(!helper.group.tree.exists("helper-journal"))
        // And the next agent is served.
        #expect(helper.governor().mode == .full)
        _ = helper.stop()
    }

    @Test func whenTheHelperEndsEverythingIsGivenBack() throws {
        let helper = try RunningHelper()
        let governor = helper.governor()
        _ = governor.apply(decision(0.5, ceiling: 300 << 20), intervalMs: 10_000)
        #expect(!helper.stop().isEmpty)
        #expect(try helper.group.everything == helper.before)
        withExtendedLifetime(governor) {}
    }

    @Test func aHelperAfterACrashGivesBackWhatTheOtherLeft() throws {
        let helper = try RunningHelper()
        try helper.group.set("cpu.max", "50000 100000")
        try helper.group.tree.write(
            "helper-journal", "phi-governor-1\ngroup /workload.slice\ncpu.max max 100000\n")
        var configuration = HelperConfiguration(
            group: "/workload.slice", journalPath: helper.group.tree.at("helper-journal"),
            socketPath: helper.group.tree.at("other"), user: geteuid())
        configuration.cgroupRoot = helper.group.tree.at("cgroup")
        let next = try #require(try HelperServer(configuration))
        #expect(next.recover().count == 1)
        #expect(try helper.group.everything == helper.before)
        _ = helper.stop()
    }

    @Test func oneAgentAtATime() throws {
        let helper = try RunningHelper()
        let first = helper.governor()
        #expect(first.mode == .full)
        let second = helper.governor()
        #expect(second.mode == .apiOnly)
        #expect(helper.waits(for: .busy))
        _ = first.apply(decision(0.5), intervalMs: 10_000)
        #expect(second.apply(decision(0.2)) == [])
        #expect(try helper.group.tree.text("sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq") == "900000\n")
        withExtendedLifetime(first) {}
        _ = helper.stop()
    }

    @Test(.enabled(if: geteuid() == 0)) func rootMayConnectAndOthersMayNot() throws {
        let helper = try RunningHelper { $0.user = 12_345 }
        #expect(helper.governor().mode == .full)
        _ = helper.stop()
        // Another user's process, with access to the path.
        let other = try RunningHelper { $0.user = 12_345 }
        chmod(other.group.tree.path, 0o755)
        chmod(other.group.tree.at("helper"), 0o666)
        let child = try ChildProcess(
            ["setpriv", "--reuid=54321", "--clear-groups", "perl", "-MSocket", "-e",
             "socket(my $s, AF_UNIX, SOCK_SEQPACKET, 0); connect($s, pack_sockaddr_un($ARGV[0])) or die $!;"
                + "sysread($s, my $b, 64); exit length($b)",
             other.group.tree.at("helper")], capturesOutput: true)
        #expect(child.wait(timeoutMs: 60_000))
        #expect(child.end == .exited(0))
        #expect(other.waits(for: .turnedAway(user: 54_321)))
        _ = other.stop()
    }

    @Test func withoutAHelperTheReasonIsToldAndALaterOneIsFound() throws {
        let group = try Group()
        var configuration = group.configuration()
        configuration.by = .helper
        let governor = CgroupGovernor(configuration)
        #expect(governor.mode == .apiOnly)
        #expect(governor.apply(decision(0.5)) == [])
        let link = HelperLink(path: group.tree.at("helper"))
        #expect(link.probe(.cpuMax)?.contains("No such file") == true)
    }

    /// What is well formed and isn't the agent's to ask.
    @Test func whatGoesTooFarIsRefused() throws {
        let helper = try RunningHelper()
        let link = HelperLink(path: helper.group.tree.at("helper"))
        #expect(link.write(.memoryMax, "4096")?.contains("can't give back") == true)
        #expect(link.write(.memoryHigh, "70000000")?.contains("can't give back") == true)
        #expect(link.write(.frequencyCap(policy: 0), "599999")?.contains("frequencies") == true)
        #expect(link.write(.frequencyCap(policy: 0), "1800001")?.contains("frequencies") == true)
        #expect(link.write(.frequencyCap(policy: 7), "600000")?.contains("no such policy") == true)
        #expect(try helper.group.everything == helper.before)
        #expect(link.write(.cpuWeight, "150") == nil)
        #expect(try helper.group.value("cpu.weight") == "150")
        _ = helper.stop()
        let without = try RunningHelper { $0.scalesFrequency = false }
        let other = HelperLink(path: without.group.tree.at("helper"))
        #expect(other.write(.frequencyCap(policy: 0), "600000")?.contains("aren't governed") == true)
        #expect(other.write(.cpuWeight, "150") == nil)
        _ = without.stop()
    }

    @Test func whatIsMissingOnTheBoardFails() throws {
        let helper = try RunningHelper("zero2w")
        let governor = helper.governor()
        #expect(governor.mode == .partial)
        #expect(governor.missing == [.memoryMax, .memoryHigh])
        _ = helper.stop()
    }
}

@Suite struct HelperMessageTests {
    private static let requests: [HelperRequest] = [
        HelperRequest(.probe, .memoryMax), HelperRequest(.probe, .frequencyCap(policy: 513)),
        HelperRequest(.write, .memoryMax, "max"), HelperRequest(.write, .memoryHigh, "9223372036854775807"),
        HelperRequest(.write, .cpuMax, "max 100000"), HelperRequest(.write, .cpuWeight, "10000"),
        HelperRequest(.write, .frequencyCap(policy: 65_535), "1800000"), HelperRequest(.restore),
    ]

    @Test func requestsAndRepliesGoThere() throws {
        for request in Self.requests {
            let message = try #require(request.message)
            #expect(message.count == 64)
            #expect(HelperRequest(message) == request)
        }
        for reply in [
            HelperReply(verb: 2, .done), HelperReply(verb: 1, .refused, "because"),
            HelperReply(verb: 3, .failed, String(repeating: "x", count: 56)),
        ] { #expect(HelperReply(reply.message) == reply) }
        #expect(HelperReply(HelperReply(verb: 2, .failed, "ü\n" + String(repeating: "y", count: 99)).message)?
            .text.utf8.count == 56)
        #expect(HelperRequest(.write, .cpuMax, String(repeating: "1", count: 49)).message == nil)
    }

    /// Every bit of every byte, turned: a request is then another one that says so in full, or none.
    @Test func aTurnedBitNeverMeansSomethingHidden() throws {
        for request in Self.requests {
            let message = try #require(request.message)
            for bit in 0..<(64 * 8) {
                var damaged = message
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                guard let read = HelperRequest(damaged) else { continue }
                #expect(read != request)
                #expect(read.message == damaged)
            }
        }
    }

    @Test func everyLengthButTheRightOneIsRefused() throws {
        let message = try #require(Self.requests[2].message)
        for count in 0..<64 { #expect(HelperRequest(Array(message[..<count])) == nil) }
        #expect(HelperRequest(message + [0]) == nil)
        #expect(HelperRequest([]) == nil && HelperReply([]) == nil)
    }

    /// Random bytes, most of them behind a true beginning.
    @Test(arguments: [UInt64(1), 2, 3])
    func randomBytesAreNoRequestOrARequestInFull(seed: UInt64) {
        var state = seed
        func random() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        var understood = 0
        for _ in 0..<20_000 {
            var message = (0..<64).map { _ in UInt8(truncatingIfNeeded: random()) }
            message.replaceSubrange(0..<4, with: HelperMessage.magic)
            if random() % 2 == 0 {
                message[4] = UInt8(random() % 5)
                message[5] = UInt8(random() % 6)
                for index in 6..<64 where random() % 8 != 0 { message[index] = 0 }
                message[8] = UInt8(random() % 20)
                for index in 16..<(16 + Int(message[8])) where random() % 16 != 0 {
                    message[index] = 0x30 + UInt8(random() % 10)
                }
            }
            _ = HelperReply(message)
            guard let request = HelperRequest(message) else { continue }
            understood += 1
            #expect(request.message == message)
            if request.verb == .write {
                #expect(request.control?.accepts(Array(request.value.utf8)[...]) == true)
            }
        }
        #expect(understood > 0)
    }

    /// The helper itself, fed with what isn't a request: it closes, gives everything back, serves the next.
    @Test func aHelperOutlivesEveryMessage() throws {
        let helper = try RunningHelper()
        var messages: [[UInt8]] = [
            [1], [UInt8](repeating: 0, count: 64), [UInt8](repeating: 255, count: 65),
            [UInt8](repeating: 65, count: 60_000), Array("PHI1".utf8),
        ]
        var control = try #require(HelperRequest(.write, .cpuWeight, "150").message)
        control[5] = 9
        messages.append(control)
        for message in messages {
            let good = HelperLink(path: helper.group.tree.at("helper"))
            #expect(good.write(.cpuWeight, "150") == nil)
            // What another suite forks just now holds the connection open for a moment.
            let gone = helper.count(of: .dropped)
            good.close()
            #expect(helper.waits(for: .dropped, moreThan: gone))
            let socket = try PacketSocket(connectingTo: helper.group.tree.at("helper"))
            try socket.send(message)
            let answer = try socket.receive(limit: 64, timeoutMs: 60_000)
            #expect(answer.flatMap { HelperReply($0) }?.status == .malformed)
            #expect(try socket.receive(limit: 64, timeoutMs: 60_000) == nil)
        }
        #expect(try helper.group.everything == helper.before)
        #expect(helper.governor().mode == .full)
        _ = helper.stop()
    }
}
