// Time and silence: clocks that step, devices with an interval of their own, a restart among them.

import Aggregator
import Foundation
import Model
import ServerTesting
import Testing
import Wire

@testable import Ingest
@testable import Merge
@testable import Store

private func live(_ sequence: UInt64, monotonicMs: Int64, receivedMs: Int64, boot: UInt64 = 1) -> LiveReport {
    var report = TestDevice(1).unchained(sequence, previous: .zero).report
    report.instant.monotonicMs = monotonicMs
    return LiveReport(
        position: Position(boot: boot, sequence: sequence), head: .zero, receivedMs: receivedMs, report: report)
}

@Suite struct TimeTests {
    @Test func aStepOfTheWallClockMovesNothing() {
        let clock = LedgerClock(wallMs: 1_000_000, monotonicMs: 50)
        #expect(clock.ms(atMonotonicMs: 50) == 1_000_000)
        #expect(clock.ms(atMonotonicMs: 2050) == 1_002_000)
        let first = Clock.ledgerMs()
        #expect(Clock.ledgerMs() >= first && abs(first - Clock.wallMs()) < 60_000)
    }

    @Test func spacingIsTheLesserOfBothClocks() {
        func spacing(_ a: LiveReport, _ b: LiveReport) -> Int64? { KnownDevice.spacingMs(from: a, to: b) }
        #expect(spacing(live(1, monotonicMs: 0, receivedMs: 0), live(2, monotonicMs: 60_000, receivedMs: 61_000)) == 60_000)
        // Out of the spool.
        #expect(spacing(live(1, monotonicMs: 0, receivedMs: 0), live(2, monotonicMs: 60_000, receivedMs: 5)) == 5)
        #expect(spacing(live(1, monotonicMs: 0, receivedMs: 0), live(3, monotonicMs: 1, receivedMs: 1)) == nil)
        #expect(spacing(live(1, monotonicMs: 0, receivedMs: 0), live(2, monotonicMs: 1, receivedMs: 1, boot: 2)) == nil)
        #expect(spacing(live(1, monotonicMs: .min, receivedMs: 0), live(2, monotonicMs: .max, receivedMs: 1)) == nil)
        #expect(spacing(live(1, monotonicMs: 0, receivedMs: 0), live(2, monotonicMs: 1 << 40, receivedMs: 1 << 40)) == 3_600_000)
    }

    @Test func aDeviceThatReportsEveryMinuteIsNotSilentAfterHalf() throws {
        let device = TestDevice(1)
        let request = try EnrolRequest(verifying: device.enrolment(token: "t"))
        let record = DeviceRecord(enrolling: request, status: .accepted, token: "t", nowMs: 0)
        func isLive(_ spacingMs: Int64, _ nowMs: Int64) -> Bool {
            var state = DeviceState()
            state.see(0)
            let known = KnownDevice(
                record: record, state: state, reportsStored: 0, chunksStored: 0, refused: [], reportKey: [],
                spacingMs: spacingMs)
            return FleetView(startedMs: 0, silentAfterMs: nil).isLive(known, nowMs: nowMs)
        }
        #expect(isLive(0, 29_000) && !isLive(0, 61_000))
        #expect(isLive(60_000, 179_000) && !isLive(60_000, 181_000))
    }

    @Test func aTimeInTheFutureDoesNotOutliveARestart() throws {
        let first = try Harness()
        var device = try first.enrolled(1)
        _ = try first.client.send(device.report(), of: device)
        first.service.stop()
        let store = try FleetStore(path: first.folder + "/phi.db", nowMs: 0)
        try store.database.run("UPDATE live SET last_seen_ms = last_seen_ms + 1000000000")
        let second = try Harness(folder: first.folder, silentAfterMs: 300)
        #expect(try waitFor { try second.json("/v1/devices/\(device.id.hex)")["isLive"] as? Bool == false })
        second.service.stop()
    }

    @Test func aReportThatCannotBeReadCostsOnlyItself() throws {
        let first = try Harness()
        var devices = [try first.enrolled(1), try first.enrolled(2)]
        for index in devices.indices {
            for _ in 0..<3 { _ = try first.client.send(devices[index].report(chunks: [[1]]), of: devices[index]) }
        }
        first.service.stop()
        let store = try FleetStore(path: first.folder + "/phi.db", nowMs: 0)
        try store.database.run("UPDATE reports SET body = x'ffff' WHERE device = 1 AND sequence = 3")
        let second = try Harness(folder: first.folder)
        let shown = try second.json("/v1/devices/\(devices[0].id.hex)")
        #expect(shown["temperatureC"] is NSNull && shown["reportsStored"] as? Int == 3)
        #expect(try second.json("/v1/devices/\(devices[1].id.hex)")["temperatureC"] is Double)
        let history = try second.json("/v1/devices/\(devices[0].id.hex)/history")["reports"] as? [[String: Any]]
        #expect(history?.compactMap { $0["sequence"] as? Int } == [2, 1])
        #expect(try second.client.send(devices[0].report(), of: devices[0]).status == 200)
        let after = try second.json("/v1/devices/\(devices[0].id.hex)")
        #expect(after["temperatureC"] is Double && after["reportsStored"] as? Int == 4)
        #expect((after["gaps"] as? [Any])?.isEmpty == true)
        second.service.stop()
    }
}
