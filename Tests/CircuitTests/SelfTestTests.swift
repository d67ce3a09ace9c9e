// The whole self-test with a clock and resources of the tests' own: then every byte of its JSON is
// fixed, and every metric can be moved.

import Circuit
import Foundation
import Testing

/// Each look at it is `stepNs` later.
final class StepClock {
    var nowNs: Int64 = 0
    let stepNs: Int64
    init(stepNs: Int64) { self.stepNs = stepNs }
    func look() -> Int64 {
        nowNs += stepNs
        return nowNs
    }
}

@Suite struct SelfTestTests {
    private func report(
        stepNs: Int64 = 5_000_000, budgetBytes: Int = 256 << 10, program: Program? = nil,
        energy: Double? = nil
    ) -> SelfTestReport {
        var settings = TrialSettings()
        settings.budgetBytes = budgetBytes
        settings.shots = 200
        let clock = StepClock(stepNs: stepNs)
        var readings = 0
        let resources = {
            readings += 1
            var reading = MetricsTests.reading(busy: 100 + readings * 60, idle: 900 + readings * 40)
            reading.energyMicroJ = energy.map { $0 * Double(readings) }
            return reading
        }
        if let program {
            return SelfTest.run(
                program, name: "test", settings: settings, nowNs: { clock.look() },
                resources: resources)
        }
        return SelfTest.run(settings: settings, nowNs: { clock.look() }, resources: resources)
    }

    /// Without the pool's own sizes, which are the pool's to change.
    private func pretty(_ json: String) throws -> String {
        func without(_ value: Any) -> Any {
            if let object = value as? [String: Any] {
                return object.filter { $0.key != "stored_bytes" }.mapValues(without)
            }
            return (value as? [Any])?.map(without) ?? value
        }
        let object = try JSONSerialization.jsonObject(with: Data(json.utf8))
        let data = try JSONSerialization.data(
            withJSONObject: without(object), options: [.prettyPrinted, .sortedKeys])
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    @Test func theJSONIsTheGoldenOne() throws {
        let text = try pretty(report().json)
        let file = Golden.folder.appending(path: "self-test.json")
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(
            try String(contentsOf: file, encoding: .utf8) == text,
            "if it should differ, rewrite it with UPDATE_GOLDEN=1")
    }

    @Test func theSelfTestIsSoundAndWhole() throws {
        let report = report()
        #expect(report.isSound)
        #expect(report.registers.count == 4)
        #expect(report.kernels.map(\.name) == [
            "activation", "seal-81", "unseal-81", "seal-16", "unseal-16", "seal-8", "unseal-8",
        ])
        #expect(report.trials.map(\.name) == ["ghz-8", "qft-8", "grover-4", "adder-4", "random-8"])
        #expect(Set(report.kernels.filter { $0.name.hasPrefix("unseal") }.map(\.digest)).count == 3)
        for trial in report.trials {
            #expect(trial.results.allSatisfy { $0.missing == nil && $0.infidelity != nil })
            #expect(trial.results.allSatisfy { $0.reference == .bits81 })
        }
        let adder = report.trials[3]
        #expect(adder.results.allSatisfy { $0.outcomes == [Outcome(bits: 17, count: 200)] })
        let grover = report.trials[2].results[0].outcomes.max { $0.count < $1.count }
        #expect(grover?.bits == 0b1011 && grover?.count ?? 0 > 180)
        for word in ["largest register", "activation", "grover-4", "resonance", "no data"] {
            #expect(report.table.contains(word))
        }
    }

    @Test func aSlowerClockMovesLatencyAndThroughput() throws {
        let fast = report(stepNs: 5_000_000)
        let slow = report(stepNs: 10_000_000)
        for (a, b) in zip(fast.kernels, slow.kernels) {
            #expect(try #require(b.latencyNs) > (try #require(a.latencyNs)))
            #expect(try #require(b.throughputMops) < (try #require(a.throughputMops)))
            #expect(a.digest == b.digest)
        }
        let program = try Golden.program("qelib1-5")
        let a = report(stepNs: 1000, program: program).trials[0].results[0]
        let b = report(stepNs: 3000, program: program).trials[0].results[0]
        #expect(a.elapsedNs == 1000 && b.elapsedNs == 3000)
        #expect(try #require(a.throughputMops) == Double(program.operations.count * 32))
        #expect(try #require(b.throughputMops) < (try #require(a.throughputMops)))
    }

    @Test func fidelityFallsWithTheBits() throws {
        let report = report()
        let worst = try BitDepth.allCases.map { try #require(report.worstFidelity($0)).infidelity }
        #expect(worst[0] == 0 && worst[1] > 0)
        #expect(worst[1] < worst[2] && worst[2] < worst[3])
        #expect(worst[1] < 1e-29 && worst[2] < 1e-3)
    }

    @Test func aSmallerBudgetHoldsLess() throws {
        let program = try standard("qreg q[12]; creg c[12]; h q; measure q -> c;")
        let small = report(budgetBytes: 96 << 10, program: program)
        #expect(small.trials[0].results.map { $0.missing == nil } == [false, false, true, true])
        #expect(small.trials[0].results[2].reference == .bits16)
        #expect(small.json.contains("more than the budget"))
        let large = report(budgetBytes: 1 << 20, program: program)
        #expect(large.trials[0].results.allSatisfy { $0.missing == nil })
        // Held beside the reference: two states must fit, not one.
        for result in large.trials[0].results where result.infidelity != nil {
            #expect(result.heldBytes <= 1 << 20)
        }
        for (a, b) in zip(small.registers, large.registers) { #expect(a.qubits < b.qubits) }
    }

    @Test func tooMuchWorkIsRefused() throws {
        let program = try standard("qreg q[4]; creg c[4]; h q; reset q; measure q -> c;")
        var settings = TrialSettings()
        settings.workMax = 1000
        let trial = ProgramTrial(name: "t", program: program, settings: settings, nowNs: { 0 })
        #expect(trial.results.allSatisfy { $0.missing == .work(amplitudes: 12 * 16 * 1024) })
        settings.workMax = 1 << 30
        settings.shots = 10
        let done = ProgramTrial(name: "t", program: program, settings: settings, nowNs: { 0 })
        #expect(done.results.allSatisfy { $0.missing == nil && $0.infidelityMissing == .measuredOnTheWay })
        #expect(done.results[0].throughputMops == nil)
        settings.shots = Int.max
        settings.workMax = 1
        let many = ProgramTrial(name: "t", program: program, settings: settings, nowNs: { 0 })
        #expect(many.results.allSatisfy { $0.missing != nil })
    }

    @Test func powerIsReportedOnlyWithASensor() throws {
        let program = try Golden.program("qelib1-5")
        #expect(!report(program: program).json.contains("ops_per_joule"))
        let joule = report(program: program, energy: 1e6)
        #expect(joule.energyJoules == 1)
        #expect(joule.opsPerJoule == Double(4 * program.operations.count * 32))
        #expect(joule.json.contains("ops_per_joule"))
    }
}
