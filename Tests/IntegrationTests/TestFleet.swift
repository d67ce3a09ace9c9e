// A fleet of real processes in a throw-away folder: aggregator, boards, agents, and the operator's
// command. Everything it started is ended with it.

import Foundation
import Testing

struct Output {
    let status: Int32
    let out: String
    let err: String

    var json: [String: Any] {
        ((try? JSONSerialization.jsonObject(with: Data(out.utf8))) as? [String: Any]) ?? [:]
    }
}

enum Programs {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Beside the test bundle, where SwiftPM puts the products.
    static let folder: URL = {
        let own = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let debug = root.appending(path: ".build/debug")
        return FileManager.default.fileExists(atPath: own.appending(path: "phi-agent").path)
            ? own : debug
    }()

    static let deviceAgent = root.appending(path: ".build/device/phi-agent")
    static let qemu = "/usr/bin/qemu-aarch64-static"

    static func run(
        _ program: String, _ arguments: [String], seconds: Double = 60, input: String? = nil
    ) throws -> Output {
        let process = Process()
        process.executableURL =
            program.hasPrefix("/") ? URL(filePath: program) : folder.appending(path: program)
        process.arguments = arguments
        let scratch = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        // Files, not pipes: a pipe that nobody drains stops the process.
        let out = scratch.appending(path: "out")
        let err = scratch.appending(path: "err")
        process.standardOutput = try handle(out)
        process.standardError = try handle(err)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let end = Date().addingTimeInterval(seconds)
        while process.isRunning, Date() < end { usleep(5_000) }
        if process.isRunning {
            kill(process.processIdentifier, SIGKILL)
            Issue.record("\(program) \(arguments.joined(separator: " ")): not within \(seconds) s")
        }
        process.waitUntilExit()
        return Output(
            status: process.terminationStatus, out: try String(contentsOf: out, encoding: .utf8),
            err: try String(contentsOf: err, encoding: .utf8))
    }

    static func handle(_ file: URL) throws -> FileHandle {
        if !FileManager.default.fileExists(atPath: file.path) {
            try Data().write(to: file)
        }
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        return handle
    }
}

final class TestFleet {
    let folder: URL
    private(set) var server = ""
    private var processes: [String: Process] = [:]
    /// Commands put before each agent, e.g. an emulator.
    var agentCommand: [String] = [Programs.folder.appending(path: "phi-agent").path]
    /// Commands put before the operator's, e.g. one that runs it on another host.
    var operatorCommand: [String] = []
    var isPlain = true

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "phifleet-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// An aggregator that runs, and a board for an agent to come.
    static func started() throws -> TestFleet {
        let fleet = try TestFleet()
        try fleet.initialise()
        try fleet.startServer()
        try fleet.startBoards(1)
        return fleet
    }

