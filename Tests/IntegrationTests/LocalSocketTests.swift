// The local API of real agents: many clients, bad ones, and what becomes of the values.

import Bytes
import Foundation
import LocalAPI
import Merge
import Model
import Store
import System
import TensorPool
import Testing

extension TestFleet {
    var socket: String { path("agent/run/agent.sock") }

    /// An agent on a Pi 4's fixture tree, without an aggregator.
    func startLoneAgent(intervalMs: Int = 300, awaitsSocket: Bool = true) throws {
        let fixture = Programs.root.appending(path: "Tests/Fixtures/pi4").path
        try start(
            "agent",
            agentCommand + [
                "run", "--interval", "\(intervalMs)ms", "--log-level", "debug",
                "--state-dir", path("agent/state"), "--run-dir", path("agent/run"),
                "--sysfs-root", fixture + "/sys", "--procfs-root", fixture + "/proc",
                "--cgroup-root", fixture + "/cgroup",
            ])
        guard awaitsSocket else { return }
        try eventually(60, "the agent has decided") {
            guard let client = try? LocalClient(path: self.socket) else { return false }
            return try client.json("decision")["error"] == nil
        }
    }
}

extension LocalClient {
    func json(_ command: String) throws -> [String: Any] {
        try Self.object(try ask(command, timeoutMs: 20_000))
    }

    static func object(_ line: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
    }
}

extension [String: Any] {
    func object(_ name: String) -> [String: Any] { self[name] as? [String: Any] ?? [:] }
}

