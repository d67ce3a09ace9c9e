// The agent's senses and hands on a simulated board: what is written comes back as a cooler board.

import FixtureSupport
import Foundation
import Governor
import Model
import System
import Telemetry
import Testing

@testable import Simulation

@Suite struct LoopTests {
    private func sensors(_ scratch: Scratch, _ folder: String) -> DeviceSensors {
        DeviceSensors(
            roots: SensorRoots(
                sysfs: scratch.at("\(folder)/sys"), procfs: scratch.at("\(folder)/proc")))
    }

    @Test(arguments: [BoardModel.pi4, .zero2W])
    func anAgentSensesEveryMovementOfABoard(model: BoardModel) throws {
        let scratch = try Scratch()
        let tree = BoardTree(folder: scratch.at("b"))
        var board = SimulatedBoard(model, seed: 11)
        try tree.create(board, bootID: "b")
        try tree.update(&board)
        let sensors = sensors(scratch, "b")
        var temperatures: Set<Int> = []
        var loads: Set<Double> = []
        for second in 0..<120 {
            board.step(seconds: 5, limits: tree.limits())
            try tree.update(&board)
            let sample = sensors.sample(
                at: Instant(monotonicMs: Int64(second) * 1000, wallMs: 0, isSynced: false))
            #expect(sample.health.healthy == sample.health.known)
            #expect(sample.memory?.availableBytes == UInt64(board.memoryAvailableKB) * 1024)
            #expect(sample.frequency?.currentKHz == board.frequencyKHz)
            #expect((sample.pressure != nil) == model.hasPressure)
            #expect(sample.throttle?.source == .firmware)
            temperatures.insert(try #require(sample.temperatureMilliC))
            loads.insert(try #require(sample.load).one)
        }
        #expect(temperatures.count > 8)
        #expect(loads.count > 20)
        let record = try #require(sensors.hardware())
        #expect(record.model == model.name)
        #expect(record.serial == board.serial)
        #expect(record.cpuMaxMHz == board.maximumKHz / 1000)
    }

    @Test func aGovernorsLimitsReachTheBoard() throws {
        let scratch = try Scratch()
        let tree = BoardTree(folder: scratch.at("b"))
        let board = SimulatedBoard(.pi4, seed: 2)
        try tree.create(board, bootID: "b")
        #expect(tree.limits() == BoardLimits())
        let governor = CgroupGovernor(
            GovernorConfiguration(
                cgroupRoot: scratch.at("b/cgroup"), group: "/workload.slice",
                journalPath: scratch.at("journal"), cpuCores: 4))
        #expect(governor.mode == .full)
        var decision = Decision()
        decision.factor = 0.5
        decision.memoryCeilingBytes = 1 << 30
        decision.isApplicable = true
        #expect(governor.apply(decision).count == 2)
        #expect(tree.limits() == BoardLimits(cores: 2, memoryBytes: 1 << 30))
        _ = governor.restore()
        #expect(tree.limits() == BoardLimits())
    }

    @Test func theProgramKeepsBoardsMovingUntilItIsTold() throws {
        let scratch = try Scratch()
        let program = Foundation.Process()
        program.executableURL = try Self.products().appendingPathComponent("phi-boards")
        program.arguments = ["--out", scratch.path, "--count", "3", "--seed", "9", "--speed", "60"]
        let output = Pipe()
        program.standardOutput = output
        try program.run()
        defer { if program.isRunning { kill(program.processIdentifier, SIGKILL) } }
        let ready = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        #expect(ready.hasPrefix("ready: 3 boards"))
        let first = try (0..<3).map { try #require(sensors(scratch, "board-\($0)").hardware()) }
        #expect(Set(first.map(\.serial)).count == 3)
        #expect(first[0].model.contains("Pi 4") && first[1].model.contains("Zero 2"))
        let before = try scratch.text("board-0/proc/meminfo")
        let deadline = Date().addingTimeInterval(20)
        while try scratch.text("board-0/proc/meminfo") == before, Date() < deadline {
            Clock.sleep(ms: 100)
        }
        #expect(try scratch.text("board-0/proc/meminfo") != before)
        program.terminate()
        while program.isRunning, Date() < deadline { Clock.sleep(ms: 20) }
        try #require(!program.isRunning)
        #expect(program.terminationReason == .exit)
        #expect(program.terminationStatus == 0)
    }

    @Test(arguments: [
        [], ["--out"], ["--out", "x", "--count", "0"], ["--out", "x", "--speed", "nan"],
        ["--out", "x", "--seed", "-1"], ["--what", "x"],
    ])
    func badArgumentsAreRefused(arguments: [String]) throws {
        let program = Foundation.Process()
        program.executableURL = try Self.products().appendingPathComponent("phi-boards")
        program.arguments = arguments
        program.standardError = Pipe()
        try program.run()
        program.waitUntilExit()
        #expect(program.terminationStatus == 2)
    }

    /// The folder of the built programs: the test bundle lies in it.
    static func products() throws -> URL {
        let bundle = try #require(CommandLine.arguments.first)
        var folder = URL(fileURLWithPath: bundle).resolvingSymlinksInPath()
        for argument in CommandLine.arguments where argument.hasSuffix(".xctest") {
            folder = URL(fileURLWithPath: argument).resolvingSymlinksInPath()
        }
        folder.deleteLastPathComponent()
        return folder
    }
}
