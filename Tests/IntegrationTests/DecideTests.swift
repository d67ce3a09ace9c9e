// `phi-agent decide` and `status` as they ship: one form of the figures, the same bits on the host and
// on the device, and every named metric there.

import Foundation
import Testing

@Suite(.serialized) struct DecideTests {
    static let desktop = [
        "decide", "--profile", "desktop", "--gpu-memory", "8", "--gpu-cores", "4864", "--gpu-tier",
        "mid_range", "--ram", "32", "--cores", "8", "--cpu-mhz", "3600", "--entropy", "0.5", "--thermal",
        "0.3", "--value", "0.8", "--json",
    ]

    @Test(arguments: [
        desktop, desktop + ["--available", "0.25", "--thermal", "1", "--entropy", "1"],
        [
            "decide", "--ram", "0.5", "--cores", "4", "--cpu-mhz", "1000", "--model", "Zero", "--value",
            "0.1", "--thermal", "0.77", "--json",
        ],
        ["decide", "--ram", "4", "--cores", "4", "--cpu-mhz", "1800", "--json"],
        Array(desktop.dropLast()),
    ])
    func aDescribedMachineGivesTheSameBitsOnHostAndDevice(_ arguments: [String]) throws {
        try #require(
            FileManager.default.fileExists(atPath: Programs.deviceAgent.path),
            "no device binary: run make device first")
        let host = try Programs.run("phi-agent", arguments)
        #expect(host.status == 0, "\(host.err)")
        let device = try Programs.run(Programs.qemu, [Programs.deviceAgent.path] + arguments)
        #expect(device.status == 0, "\(device.err)")
        #expect(device.out == host.out)
        #expect(host.out.count > 1000)
    }

    /// The glossary's words, as fields.
    static let named = [
        "state", "factor", "exponent", "votes.hardware.weight", "votes.entropy.factor",
        "votes.thermal.exponent", "votes.value.factor", "rawVotes.value", "memoryAdjustment",
        "memoryCeilingBytes", "bitDepth", "confidence.value", "confidence.signalQuality",
        "confidence.agreement", "confidence.predictorQuality", "applicable", "triggers",
        "operatingCoherence", "capacityCoherence", "harmonicCoherence", "harmonicCoherenceRaw",
        "decoherence", "coherenceParts.availableMemory", "coherenceParts.calm",
        "entanglementStrength", "quantumPhase", "observerPhase", "slot", "phase", "lanes",
        "activation", "hardware.hash", "hardware.class", "scores.memory", "scores.cpu",
        "channels.negative", "channels.zeroPoint", "channelsClamped.negative", "heat.softLimitC",
        "chainHead", "learnedSlots",
    ]

    static func value(_ json: [String: Any], _ path: String) -> Any? {
        var value: Any? = json
        for name in path.split(separator: ".") { value = (value as? [String: Any])?[String(name)] }
        return value is NSNull ? nil : value
    }

    @Test func theSourcesDesktopWithEveryNamedMetric() throws {
        let output = try Programs.run("phi-agent", Self.desktop)
        let json = output.json
        let own = [
            "scores.gpu", "scores.gpuUntiered", "channels.positive", "channelsClamped.positive",
            "hardware.gpu.tier", "wouldApply", "signals.thermal", "signals.entropy", "signals.value",
        ]
        for path in Self.named + own { #expect(Self.value(json, path) != nil, "no \(path)") }
        func number(_ path: String) -> Double { Self.value(json, path) as? Double ?? .nan }
        #expect(abs(number("channels.positive") - 3.8912) < 1e-12)
        #expect(abs(number("scores.gpu") - 0.1890625) < 1e-12)
        #expect(abs(number("scores.gpuUntiered") - 0.3151041666666667) < 1e-12)
        #expect(abs(number("harmonicCoherenceRaw") - 1.7970666666666666) < 1e-12)
        #expect(number("harmonicCoherence") == 1)
        #expect(abs(number("votes.value.exponent") - 0.6) < 1e-12)
        #expect((1.3...1.8).contains(number("factor")))
        #expect(json["state"] as? String == "coherent")
        #expect((json["lanes"] as? [Double])?.count == 8)
        let writes = json["wouldApply"] as? [[String: String]]
        #expect(writes?.contains { $0["file"] == "cpu.max" && $0["value"] == "max 100000" } == true)
        // One form of the figures: the table says the same.
        let table = try Programs.run("phi-agent", Array(Self.desktop.dropLast())).out
        for text in ["3.891", "0.189", "0.315", "1.797", "1.335", "mid_range", "profit-harmonic"] {
            #expect(table.contains(text), "\(text)")
        }
        #expect(table.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test func aRunningAgentTellsAllOfItInItsStatus() throws {
        let fleet = try TestFleet()
        try fleet.startBoards(1)
        try fleet.start(
            "agent-0",
            [
                "phi-agent", "run", "--interval", "200ms", "--state-dir", fleet.path("agent-0/state"),
                "--run-dir", fleet.path("agent-0/run"), "--sysfs-root", fleet.path("boards/board-0/sys"),
                "--procfs-root", fleet.path("boards/board-0/proc"),
            ])
        let own = ["--state-dir", fleet.path("agent-0/state"), "--run-dir", fleet.path("agent-0/run")]
        try fleet.eventually(30, "a coherent decision") {
            fleet.text("agent-0/run/decision.json").contains("\"state\":\"coherent\"")
        }
        let status = try Programs.run("phi-agent", ["status", "--json"] + own)
        let decision = try #require(status.json["decision"] as? [String: Any])
        let more = [
            "pool.budgetBytes", "pool.basis", "pool.extension64", "pool.compressionRatio",
            "pool.phiAlignment", "pool.bitScalingEfficiency", "controlMode", "controls",
            "heat.temperatureC", "coherenceParts.achievableFrequency", "sensors.known", "sensors.faults",
            "pool.dropped.low", "pool.dropped.normal", "pool.dropped.high",
        ]
        for path in Self.named + more { #expect(Self.value(decision, path) != nil, "no \(path)") }
        let table = try Programs.run("phi-agent", ["status"] + own).out
        #expect(table.contains(status.json["device"] as? String ?? "?"))
        // The running agent's sensors, which aren't those that `status` itself would find here.
        #expect(status.json["running"] as? Bool == true)
        let sensors = try #require(decision["sensors"] as? [String: Any])
        #expect(table.contains("\(sensors["known"] ?? "?") known, \(sensors["healthy"] ?? "?") good"))
        #expect((sensors["known"] as? Int ?? 0) > 0)
        #expect(table.contains("agent                  running\n"), "\(table)")
        for word in ["runtime extension", "seconds to 80 °C", "heat budget", "s ago", "api-only"] {
            #expect(table.contains(word), "\(word)")
        }
        #expect(try fleet.end("agent-0") == 0)
        let left = try Programs.run("phi-agent", ["status"] + own).out
        #expect(left.contains("not running: the decision and the sensors are its last"))
        #expect(left.contains("\(sensors["known"] ?? "?") known"))

        // A file that was cut short is said to be, not shown.
        let file = fleet.path("agent-0/run/decision.json")
        try Data(fleet.text("agent-0/run/decision.json").utf8.dropLast(40))
            .write(to: URL(filePath: file))
        let damaged = try Programs.run("phi-agent", ["status"] + own)
        #expect(damaged.status == 2 && damaged.err.contains("decision.json is damaged"))
        try FileManager.default.removeItem(atPath: file)
        let none = try Programs.run("phi-agent", ["status", "--json"] + own)
        #expect(none.status == 0 && none.json["decision"] is NSNull)
        #expect(none.json["running"] as? Bool == false)
        let bare = try Programs.run("phi-agent", ["status"] + own).out
        #expect(bare.contains("– (no agent has told of them)"))
    }
}
