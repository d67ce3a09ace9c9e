// Help texts, from the table of commands. 80 columns: they are read in narrow windows and in mail.

enum Help {
    static let width = 80

    static func text(for path: [String], in commands: [Command]) -> String {
        if let command = commands.first(where: { $0.path == path }) { return text(command) }
        return overview(path, commands)
    }

    /// All commands, or those of a group.
    static func overview(_ path: [String], _ commands: [Command]) -> String {
        let shown = commands.filter { $0.path.starts(with: path) }
        let lead = (["fleet"] + path).joined(separator: " ")
        var lines: [String] = []
        if path.isEmpty {
            lines += ["fleet — operate a fleet of φ agents: who is there, how they are, what they run"]
        }
        lines += ["Usage: \(lead) COMMAND [options]", "", "Commands:"]
        let column = (shown.map(\.name.count).max() ?? 0) + 4
        for command in shown { lines += entry("  " + command.name, command.summary, column: column) }
        lines += ["", "Each command: fleet COMMAND --help"]
        return lines.joined(separator: "\n") + "\n"
    }

    static func text(_ command: Command) -> String {
        var lines = wrap("fleet \(command.name) — \(command.summary)", indent: 0)
        lines += ["", "Usage: \(usage(command))"]
        for paragraph in command.discussion { lines += [""] + wrap(paragraph, indent: 0) }
        let arguments = command.arguments.map { ("  \($0.name)", $0.summary) }
        section("Arguments", arguments, &lines)
        section("Options", command.options.map { ("  " + $0.heading, summary($0)) }, &lines)
        section(
            "Common options", command.common.options.map { ("  " + $0.heading, $0.summary) }, &lines)
        if let json = command.json { lines += ["", "JSON (-o json):"] + wrap(json, indent: 2) }
        if !command.examples.isEmpty { lines += ["", "Examples:"] }
        for example in command.examples {
            lines += ["  # \(example.purpose)", "  \(example.line)"]
        }
        let exits = (command.exits + defaultExits(command)).sorted { $0.0.rawValue < $1.0.rawValue }
        lines += ["", "Exit codes:"]
        for (code, meaning) in exits { lines += entry("  \(code.rawValue)", meaning, column: 5) }
        return lines.joined(separator: "\n") + "\n"
    }

    static func usage(_ command: Command) -> String {
        if let usage = command.usage { return "fleet \(command.name) \(usage)" }
        let words = ["fleet", command.name] + command.arguments.map(\.usage)
        return (words + ["[options]"]).joined(separator: " ")
    }

    private static func summary(_ option: Option) -> String {
        option.repeats ? option.summary + " (may be repeated)" : option.summary
    }

    /// What every command can answer, unless it says it in its own words.
    private static func defaultExits(_ command: Command) -> [(ExitCode, String)] {
        var exits: [(ExitCode, String)] = [
            (.success, "done"), (.differs, "failed"), (.usage, "wrong usage"),
        ]
        if command.common.contains(.server) {
            exits += [
                (.unreachable, "the server can't be reached"),
                (.refused, "refused: authentication, role or conflict"),
            ]
        }
        return exits.filter { exit in !command.exits.contains { $0.0 == exit.0 } }
    }

    private static func section(
        _ title: String, _ entries: [(String, String)], _ lines: inout [String]
    ) {
        guard !entries.isEmpty else { return }
        lines += ["", "\(title):"]
        for (head, text) in entries { lines += entry(head, text, column: 30) }
    }

    private static func entry(_ head: String, _ text: String, column: Int) -> [String] {
        var lines = wrap(text, indent: column)
        guard head.count < column - 1 else { return [head] + lines }
        lines[0] = head + String(repeating: " ", count: column - head.count) + lines[0].dropFirst(column)
        return lines
    }

    /// Breaks at spaces; always gives at least one line.
    static func wrap(_ text: String, indent: Int) -> [String] {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, indent + line.count + 1 + word.count > width {
                lines.append(margin + line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return lines + [margin + line]
    }
}
