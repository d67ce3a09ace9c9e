// The sensors of the last sample as fields of decision.json, and as rows of `status`.

import AgentCore
import Bytes
import Model

extension Sample {
    /// As an object under `sensors`: how many there are, how many are good, and what ails the others.
    func writeSensors(into json: inout JSONWriter) {
        json.beginObject("sensors")
        json.value(health.known, "known")
        json.value(health.healthy, "healthy")
        json.value(health.failuresTotal, "failures")
        json.section(2, of: faultsVersion) { json in
            json.beginArray("faults")
            for fault in faults { json.value(SensorText.line(fault)) }
            json.endArray()
        }
        json.endObject()
    }

    /// Another number where the lines of the faults are others: they stay for long, and their texts are
    /// made once.
    private var faultsVersion: UInt64 {
        // FNV-1a. http://www.isthe.com/chongo/tech/comp/fnv/
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ value: UInt64) { hash = (hash ^ value) &* 0x100_0000_01b3 }
        for fault in faults {
            for byte in fault.name.utf8 { mix(UInt64(byte)) }
            mix(UInt64(truncatingIfNeeded: fault.errorCode) &<< 16 | UInt64(fault.condition.rawValue) &<< 1)
            mix(fault.lastGoodMs == nil ? 0 : 1)
        }
        return hash
    }
}

enum SensorRows {
    /// Labelled lines; a line a sensor that is anything but good.
    static func lines(_ decision: FlatJSON?) -> [(label: StaticString, text: String)] {
        guard let decision, let known = decision.number("sensors.known"),
            let healthy = decision.number("sensors.healthy")
        else { return [("sensors", "– (no agent has told of them)")] }
        var lines: [(label: StaticString, text: String)] = [
            (
                "sensors",
                "\(Decimal.fixed(known, decimals: 0)) known, \(Decimal.fixed(healthy, decimals: 0)) good"
            )
        ]
        for item in decision.items("sensors.faults") { lines.append(("", decision.text(item) ?? "–")) }
        return lines
    }
}
