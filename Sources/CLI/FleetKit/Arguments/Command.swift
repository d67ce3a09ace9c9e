// What a command is, declared once: parsing, help and shell completion all read this table.
//
// A command names its words, options and arguments; it never looks at argv itself. `CommandTable`
// lists the commands, `ArgumentParser` turns words into `ParsedArguments`, `Help` and `Completion`
// write what people and shells need to know.

/// `--name VALUE`, `-n VALUE` or a flag.
public struct Option: Sendable {
    public let name: String
    public let short: Character?
    /// Placeholder of the value in help; nil for a flag.
    public let value: String?
    /// The only values allowed; empty for any.
    public let choices: [String]
    public let repeats: Bool
    public let summary: String

    static func flag(_ name: String, short: Character? = nil, _ summary: String) -> Option {
        Option(
            name: name, short: short, value: nil, choices: [], repeats: false, summary: summary)
    }

    static func value(
        _ name: String, short: Character? = nil, _ placeholder: String, repeats: Bool = false,
        _ summary: String
    ) -> Option {
        Option(
            name: name, short: short, value: placeholder, choices: [], repeats: repeats,
            summary: summary)
    }

    static func choice(
        _ name: String, short: Character? = nil, _ choices: [String], _ summary: String
    ) -> Option {
        Option(
            name: name, short: short, value: choices.joined(separator: "|"), choices: choices,
            repeats: false, summary: summary)
    }

    /// `-f, --file FILE`, as help lists it.
    var heading: String {
        let lead = short.map { "-\($0), " } ?? "    "
        return lead + "--\(name)" + (value.map { " \($0)" } ?? "")
    }
}

/// A word that is no option.
public struct Positional: Sendable {
    public let name: String
    public let isRequired: Bool
    public let repeats: Bool
    public let summary: String

    static func one(_ name: String, _ summary: String) -> Positional {
        Positional(name: name, isRequired: true, repeats: false, summary: summary)
    }

    static func maybe(_ name: String, _ summary: String) -> Positional {
        Positional(name: name, isRequired: false, repeats: false, summary: summary)
    }

    static func any(_ name: String, _ summary: String) -> Positional {
        Positional(name: name, isRequired: false, repeats: true, summary: summary)
    }

    static func some(_ name: String, _ summary: String) -> Positional {
        Positional(name: name, isRequired: true, repeats: true, summary: summary)
    }

    var usage: String {
        let word = repeats ? "\(name)…" : name
        return isRequired ? word : "[\(word)]"
    }
}

/// Which of the options that many commands share this one takes.
public struct CommonOptions: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    public static let output = CommonOptions(rawValue: 1)
    public static let home = CommonOptions(rawValue: 2)
    public static let server = CommonOptions(rawValue: 4)
    /// What every command that talks to the server takes.
    public static let online: CommonOptions = [.output, .home, .server]

    var options: [Option] {
        var list: [Option] = []
        if contains(.output) { list.append(Common.output) }
        if contains(.home) { list.append(Common.home) }
        if contains(.server) { list += [Common.server, Common.tokenFile, Common.caFile] }
        return list + [Common.help]
    }
}

public enum Common {
    static let output = Option.choice(
        "output", short: "o", ["table", "json"], "for people, or for programs (default table)")
    static let home = Option.value(
        "home", "DIR",
        "the operator's folder (default $PHIFLEET_HOME, else ~/.config/phifleet)")
    static let server = Option.value(
        "server", "URL", "the server's address (default: config.json in the operator's folder)")
    static let tokenFile = Option.value(
        "token-file", "FILE", "file with the operator's token (default operator.token there)")
    static let caFile = Option.value(
        "ca-file", "FILE", "PEM file of the authority to trust (default: config.json's)")
    static let help = Option.flag("help", short: "h", "show this text")
    static let all = [output, home, server, tokenFile, caFile, help]
}

public struct Example: Sendable {
    let purpose: String
    let line: String

    init(_ purpose: String, _ line: String) {
        self.purpose = purpose
        self.line = line
    }
}

public struct Command: Sendable {
    public let path: [String]
    public let summary: String
    /// Paragraphs below the usage line.
    var discussion: [String] = []
    /// Replaces the usage that follows from options and arguments.
    var usage: String?
    var arguments: [Positional] = []
    var options: [Option] = []
    var common: CommonOptions = .online
    /// The shape of `-o json`.
    var json: String?
    var examples: [Example] = []
    /// Meaning of each exit code this command can give.
    var exits: [(ExitCode, String)] = []
    let run: @Sendable (Invocation) throws(Failure) -> ExitCode

    var name: String { path.joined(separator: " ") }
    var everyOption: [Option] { options + common.options }
}
