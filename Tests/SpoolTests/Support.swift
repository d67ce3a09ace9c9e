// A pool with samples in it, batches of it, and a spool on a folder that is thrown away.

import AgentCore
import CoreTesting
import Digest
import FixtureSupport
import Foundation
import Model
import System
import TensorPool
import Testing

@testable import Spool

let own = DeviceID(high: 0x1122, low: 0x3344)

func stamp(
    stream: UInt64 = 1, boot: UInt64 = 1, atMs: Int64 = 1_000, samples: UInt64 = 10, isSynced: Bool = false,
    names: [SeriesName] = [SeriesName(id: 16, name: "zone cpu-thermal")], acknowledged: [SeriesMark] = [],
    kernel: String = "kernel-a"
) -> SpoolStamp {
    SpoolStamp(
        device: own, stream: stream, boot: boot, kernelBootID: kernel,
        instant: Instant(monotonicMs: atMs, wallMs: 1_800_000_000_000 + atMs, isSynced: isSynced),
        samplesTaken: samples, samplesAtRiskMost: 13, dropped: ValueCounts(), names: names,
        acknowledged: acknowledged)
}

/// Chunks as a pool cuts them: `count` values of each series from index `first` on.
func chunks(_ first: Int, _ count: Int, series: [UInt16] = [1, 2], score: Double = 0.5) throws -> [DeliverableChunk] {
    let pool = try TensorPool(budgetBytes: 256 * 1024)
    var found: [DeliverableChunk] = []
    for id in series {
        try pool.declare(SeriesDeclaration(id: id, kind: .signal, lower: 0, upper: 100, decimals: 3))
        for index in 0..<first + count {
            try pool.append(
                series: id, timeMs: Int64(index) * 10_000, value: value(id, UInt64(index)), score: score)
        }
        found += pool.run(of: id, from: UInt64(first))
    }
    return found
}

/// What series `id` holds at `index`: never twice the same, so that a mix-up shows.
func value(_ id: UInt16, _ index: UInt64) -> Double { Double(id) + Double(index) / 1000 }

/// A stream that goes on, of values that no coding makes smaller: it fills a disk soon.
final class Noise {
    private let pool: TensorPool
    private let series: [UInt16]
    private(set) var taken = 0

    init(series: [UInt16] = [1, 2, 3, 4]) throws {
        pool = try TensorPool(budgetBytes: 16 << 20)
        self.series = series
        for id in series {
            try pool.declare(SeriesDeclaration(id: id, kind: .signal, lower: -1e300, upper: 1e300))
        }
    }

    /// The next `count` values of each series.
    func next(_ count: Int = 512, score: Double) throws -> [DeliverableChunk] {
        var random = SeededRandom(seed: UInt64(taken))
        for id in series {
            for index in taken..<taken + count {
                try pool.append(series: id, timeMs: Int64(index) * 10_000, value: random.finite(), score: score)
            }
        }
        defer { taken += count }
        return series.flatMap { pool.run(of: $0, from: UInt64(taken)) }
    }
}

func batch(_ chunks: [DeliverableChunk], _ stamp: SpoolStamp) -> SpoolBatch {
    SpoolBatch(stamp: stamp, chunks: chunks, isLast: false)
}

func nothing(_ stream: UInt64) -> CurrentStream { CurrentStream(stream: stream, spilled: [], done: []) }

/// Samples of a backlog, by name; a name twice is an error.
struct Name: Hashable {
    var stream: UInt64
    var series: UInt16
    var index: UInt64
}

func samples(_ backlog: Backlog, isExact: Bool = true) throws -> [Name] {
    var names: [Name] = []
    var next = 0
    for origin in backlog.origins {
        for chunk in backlog.chunks[next..<next + origin.chunkCount] {
            let decoded = try decodeChunk(chunk)
            for (offset, found) in decoded.values.enumerated() {
                let index = decoded.header.firstIndex + UInt64(offset)
                if isExact { #expect(found == value(decoded.header.series, index)) }
                names.append(Name(stream: origin.stream, series: decoded.header.series, index: index))
            }
        }
        next += origin.chunkCount
    }
    #expect(next == backlog.chunks.count)
    return names
}

/// All that waits, a report's worth at a time, as an agent drains it.
func drain(
    _ spool: Spool, _ current: CurrentStream, maxBytes: Int = 48 * 1024, isExact: Bool = true
) throws -> [Name] {
    var names: [Name] = []
    for _ in 0..<10_000 {
        let backlog = spool.fetch(maxBytes: maxBytes, current)
        if backlog.isEmpty { return names }
        names += try samples(backlog, isExact: isExact)
        spool.release()
    }
    Issue.record("the backlog has no end")
    return names
}

func names(_ stream: UInt64, _ indices: Range<Int>, series: [UInt16] = [1, 2]) -> [Name] {
    series.flatMap { id in indices.map { Name(stream: stream, series: id, index: UInt64($0)) } }
}

extension Spool {
    convenience init(_ scratch: Scratch, capBytes: Int64 = Spool.defaultCapBytes) {
        self.init(folder: scratch.at("spool"), device: own, capBytes: capBytes)
    }

    func store(_ chunks: [DeliverableChunk], _ stamp: SpoolStamp) throws {
        guard case .stored(let flags, _, _) = write(batch(chunks, stamp)) else {
            throw Broken("not stored: \(takeNotes().map(\.text))")
        }
        #expect(flags.allSatisfy { $0 })
    }
}

func segments(_ scratch: Scratch) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: scratch.at("spool"))
        .filter { $0.hasSuffix(".seg") }.sorted { $0.dropFirst() < $1.dropFirst() }
}

func contents(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

func put(_ bytes: [UInt8], _ path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
