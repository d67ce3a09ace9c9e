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
        var imprint = Imprint()
        for fault in faults {
            imprint.add(fault.name.utf8)
            imprint.add(UInt64(truncatingIfNeeded: fault.errorCode) &<< 16 | UInt64(fault.condition.rawValue) &<< 1)
            imprint.add(fault.lastGoodMs == nil ? 0 : 1)
        }
        return imprint.value
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