    deinit {
        for process in processes.values where process.isRunning {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: folder)
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    func text(_ name: String) -> String {
        (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
    }

    // MARK: Processes

    func start(_ name: String, _ command: [String]) throws {
        try #require(processes[name] == nil, "\(name) runs already")
        let process = Process()
        process.executableURL =
            command[0].hasPrefix("/")
            ? URL(filePath: command[0]) : Programs.folder.appending(path: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardOutput = try Programs.handle(folder.appending(path: "\(name).out"))
        process.standardError = try Programs.handle(folder.appending(path: "\(name).log"))
        process.standardInput = FileHandle.nullDevice
        try process.run()
        processes[name] = process
    }

    func processID(_ name: String) -> Int32? { processes[name]?.processIdentifier }

    /// Sends a signal and waits for the end; the exit status, or the signal's number.
    @discardableResult
    func end(_ name: String, _ signal: Int32 = SIGTERM, seconds: Double = 15) throws -> Int32 {
        let running = processes.removeValue(forKey: name)
        let process = try #require(running)
        kill(process.processIdentifier, signal)
        let end = Date().addingTimeInterval(seconds)
        while process.isRunning, Date() < end { usleep(10_000) }
        if process.isRunning {
            Issue.record("\(name) doesn't end on signal \(signal)")
            kill(process.processIdentifier, SIGKILL)
        }
        process.waitUntilExit()
        return process.terminationStatus
    }

    func initialise(host: String? = nil) throws {
        let made = try Programs.run(
            "fleet",
            ["server", "init", "--data", path("server"), "--operator", path("operator")]
                + (host.map { ["--host", $0] } ?? ["--plain"]))
        #expect(made.status == 0, "\(made.err)")
        isPlain = host == nil
    }

    func startServer(listen: String = "127.0.0.1:0", prefix: [String] = [], extra: [String] = []) throws {
        try? FileManager.default.removeItem(at: folder.appending(path: "aggregator.out"))
        try start(
            "aggregator",
            prefix + [
                Programs.folder.appending(path: "phi-aggregator").path, "--data", path("server"),
                "--listen", listen,
            ] + extra)
        try eventually(20, "the aggregator listens") { self.text("aggregator.out").contains("listening on ") }
        let line = text("aggregator.out").split(separator: "\n").first { $0.contains("listening on ") }
        server = String(try #require(line).split(separator: " ")[2])
    }

    var port: String { String(server.split(separator: ":").last ?? "") }

    func startBoards(_ count: Int) throws {
        try start("boards", ["phi-boards", "--out", path("boards"), "--count", "\(count)", "--speed", "10"])
        try eventually(20, "the boards are ready") { self.text("boards.out").contains("ready") }
    }

    func token(uses: Int, accepted: Bool = true) throws -> String {
        let made = try fleet(
            ["enroll", "token", "--uses", "\(uses)"] + (accepted ? ["--auto-accept"] : []))
        #expect(made.status == 0, "\(made.err)")
        let text = made.out.trimmingCharacters(in: .whitespacesAndNewlines)
        try text.write(to: folder.appending(path: "token"), atomically: true, encoding: .utf8)
        return text
    }

    func startAgent(_ index: Int, intervalMs: Int = 300, extra: [String] = []) throws {
        try start(
            "agent-\(index)",
            agentCommand + [
                "run", "--server", server, "--token-file", path("token"),
                "--interval", "\(intervalMs)ms", "--log-level", "debug",
                "--state-dir", path("agent-\(index)/state"), "--run-dir", path("agent-\(index)/run"),
                "--sysfs-root", path("boards/board-\(index)/sys"),
                "--procfs-root", path("boards/board-\(index)/proc"),
                "--cgroup-root", path("boards/board-\(index)/cgroup"),
            ] + (isPlain ? [] : ["--ca-file", path("operator/ca.crt")]) + extra)
    }

    // MARK: The operator

    func fleet(_ arguments: [String], home: String = "operator", seconds: Double = 60) throws -> Output {
        let command =
            operatorCommand + [Programs.folder.appending(path: "fleet").path] + arguments
            + ["--home", path(home), "--server", server]
        return try Programs.run(command[0], Array(command.dropFirst()), seconds: seconds)
    }

    func devices() throws -> [[String: Any]] {
        (try fleet(["devices", "list", "-o", "json"]).json["devices"] as? [[String: Any]]) ?? []
    }

    /// Parameters with one value changed, as a file.
    func parameterFile(softLimitC: Double) throws -> String {
        let file = folder.appending(path: "parameters.json")
        try "{\"thermal\": {\"softLimitC\": \(softLimitC)}}"
            .write(to: file, atomically: true, encoding: .utf8)
        return file.path
    }

    func eventually(_ seconds: Double, _ what: String, _ condition: () throws -> Bool) throws {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            if try condition() { return }
            usleep(100_000)
        }
        for name in processes.keys.sorted() { print("\(name): \(text("\(name).log").suffix(600))") }
        Issue.record("not within \(seconds) s: \(what)")
        throw Late(what: what)
    }

    struct Late: Error { let what: String }
}
