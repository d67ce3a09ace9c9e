// Help texts, from the table of commands. 80 columns: they are read in narrow windows.

import Bytes

enum Help {
    private static let width = 80

    static var overview: String {
        var text = "phi-agent: senses, decides and governs on one device, and reports to an aggregator\n\n"
        text += "usage: phi-agent COMMAND [ARGUMENT…]\n\ncommands:\n"
        for command in Subcommand.all {
            text += entry("  \(command.name)", "\(command.summary)", column: 14)
        }
        return text + "\nphi-agent COMMAND --help shows a command's options.\n"
    }

    static func text(_ command: Subcommand) -> String {
        var text = "phi-agent \(command.name): \(command.summary)\n\n"
        text += "usage: phi-agent \(command.name)"
        if command.arguments.utf8CodeUnitCount > 0 { text += " \(command.arguments)" }
        text += "\n"
        if command.discussion.utf8CodeUnitCount > 0 { text += "\n\(command.discussion)\n" }
        if !command.flags.isEmpty { text += "\noptions:\n" }
        for flag in command.flags {
            text += entry("  \(heading(flag))", "\(flag.meaning)", column: 26)
        }
        if !command.examples.isEmpty { text += "\nexamples:\n" }
        for example in command.examples { text += "  # \(example.purpose)\n  \(example.line)\n" }
        text += "\nexit status:\n"
        for exit in command.exits { text += entry("  \(exit.status)", "\(exit.meaning)", column: 8) }
        return text
    }

    /// `--name VALUE`
    static func heading(_ flag: Flag) -> String {
        flag.value.map { "--\(flag.name) \($0)" } ?? "--\(flag.name)"
    }

    /// A head and what it means, from `column` on; broken at spaces.
    private static func entry(_ head: String, _ meaning: String, column: Int) -> String {
        var text = head
        var used = columns(head)
        if used > column - 2 {
            text += "\n"
            used = 0
        }
        text += String(repeating: " ", count: column - used)
        used = column
        for word in Array(meaning.utf8).split(separator: 0x20) {
            let word = Text.string(word)
            if used > column, used + 1 + columns(word) > width {
                text += "\n" + String(repeating: " ", count: column)
                used = column
            }
            if used > column {
                text += " "
                used += 1
            }
            text += word
            used += columns(word)
        }
        return text + "\n"
    }

    /// Characters of a text without combining ones: its UTF-8 bytes but the continuation bytes.
    private static func columns(_ text: String) -> Int {
        text.utf8.reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
    }
}
