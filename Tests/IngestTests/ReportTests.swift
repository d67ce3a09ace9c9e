import Aggregator
import Digest
import Foundation
import Model
import ServerTesting
import Testing
import Wire

@Suite struct ReportTests {
    @Test func aReportIsAcknowledgedAndShown() throws {
        let harness = try Harness()
        var device = try harness.enrolled(1)
        let response = try harness.client.send(device.report(chunks: [[1, 2]]), of: device)
        #expect(response.status == 200)
        let reply = try ReportReply(decoding: response.body)
        #expect(reply.boot == 1 && reply.sequence == 1 && reply.envelope == nil && reply.serverEpoch > 0)
        let shown = try harness.json("/v1/devices/\(device.id.hex.prefix(8))")
        #expect(shown["temperatureC"] as? Double == 51.234)
        #expect(shown["reportsStored"] as? Int == 1 && shown["chunksStored"] as? Int == 1)
        #expect(shown["busyShare"] as? Double == 0.25 && shown["iowaitShare"] is NSNull)
        let disk = shown["disk"] as? [String: Any]
        #expect(disk?["readBytesPerS"] as? Double == 512 && disk?["writtenBytesPerS"] is NSNull)
        #expect((shown["zram"] as? [String: Any])?["usedBytes"] as? Int == 120)
        #expect(shown["network"] is NSNull && shown["reclaim"] is NSNull)
        #expect(shown["stallSource"] as? String == "psi-averages")
        let faults = (shown["sensors"] as? [String: Any])?["faults"] as? [[String: Any]]
        #expect(faults?.first?["name"] as? String == "hwmon1 odd temp1_input")
        #expect(faults?.first?["condition"] as? String == "failed" && faults?.first?["errorCode"] as? Int == 11)
        #expect(try harness.metric("phi_device_busy_ratio{device=\"\(device.id.hex)\"}") == 0.25)
        #expect(shown["isLive"] as? Bool == true && shown["status"] as? String == "accepted")
        #expect((shown["decision"] as? [String: Any])?["controlMode"] as? String == "dry-run")
        #expect(shown["controls"] is NSNull)
        device.controls = {
            var controls = ControlSummary()
            (controls.group, controls.by) = ("workload.slice", "systemd")
            controls.missing = ["cpu.max"]
            controls.limits = [ControlSummary.Limit(file: "memory.high", value: "1024", original: "max")]
            return controls
        }()
        #expect(try harness.client.send(device.report(), of: device).status == 200)
        let controls = try harness.json("/v1/devices/\(device.id.hex)")["controls"] as? [String: Any]
        #expect(controls?["group"] as? String == "workload.slice" && controls?["by"] as? String == "systemd")
        #expect(controls?["missing"] as? [String] == ["cpu.max"])
        let limits = controls?["limits"] as? [[String: String]]
        #expect(limits == [["file": "memory.high", "value": "1024", "original": "max"]])
        let fleet = try harness.json("/v1/fleet")
        #expect((fleet["devices"] as? [String: Any])?["live"] as? Int == 1)
        #expect((fleet["hottest"] as? [String: Any])?["id"] as? String == device.id.hex)
        let history = try harness.json("/v1/devices/\(device.id.hex)/history?limit=5")
        #expect((history["reports"] as? [Any])?.count == 2)
        harness.service.stop()
    }

