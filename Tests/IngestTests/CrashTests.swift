// The product as a process: killed in the middle of a thousand reports, and stopped with a signal.

import Bytes
import Digest
import Foundation
import Model
import ServerTesting
import Synchronization
import Testing
import Wire

@testable import Store

/// The aggregator as it was built, beside this test's own bundle.
private final class Product {
    let process = Process()
    let port: UInt16

    init(data: String) throws {
        let folder = Bundle.allBundles.map(\.bundlePath).first { $0.hasSuffix(".xctest") }
            .map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
            ?? URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        process.executableURL = folder.appendingPathComponent("phi-aggregator")
        process.arguments = ["--data", data, "--listen", "127.0.0.1:0"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var line = ""
        while !line.hasSuffix("\n") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { break }
            line += String(decoding: data, as: UTF8.self)
        }
        guard let port = UInt16(line.trimmingCharacters(in: .newlines).split(separator: ":").last ?? "")
        else { throw ConnectionLost() }
        self.port = port
    }

    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}

private func operate(_ client: RawClient, _ method: String, _ path: String, _ body: String = "") throws -> [String: Any] {
    try parse(
        try #require(
            client.request(
                method, path, headers: [("Authorization", "Bearer \(TestOperator.token)")],
                body: Array(body.utf8))))
}

private func enrol(_ count: Int, port: UInt16) throws -> [TestDevice] {
    let client = try #require(RawClient(port: port))
    let made = try operate(client, "POST", "/v1/enrolment-tokens", #"{"uses":100,"autoAccept":true}"#)
    let token = try #require(made["secret"] as? String)
    return try (0..<count).map { number in
        var device = TestDevice(number)
        let response = try #require(client.request("POST", "/v1/enroll", body: device.enrolment(token: token)))
        device.reportKey = try EnrolReply(decoding: response.body).reportKey
        return device
    }
}

@Suite struct CrashTests {
    @Test func everyAcknowledgedReportSurvivesKillNine() throws {
        let data = try makeDataFolder()
        let product = try Product(data: data)
        let devices = try enrol(8, port: product.port)
        // Sequence acknowledged last, by device; and how many were, in all.
        let acknowledged = Mutex([UInt64](repeating: 0, count: devices.count))
        let total = Atomic<Int>(0)
        let port = product.port
        let pid = product.process.processIdentifier
        DispatchQueue.concurrentPerform(iterations: devices.count) { index in
            var device = devices[index]
            guard let client = RawClient(port: port) else { return }
            for _ in 0..<125 {
                let report = device.report(chunks: [[UInt8(index)]])
                guard let response = try? client.send(report, of: device), response.status == 200 else { return }
                acknowledged.withLock { $0[index] = report.report.sequence }
                if total.add(1, ordering: .relaxed).newValue == 500 { Foundation.kill(pid, SIGKILL) }
            }
        }
        product.process.waitUntilExit()
        let sent = acknowledged.withLock { $0 }
        #expect(sent.reduce(0, +) >= 500)
        #expect(sent.reduce(0, +) < 1000)

        let again = try Product(data: data)
        let client = try #require(RawClient(port: again.port))
        for (index, device) in devices.enumerated() {
            let history = try operate(client, "GET", "/v1/devices/\(device.id.hex)/history?limit=1000")
            let sequences = try #require(history["reports"] as? [[String: Any]]).compactMap { $0["sequence"] as? Int }.sorted()
            // Each once and none missing; one more may have been committed and not acknowledged.
            #expect(sequences == Array(1..<sequences.count + 1))
            #expect(sequences.count == Int(sent[index]) || sequences.count == Int(sent[index]) + 1)
            let shown = try operate(client, "GET", "/v1/devices/\(device.id.hex)")
            #expect(shown["reportsStored"] as? Int == sequences.count)
            #expect(shown["chunksStored"] as? Int == sequences.count)
            #expect((shown["gaps"] as? [Any])?.isEmpty == true)
        }
        again.kill()
    }

    /// What "survives" rests on, beside SQLite's word: a kill is no power cut, this is what syncs.
    @Test func theWriterSyncsEveryCommit() throws {
        let store = try FleetStore(path: temporaryFolder() + "/phi.db", nowMs: 1)
        #expect(try store.database.query("PRAGMA synchronous") { $0.int(0) } == [2])
        #expect(try store.database.query("PRAGMA journal_mode") { $0.text(0) } == ["wal"])
    }

    @Test func sigtermAnswersCommitsAndExitsWithZero() throws {
        let data = try makeDataFolder()
        let product = try Product(data: data)
        var device = try #require(enrol(1, port: product.port).first)
        let client = try #require(RawClient(port: product.port))
        #expect(try client.send(device.report(), of: device).status == 200)
        let held = try #require(RawClient(port: product.port))
        _ = held.parameters(device, after: 0, waitS: 100)
        usleep(200_000)
        product.process.terminate()
        #expect(held.receive()?.status == 204)
        product.process.waitUntilExit()
        #expect(product.process.terminationReason == .exit)
        #expect(product.process.terminationStatus == 0)
        // All of it is in the database itself: a copy of the one file is a backup.
        #expect(!FileManager.default.fileExists(atPath: data + "/phi.db-wal"))
    }

    @Test func opensAsManyFilesAsItMay() throws {
        let product = try Product(data: makeDataFolder())
        let limits = try String(contentsOfFile: "/proc/\(product.process.processIdentifier)/limits", encoding: .utf8)
        let words = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max open files") }).split(separator: " ")
        #expect(words[3] == words[4])
        product.kill()
    }

    @Test func twoServersDoNotShareAFolder() throws {
        let data = try makeDataFolder()
        let product = try Product(data: data)
        #expect(throws: (any Error).self) { try Product(data: data) }
        product.kill()
    }
}
