import Digest
import Model
import Testing
import Wire

@testable import AgentCore

private func started() throws -> AgentBench {
    let bench = try AgentBench()
    bench.start()
    bench.run(ms: 3_000)
    return bench
}

@Test func aSignedNewerSetIsTriedAndConfirmed() throws {
    let bench = try started()
    bench.push(bench.keys.envelope(set(version: 2)))
    bench.run(ms: 1_000)
    #expect(bench.core.parameters.version == 2)
    #expect(bench.disk.floor == 2)
    #expect(bench.disk.trial != nil)
    #expect(bench.reports.contains { $0.report.applyStatus.phase == .trial })
    bench.run(ms: 6_000)
    #expect(bench.reports.last?.report.applyStatus == ApplyStatus(version: 2, phase: .confirmed))
    #expect(bench.reports.last?.report.parameterVersion == 2)
    #expect(bench.disk.trial == nil)
    #expect(bench.disk.good != nil)

    // And it is in force after a restart.
    let next = try AgentBench(state: bench.disk)
    #expect(next.core.parameters.values[.softLimitC] == 75)
    next.start()
    next.run(ms: 2_000)
    #expect(next.reports.first?.report.parameterVersion == 2)
}

@Test func theReplyToAReportCarriesASetToo() throws {
    let bench = try started()
    let envelope = bench.keys.envelope(set(version: 2))
    bench.answers = { bench.acknowledge($0, envelope) }
    bench.run(ms: 10_000)
    #expect(bench.reports.last?.report.applyStatus.phase == .confirmed)
    #expect(!bench.logs.contains { $0.contains("refused") })
}

@Test func everyWrongEnvelopeIsRefusedWithItsReasonAndTheOldSetStays() throws {
    let keys = Operator()
    let stranger = PrivateKey.generate()
    let other = DeviceID(high: 1, low: 2)
    var tampered = keys.envelope(set(version: 4))
    tampered.payload[tampered.payload.count - 1] ^= 1
    var unsigned = keys.envelope(set(version: 4))
    unsigned.signature = [UInt8](repeating: 0, count: 64)
    var outOfRange = set(version: 4)
    outOfRange.values[.criticalC] = 500
    var expired = set(version: 4)
    expired.notAfterMs = 1
    let cases: [(Envelope, Refusal)] = [
        (tampered, .badSignature),
        (unsigned, .badSignature),
        (keys.envelope(set(version: 4), signer: stranger), .unknownKey),
        (keys.envelope(set(version: 4), root: stranger), .unknownRoot),
        (keys.envelope(set(version: 4, scope: Scope(devices: [other]))), .wrongScope),
        (keys.envelope(set(version: 1)), .notNewer),
        (keys.envelope(set(version: 4), keySetVersion: 0), .keySetReplayed),
        (keys.envelope(outOfRange), .outOfRange("")),
        (keys.envelope(expired), .expired),
    ]
    for (envelope, refusal) in cases {
        let bench = try started()
        bench.push(keys.envelope(set(version: 2)))
        bench.run(ms: 8_000)
        #expect(bench.core.parameters.version == 2)
        let before = bench.disk
        bench.push(envelope)
        bench.run(ms: 3_000)
        #expect(bench.core.parameters.version == 2, "\(refusal)")
        #expect(bench.core.parameters.values[.softLimitC] == 75)
        #expect(bench.disk.floor == before.floor && bench.disk.good == before.good)
        let status = try #require(bench.reports.last).report.applyStatus
        #expect(status.phase == .refused, "\(refusal)")
        #expect(status.reasonCode == refusal.code, "\(refusal): \(status)")
        // It asks on, beyond what it refused.
        bench.run(ms: 60_000)
        #expect(bench.holds.last.map { $0 >= 2 } == true)
    }
}

