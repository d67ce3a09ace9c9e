// The doctor on boards that are in order, on ones that lack something, and on a broken one.

import AgentCore
import CoreTesting
import FixtureSupport
import Foundation
import Governor
import Model
import System
import Testing

@testable import AgentRuntime

/// A capability, and how to take it away.
struct Lack: Sendable, CustomTestStringConvertible {
    let id: String
    let take: @Sendable (inout DoctorFacts) -> Void

    init(_ id: String, _ take: @escaping @Sendable (inout DoctorFacts) -> Void) {
        self.id = id
        self.take = take
    }

    var testDescription: String { id }
}

/// A helper on a fixture's tree, answered by a thread of its own.
private final class Helper: @unchecked Sendable {
    private let server: HelperServer
    private let lock = NSLock()
    private var isStopping = false
    private let ended = DispatchSemaphore(value: 0)

    init(_ tree: Scratch) throws {
        var configuration = HelperConfiguration(
            group: "/workload.slice", journalPath: tree.at("journal"), socketPath: tree.at("helper"),
            user: geteuid())
        configuration.cgroupRoot = tree.at("cgroup")
        configuration.sysfsRoot = tree.at("sys")
        configuration.by = .files
        server = try #require(try HelperServer(configuration))
        Thread { [self] in
            while !lock.withLock({ isStopping }) {
                var items = server.descriptors.map { PollItem($0) }
                _ = try? PollItem.wait(&items, timeoutMs: 20)
                _ = server.turn()
            }
            ended.signal()
        }.start()
    }

    /// Its socket stays, as after a crash.
    func stop() {
        lock.withLock { isStopping = true }
        ended.wait()
        _ = server.stop()
    }
}

@Suite struct DoctorTests {
    static let host = DoctorFacts.Host(
        isClockSynced: true, pageBytes: 4096, isJournalPersistent: false, sensorsLibrary: "3.6.0", user: 0)

    /// Facts of a fixture board, governed, with folders of its own.
    static func facts(_ board: String, host: DoctorFacts.Host = host) throws -> (DoctorFacts, Scratch) {
        let tree = try Scratch(fixture: board)
        for folder in ["state", "run"] {
            try FileManager.default.createDirectory(
                atPath: tree.at(folder), withIntermediateDirectories: true)
        }
        let options = try Options(arguments: [
            "--sysfs-root", tree.at("sys"), "--procfs-root", tree.at("proc"), "--cgroup-root", tree.at("cgroup"),
            "--group", "workload.slice", "--state-dir", tree.at("state"), "--run-dir", tree.at("run"),
            "--govern-by", "files",
        ])
        var facts = DoctorFacts.gather(options, host: host)
        facts.server = .answers("https://fleet.example:8440")
        facts.enrolment = .enrolled
        // Whoever runs the tests.
        facts.state.owner = 0
        // The only figures of this moment.
        for index in facts.sensors.indices where facts.sensors[index].lastGoodMs != nil {
            facts.sensors[index].lastGoodMs = 60_000
        }
        return (facts, tree)
    }

    @Test(arguments: ["pi4", "zero2w", "pi5", "x86", "broken"])
    func boards(_ board: String) throws {
        var host = Self.host
        if board == "pi5" { host.pageBytes = 16 << 10 }
        let (facts, tree) = try Self.facts(board, host: host)
        let findings = Diagnosis(facts: facts).findings
        let page = DoctorText.page(facts, findings).replacingOccurrences(of: tree.path, with: "/tree")
        #expect(page == (try Golden.text("agent/doctor/\(board).txt", now: page)))
        let json = DoctorText.json(facts, findings).replacingOccurrences(of: tree.path, with: "/tree") + "\n"
        #expect(json == (try Golden.text("agent/doctor/\(board).json", now: json)))
        let read = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
        #expect((read?["findings"] as? [Any])?.count == findings.count)
        #expect(read?["well"] as? Bool == Diagnosis.isWell(findings))
    }

