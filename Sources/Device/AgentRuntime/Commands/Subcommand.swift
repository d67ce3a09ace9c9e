// What a command of `phi-agent` is, declared once: dispatch, help, shell completion and the manual
// page all read this table. A command parses its own arguments; the table says which there are.
//
// Each command has a file of its own in this folder, which extends `Subcommand` by its entry.

import System

/// An option as help lists it: `--name VALUE`, or a switch.
struct Flag: Sendable {
    let name: StaticString
    /// Placeholder of the value; nil for a switch.
    let value: StaticString?
    let meaning: StaticString

    init(_ name: StaticString, _ value: StaticString? = nil, _ meaning: StaticString) {
        self.name = name
        self.value = value
        self.meaning = meaning
    }
}

struct Example: Sendable {
    let purpose: StaticString
    let line: StaticString

    init(_ purpose: StaticString, _ line: StaticString) {
        self.purpose = purpose
        self.line = line
    }
}

struct ExitMeaning: Sendable {
    let status: StaticString
    let meaning: StaticString

    init(_ status: StaticString, _ meaning: StaticString) {
        self.status = status
        self.meaning = meaning
    }
}

struct Subcommand: Sendable {
    let name: StaticString
    /// What follows the name on the usage line, e.g. "[OPTION…] FILE.csv…".
    let arguments: StaticString
    /// The words of which one follows the name, e.g. "list verify show".
    var verbs: StaticString = ""
    /// One line, for the list of commands.
    let summary: StaticString
    /// Paragraphs of the command's own help, each in lines of at most 80 columns.
    var discussion: StaticString = ""
    var flags: [Flag] = []
    var examples: [Example] = []
    var exits: [ExitMeaning] = [
        ExitMeaning("0", "well"), ExitMeaning("1", "failed"), ExitMeaning("2", "wrong usage"),
    ]
    /// Of a command that can't do without a file.
    static let exitsOfReader = [
        ExitMeaning("0", "well"), ExitMeaning("1", "failed"),
        ExitMeaning("2", "wrong usage, or a file it needs is missing or damaged"),
    ]
    /// Takes the arguments behind the name; the exit status.
    let run: @Sendable ([String]) -> Int32

    /// Every command, in the order of help.
    static let all: [Subcommand] = [
        .run, .enrol, .status, .doctor, .watch, .signal, .append, .read, .series, .helper, .decide, .demo, .circuit,
        .pool, .spool, .completion, .manual, .version, .help,
    ]
}

extension Subcommand {
    /// A refused command line of a command, or a file that it needs and can't use: what, and what to do
    /// instead. Exit status 2.
    static func wrong(_ error: UsageError, _ command: StaticString) -> Int32 {
        Standard.error("phi-agent: \(error.text)\nhint: \(error.hint(of: command))\n")
        return 2
    }

    /// What went wrong at work, with a hint where there is one. Exit status 1.
    static func failed(_ text: String, hint: String? = nil) -> Int32 {
        Standard.error("phi-agent: \(text)\n" + (hint.map { "hint: \($0)\n" } ?? ""))
        return 1
    }
}
