import Aggregator
import Foundation
import Model
import ServerTesting
import Testing
import Wire

@Suite struct PushTests {
    /// Devices that report, try and confirm, until the rollout has the state wanted.
    private func play(
        _ harness: Harness, _ devices: inout [TestDevice], rollout id: String, until state: String
    ) throws -> [String: Any] {
        for _ in 0..<50 {
            for index in devices.indices {
                let response = try harness.client.send(devices[index].report(), of: devices[index])
                let reply = try ReportReply(decoding: response.body)
                if let envelope = reply.envelope {
                    let set = try envelope.verified(root: TestOperator().root.publicKey.fingerprint).0
                    devices[index].run(set.version, .trial)
                } else if devices[index].applyStatus.phase == .trial {
                    devices[index].run(devices[index].applyStatus.version, .confirmed)
                }
            }
            usleep(20_000)
            let rollout = try harness.json("/v1/rollouts/\(id)")
            if rollout["state"] as? String == state { return rollout }
        }
        return try harness.json("/v1/rollouts/\(id)")
    }

    private func fleet(_ harness: Harness, _ count: Int) throws -> [TestDevice] {
        let token = try harness.token(uses: count)
        return try (0..<count).map { number in
            var device = TestDevice(number)
            try harness.enrol(&device, token: token)
            _ = try harness.client.send(device.report(), of: device)
            return device
        }
    }

    private func push(_ harness: Harness, _ body: [UInt8]) throws -> [String: Any] {
        let response = try harness.operate("POST", "/v1/rollouts", String(decoding: body, as: UTF8.self))
        #expect(response.status == 201)
        return try parse(response)
    }

    @Test func aGoldenRolloutConvergesThroughReports() throws {
        let harness = try Harness()
        var devices = try fleet(harness, 9)
        let made = try push(harness, TestOperator().push(ParameterSet(version: 2), soakS: 0.05))
        let id = try #require(made["id"] as? String)
        let sizes = (made["waves"] as? [[String: Any]])?.compactMap { $0["size"] as? Int }
        #expect(sizes == [1, 2, 5, 1])
        let done = try play(harness, &devices, rollout: id, until: "converged")
        #expect(done["state"] as? String == "converged")
        #expect((done["counts"] as? [String: Any])?["confirmed"] as? Int == 9)
        #expect((done["convergence"] as? [String: Any])?["p99S"] is Double)
        let sets = try harness.json("/v1/parameters")
        #expect(sets["next"] as? Int == 4)
        let set = try harness.json("/v1/parameters/2")
        #expect((set["values"] as? [String: Any])?["thermal"] != nil)
        // A device that enrols later catches up with its first report.
        var late = try harness.enrolled(100)
        let reply = try ReportReply(decoding: harness.client.send(late.report(), of: late).body)
        #expect(reply.envelope != nil)
        harness.service.stop()
    }

    @Test func aRefusalStopsItAndIsNotOfferedAgain() throws {
        let harness = try Harness()
        var devices = try fleet(harness, 3)
        let id = try #require(push(harness, TestOperator().push(ParameterSet(version: 2)))["id"] as? String)
        var victim: Int?
        for index in devices.indices {
            let reply = try ReportReply(decoding: harness.client.send(devices[index].report(), of: devices[index]).body)
            if reply.envelope != nil { victim = index }
        }
        let index = try #require(victim)
        devices[index].run(2, .refused, reason: "a value lies outside")
        let reply = try ReportReply(decoding: harness.client.send(devices[index].report(), of: devices[index]).body)
        #expect(reply.envelope == nil)
        let failed = try harness.json("/v1/rollouts/\(id)")
        #expect(failed["state"] as? String == "failed")
        #expect((failed["failure"] as? String)?.contains("a value lies outside") == true)
        for index in devices.indices {
            let reply = try ReportReply(decoding: harness.client.send(devices[index].report(), of: devices[index]).body)
            #expect(reply.envelope == nil)
        }
        harness.service.stop()
    }

    @Test func aHeldRequestIsAnsweredTheMomentAPushComes() throws {
        let harness = try Harness()
        let device = try #require(fleet(harness, 1).first)
        let held = try harness.connect()
        let mac = held.parameters(device, after: 0, waitS: 30)
        #expect(try waitFor { try harness.metric("phi_held_requests") == 1 })
        let started = Date()
        _ = try push(harness, TestOperator().push(ParameterSet(version: 2), strategy: "all"))
        let response = try #require(held.receive())
        #expect(Date().timeIntervalSince(started) < 2)
        #expect(response.status == 200)
        response.checkMAC(device, mac)
        #expect(try Envelope(decoding: response.body) == TestOperator().envelope(ParameterSet(version: 2)))
        harness.service.stop()
    }

    @Test func aHeldRequestEndsWith204() throws {
        let harness = try Harness()
        let device = try #require(fleet(harness, 1).first)
        let held = try harness.connect()
        for wait in [0, 1] {
            let mac = held.parameters(device, after: 0, waitS: wait)
            let response = try #require(held.receive())
            #expect(response.status == 204)
            response.checkMAC(device, mac)
        }
        // A stop doesn't wait for it.
        let mac = held.parameters(device, after: 0, waitS: 200)
        #expect(try waitFor { try harness.metric("phi_held_requests") == 1 })
        harness.service.stop()
        let response = try #require(held.receive())
        #expect(response.status == 204)
        response.checkMAC(device, mac)
    }

