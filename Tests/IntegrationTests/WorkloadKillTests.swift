// A workload's values over a kill -9 of the agent, with real processes: whatever times they bear, what a record on
// disk holds is at the aggregator in the end, once.

import AgentCore
import Foundation
import Merge
import Model
import Spool
import Store
import System
import TensorPool
import Testing

@Suite(.serialized) struct WorkloadKillTests {
    /// A time for each value: long ago, years ahead, backwards, and the same twice.
    private static let daysAhead: [(name: String, days: [Int64])] = [
        ("past", [-4000, -3999, -3998]), ("future", [4000, 4001, 4002]),
        ("back", [30, 20, -10]), ("equal", [5, 5, 5]),
    ]

    @Test func recordedValuesArriveWhateverTheirTimes() throws {
        let fleet = try TestFleet()
        try fleet.initialise()
        try fleet.startServer()
        try fleet.startBoards(1)
        _ = try fleet.token(uses: 1)
        func start() throws {
            try fleet.startAgent(
                0, intervalMs: 10_000, extra: ["--time-scale", "240", "--checkpoint", "120s"])
        }
        func samples() throws -> Int { try fleet.devices().first?["samplesTaken"] as? Int ?? 0 }
        try start()
        try fleet.eventually(60, "reports arrive") { try samples() >= 3 }
        let nowMs = Int64(Date().timeIntervalSince1970 * 1000)
        for (name, days) in Self.daysAhead {
            for (index, day) in days.enumerated() {
                let appended = try Programs.run(
                    "phi-agent",
                    [
                        "append", name, "\(index).5", "time=\(nowMs + day * 86_400_000)",
                        "--socket", fleet.path("agent-0/run/agent.sock"),
                    ])
                #expect(appended.status == 0, "\(appended.err)")
            }
        }
        // The agent's own blocks are full and delivered, and what was recorded with the workload's
        // values is void but for these.
        let begun = try samples()
        try fleet.eventually(90, "two blocks are delivered") { try samples() >= begun + 280 }
        try fleet.end("agent-0", SIGKILL)
        try start()
        // Its own stream begins anew; the one before comes from the disk.
        let spool = fleet.path("agent-0/state/spool")
        try fleet.eventually(60, "the backlog is delivered") {
            var waits = false
            _ = try SpoolInspection.look(spool, decodesChunks: false) {
                if $0.record.stamp.stream == 1 { waits = true }
            }
            return try !waits && fleet.devices().first?["boot"] as? Int == 2
        }
        #expect(try fleet.end("agent-0") == 0)
        #expect(try fleet.end("aggregator") == 0)
        try check(fleet)
    }

    private func check(_ fleet: TestFleet) throws {
        let store = try FleetStore(readingFrom: fleet.path("server/phi.db"))
        defer { store.close() }
        let device = try #require(try store.devices().first)
        var stored: [UInt16: [UInt64: Double]] = [:]
        for run in try store.runs(device: device.number, limit: 1_000_000)
        where run.series >= SeriesID.firstUser && run.stream == 1 {
            let chunks = try store.chunks(
                device: device.number, Position(boot: run.boot, sequence: run.sequence))
            let (header, _, values) = try decodeChunk(chunks[run.position])
            for index in run.first..<run.end {
                #expect(stored[run.series]?[index] == nil, "\(run.series) \(index) is stored twice")
                stored[run.series, default: [:]][index] = values[Int(index - header.firstIndex)]
            }
        }
        for place in Self.daysAhead.indices {
            let id = SeriesID.firstUser + UInt16(place)
            #expect(stored[id] == [0: 0.5, 1: 1.5, 2: 2.5], "\(Self.daysAhead[place].name)")
        }
    }
}
