// The doctor's page and its JSON.

import Bytes
import Model

enum DoctorText {
    /// Columns of the ids.
    private static let idColumns = 19

    static func page(_ facts: DoctorFacts, _ findings: [Finding]) -> String {
        var text = (facts.model.isEmpty ? "this machine can't be told" : facts.model) + "\n\n"
        for finding in findings {
            text += heading(finding.grade) + padded(finding.id, to: idColumns) + finding.found + "\n"
            if let lost = finding.lost { text += padded("", to: 10) + padded("lost", to: idColumns) + lost + "\n" }
            if let fix = finding.fix { text += padded("", to: 10) + padded("fix", to: idColumns) + fix + "\n" }
        }
        let missing = findings.count { $0.grade == .missing }
        let notes = findings.count { $0.grade == .note }
        text += "\n\(findings.count) looked at, \(missing) missing, \(notes) to note\n"
        return text
    }

    private static func heading(_ grade: Finding.Grade) -> String {
        switch grade {
        case .well: "  well    "
        case .note: "  note    "
        case .missing: "  MISSING "
        }
    }

    private static func padded(_ text: String, to columns: Int) -> String {
        text + String(repeating: " ", count: max(1, columns - text.utf8.count))
    }

    static func json(_ facts: DoctorFacts, _ findings: [Finding]) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.value(facts.model, "model")
        json.value(Diagnosis.isWell(findings), "well")
        json.beginArray("findings")
        for finding in findings {
            json.beginObject()
            json.value(finding.id, "id")
            json.value("\(finding.grade.name)", "grade")
            json.value(finding.found, "found")
            if let lost = finding.lost { json.value(lost, "lost") } else { json.null("lost") }
            if let fix = finding.fix { json.value(fix, "fix") } else { json.null("fix") }
            json.endObject()
        }
        json.endArray()
        json.beginArray("sensors")
        for sensor in facts.sensors {
            json.beginObject()
            json.value(sensor.name, "name")
            json.value(sensor.condition.name, "condition")
            json.value(sensor.errorCode, "errorCode")
            if let last = sensor.lastGoodMs { json.value(Int(last), "lastGoodMs") } else { json.null("lastGoodMs") }
            json.endObject()
        }
        json.endArray()
        json.value(facts.serialSource.name, "identitySource")
        json.value(facts.stallSource?.name ?? "none", "stallSource")
        json.endObject()
        return json.text
    }
}
