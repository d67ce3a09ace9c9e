// Samples by name: each once, whatever comes again and however it is cut; and the clocks that date them.

import Aggregator
import Foundation
import Model
import ServerTesting
import Store
import TensorPool
import Testing
import Wire

@testable import Ingest

/// Values `range` of series 7, as a device cuts them.
private func chunk(_ range: Range<Int>, series: UInt16 = 7) throws -> [UInt8] {
    let pool = try TensorPool(budgetBytes: 64 * 1024)
    try pool.declare(SeriesDeclaration(id: series, kind: .signal, lower: 0, upper: 100))
    for index in 0..<range.upperBound {
        try pool.append(series: series, timeMs: 1_000 + Int64(index) * 10_000, value: Double(index), score: 0.5)
    }
    return try #require(pool.run(of: series, from: UInt64(range.lowerBound)).first).bytes
}

private func origin(
    _ stream: UInt64, _ count: Int, kernel: String = "k", wallMs: Int64 = 1_800_000_000_000, isSynced: Bool = false
) -> ChunkOrigin {
    ChunkOrigin(
        chunkCount: count, stream: stream, kernelBootID: kernel,
        instant: Instant(monotonicMs: 500_000, wallMs: wallMs, isSynced: isSynced))
}

@Suite struct RunTests {
    private func send(
        _ harness: Harness, _ device: inout TestDevice, _ chunks: [[UInt8]], _ origins: [ChunkOrigin]
    ) throws {
        var report = device.report(chunks: chunks).report
        report.origins = origins
        let sealed = SealedReport(sealing: report)
        device.head = sealed.head
        #expect(try harness.client.send(sealed, of: device).status == 200)
    }

    private func runs(_ harness: Harness, _ device: TestDevice) throws -> [[String: Any]] {
        try #require(try harness.json("/v1/devices/\(device.id.hex)/runs")["runs"] as? [[String: Any]])
    }

    @Test func aSampleIsStoredOnceHoweverItIsCut() throws {
        let harness = try Harness()
        var device = try harness.enrolled(1)
        try send(harness, &device, [try chunk(10..<20), try chunk(0..<5)], [origin(3, 2)])
        // Again, over the seam, and across both with the hole between.
        try send(harness, &device, [try chunk(10..<20)], [origin(3, 1)])
        try send(harness, &device, [try chunk(3..<12)], [origin(3, 1)])
        try send(harness, &device, [try chunk(0..<30)], [origin(3, 1)])
        // Another stream's index 0 is another sample; another series' too.
        try send(harness, &device, [try chunk(0..<4), try chunk(0..<2, series: 8)], [origin(4, 2)])
        var seen: [String: Set<Int>] = [:]
        for run in try runs(harness, device) {
            let place = "\(run["stream"] ?? 0)/\(run["series"] ?? 0)"
            let first = try #require(run["first"] as? Int)
            for index in first..<first + (try #require(run["count"] as? Int)) {
                #expect(seen[place, default: []].insert(index).inserted, "\(place) \(index) twice")
            }
        }
        #expect(seen == ["3/7": Set(0..<30), "4/7": Set(0..<4), "4/8": Set(0..<2)])
        #expect(try harness.metric("phi_samples_total{result=\"stored\"}") == 36)
        #expect(try harness.metric("phi_samples_total{result=\"repeat\"}") == 10 + 4 + 20)
        harness.service.stop()
    }

    @Test func chunksOfAnAgentThatTellsNoOriginsAreTheBoots() throws {
        let harness = try Harness()
        var device = try harness.enrolled(2)
        try send(harness, &device, [try chunk(0..<5), [1, 2, 3]], [])
        let found = try runs(harness, device)
        #expect(found.count == 1 && found[0]["stream"] as? Int == 1)
        harness.service.stop()
    }

    /// Not synchronised, then synchronised in the same boot: what came before is dated by it.
    @Test func aClockThatIsSetLaterDatesWhatCameBefore() throws {
        let harness = try Harness()
        var device = try harness.enrolled(3)
        func dating(_ stream: Int) throws -> (String?, Int?) {
            let run = try runs(harness, device).first { $0["stream"] as? Int == stream }
            return (run?["dating"] as? String, run?["firstMs"] as? Int)
        }
        // 1970: no clock chip, and nothing to go by.
        try send(harness, &device, [try chunk(0..<5)], [origin(1, 1, kernel: "a", wallMs: 600_000)])
        #expect(try dating(1) == ("undated", nil))
        // The last shutdown's time: better than nothing.
        try send(harness, &device, [try chunk(0..<5)], [origin(2, 1, kernel: "b", wallMs: 1_790_000_500_000)])
        #expect(try dating(2) == ("estimated", 1_790_000_001_000))
        // Synchronised in boot b, told with a later record of it.
        let set = origin(2, 1, kernel: "b", wallMs: 1_800_000_500_000, isSynced: true)
        try send(harness, &device, [try chunk(5..<9)], [set])
        #expect(try dating(2).0 == "synchronised")
        let first = try runs(harness, device).first { $0["stream"] as? Int == 2 && $0["first"] as? Int == 0 }
        #expect(first?["firstMs"] as? Int == 1_800_000_001_000)
        // A worse word later changes nothing.
        try send(harness, &device, [try chunk(9..<12)], [origin(2, 1, kernel: "b", wallMs: 1_790_000_500_000)])
        #expect(try dating(2).0 == "synchronised")
        // Boot a never was.
        #expect(try dating(1) == ("undated", nil))
        harness.service.stop()
    }

    @Test func aRestoredServerHasAnotherEpochOnce() throws {
        let first = try Harness()
        let folder = first.folder
        first.service.stop()
        func epoch(restored: Bool) throws -> UInt64 {
            let store = try FleetStore(path: folder + "/phi.db", nowMs: 0, beginsAnew: restored)
            defer { store.close() }
            return store.epoch
        }
        let before = try epoch(restored: false)
        #expect(try epoch(restored: false) == before)
        let after = try epoch(restored: true)
        #expect(after != before)
        #expect(try epoch(restored: false) == after)
    }

    @Test func aLossThatIsKnownOnlyByItsLimitSaysSo() throws {
        let harness = try Harness()
        var device = try harness.enrolled(4)
        let gap = RestartGap(previousBoot: 1, wasClean: false, samplesLost: nil, samplesLostMost: 13)
        #expect(try harness.client.send(device.report(gap: gap), of: device).status == 200)
        let shown = try harness.json("/v1/devices/\(device.id.hex)")["gaps"] as? [[String: Any]]
        #expect(shown?.first?["samplesLost"] is NSNull && shown?.first?["samplesLostMost"] as? Int == 13)
        harness.service.stop()
        // And after a restart of the server.
        let again = try Harness(folder: harness.folder)
        let kept = try again.json("/v1/devices/\(device.id.hex)")["gaps"] as? [[String: Any]]
        #expect(kept?.first?["samplesLostMost"] as? Int == 13)
        again.service.stop()
    }
}