    @Test func whatEachBoardLacks() throws {
        func missing(_ board: String) throws -> [String] {
            let (facts, _) = try Self.facts(board)
            return Diagnosis(facts: facts).findings.filter { $0.grade == .missing }.map(\.id)
        }
        #expect(try missing("pi4") == [])
        #expect(try missing("pi5") == [])
        #expect(try missing("x86") == [])
        #expect(try missing("zero2w") == ["memory-controller", "psi"])
        #expect(
            try missing("broken")
                == ["memory", "sensors", "throttling", "memory-controller", "psi", "identity"])
    }

    /// Each capability taken away from a board in order: told, with what is lost and how to fix it.
    @Test(arguments: [
        Lack("memory") { $0.memory = nil },
        Lack("temperature") { facts in facts.hasTemperature = false; facts.sensors.removeAll() },
        Lack("sensors") { $0.sensors[0] = SensorStatus(name: "thermal_zone0 x", condition: .failed, errorCode: 5) },
        Lack("throttling") { facts in facts.throttle = nil; facts.hasFirmwareFile = false },
        Lack("memory-controller") { $0.controllers = nil },
        Lack("memory-controller") { $0.controllers = ["cpu", "io"] },
        Lack("memory-controller") { $0.controllers = ["memory", "io"] },
        Lack("psi") { facts in facts.hasPressure = false; facts.stallSource = .vmstat },
        Lack("psi") { facts in facts.hasPressure = false; facts.stallSource = nil },
        Lack("group") { $0.group?.exists = false },
        Lack("group") { $0.group?.locked = ["cpu.max"] },
        Lack("group") { $0.group?.writer = .helper(path: "/run/h", .away("No such file or directory")) },
        Lack("group") { $0.group?.writer = .helper(path: "/run/h", .odd("its reply makes no sense")) },
        Lack("group") { facts in
            facts.group?.writer = .helper(path: "/run/h", .answers)
            facts.group?.locked = ["cpu.max"]
        },
        Lack("group") { facts in
            facts.group?.writer = .helper(path: "/run/h", .taken)
            facts.group?.held = DoctorFacts.Held(mode: "partial", missing: ["memory.max"])
        },
        Lack("group") { facts in
            facts.group?.writer = .helper(path: "/run/h", .forbidden)
            facts.host.user = 990
            facts.state.owner = 990
        },
        Lack("group") { $0.group?.writer = .systemd(unit: "workload.slice", isLoaded: false) },
        Lack("enrolment") { $0.enrolment = .notYet },
        Lack("enrolment") { $0.enrolment = .damaged },
        Lack("enrolment") { $0.token = .unusable("/etc/token: No such file or directory") },
        Lack("enrolment") { facts in
            facts.token = .hidden("/etc/token: Permission denied")
            facts.host.user = 990
            facts.state.owner = 990
        },
        Lack("swap") {
            $0.zram = ZramReading(
                diskBytes: 8 << 30, originalBytes: 0, compressedBytes: 0, usedBytes: 0)
        },
        Lack("clock") { $0.host.isClockSynced = false },
        Lack("identity") { $0.serialSource = .none },
        Lack("state-folder") { $0.state.exists = false },
        Lack("state-folder") { $0.state.isWritable = false },
        Lack("key-file") { $0.state.keyMode = 0o644 },
        Lack("run-folder") { $0.run.isWritable = false },
        Lack("server") { $0.server = .unreachable("no route") },
        Lack("server") { $0.server = .insecure("bad certificate") },
        Lack("server") { $0.server = .odd("503") },
    ])
    func aMissingCapabilityIsToldWithItsFix(lack: Lack) throws {
        var (facts, _) = try Self.facts("pi4")
        #expect(Diagnosis.isWell(Diagnosis(facts: facts).findings))
        lack.take(&facts)
        let findings = Diagnosis(facts: facts).findings
        #expect(!Diagnosis.isWell(findings))
        let finding = try #require(findings.first { $0.id == lack.id })
        #expect(finding.grade == .missing)
        #expect(finding.lost?.isEmpty == false)
        #expect(finding.fix?.isEmpty == false)
        #expect(finding.fix?.contains("\n") == false)
    }

    @Test(arguments: [
        Lack("psi") { $0.trigger = .refused("Operation not permitted") },
        Lack("cpufreq") { $0.frequency = nil },
        Lack("cpufreq") { $0.isFrequencyWritable = false },
        Lack("group") { $0.group = nil },
        Lack("group") { $0.group?.absent = ["memory.high"] },
        Lack("group") { facts in
            facts.group?.writer = .helper(path: "/run/h", .forbidden)
            facts.host.user = 1000
        },
        Lack("group") { facts in
            facts.group?.writer = .helper(path: "/run/h", .taken)
            facts.host.user = 1000
        },
        Lack("group") { facts in
            facts.group?.writer = .systemd(unit: "workload.slice", isLoaded: true)
            facts.host.user = 1000
        },
        Lack("group") { $0.state.owner = 990 },
        Lack("enrolment") { $0.enrolment = .noServer },
        Lack("enrolment") { $0.enrolment = .hidden },
        Lack("enrolment") { facts in facts.enrolment = .notYet; facts.token = .given },
        Lack("enrolment") { facts in
            facts.enrolment = .notYet
            facts.token = .hidden("/etc/token: Permission denied")
            facts.host.user = 1000
        },
        Lack("watchdog") { $0.watchdog = .idle },
        Lack("journal") { $0.host.isJournalPersistent = nil },
        Lack("identity") { $0.serialSource = .machineID },
        Lack("state-folder") { facts in
            facts.state.isWritable = false
            facts.state.owner = 990
            facts.host.user = 1000
        },
        Lack("server") { $0.server = .notGiven },
        Lack("swap") {
            $0.zram = ZramReading(
                diskBytes: 3 << 30, originalBytes: 0, compressedBytes: 0, usedBytes: 0)
        },
        Lack("libsensors") { facts in facts.hwmonChips = 3; facts.hwmonReadings = 0 },
    ])
    func whatIsMerelyLessIsANote(lack: Lack) throws {
        var (facts, _) = try Self.facts("pi4")
        lack.take(&facts)
        let findings = Diagnosis(facts: facts).findings
        #expect(Diagnosis.isWell(findings))
        #expect(findings.first { $0.id == lack.id }?.grade == .note)
    }

    /// Whoever would write the limits is named.
    @Test(arguments: [
        (ControlLook.Writer.files, nil, "workload.slice can be governed by its files"),
        (.systemd(unit: "workload.slice", isLoaded: true), nil, "workload.slice can be governed by systemd"),
        (.helper(path: "/run/h", .answers), nil, "workload.slice can be governed by phi-agent helper"),
        (
            .helper(path: "/run/h", .taken), DoctorFacts.Held(mode: "full", missing: []),
            "workload.slice is governed by the running agent through phi-agent helper"
        ),
        (.helper(path: "/run/h", .taken), nil, "workload.slice: phi-agent helper serves an agent"),
    ])
    func theGroupIsWellByWhoever(_ writer: ControlLook.Writer, _ held: DoctorFacts.Held?, _ said: String) throws {
        var (facts, _) = try Self.facts("pi4")
        facts.group?.writer = writer
        facts.group?.held = held
        let finding = try #require(Diagnosis(facts: facts).findings.first { $0.id == "group" })
        #expect(finding == .well("group", said))
    }

    /// With a helper that listens the files of the group needn't be this user's; with none they don't help.
    @Test func theHelperIsAskedAtItsSocket() throws {
        let tree = try Scratch(fixture: "pi4")
        let options = try Options(arguments: [
            "--sysfs-root", tree.at("sys"), "--procfs-root", tree.at("proc"), "--cgroup-root", tree.at("cgroup"),
            "--group", "workload.slice", "--state-dir", tree.at("state"), "--run-dir", tree.at("run"),
            "--govern-by", "helper", "--helper", tree.at("helper"), "--cpufreq",
        ])
        func finding() throws -> Finding {
            let facts = DoctorFacts.gather(options, host: Self.host)
            return try #require(Diagnosis(facts: facts).findings.first { $0.id == "group" })
        }
        #expect(try finding().grade == .missing)
        #expect(try finding().found.contains("no phi-agent helper listens at \(tree.at("helper"))"))
        let helper = try Helper(tree)
        #expect(try finding() == .well("group", "workload.slice can be governed by phi-agent helper"))
        helper.stop()
        #expect(try finding().grade == .missing)
    }

    /// By state file and token: what is gathered, not only what is made of it.
    @Test func enrolmentIsReadFromTheStateFile() throws {
        let tree = try Scratch(fixture: "pi4")
        func facts(_ more: String...) throws -> DoctorFacts {
            let options = try Options(
                arguments: [
                    "--sysfs-root", tree.at("sys"), "--procfs-root", tree.at("proc"), "--cgroup-root",
                    tree.at("cgroup"), "--state-dir", tree.at("state"), "--run-dir", tree.at("run"),
                ] + more, readsToken: false)
            return DoctorFacts.gather(options, host: Self.host)
        }
        let server = "--server=http://127.0.0.1:9"
        #expect(try facts().enrolment == .noServer)
        #expect(try facts(server).enrolment == .notYet)
        #expect(try facts(server).token == .none)
        try tree.write("token", "half a token\n")
        #expect(try facts(server, "--token-file", tree.at("token")).token
            == .unusable("\(tree.at("token")): no token stands in it"))
        #expect(try facts(server, "--token-file", tree.at("nowhere")).token
            == .unusable("\(tree.at("nowhere")): No such file or directory"))
        try tree.write("token", String(repeating: "0", count: 32) + "." + String(repeating: "a", count: 64) + "\n")
        #expect(try facts(server, "--token-file", tree.at("token")).token == .given)
        var state = AgentState.minted(
            serial: "x", random: [UInt8](repeating: 1, count: 16), seed: [UInt8](repeating: 2, count: 32))
        try tree.write("state/state", state.text)
        #expect(try facts(server).enrolment == .notYet)
        state.reportKey = [UInt8](repeating: 3, count: 32)
        try tree.write("state/state", state.text)
        #expect(try facts(server).enrolment == .enrolled)
        try tree.write("state/state", "junk")
        #expect(try facts(server).enrolment == .damaged)
    }

    /// The fix names the file that this kind of machine has.
    @Test func kernelOptionsGoWhereTheMachineKeepsThem() throws {
        var (facts, _) = try Self.facts("zero2w")
        func fix() -> String? { Diagnosis(facts: facts).findings.first { $0.id == "psi" }?.fix }
        #expect(fix()?.contains("/boot/firmware/cmdline.txt") == true)
        facts.model = "ProLiant MicroServer Gen10"
        facts.hasFirmwareFile = false
        #expect(fix()?.contains("/etc/default/grub") == true)
    }

    @Test func anAggregatorThatIsAwayIsNamed() throws {
        var (facts, tree) = try Self.facts("pi4")
        let options = try Options(arguments: ["--server", "http://127.0.0.1:9", "--state-dir", tree.path])
        facts.askServer(options)
        guard case .unreachable(let text) = facts.server else {
            Issue.record("\(facts.server)")
            return
        }
        #expect(text.contains("127.0.0.1:9"))
    }

    @Test func idsAreUniqueOnABoard() throws {
        let (facts, _) = try Self.facts("broken")
        let ids = Diagnosis(facts: facts).findings.map(\.id)
        #expect(Set(ids).count == ids.count)
    }
}