@Suite(.serialized) struct LocalSocketTests {
    /// Every kind of command, right and wrong, from many clients at once, pipelined: each gets its one
    /// line of JSON, and the agent is no larger behind it.
    @Test func tenThousandCommandsFromManyClients() throws {
        let fleet = try TestFleet()
        try fleet.startLoneAgent()
        func batch(_ count: Int) throws {
            var clients: [LocalClient] = []
            for _ in 0..<8 { clients.append(try LocalClient(path: fleet.socket)) }
            for first in stride(from: 0, to: count / 8, by: 50) {
                for client in clients {
                    for index in first..<first + 50 { try client.send(Self.command(index)) }
                }
                for client in clients {
                    for index in first..<first + 50 {
                        let line = try #require(try client.nextLine(timeoutMs: 30_000))
                        let answer = try LocalClient.object(line)
                        #expect(
                            (answer["error"] == nil) == !Self.isWrong(index),
                            "\(Self.command(index)): \(answer)")
                    }
                }
            }
        }
        try batch(2_000)
        let before = try Self.privateKiB(fleet)
        try batch(10_000)
        let after = try Self.privateKiB(fleet)
        print("private memory before and after 10,000 commands: \(before) and \(after) KiB")
        #expect(after - before <= 128)
        let status = try LocalClient(path: fleet.socket).json("status")
        #expect(status.object("clients")["cutOff"] as? Int == 0)
        #expect(status.object("clients")["connected"] as? Int == 1)
        #expect(try fleet.end("agent") == 0)
        #expect(!FileManager.default.fileExists(atPath: fleet.socket))
    }

    private static let commands = [
        "signal entropy=0.5 value=0.8", "decision", "status", "series", "help", "read agent.temperature",
        "read agent.load limit=3", "nonsense", "append agent.load 1", "read nobody",
    ]
    private static func command(_ index: Int) -> String { commands[index % commands.count] }
    private static func isWrong(_ index: Int) -> Bool { index % commands.count >= 7 }

    private static func privateKiB(_ fleet: TestFleet) throws -> Int {
        let pid = try #require(fleet.processID("agent"))
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") })
        return try #require(Int(line.split(separator: " ").dropLast().last ?? ""))
    }

    @Test func badClientsHurtOnlyThemselves() throws {
        let fleet = try TestFleet()
        try fleet.startLoneAgent(intervalMs: 100)
        var random = SystemRandomNumberGenerator()
        // One that never reads what it subscribed to.
        let slow = try LocalClient(path: fleet.socket)
        try slow.send("subscribe")
        // Halves of lines, left at once; garbage with and without line ends.
        let half = try LocalSocket.connect(fleet.socket)
        _ = try half.send(Array("append q 1 2".utf8)[...])
        for _ in 0..<200 {
            let socket = try Self.connect(fleet)
            let count = Int.random(in: 1...6000, using: &random)
            let garbage = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = try? socket.send(garbage[...])
        }
        // Those before it may still wait to be accepted: then the kernel takes no one more for a moment.
        try fleet.eventually(10, "the good one gets in") {
            (try? LocalClient(path: fleet.socket).json("status")) != nil
        }
        let good = try LocalClient(path: fleet.socket)
        for index in 0..<300 {
            let answer = try good.json("append good \(index)")
            #expect(answer["next"] as? Int == index + 1)
        }
        #expect(try good.json("read good limit=2")["before"] as? Int == 298)
        try fleet.eventually(60, "the slow one is cut off") {
            fleet.text("agent.log").contains("was cut off: it reads too slowly")
        }
        // What came in one piece before it left was done: garbage is no command.
        let status = try good.json("status")
        #expect(status.object("clients")["cutOff"] as? Int == 1)
        #expect(status["samples"] as? Int ?? 0 > 0)
        withExtendedLifetime((slow, half)) {}
        #expect(try fleet.end("agent") == 0)
    }

    /// A place may be taken for a moment by one who has just left.
    private static func connect(_ fleet: TestFleet) throws -> LocalSocket {
        for _ in 0..<100 {
            if let socket = try? LocalSocket.connect(fleet.socket) { return socket }
            usleep(10_000)
        }
        return try LocalSocket.connect(fleet.socket)
    }

    @Test func aKilledAgentsSocketIsTakenOver() throws {
        let fleet = try TestFleet()
        try fleet.startLoneAgent()
        try fleet.end("agent", SIGKILL)
        #expect(try FileSystem.isSocket(fleet.socket))
        #expect(throws: LocalFault.self) { _ = try LocalClient(path: fleet.socket) }
        try fleet.startLoneAgent()
        #expect(try LocalClient(path: fleet.socket).json("status")["boot"] as? Int == 2)
        #expect(try fleet.end("agent") == 0)
    }

    /// Without its socket an agent does all the rest.
    @Test func aSocketThatCannotBeMadeIsToldAndNothingMore() throws {
        let fleet = try TestFleet()
        try FileManager.default.createDirectory(
            atPath: fleet.path("agent/run"), withIntermediateDirectories: true)
        try "mine".write(toFile: fleet.path("agent/run/agent.sock"), atomically: true, encoding: .utf8)
        try fleet.startLoneAgent(awaitsSocket: false)
        try fleet.eventually(60, "the agent decides") {
            !fleet.text("agent/run/decision.json").isEmpty
        }
        let log = fleet.text("agent.log")
        #expect(log.contains("the local API is off: \(fleet.socket) is there and is no socket"), "\(log)")
        #expect(fleet.text("agent/run/agent.sock") == "mine")
        #expect(try fleet.end("agent") == 0)
    }

    /// The ψ wave trigger, from the socket to the decision: the interval is so long that nothing else
    /// brings an observation.
    @Test func aBrokenRhythmBringsADecisionForward() throws {
        let fleet = try TestFleet()
        try fleet.startLoneAgent(intervalMs: 3_600_000)
        let client = try LocalClient(path: fleet.socket)
        let before = try client.json("decision")["monotonicMs"] as? Int ?? 0
        for _ in 0..<12 {
            _ = try client.json("signal value=0.5")
            usleep(100_000)
        }
        usleep(1_500_000)
        _ = try client.json("signal value=1")
        try fleet.eventually(20, "an early observation") {
            try client.json("status")["earlyObservations"] as? Int == 1
        }
        #expect(try client.json("decision")["monotonicMs"] as? Int ?? 0 > before)
        #expect(try fleet.end("agent") == 0)
    }

    /// From the socket over the pool and a report into the aggregator's database, by name.
    @Test func whatAWorkloadAppendsReachesTheAggregatorByName() throws {
        let fleet = try TestFleet()
        try fleet.initialise()
        try fleet.startServer()
        try fleet.startBoards(1)
        _ = try fleet.token(uses: 1)
        try fleet.startAgent(0)
        try Self.deliver(fleet)
    }

    @Test func theDeviceBinaryServesTheSameSocket() throws {
        try #require(
            FileManager.default.fileExists(atPath: Programs.deviceAgent.path),
            "no device binary: run make device first")
        let fleet = try TestFleet()
        try fleet.initialise()
        try fleet.startServer()
        try fleet.startBoards(1)
        _ = try fleet.token(uses: 1)
        fleet.agentCommand = [Programs.qemu, Programs.deviceAgent.path]
        try fleet.startAgent(0, intervalMs: 500)
        try Self.deliver(fleet)
    }

    private static func deliver(_ fleet: TestFleet) throws {
        let socket = fleet.path("agent-0/run/agent.sock")
        try fleet.eventually(60, "the device reports") {
            try fleet.devices().first?["reportsStored"] as? Int ?? 0 >= 3
        }
        let client = try LocalClient(path: socket)
        // Quarters: Foundation's reader of JSON rounds longer numbers.
        let values = (0..<500).map { Double($0 % 23) / 4 }
        for start in stride(from: 0, to: values.count, by: 50) {
            let words = values[start..<start + 50].map { "\($0)" }.joined(separator: " ")
            let answer = try client.json("append tank.level \(words) value=0.9 step=3")
            #expect(answer["appended"] as? Int == 50 && answer["exact"] as? Bool == true, "\(answer)")
        }
        let back = try client.json("read tank.level limit=512")
        let read = (back["values"] as? [[Double]])?.map { $0[1] }
        #expect(read == values)
        // Its end delivers what is left.
        #expect(try fleet.end("agent-0") == 0)
        #expect(try fleet.end("aggregator") == 0)

        let store = try FleetStore(readingFrom: fleet.path("server/phi.db"))
        let device = try #require(try store.devices().first)
        var reports: [Report] = []
        try store.history(device: device.number, limit: 10_000) { report, _ in reports.append(report) }
        let name = try #require(
            reports.flatMap(\.seriesNames).first { $0.name == "tank.level" }, "no report names the series")
        var found: [UInt64: Double] = [:]
        for report in reports {
            let position = Position(boot: report.boot, sequence: report.sequence)
            for chunk in try store.chunks(device: device.number, position) {
                let (header, _, decoded) = try decodeChunk(chunk)
                guard header.series == name.id else { continue }
                #expect(header.errorBound == 0)
                for (offset, value) in decoded.enumerated() {
                    found[header.firstIndex + UInt64(offset)] = value
                }
            }
        }
        #expect((0..<500).map { found[UInt64($0)] } == values)
        store.close()
    }
}
