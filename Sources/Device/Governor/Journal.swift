// What the governed files said before the first write, kept in a file so that a start after a crash can
// give it back. It lies in the agent's own state folder, where nobody else can plant one, under the
// name of the kernel's boot: a reboot makes the groups anew, and voids the journal.
//
//     phi-governor-1
//     group /workload.slice
//     cpu.max max 100000
//     cpufreq/policy0/scaling_max_freq 1800000

import Bytes
import System

struct Journal: Equatable {
    /// Lines at most: the group's controls and the policies that are looked at.
    static let bytesMax = 16 << 10

    var group: String
    /// By control, the value found.
    private(set) var originals: [(control: Control, value: String)] = []

    init(group: String) { self.group = group }

    /// Nil when the text is not one of ours.
    init?(_ text: [UInt8]) {
        let lines = Text.lines(text[...])
        guard lines.count >= 2, Text.equal(lines[0], "phi-governor-1") else { return nil }
        let prefix = lines[1].prefix(6)
        guard Text.equal(prefix, "group ") else { return nil }
        self.init(group: Text.string(lines[1].dropFirst(6)))
        for line in lines.dropFirst(2) {
            guard let space = line.firstIndex(of: 0x20), let control = Control(file: line[..<space])
            else { return nil }
            let value = line[(space + 1)...]
            guard Control.isValue(value) else { return nil }
            self[control] = Text.string(value)
        }
    }

    var text: [UInt8] {
        var text = "phi-governor-1\ngroup \(group)\n"
        for (control, value) in originals { text += "\(control.file) \(value)\n" }
        return Array(text.utf8)
    }

    subscript(control: Control) -> String? {
        get { originals.first { $0.control == control }?.value }
        set {
            originals.removeAll { $0.control == control }
            if let newValue { originals.append((control, newValue)) }
        }
    }

    static func == (a: Journal, b: Journal) -> Bool { a.text == b.text }
}
