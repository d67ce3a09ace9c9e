// Limits in force, as random messages and as protoc must read them.

import CoreTesting
import Model
import Testing
import Wire

extension Expected {
    mutating func controls(_ controls: ControlSummary) {
        text("group", controls.group)
        text("by", controls.by)
        for file in controls.missing { bytes("missing", Array(file.utf8), repeated: true) }
        for limit in controls.limits {
            message("limits") {
                $0.text("file", limit.file)
                $0.text("value", limit.value)
                $0.text("original", limit.original)
            }
        }
    }
}

extension SeededRandom {
    mutating func controlSummary() -> ControlSummary {
        var controls = ControlSummary()
        controls.group = text(upTo: 256)
        controls.by = text(upTo: 16)
        controls.missing = (0..<below(4)).map { _ in text(upTo: 96) }
        controls.limits = (0..<below(5)).map { _ in
            ControlSummary.Limit(file: text(upTo: 96), value: text(upTo: 64), original: text(upTo: 64))
        }
        return controls
    }
}

@Suite struct ControlWireTests {
    /// What is too long or too many is cut before it is sent: no report is refused for it.
    @Test func whatIsSentIsWithinItsLimits() throws {
        var report = try Fixed().report
        var controls = ControlSummary()
        controls.group = String(repeating: "ä", count: 300)
        controls.missing = Array(repeating: "cpu.max", count: 200)
        controls.limits = Array(
            repeating: ControlSummary.Limit(
                file: String(repeating: "f", count: 200), value: String(repeating: "9", count: 200),
                original: "max"),
            count: 200)
        report.controls = controls
        let read = try SealedReport(decoding: SealedReport(sealing: report).bytes).report.controls
        #expect(read?.group == String(repeating: "ä", count: 128))
        #expect(read?.missing.count == 64 && read?.limits.count == 64)
        #expect(read?.limits.first?.file.utf8.count == 96 && read?.limits.first?.value.utf8.count == 64)
    }
}
