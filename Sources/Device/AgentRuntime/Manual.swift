// The manual page, from the table of commands, in man(7)'s macros. `make deb` ships it, and
// `phi-agent manual | man -l -` shows it.

import Bytes

enum Manual {
    static var page: String {
        var text = """
            .TH PHI\\-AGENT 8 "" "PhiFleet \(AgentCommand.version)" "System administration"
            .SH NAME
            phi\\-agent \\- sense, decide and govern on one device, and report to an aggregator
            .SH SYNOPSIS

            """
        for command in Subcommand.all {
            text += ".B phi\\-agent \(escaped("\(command.name)"))\n"
            if command.arguments.utf8CodeUnitCount > 0 { text += escaped("\(command.arguments)") + "\n" }
            text += ".br\n"
        }
        text += """
            .SH DESCRIPTION
            The agent reads the temperatures, memory, load and pressure of a small computer, decides every
            few seconds how much of it the workload may use, keeps its measurements in a memory store of
            fixed size, and reports to an aggregator, from which it takes signed parameters.
            .SH COMMANDS

            """
        for command in Subcommand.all { text += section(of: command) }
        text += """
            .SH FILES
            .TP
            .I /etc/phi\\-agent/agent.conf
            Options of run, one
            .RI ` name " = " value '
            a line.
            .TP
            .I /var/lib/phi\\-agent
            Identity, keys, boot counter, parameters. Losing it means another identity.
            .TP
            .I /run/phi\\-agent/decision.json
            The current decision, replaced in one step.
            .SH SEE ALSO
            .BR systemctl (1),
            .BR systemd.resource\\-control (5)

            """
        return text
    }

    private static func section(of command: Subcommand) -> String {
        var text = ".SS \(escaped("\(command.name)"))\n"
        let summary = Text.string(Array("\(command.summary)".utf8)[...])
        text += sentence(summary) + "\n"
        if command.discussion.utf8CodeUnitCount > 0 {
            text += ".PP\n" + escaped("\(command.discussion)") + "\n"
        }
        for flag in command.flags {
            text += ".TP\n\\fB\\-\\-\(escaped("\(flag.name)"))\\fR"
            if let value = flag.value { text += " \\fI\(escaped("\(value)"))\\fR" }
            text += "\n\(escaped("\(flag.meaning)"))\n"
        }
        text += ".PP\nExit status:\n"
        for exit in command.exits {
            text += ".TP\n.B \(escaped("\(exit.status)"))\n\(escaped("\(exit.meaning)"))\n"
        }
        for example in command.examples {
            text += ".PP\n\(escaped(sentence("\(example.purpose)", end: ":")))\n"
            text += ".nf\n.RS\n\(escaped("\(example.line)"))\n.RE\n.fi\n"
        }
        return text
    }

    /// With a capital letter and an end.
    private static func sentence(_ text: String, end: String = ".") -> String {
        var bytes = Array(text.utf8)
        if let first = bytes.first, first >= 0x61, first <= 0x7a { bytes[0] = first - 0x20 }
        let isEnded = bytes.last == 0x3f || bytes.last == 0x2e
        return Text.string(bytes[...]) + (isEnded ? "" : end)
    }

    /// What roff would take for its own: backslashes, hyphens, and a line's first dot or quote.
    private static func escaped(_ text: String) -> String {
        var out: [UInt8] = []
        var isLineStart = true
        for byte in text.utf8 {
            switch byte {
            case 0x5c: out += Array("\\e".utf8)
            case 0x2d: out += Array("\\-".utf8)
            case 0x2e, 0x27:
                if isLineStart { out += Array("\\&".utf8) }
                out.append(byte)
            default: out.append(byte)
            }
            isLineStart = byte == 0x0a
        }
        return Text.string(out[...])
    }
}