@Test func aSetForTheDevicesLabelsIsTaken() throws {
    var state = try AgentBench().disk
    state.labels = [Label(key: "site", value: "roof")]
    let bench = try AgentBench(state: state)
    bench.start()
    bench.run(ms: 2_000)
    bench.push(
        bench.keys.envelope(
            set(version: 2, scope: Scope(labels: [Label(key: "site", value: "roof")]))))
    bench.run(ms: 1_000)
    #expect(bench.core.parameters.version == 2)
}

@Test func anUnhealthyTrialIsTakenBackAndNeverTakenAgain() throws {
    let bench = try started()
    let envelope = bench.keys.envelope(set(version: 2))
    bench.push(envelope)
    bench.celsius = 99
    bench.run(ms: 60_000)
    #expect(bench.core.parameters.version == 2)
    bench.run(ms: 70_000)
    #expect(bench.core.parameters.version == 0)
    #expect(bench.reports.last?.report.applyStatus.phase == .reverted)
    #expect(bench.disk.trial == nil && bench.disk.good == nil && bench.disk.floor == 2)
    bench.celsius = 50
    bench.push(envelope)
    bench.run(ms: 10_000)
    #expect(bench.core.parameters.version == 0)
}

@Test func lostSensorsMakeATrialUnhealthyUntilTheyHoldAgain() throws {
    let bench = try started()
    bench.push(bench.keys.envelope(set(version: 2)))
    bench.run(ms: 600)
    var last = 3
    // Each cycle loses one more, then all return: three cycles in a row are needed.
    for healthy in [2, 1, 3] {
        last = healthy
        bench.healthy = last
        bench.run(ms: 1_000)
    }
    bench.run(ms: 6_000)
    #expect(bench.reports.last?.report.applyStatus.phase == .confirmed)
}

@Test func aRestartDuringTheTrialTakesTheSetBack() throws {
    let bench = try started()
    bench.push(bench.keys.envelope(set(version: 2)))
    bench.answers = nil
    bench.run(ms: 1_000)
    #expect(bench.disk.trial != nil)
    let next = try AgentBench(state: bench.disk)
    next.start()
    next.run(ms: 2_000)
    #expect(next.core.parameters.version == 0)
    let status = try #require(next.reports.first).report.applyStatus
    #expect(status.phase == .reverted && status.version == 2)
    #expect(next.disk.floor == 2 && next.disk.trial == nil)
}

@Test func anAggregatorsOutageProlongsATrial() throws {
    let bench = try started()
    bench.push(bench.keys.envelope(set(version: 2)))
    bench.run(ms: 200)
    bench.answers = nil
    let wasConfirmed = bench.reports.contains { $0.report.applyStatus.phase == .confirmed }
    #expect(!wasConfirmed)
    // The report that told of the trial may have been acknowledged: begin with one that wasn't.
    bench.run(ms: 400_000)
    #expect(bench.core.parameters.version == 2)
}

@Test func withoutATrialRecordNothingIsApplied() throws {
    let bench = try started()
    bench.diskWorks = false
    bench.push(bench.keys.envelope(set(version: 2)))
    bench.run(ms: 3_000)
    #expect(bench.core.parameters.version == 0)
    #expect(bench.reports.last?.report.applyStatus.phase == .refused)
}

@Test func aTrialIsAsLongAsTheSetOnTrialNeeds() throws {
    let bench = try AgentBench(intervalMs: nil)
    bench.start()
    bench.run(ms: 30_000)
    var slow = set(version: 2)
    slow.values[.sampleIntervalMs] = 90_000
    bench.push(bench.keys.envelope(slow))
    bench.run(ms: 600_000)
    #expect(bench.reports.last?.report.applyStatus == ApplyStatus(version: 2, phase: .confirmed))
}

