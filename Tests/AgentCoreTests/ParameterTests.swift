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