    @Test func aNewerHeldRequestOfADeviceDisplacesTheOlder() throws {
        let harness = try Harness()
        let device = try #require(fleet(harness, 1).first)
        var clients: [RawClient] = []
        for count in 0..<5 {
            let client = try harness.connect()
            let mac = client.parameters(device, after: 0, waitS: 30)
            clients.append(client)
            if count > 0 {
                #expect(clients[count - 1].receive()?.status == 204)
            } else {
                #expect(try waitFor { try harness.metric("phi_held_requests") == 1 })
            }
            #expect(!mac.header.isEmpty)
        }
        #expect(try harness.metric("phi_held_requests") == 1)
        harness.service.stop()
    }

    @Test func aRolloutGoesOnAfterARestart() throws {
        let first = try Harness()
        var devices = try fleet(first, 4)
        let id = try #require(push(first, TestOperator().push(ParameterSet(version: 2), soakS: 0.2))["id"] as? String)
        for index in devices.indices { _ = try first.client.send(devices[index].report(), of: devices[index]) }
        first.service.stop()
        let second = try Harness(folder: first.folder)
        let done = try play(second, &devices, rollout: id, until: "converged")
        #expect(done["state"] as? String == "converged")
        second.service.stop()
    }

    /// After a lost database devices still run what was pushed before: their floors refuse less.
    @Test func versionsGoOnBehindWhatDevicesRun() throws {
        let harness = try Harness()
        var devices = try fleet(harness, 2)
        devices[0].run(11, .confirmed)
        devices[1].run(.max, .confirmed)
        for index in devices.indices {
            #expect(try harness.client.send(devices[index].report(), of: devices[index]).status == 200)
        }
        #expect(try harness.json("/v1/parameters")["next"] as? Int == 12)
        _ = try push(harness, TestOperator().push(ParameterSet(version: 12)))
        #expect(try harness.json("/v1/parameters")["next"] as? Int == 14)
        harness.service.stop()
    }

    @Test func whoWasAwayIsRecordedWhenItCatchesUp() throws {
        let harness = try Harness(silentAfterMs: 400)
        var all = try fleet(harness, 3)
        var away = all.removeLast()
        usleep(600_000)
        for index in all.indices { _ = try harness.client.send(all[index].report(), of: all[index]) }
        let id = try #require(push(harness, TestOperator().push(ParameterSet(version: 2)))["id"] as? String)
        let done = try play(harness, &all, rollout: id, until: "converged")
        #expect((done["counts"] as? [String: Any])?["offline"] as? Int == 1)
        away.run(2, .confirmed)
        #expect(try harness.client.send(away.report(), of: away).status == 200)
        let counts = try harness.json("/v1/rollouts/\(id)")["counts"] as? [String: Any]
        #expect(counts?["confirmed"] as? Int == 3 && counts?["offline"] as? Int == 0)
        harness.service.stop()
    }

    /// Two open rollouts for two labels, and a device that carries both.
    @Test func aNewDeviceJoinsTheNewestRolloutInScopeAlone() throws {
        let harness = try Harness()
        let token = try harness.token()
        var ids: [String] = []
        for (number, name) in ["a", "b"].enumerated() {
            var device = TestDevice(number)
            device.labels = [Label(key: name, value: "1")]
            try harness.enrol(&device, token: token)
            _ = try harness.client.send(device.report(), of: device)
            let set = ParameterSet(version: UInt64(2 * number + 2), scope: Scope(labels: device.labels))
            ids.append(try #require(push(harness, TestOperator().push(set))["id"] as? String))
        }
        var both = TestDevice(9)
        both.labels = [Label(key: "a", value: "1"), Label(key: "b", value: "1")]
        try harness.enrol(&both, token: token)
        let targets = try ids.map { id in
            (try harness.json("/v1/rollouts/\(id)")["counts"] as? [String: Any])?["targets"] as? Int
        }
        #expect(targets == [1, 2])
        harness.service.stop()
    }

    @Test(arguments: [("", "ada"), ("ada", "ada"), ("root@host", "ada (root@host)")])
    func theAuthorIsWhoseTokenItWas(_ claimed: String, _ author: String) throws {
        let harness = try Harness()
        _ = try fleet(harness, 1)
        let made = try push(harness, TestOperator().push(ParameterSet(version: 2), author: claimed))
        #expect(made["author"] as? String == author)
        harness.service.stop()
    }

    @Test func verbs() throws {
        let harness = try Harness()
        let devices = try fleet(harness, 3)
        let id = try #require(push(harness, TestOperator().push(ParameterSet(version: 2)))["id"] as? String)
        func verb(_ name: String) throws -> String? {
            let response = try harness.operate("POST", "/v1/rollouts/\(id)/\(name)")
            return response.status == 200 ? try parse(response)["state"] as? String : "\(response.status)"
        }
        #expect(try verb("pause") == "paused")
        #expect(try verb("pause") == "409")
        #expect(try verb("resume") == "running")
        #expect(try verb("promote") == "running")
        let refused = try harness.operate("POST", "/v1/rollouts/\(id)/promote")
        #expect(refused.status == 409)
        #expect(try parse(refused)["detail"] as? String == "the last wave must prove itself; 0 members offline")
        #expect(try verb("abort") == "aborted")
        #expect(try verb("abort") == "409")
        #expect(try harness.operate("POST", "/v1/rollouts/0123456789abcdef/pause").status == 404)
        #expect(devices.count == 3)
        harness.service.stop()
    }
}