@Test func whatCouldNotBeStoredLeavesNoTrace() throws {
    let bench = try started()
    bench.diskWorks = false
    let envelope = bench.keys.envelope(set(version: 2))
    bench.push(envelope)
    bench.run(ms: 3_000)
    #expect(bench.core.state.trial == nil && bench.core.state.floor == 0)
    // Once the disk works again the same set is taken.
    bench.diskWorks = true
    bench.push(envelope)
    bench.run(ms: 8_000)
    #expect(bench.reports.last?.report.applyStatus.phase == .confirmed)
}

@Test func aConfirmationIsStoredAsSoonAsTheDiskLetsIt() throws {
    let bench = try started()
    bench.push(bench.keys.envelope(set(version: 2)))
    bench.run(ms: 500)
    #expect(bench.disk.trial != nil)
    bench.diskWorks = false
    bench.run(ms: 8_000)
    #expect(bench.disk.trial != nil)
    bench.diskWorks = true
    bench.run(ms: 2_000)
    #expect(bench.disk.trial == nil && bench.disk.good != nil)
}

@Test func onlyAReportUnderTheNewSetConfirmsIt() throws {
    let bench = try started()
    let envelope = bench.keys.envelope(set(version: 2))
    bench.answers = { report in
        // Only what was sealed under the old set is acknowledged.
        report.report.parameterVersion == 0
            ? bench.acknowledge(report) : .reply(status: 503, body: [], isAuthentic: true, retryAfterS: 1)
    }
    bench.push(envelope)
    bench.run(ms: 20_000)
    #expect(bench.disk.trial != nil)
    bench.answers = { bench.acknowledge($0) }
    bench.run(ms: 10_000)
    #expect(bench.disk.trial == nil && bench.disk.good != nil)
}

@Test func aVersionBeyondAllOthersIsRefused() throws {
    let bench = try started()
    bench.push(bench.keys.envelope(set(version: ParameterSet.versionLimit)))
    bench.run(ms: 3_000)
    #expect(bench.disk.floor == 0)
    #expect(bench.reports.last?.report.applyStatus.phase == .refused)
}

@Test func anUnreadableEnvelopeCostsNoAcknowledgement() throws {
    let bench = try started()
    bench.answers = { report in
        guard case .reply(_, let body, _, _) = bench.acknowledge(report) else { return .failed("") }
        // Field 5, length 3, not an envelope.
        return .reply(
            status: 200, body: body + [0x2a, 3, 0xff, 0xff, 0xff], isAuthentic: true, retryAfterS: nil)
    }
    let before = bench.reports.count
    bench.run(ms: 5_000)
    #expect(bench.reports.count >= before + 4)
    #expect(Set(bench.sentBytes).count == bench.sentBytes.count)
}

@Test func anAggregatorThatClosesIsNotAskedInALoop() throws {
    let bench = try started()
    let before = bench.holds.count
    for _ in 0..<100 {
        bench.heldAnswer = .reply(status: 204, body: [], isAuthentic: true, retryAfterS: nil)
        bench.run(ms: 100)
    }
    #expect(bench.holds.count - before < 30)
}

@Test func aNewBudgetReachesThePool() throws {
    let bench = try started()
    var larger = set(version: 2)
    larger.values[.poolBudgetKiB] = 1024
    bench.push(bench.keys.envelope(larger))
    bench.run(ms: 3_000)
    #expect(bench.reports.last?.report.pool.budgetBytes == 1 << 20)
}

@Test func stateSurvivesItsTextAndRefusesDamage() throws {
    let bench = try started()
    bench.push(bench.keys.envelope(set(version: 2)))
    bench.run(ms: 500)
    var state = bench.disk
    state.labels = [Label(key: "site", value: "roof"), Label(key: "role", value: "bot")]
    let text = Array(state.text.utf8)
    #expect(AgentState(text: text) == state)
    for cut in stride(from: 0, to: text.count - 4, by: 7) {
        #expect(AgentState(text: Array(text[..<cut])) == nil)
    }
    #expect(AgentState(text: Array("phi-agent-state 9\nend\n".utf8)) == nil)
}
