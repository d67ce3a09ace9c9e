// An agent on a real spool in a folder that is thrown away, and an aggregator that keeps each sample by its
// name, as the real one does.

import FixtureSupport
import Foundation
import Model
import Spool
import System
import TensorPool
import Testing

@testable import AgentCore

/// (stream, series, index).
struct SampleName: Hashable {
    var stream: UInt64
    var series: UInt16
    var index: UInt64
}

/// What arrived, by name, and how often.
final class Arrivals {
    var values: [SampleName: Double] = [:]
    var repeats = 0
    var differing = 0

    func take(_ report: Report) {
        var next = 0
        for origin in report.origins {
            for chunk in report.chunks[next..<min(report.chunks.count, next + origin.chunkCount)] {
                guard let (header, _, found) = try? decodeChunk(chunk) else {
                    Issue.record("a chunk can't be decoded")
                    continue
                }
                for (offset, value) in found.enumerated() {
                    let name = SampleName(
                        stream: origin.stream, series: header.series, index: header.firstIndex + UInt64(offset))
                    if let known = values[name] {
                        repeats += 1
                        if known != value { differing += 1 }
                    }
                    values[name] = value
                }
            }
            next += origin.chunkCount
        }
        #expect(next == report.chunks.count, "every chunk has an origin")
    }
}

func recorded(_ folder: String) throws -> [SampleName: Double] {
    var names: [SampleName: Double] = [:]
    _ = try SpoolInspection.look(folder, decodesChunks: false) { found in
        for chunk in found.record.chunks {
            guard let (header, _, values) = try? decodeChunk(chunk) else { continue }
            for (offset, value) in values.enumerated() {
                names[
                    SampleName(
                        stream: found.record.stamp.stream, series: header.series,
                        index: header.firstIndex + UInt64(offset))] = value
            }
        }
    }
    return names
}

extension AgentBench {
    /// On this folder, and never mind what ran before: as after a kill.
    convenience init(
        on folder: String, after before: AgentBench? = nil, capBytes: Int64 = Spool.defaultCapBytes,
        checkpointMs: Int64 = 10_000, inherits: (inout Inheritance) -> Void = { _ in }
    ) throws {
        let state =
            before?.disk
            ?? AgentState.minted(
                serial: Self.hardware.serial, random: [UInt8](repeating: 7, count: 16),
                seed: [UInt8](repeating: 9, count: 32))
        let spool = Spool(folder: folder, device: state.device, capBytes: capBytes)
        var inheritance = Inheritance()
        inheritance.hasBacklog = spool.hasSegments
        if let newest = spool.newest { inheritance.dropped = newest.dropped }
        if let before, !before.disk.wasClean { inheritance.samplesLost = before.core.atRisk.total }
        inherits(&inheritance)
        try self.init(state: state, checkpointMs: checkpointMs, inheritance: inheritance)
        if let before { nowMs = before.nowMs + 1_000 }
        write = { spool.write($0) }
        backlog = { spool.fetch(maxBytes: $0, $1) }
        released = { spool.release() }
    }

    func deliver(to arrivals: Arrivals) {
        answers = { [unowned self] sealed in
            arrivals.take(sealed.report)
            return acknowledge(sealed)
        }
    }
}
