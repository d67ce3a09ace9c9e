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

    /// Cycles ten a second: what is heeded is told in its cycle, everything else once a second.
    @Test func whatIsHeededIsToldAtOnceAndTheRestOnceASecond() throws {
        let scratch = try Scratch()
        let file = DecisionFile(folder: scratch.path)
        var decision = Decision()
        var mode = ControlMode.apiOnly
        var version: UInt64 = 1
        var nowMs: Int64 = 5_000
        /// Whether this cycle wrote the file.
        func cycle(events: [ControlEvent] = []) throws -> Bool {
            nowMs += 100
            let now = Instant(monotonicMs: nowMs, wallMs: 0, isSynced: false)
            guard
                file.isDue(decision, mode: mode, at: now, parameterVersion: version, events: events)
            else { return false }
            try file.write(decision, mode: mode, at: now, parameterVersion: version, events: events)
            return true
        }
        #expect(try cycle(), "there is none yet")
        var count = 0
        for index in 0..<100 {
            // The phases and the hash move on with each cycle, as do coherence and confidence.
            decision.quantumPhase = Double(index)
            decision.operatingCoherence = Double(index) / 100
            if try cycle() { count += 1 }
        }
        #expect((10...12).contains(count))
        let changes: [() -> Void] = [
            { decision.state = .coherent }, { decision.factor = 0.9 }, { decision.memoryCeilingBytes = 7 },
            { decision.bitDepth = .bits8 }, { decision.isApplicable = true }, { decision.triggers = .poolPressure },
            { mode = .full }, { version = 2 },
        ]
        for change in changes {
            while try !cycle() {}
            #expect(try !cycle(), "told a moment ago")
            change()
            #expect(try cycle())
        }
        #expect(try !cycle())
        let event = ControlEvent(control: .cpuMax, value: "1 2", outcome: .written)
        #expect(try cycle(events: [event]), "something was done")
        nowMs -= 3_000
        #expect(try cycle(), "a clock that went back keeps nothing from being told")
    }

    /// At an interval of a second or more every cycle writes it, also those that come a little early.
    @Test func slowCyclesWriteItEachTime() throws {
        let scratch = try Scratch()
        let file = DecisionFile(folder: scratch.path)
        for atMs in [0, 1_000, 1_990, 3_000, 3_950, 13_950] as [Int64] {
            let now = Instant(monotonicMs: atMs, wallMs: 0, isSynced: false)
            #expect(file.isDue(Decision(), mode: .full, at: now, parameterVersion: 0, events: []))
            try file.write(Decision(), mode: .full, at: now, parameterVersion: 0)
        }
    }
}
