// A world for the operator's command: a console that remembers, a clock that only moves when it is
// slept on, a server that answers by script, a folder of its own.

import CoreTesting
import Foundation
import Testing

@testable import FleetKit

final class FakeConsole: Console {
    var width: Int?
    var canAsk = false
    var answers: [String] = []
    private(set) var out = ""
    private(set) var error = ""

    func write(_ text: String) { out += text }
    func writeError(_ text: String) { error += text }
    func readLine() -> String? { answers.isEmpty ? nil : answers.removeFirst() }
}

final class FakeTimepiece: Timepiece {
    /// 2026-11-20T12:00:00Z
    static let startMs: Int64 = 1_795_176_000_000
    private(set) var steadyMs: Int64 = 0
    var nowMs: Int64 { Self.startMs + steadyMs }
    func sleep(milliseconds: Int) { steadyMs += Int64(milliseconds) }
}

/// Answers by "METHOD /path?query". Several answers to one request follow one another; the last stays.
final class FakeServer: HTTPClient {
    enum Answer {
        case json(Int, String)
        case failure(HTTPFailure)
    }

    private var answers: [String: [Answer]] = [:]
    private(set) var requests: [HTTPRequest] = []

    func on(_ request: String, _ answers: Answer...) { self.answers[request] = answers }
    func script(_ request: String, _ answers: [Answer]) { self.answers[request] = answers }
    func on(_ request: String, _ json: String) { answers[request] = [.json(200, json)] }

    func send(_ request: HTTPRequest) throws(HTTPFailure) -> HTTPResponse {
        requests.append(request)
        let path = request.url.drop { $0 != ":" }.dropFirst(3).drop { $0 != "/" }
        let name = "\(request.method) \(path)"
        guard var queue = answers[name], let first = queue.first else {
            let problem = #"{"title":"not found","status":404,"detail":"no script for \#(name)"}"#
            return HTTPResponse(status: 404, body: Array(problem.utf8))
        }
        if queue.count > 1 {
            queue.removeFirst()
            answers[name] = queue
        }
        switch first {
        case .json(let status, let text): return HTTPResponse(status: status, body: Array(text.utf8))
        case .failure(let failure): throw failure
        }
    }

    func body(of request: String) throws -> JSON {
        let found = try #require(requests.last { "\($0.method) " + $0.url.suffix(request.count - $0.method.count - 1) == request })
        return try JSONReader.read(found.body)
    }
}

/// A folder that goes when the test does.
final class Scratch {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "fleet-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
        return "\(path)/\(name)"
    }

    func read(_ name: String) throws -> String {
        try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
    }
}

/// One operator at one fake fleet.
final class Bench {
    let scratch: Scratch
    let console = FakeConsole()
    let timepiece = FakeTimepiece()
    let server = FakeServer()
    var environment: [String: String]
    var home: String { scratch.path + "/operator" }

    /// - Parameter isFounded: with the folders of `server init --plain`.
    init(isFounded: Bool = true) throws {
        scratch = try Scratch()
        environment = ["PHIFLEET_HOME": scratch.path + "/operator", "USER": "anna", "NO_COLOR": "1"]
        if isFounded {
            let quiet = Surroundings(
                environment: environment, console: FakeConsole(), timepiece: timepiece,
                connect: { _ in FakeServer() })
            let exit = Program.run(
                ["server", "init", "--plain", "--data", scratch.path + "/server"], quiet)
            try #require(exit == .success)
        }
    }

    var surroundings: Surroundings {
        Surroundings(
            environment: environment, console: console, timepiece: timepiece,
            connect: { [server] _ in server })
    }

    @discardableResult
    func run(_ words: String...) -> ExitCode { Program.run(words, surroundings) }
}

/// Compares with Tests/Golden/fleet/NAME; UPDATE_GOLDEN=1 writes it instead.
func expectGolden(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation)
    throws
{
    #expect(
        text == (try? Golden.text("fleet/\(name)", now: text)),
        "differs from Tests/Golden/fleet/\(name); if it should, rewrite it with UPDATE_GOLDEN=1",
        sourceLocation: sourceLocation)
}
