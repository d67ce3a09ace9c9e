import FixtureSupport
import Foundation
import Model
import Testing

@testable import Governor

@Suite struct DecisionFileTests {
    private func written(_ decision: Decision, events: [ControlEvent] = []) throws -> [String: Any] {
        let scratch = try Scratch()
        let file = DecisionFile(folder: scratch.path)
        try file.write(
            decision, mode: .partial,
            at: Instant(monotonicMs: 12, wallMs: 1_700_000_000_123, isSynced: true),
            parameterVersion: 42, events: events)
        let data = try Data(contentsOf: URL(fileURLWithPath: file.path))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test func everyFieldIsThere() throws {
        var decision = Decision()
        decision.state = .coherent
        decision.factor = 0.832
        decision.memoryCeilingBytes = 1 << 30
        decision.bitDepth = .bits81
        decision.confidence = Confidence(signalQuality: 0.5, agreement: 0.5, predictorQuality: 1)
        decision.triggers = [.thermalMirror, .memoryPressure]
        decision[.thermal] = Vote(exponent: -0.382, weight: 1.25, factor: 0.8)
        decision.slot = 200
        let event = ControlEvent(
            control: .cpuMax, value: "1 2", outcome: .failed("Read-only \"file\" system"))
        let json = try written(decision, events: [event])
        #expect(json["wallMs"] as? Int == 1_700_000_000_123)
        #expect(json["clockSynced"] as? Bool == true)
        #expect(json["parameterVersion"] as? Int == 42)
        #expect(json["state"] as? String == "coherent")
        #expect(json["factor"] as? Double == 0.832)
        #expect(json["memoryCeilingBytes"] as? Int == 1 << 30)
        #expect(json["bitDepth"] as? Int == 81)
        #expect(json["triggers"] as? [String] == ["thermal-mirror", "memory-pressure"])
        #expect(json["slot"] as? Int == 200)
        #expect(json["controlMode"] as? String == "partial")
        #expect((json["activation"] as? String)?.count == 64)
        #expect((json["confidence"] as? [String: Double])?["value"] == 0.25)
        let votes = try #require(json["votes"] as? [String: [String: Double]])
        #expect(votes.keys.sorted() == ["entropy", "hardware", "thermal", "value"])
        #expect(votes["thermal"] == ["exponent": -0.382, "weight": 1.25, "factor": 0.8])
        let controls = try #require(json["controls"] as? [[String: String]])
        #expect(controls[0]["outcome"] == "failed")
        #expect(controls[0]["reason"] == "Read-only \"file\" system")
    }

    /// Also what an earlier decision wrote.
    @Test func everythingInForceIsThere() throws {
        let group = try Group("zero2w")
        let governor = group.governor()
        _ = governor.apply(decision(0.5))
        #expect(governor.apply(decision(0.5)) == [])
        let file = DecisionFile(folder: group.tree.path)
        try file.write(
            decision(0.5), mode: governor.mode, at: Instant(monotonicMs: 0, wallMs: 0, isSynced: false),
            parameterVersion: 0, status: governor.status)
        let data = Data(try group.tree.text("decision.json").utf8)
        let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(
            json["limits"] as? [[String: String]]
                == [["file": "cpu.max", "value": "200000 100000", "original": "max 100000"]])
        #expect(json["missing"] as? [String] == ["memory.max", "memory.high"])
        #expect(json["group"] as? String == "/workload.slice")
        #expect(json["governedBy"] as? String == "files")
        #expect(json["memoryFeedback"] as? String == "none")
    }

    @Test func numbersThatAreNoneBecomeNull() throws {
        var decision = Decision()
        decision.factor = .nan
        #expect(try written(decision)["factor"] is NSNull)
    }
}
