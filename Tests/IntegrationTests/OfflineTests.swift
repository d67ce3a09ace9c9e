// Store and forward, as a power station's inspector would have it: hours without an aggregator, kills at
// random moments, a last record cut short; then everything that was whole arrives, once, and what was
// lost is within the interval of checkpoints and counted.
//
// Time is accelerated (`--time-scale`); agents and aggregator are real processes. The seed of the random
// moments is printed, and taken from PHI_SEED where that is set.

import AgentCore
import CoreTesting
import Foundation
import Merge
import Model
import Spool
import Store
import System
import TensorPool
import Testing

@Suite(.serialized) struct OfflineTests {
    @Test func twoHoursOfflineWithKillsArriveExactlyOnce() throws {
        try Trial(offlineS: 7_200, timeScale: 240, kills: 7).run()
    }

    /// Under emulation, so with less of everything.
    @Test func theDeviceBinaryKeepsThePromise() throws {
        try #require(
            FileManager.default.fileExists(atPath: Programs.deviceAgent.path),
            "no device binary: run make device first")
        try Trial(offlineS: 900, timeScale: 60, kills: 2).run(
            command: [Programs.qemu, Programs.deviceAgent.path])
    }
}

/// A stretch of one series of one stream, as a record holds it.
private struct Kept: Hashable {
    var stream: UInt64
    var series: UInt16
    var range: Range<UInt64>
    var timesMs: [Int64]
}

private struct Trial {
    let offlineS: Double
    let timeScale: Int
    let kills: Int
    static let intervalS = 10
    static let checkpointS = 120

    func run(command: [String]? = nil) throws {
        let environment = ProcessInfo.processInfo.environment["PHI_SEED"].flatMap { UInt64($0) }
        let seed = environment ?? UInt64.random(in: 0...UInt64.max)
        print("PHI_SEED=\(seed)")
        var random = SeededRandom(seed: seed)

        let fleet = try TestFleet()
        if let command { fleet.agentCommand = command }
        try fleet.initialise()
        try fleet.startServer()
        try fleet.startBoards(1)
        _ = try fleet.token(uses: 1)
        func startAgent() throws {
            try fleet.startAgent(
                0, intervalMs: Self.intervalS * 1000,
                extra: ["--time-scale", "\(timeScale)", "--checkpoint", "\(Self.checkpointS)s"])
        }
        try startAgent()
        try fleet.eventually(60, "reports arrive") {
            try fleet.devices().first?["reportsStored"] as? Int ?? 0 >= 3
        }
        try fleet.end("aggregator", SIGKILL)

        // Offline: each run is killed at a random moment of its share of the time.
        var taken: [UInt64: UInt64] = [:]
        let spool = fleet.path("agent-0/state/spool")
        for kill in 0..<kills {
            let shareS = offlineS / Double(kills) / Double(timeScale)
            usleep(UInt32(shareS * Double.random(in: 0.6...1.4, using: &random) * 1_000_000))
            try fleet.end("agent-0", SIGKILL)
            // The agent's own count, in memory that a kill leaves alone: how many it had taken.
            let progress = try #require(ProgressFile.read(fleet.path("agent-0/run/progress")))
            taken[progress.boot] = progress.samplesTaken
            if kill < kills - 1 { try startAgent() }
        }
        #expect(taken.count == kills, "every run began a boot of its own")

        let cut = try TailCut(spool, &random)
        try cut.tryEveryByte(device: deviceID(fleet))
        let before = try Self.kept(spool)
        try cut.apply()
        let whole = try Self.kept(spool)
        #expect(whole.count < before.count, "the cut took a record")

        // Back: the same port, and an agent on what the cut left.
        try fleet.startServer(listen: "127.0.0.1:\(fleet.port)")
        try startAgent()
        let newest = (taken.keys.max() ?? 0) + 1
        try fleet.eventually(90, "the backlog is delivered") {
            try Self.kept(spool).allSatisfy { $0.stream >= newest }
        }
        #expect(try fleet.end("agent-0") == 0)
        #expect(fleet.text("agent-0.log").contains("the spool's last record was cut short"))
        #expect(try fleet.end("aggregator") == 0)
        try check(fleet, whole, taken)
    }

    private func deviceID(_ fleet: TestFleet) throws -> DeviceID {
        let state = fleet.text("agent-0/state/state")
        let line = try #require(state.split(separator: "\n").first { $0.hasPrefix("device ") })
        return try #require(DeviceID(hex: String(line.dropFirst(7))))
    }

    /// All that whole records hold.
    static func kept(_ spool: String) throws -> [Kept] {
        var kept: [Kept] = []
        guard FileManager.default.fileExists(atPath: spool) else { return [] }
        _ = try SpoolInspection.look(spool, decodesChunks: false) { found in
            for chunk in found.record.chunks {
                guard let (header, times, _) = try? decodeChunk(chunk) else { continue }
                kept.append(
                    Kept(
                        stream: found.record.stamp.stream, series: header.series,
                        range: header.firstIndex..<header.firstIndex + UInt64(header.count), timesMs: times))
            }
        }
        return kept
    }

