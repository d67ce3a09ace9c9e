// `phi-agent decide --replay FILE`: recorded observations through the chamber, one decision a line.
//
// It shows what the agent would have decided, and holds the host build and the device build to the
// same bits: numbers are printed in their shortest exact form.
//
// The file is CSV. Its first line names the columns, in any order; an empty field is "no data".
//   time_ms temperature_milli_c memory_total_kib memory_available_kib pressure_percent
//   frequency_khz frequency_max_khz frequency_ceiling_khz throttle entropy value
//   model serial cpu_cores cpu_max_mhz pool_pressure busy_share

import Bytes
import Chamber
import Digest
import Model

struct ReplayError: Error {
    let line: Int
    let text: String
}

struct DecisionReplay {
    private var chamber = Chamber()
    private let columns: [String: Int]
    private static let known: [StaticString] = [
        "time_ms", "temperature_milli_c", "memory_total_kib", "memory_available_kib",
        "pressure_percent", "frequency_khz", "frequency_max_khz", "frequency_ceiling_khz",
        "throttle", "entropy", "value", "model", "serial", "cpu_cores", "cpu_max_mhz",
        "pool_pressure", "busy_share",
    ]

    /// All decisions of a file, a JSON object each.
    static func lines(_ bytes: [UInt8]) throws(ReplayError) -> [String] {
        var rows = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)[...]
        guard let head = rows.popFirst() else { throw ReplayError(line: 1, text: "an empty file") }
        var replay = try DecisionReplay(head: head)
        var lines: [String] = []
        for (index, row) in rows.enumerated() where !Text.trimmed(row).isEmpty {
            lines.append(try replay.decide(row, line: index + 2))
        }
        return lines
    }

    private init(head: ArraySlice<UInt8>) throws(ReplayError) {
        var columns: [String: Int] = [:]
        for (index, name) in Self.fields(head).enumerated() {
            guard Self.known.contains(where: { Text.equal(name, $0) }) else {
                throw ReplayError(line: 1, text: "unknown column: \(Text.string(name))")
            }
            columns[Text.string(name)] = index
        }
        guard columns["time_ms"] != nil else {
            throw ReplayError(line: 1, text: "the column time_ms is missing")
        }
        self.columns = columns
    }

    private static func fields(_ row: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        row.split(separator: 0x2c, omittingEmptySubsequences: false).map { Text.trimmed($0) }
    }

    private mutating func decide(_ row: ArraySlice<UInt8>, line: Int) throws(ReplayError) -> String {
        let fields = Self.fields(row)
        func field(_ name: String) -> ArraySlice<UInt8>? {
            guard let index = columns[name], index < fields.count, !fields[index].isEmpty else {
                return nil
            }
            return fields[index]
        }
        func integer(_ name: String) throws(ReplayError) -> Int64? {
            guard let field = field(name) else { return nil }
            guard let value = Text.integer(field), value >= -(1 << 40), value < 1 << 40 else {
                throw ReplayError(line: line, text: "\(name) is no whole number")
            }
            return value
        }
        func real(_ name: String) throws(ReplayError) -> Double? {
            guard let field = field(name) else { return nil }
            guard let value = Text.decimal(field) else {
                throw ReplayError(line: line, text: "\(name) is no number")
            }
            return value
        }
        func count(_ name: String) throws(ReplayError) -> UInt64? {
            guard let value = try integer(name) else { return nil }
            guard value >= 0 else { throw ReplayError(line: line, text: "\(name) is negative") }
            return UInt64(value)
        }

        guard let timeMs = try integer("time_ms") else {
            throw ReplayError(line: line, text: "time_ms is missing")
        }
        var sample = Sample(
            instant: Instant(monotonicMs: timeMs, wallMs: timeMs, isSynced: false))
        var healthy = 0
        if columns["temperature_milli_c"] != nil {
            let value = try integer("temperature_milli_c").map { Int($0) }
            sample.zones = [ThermalReading(name: "cpu-thermal", temperatureMilliC: value)]
            if value != nil { healthy += 1 }
        }
        if let total = try count("memory_total_kib"), let free = try count("memory_available_kib") {
            sample.memory = MemoryReading(
                totalBytes: total * 1024, availableBytes: free * 1024, swapTotalBytes: 0,
                swapFreeBytes: 0)
            healthy += 1
        }
        sample.health = SensorHealth(known: 2, healthy: healthy, failuresTotal: 0)
        if let percent = try real("pressure_percent") {
            sample.pressure = PressureReading(
                memorySomePercent: percent, memoryFullPercent: 0, cpuSomePercent: 0,
                ioSomePercent: 0, memorySomeTotalMicros: 0)
        }
        if let most = try count("frequency_max_khz"), let now = try count("frequency_khz") {
            sample.frequency = FrequencyReading(
                currentKHz: Int(now), maximumKHz: Int(most),
                ceilingKHz: Int(try count("frequency_ceiling_khz") ?? most))
        }
        sample.busyShare = try real("busy_share")
        if let bits = try count("throttle") {
            sample.throttle = ThrottleReading(
                now: UInt8(truncatingIfNeeded: bits), latched: 0, source: .firmware)
        }
        let hardware = HardwareRecord(
            model: field("model").map { Text.string($0) } ?? "replay",
            serial: field("serial").map { Text.string($0) } ?? "",
            cpuCores: Int(clamping: min(try count("cpu_cores") ?? 4, 65_536)),
            cpuMaxMHz: Int(clamping: min(try count("cpu_max_mhz") ?? 1_000, 1_000_000)),
            memoryBytes: HardwareRecord.rounded(memoryTotal: sample.memory?.totalBytes ?? 0))
        let decision = chamber.decide(
            ChamberInput(
                hardware: hardware, sample: sample,
                signals: Model.Signals(entropy: try real("entropy"), value: try real("value")),
                poolPressure: try real("pool_pressure") ?? 0),
            .builtIn)
        return Self.text(decision, timeMs)
    }

    private static func text(_ decision: Decision, _ timeMs: Int64) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.value(Int(timeMs), "timeMs")
        json.value(decision.state.name, "state")
        json.value(decision.factor, "factor")
        json.value(decision.exponent, "exponent")
        json.beginArray("votes")
        for vote in decision.votes { json.value(vote.exponent) }
        json.endArray()
        json.value(decision.memoryAdjustment, "memoryAdjustment")
        json.value(decision.memoryCeilingBytes, "memoryCeilingBytes")
        json.value(Int(decision.bitDepth.rawValue), "bitDepth")
        json.beginArray("confidence")
        json.value(decision.confidence.signalQuality)
        json.value(decision.confidence.agreement)
        json.value(decision.confidence.predictorQuality)
        json.endArray()
        json.value(decision.isApplicable, "applicable")
        json.beginArray("triggers")
        for name in decision.triggers.names { json.value(name) }
        json.endArray()
        json.value(decision.operatingCoherence, "operatingCoherence")
        json.value(decision.quantumPhase, "quantumPhase")
        json.value(Int(decision.slot), "slot")
        json.value(decision.activation.hex, "activation")
        json.endObject()
        return json.text
    }
}
