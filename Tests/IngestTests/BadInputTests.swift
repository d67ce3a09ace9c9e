// What bad input gets: the right status, a count, nothing stored, and a server that goes on.

import Aggregator
import Bytes
import Digest
import Foundation
import Model
import ServerTesting
import Synchronization
import Testing
import Wire

final class Failures: Sendable {
    private let value = Atomic<Int>(0)
    var count: Int { value.load(ordering: .relaxed) }
    func add() { value.add(1, ordering: .relaxed) }
}

@Suite struct BadInputTests {
    @Test func wrongOrMissingMACs() throws {
        let harness = try Harness()
        var device = try harness.enrolled(1)
        let report = device.report()
        func post(_ authorization: String?, _ body: [UInt8] = report.bytes) throws -> RawResponse {
            try #require(
                harness.client.request(
                    "POST", "/v1/reports", headers: authorization.map { [("Authorization", $0)] } ?? [],
                    body: body))
        }
        let good = device.mac("POST", "/v1/reports", report.bytes).header
        var stranger = TestDevice(77)
        stranger.reportKey = device.reportKey
        var wrongKey = device
        wrongKey.reportKey = [UInt8](repeating: 1, count: 32)
        let bad: [String?] = [
            nil, "", "Bearer x", "PHI-HMAC", "PHI-HMAC device=zz,nonce=,mac=",
            stranger.mac("POST", "/v1/reports", report.bytes).header,
            wrongKey.mac("POST", "/v1/reports", report.bytes).header,
            device.mac("GET", "/v1/reports", report.bytes).header,
            device.mac("POST", "/v1/reports?x", report.bytes).header,
        ]
        for authorization in bad {
            let response = try post(authorization)
            #expect(response.status == 401)
            #expect(response.header("PHI-MAC") == nil)
        }
        #expect(try post(good, report.bytes + [0]).status == 401)
        #expect(try harness.counted("unauthorised") == 10)
        #expect(try harness.json("/v1/devices/\(device.id.hex)")["reportsStored"] as? Int == 0)
        #expect(try post(good).status == 200)
        harness.service.stop()
    }

    @Test func malformedBodiesWithAGoodMAC() throws {
        let harness = try Harness()
        var device = try harness.enrolled(1)
        let bytes = device.report().bytes
        var random = SeededRandom(4)
        var bad: [[UInt8]] = [[], [0], [0xff, 0xff], Array(bytes.dropLast()), bytes + [0x08, 0x01]]
        for _ in 0..<200 {
            var flipped = bytes
            flipped[Int.random(in: 0..<flipped.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            bad.append(flipped)
            bad.append((0..<Int.random(in: 1...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
        var foreign = TestDevice(2)
        bad.append(foreign.report().bytes)
        for body in bad {
            let mac = device.mac("POST", "/v1/reports", body)
            let response = try #require(
                harness.client.request("POST", "/v1/reports", headers: [("Authorization", mac.header)], body: body))
            #expect(response.status == 400)
            response.checkMAC(device, mac)
        }
        #expect(try harness.counted("malformed") == Double(bad.count))
        #expect(try harness.json("/v1/devices/\(device.id.hex)")["reportsStored"] as? Int == 0)
        harness.service.stop()
    }

    @Test func absurdButWellFormedReadings() throws {
        let harness = try Harness()
        let device = try harness.enrolled(1)
        var report = device.unchained(1, previous: .zero).report
        report.sample.zones = []
        report.sample.hwmon = [
            HwmonReading(chip: "x\u{1b}[2J\"", label: "\\", kind: .temperature, value: 1e300),
            HwmonReading(chip: "y", label: "", kind: .power, value: -.greatestFiniteMagnitude),
        ]
        report.sequence = 1 << 61
        report.samplesTaken = .max
        report.parameterVersion = .max
        let sealed = SealedReport(sealing: report)
        #expect(try harness.client.send(sealed, of: device).status == 200)
        #expect(try harness.json("/v1/devices/\(device.id.hex)")["temperatureC"] is NSNull)
        #expect(try harness.operate("GET", "/metrics").status == 200)
        harness.service.stop()
    }

    @Test func oversizedBodies() throws {
        let harness = try Harness()
        let device = try harness.enrolled(1)
        let huge = [UInt8](repeating: 1, count: Report.byteCountMax + 1)
        let client = try harness.connect()
        let mac = device.mac("POST", "/v1/reports", huge)
        // The refusal may overtake the body: whoever keeps on sending meets a closed door.
        client.send("POST /v1/reports HTTP/1.1\r\nHost: t\r\nAuthorization: \(mac.header)\r\nContent-Length: \(huge.count)\r\n\r\n")
        #expect(client.receive()?.status == 413)
        #expect(try harness.metric("phi_http_refused_bodies_total") == 1)
        harness.service.stop()
    }

    @Test func aStrangersLargeBodyIsNotWaitedFor() throws {
        let harness = try Harness()
        var stranger = TestDevice(9)
        stranger.reportKey = [UInt8](repeating: 1, count: 32)
        for (path, authorization) in [
            ("/v1/reports", stranger.mac("POST", "/v1/reports", []).header), ("/v1/reports", "Bearer x"),
            ("/v1/rollouts", "Bearer x"),
        ] {
            let client = try harness.connect()
            client.send("POST \(path) HTTP/1.1\r\nHost: t\r\nAuthorization: \(authorization)\r\nContent-Length: 80000\r\n\r\n")
            #expect(client.receive()?.status == 401)
        }
        let enrolment = try harness.connect()
        enrolment.send("POST /v1/enroll HTTP/1.1\r\nHost: t\r\nContent-Length: 16385\r\n\r\n")
        #expect(enrolment.receive()?.status == 413)
        #expect(try harness.counted("unauthorised") == 2)
        #expect(try harness.metric("phi_http_responses_total{status=\"401\"}") == 3)
        harness.service.stop()
    }

    @Test func devicesThatAreNotAccepted() throws {
        let harness = try Harness()
        var device = TestDevice(1)
        try harness.enrol(&device, token: harness.token(autoAccept: false))
        let report = device.report()
        var response = try harness.client.send(report, of: device)
        #expect(response.status == 403 && response.header("Retry-After") != nil)
        #expect(try parse(response)["code"] as? String == "pending")
        #expect(try harness.operate("POST", "/v1/devices/\(device.id.hex)/reject").status == 200)
        response = try harness.client.send(report, of: device)
        #expect(try response.status == 403 && parse(response)["code"] as? String == "rejected")
        #expect(try harness.operate("POST", "/v1/devices/\(device.id.hex)/accept").status == 200)
        #expect(try harness.client.send(report, of: device).status == 200)
        #expect(try harness.counted("forbidden") == 2)
        harness.service.stop()
    }

    @Test func enrolments() throws {
        let harness = try Harness()
        func enrol(_ body: [UInt8]) throws -> Int {
            try #require(harness.client.request("POST", "/v1/enroll", body: body)).status
        }
        let device = TestDevice(1)
        #expect(try enrol(device.enrolment(token: "nonsense")) == 403)
        #expect(try enrol([1, 2, 3]) == 400)
        #expect(try enrol([]) == 400)
        let token = try harness.token(uses: 1)
        #expect(try enrol(Array(device.enrolment(token: token).dropLast())) == 400)
        #expect(try enrol(device.enrolment(token: token)) == 200)
        // The reply got lost: the same device, the same token.
        #expect(try enrol(device.enrolment(token: token)) == 200)
        #expect(try enrol(TestDevice(2).enrolment(token: token)) == 403)
        let impostor = EnrolRequest(
            token: try harness.token(), publicKey: TestDevice(3).key.publicKey, installID: device.installID,
            hardware: device.hardware, labels: [], agentVersion: ""
        ).encoded(signedBy: TestDevice(3).key)
        #expect(try enrol(impostor) == 409)
        #expect(try harness.metric("phi_enrolments_total{result=\"bad_token\"}") == 2)
        #expect(try harness.metric("phi_enrolments_total{result=\"other_key\"}") == 1)
        #expect(try harness.metric("phi_enrolments_total{result=\"malformed\"}") == 3)
        harness.service.stop()
    }

    @Test func theOperatorAPI() throws {
        let harness = try Harness()
        _ = try harness.enrolled(1)
        #expect(try harness.operate("GET", "/v1/devices", token: "wrong").status == 401)
        #expect(try harness.operate("POST", "/v1/enrolment-tokens", "{}", token: "viewer").status == 403)
        #expect(try harness.operate("GET", "/v1/devices", token: "viewer").status == 200)
        #expect(try harness.operate("GET", "/v1/nothing").status == 404)
        #expect(try harness.operate("GET", "/v1/devices/abcdef0123").status == 404)
        #expect(try harness.operate("GET", "/v1/devices/ab").status == 422)
        #expect(try harness.operate("GET", "/v1/devices?status=odd").status == 422)
        #expect(try harness.operate("DELETE", "/v1/enrolment-tokens/none").status == 404)
        let wrong = try harness.operate("PUT", "/v1/rollouts")
        #expect(wrong.status == 405)
        #expect(Set((wrong.header("Allow") ?? "").split(separator: ", ")) == ["GET", "POST"])
        #expect(wrong.header("Content-Type") == "application/problem+json")
        for body in ["", "{", "[]", "null", #"{"uses":"many"}"#, #"{"uses":-1}"#, #"{"uses":1e99}"#, "\u{0}"] {
            #expect(try harness.operate("POST", "/v1/enrolment-tokens", body).status == 422)
        }
        for body in ["{}", #"{"envelopeHex":"zz"}"#, #"{"envelopeHex":"00"}"#] {
            #expect(try harness.operate("POST", "/v1/rollouts", body).status == 422)
        }
        #expect(try harness.metric("phi_http_responses_total{status=\"422\"}") >= 13)
        #expect((try harness.json("/v1/rollouts")["rollouts"] as? [Any])?.isEmpty == true)
        harness.service.stop()
    }

    @Test func pushesThatAreRefused() throws {
        let harness = try Harness()
        var device = try harness.enrolled(1)
        func push(_ body: [UInt8]) throws -> (Int, String?) {
            let response = try harness.operate("POST", "/v1/rollouts", String(decoding: body, as: UTF8.self))
            return (response.status, try parse(response)["code"] as? String)
        }
        let keys = TestOperator()
        #expect(try push(TestOperator("stranger").push(ParameterSet(version: 2))) == (422, "envelope"))
        #expect(try push(keys.push(ParameterSet(version: 4))) == (422, "version"))
        #expect(try push(keys.push(ParameterSet(version: 2), canary: "0")) == (422, "canary"))
        #expect(try push(keys.push(ParameterSet(version: 2), strategy: "hope")) == (422, "strategy"))
        let nobody = Scope(labels: [Label(key: "site", value: "mars")])
        #expect(try push(keys.push(ParameterSet(version: 2, scope: nobody))) == (422, "no-devices"))
        // Nobody has reported yet: there is no canary.
        #expect(try push(keys.push(ParameterSet(version: 2))) == (422, "no-live-devices"))
        #expect(try harness.client.send(device.report(), of: device).status == 200)
        #expect(try push(keys.push(ParameterSet(version: 2))) == (201, nil))
        #expect(try push(keys.push(ParameterSet(version: 4))) == (409, "overlap"))
        harness.service.stop()
    }

    @Test func theMetricsPageIsValid() throws {
        let harness = try Harness()
        var device = try harness.enrolled(1)
        _ = try harness.client.send(device.report(), of: device)
        let path = harness.folder + "/metrics.txt"
        try Data(try harness.operate("GET", "/metrics").body).write(to: URL(fileURLWithPath: path))
        let tool = Process()
        tool.executableURL = URL(fileURLWithPath: "/bin/sh")
        tool.arguments = ["-c", "command -v promtool >/dev/null || exit 0; promtool check metrics < '\(path)'"]
        try tool.run()
        tool.waitUntilExit()
        #expect(tool.terminationStatus == 0)
        #expect(try #require(harness.client.request("GET", "/metrics")).status == 401)
        #expect(harness.client.request("GET", "/healthz")?.text == "ok\n")
        harness.service.stop()
    }
}