    private func check(_ fleet: TestFleet, _ whole: [Kept], _ taken: [UInt64: UInt64]) throws {
        let store = try FleetStore(readingFrom: fleet.path("server/phi.db"))
        defer { store.close() }
        let device = try #require(try store.devices().first)
        let runs = try store.runs(device: device.number, limit: 1_000_000)
        var stored: [String: [UInt64: Int64]] = [:]
        for run in runs {
            let chunks = try store.chunks(
                device: device.number, Position(boot: run.boot, sequence: run.sequence))
            let (header, times, _) = try decodeChunk(chunks[run.position])
            for index in run.first..<run.end {
                let place = "\(run.stream)/\(run.series)"
                // Exactly once: no index of a series stands in two runs.
                #expect(stored[place]?[index] == nil, "\(place) \(index) is stored twice")
                stored[place, default: [:]][index] = times[Int(index - header.firstIndex)]
            }
        }
        // Every sample of a whole record is there, with its time.
        var missing = 0
        for one in whole {
            for (offset, index) in one.range.enumerated() {
                let found = stored["\(one.stream)/\(one.series)"]?[index]
                if found != one.timesMs[offset] { missing += 1 }
            }
        }
        #expect(missing == 0, "\(missing) samples of whole records are missing or wrong")
        #expect(whole.reduce(0) { $0 + $1.range.count } > 1_000, "there was something to lose")

        // What isn't there was taken since the last checkpoint, and is counted.
        let most = UInt64(Self.checkpointS / Self.intervalS) + 2
        var lost: UInt64 = 0
        let last = taken.keys.max() ?? 0
        for (stream, count) in taken {
            let arrived = UInt64(stored["\(stream)/\(SeriesID.memoryAvailable)"]?.count ?? 0)
            #expect(arrived <= count)
            // The cut took one more record from the last run.
            #expect(count - arrived <= (stream == last ? 2 * most : most), "stream \(stream): \(count), \(arrived)")
            lost += count - arrived
        }
        var told: UInt64 = 0
        var isTold = false
        try store.history(device: device.number, limit: 100_000) { report, _ in
            if report.boot > last, let gap = report.gap {
                isTold = true
                told = gap.samplesLost ?? gap.samplesLostMost ?? 0
            }
        }
        print("lost \(lost) samples in \(taken.count) kills, told \(told)")
        #expect(isTold && told >= lost, "the report after the outage tells of \(told), lost were \(lost)")
        #expect(told <= lost + 2 * most, "and of no more than that by much")
    }
}

/// The last record of a spool, and every way to cut it.
private struct TailCut {
    private let path: String
    private let bytes: [UInt8]
    private let start: Int
    /// Where the record before begins: what is tried needs no more of the file than that.
    private let windowStart: Int
    private let length: Int

    init(_ spool: String, _ random: inout SeededRandom) throws {
        var newest: (number: UInt64, file: String, start: Int, windowStart: Int)?
        for file in try FileManager.default.contentsOfDirectory(atPath: spool).sorted() {
            let alone = try Self.folder(file, Array(Data(contentsOf: URL(filePath: "\(spool)/\(file)"))))
            defer { try? FileManager.default.removeItem(atPath: alone) }
            var end = 0
            var places: [(UInt64, Int)] = []
            _ = try SpoolInspection.look(alone, decodesChunks: false) { found in
                places.append((found.record.number, end))
                end += found.bytes
            }
            guard let place = places.last, place.0 >= newest?.number ?? 0 else { continue }
            newest = (place.0, file, place.1, places.dropLast().last?.1 ?? place.1)
        }
        let found = try #require(newest, "the spool holds a record")
        path = "\(spool)/\(found.file)"
        bytes = Array(try Data(contentsOf: URL(filePath: path)))
        start = found.start
        windowStart = found.windowStart
        length = Int.random(in: start..<bytes.count, using: &random)
    }

    /// A folder with one segment in it.
    private static func folder(_ name: String, _ bytes: [UInt8]) throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "phi-cut-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(bytes).write(to: folder.appending(path: name))
        return folder.path
    }

    /// Cut after each of its bytes: the records before hold, the rest is void, and nothing is refused.
    func tryEveryByte(device: DeviceID) throws {
        let before = windowStart < start ? 1 : 0
        let name = String(path.split(separator: "/").last ?? "")
        for length in start..<bytes.count {
            let folder = try Self.folder(name, Array(bytes[windowStart..<length]))
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let seen = try SpoolInspection.look(folder, decodesChunks: false)
            try #require(seen.first?.records == before, "cut at \(length)")
            try #require(seen.first?.damaged == 0 && seen.first?.tornBytes == length - start, "cut at \(length)")
            // Opening mends, which syncs: a byte in eight, and both ends.
            guard length % 8 == 0 || length == start || length == bytes.count - 1 else { continue }
            let opened = Spool(folder: folder, device: device, capBytes: Spool.defaultCapBytes)
            try #require(opened.fault == nil && opened.tornBytes == UInt64(length - start), "cut at \(length)")
            try #require(opened.hasSegments == (before == 1), "cut at \(length)")
        }
    }

    func apply() throws {
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.truncate(atOffset: UInt64(length))
        try file.close()
    }
}