    @Test func aRepeatIsAcknowledgedAndStoredOnce() throws {
        let harness = try Harness()
        var device = try harness.enrolled(1)
        let report = device.report()
        for _ in 0..<3 { #expect(try harness.client.send(report, of: device).status == 200) }
        #expect(try harness.json("/v1/devices/\(device.id.hex)")["reportsStored"] as? Int == 1)
        #expect(try harness.counted("accepted") == 1)
        #expect(try harness.counted("repeat") == 2)
        harness.service.stop()
    }

    @Test func aReplayedReportMakesNobodyLive() throws {
        let harness = try Harness(silentAfterMs: 300)
        var device = try harness.enrolled(1)
        let report = device.report()
        #expect(try harness.client.send(report, of: device).status == 200)
        func isLive() throws -> Bool {
            try harness.json("/v1/devices/\(device.id.hex)")["isLive"] as? Bool == true
        }
        #expect(try isLive())
        #expect(try waitFor { try !isLive() })
        #expect(try harness.client.send(report, of: device).status == 200)
        #expect(try !isLive())
        #expect(try harness.client.send(device.report(), of: device).status == 200)
        #expect(try isLive())
        harness.service.stop()
    }

    @Test func aForkIsFlaggedAndTheFirstReportStays() throws {
        let harness = try Harness()
        var device = try harness.enrolled(1)
        _ = try harness.client.send(device.report(milliC: 50_000), of: device)
        let other = device.unchained(1, previous: Report.firstHead(of: device.id, boot: 1), milliC: 60_000)
        let response = try harness.client.send(other, of: device)
        #expect(response.status == 409)
        #expect(try parse(response)["code"] as? String == "fork")
        let shown = try harness.json("/v1/devices/\(device.id.hex)")
        #expect(shown["forks"] as? Int == 1 && shown["temperatureC"] as? Double == 50)
        #expect(try harness.counted("fork") == 1)
        harness.service.stop()
    }

    @Test func gapsAreAcceptedAndShownUntilFilled() throws {
        let harness = try Harness()
        var device = try harness.enrolled(1)
        func gaps() throws -> [String] {
            let gaps = try harness.json("/v1/devices/\(device.id.hex)")["gaps"] as? [[String: Any]]
            return (gaps ?? []).compactMap { $0["kind"] as? String }
        }
        _ = try harness.client.send(device.report(), of: device)
        let lost = device.report()
        #expect(try harness.client.send(device.report(), of: device).status == 200)
        #expect(try gaps() == ["sequence"])
        #expect(try harness.client.send(lost, of: device).status == 200)
        #expect(try gaps() == [])
        device.head = Digest.sha256([1])
        #expect(try harness.client.send(device.report(), of: device).status == 200)
        #expect(try gaps() == ["chain"])
        device.restart()
        let crash = device.report(gap: RestartGap(previousBoot: 1, wasClean: false, samplesLost: 12))
        #expect(try harness.client.send(crash, of: device).status == 200)
        #expect(try gaps() == ["chain", "restart"])
        #expect(try harness.metric("phi_chain_breaks_total") == 1)
        harness.service.stop()
    }

    @Test func everythingIsThereAfterARestart() throws {
        let first = try Harness()
        var device = try first.enrolled(1)
        for _ in 0..<5 { _ = try first.client.send(device.report(chunks: [[9]]), of: device) }
        let before = try first.operate("GET", "/v1/devices/\(device.id.hex)").text
        first.service.stop()
        let second = try Harness(folder: first.folder)
        #expect(try second.operate("GET", "/v1/devices/\(device.id.hex)").text == before)
        #expect(try second.client.send(device.report(), of: device).status == 200)
        let after = try second.json("/v1/devices/\(device.id.hex)")
        #expect(after["reportsStored"] as? Int == 6 && (after["gaps"] as? [Any])?.isEmpty == true)
        second.service.stop()
    }

    @Test func manyDevicesAtOnce() throws {
        let harness = try Harness()
        let token = try harness.token(uses: 1000)
        var devices = try (0..<8).map { number in
            var device = TestDevice(number)
            try harness.enrol(&device, token: token)
            return device
        }
        let port = harness.port
        let failures = Failures()
        devices.withUnsafeMutableBufferPointer { devices in
            nonisolated(unsafe) let devices = devices
            DispatchQueue.concurrentPerform(iterations: devices.count) { index in
                guard let client = RawClient(port: port) else { return failures.add() }
                for _ in 0..<100 {
                    let report = devices[index].report()
                    if (try? client.send(report, of: devices[index]).status) != 200 { failures.add() }
                }
            }
        }
        #expect(failures.count == 0)
        #expect(try harness.counted("accepted") == 800)
        #expect(try harness.metric("phi_commit_seconds_count") > 0)
        harness.service.stop()
    }
}
