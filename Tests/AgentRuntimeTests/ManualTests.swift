import Foundation
import Testing

@testable import AgentRuntime

private func run(_ program: String, _ arguments: [String], input: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let (stdin, stdout) = (Pipe(), Pipe())
    process.standardInput = stdin
    process.standardOutput = stdout
    process.standardError = stdout
    try process.run()
    try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    try stdin.fileHandleForWriting.close()
    let data = stdout.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
}

@Suite struct ManualTests {
    @Test func theManualNamesEveryCommandAndOption() {
        let page = Manual.page.replacingOccurrences(of: "\\-", with: "-")
        for command in Subcommand.all {
            #expect(page.contains(".SS \(command.name)\n"))
            for flag in command.flags { #expect(page.contains("--\(flag.name)")) }
        }
    }

    /// A line that begins with a dot or an apostrophe by accident would vanish as a request of roff.
    @Test func everyRequestIsOneThatIsMeant() {
        let meant: Set<String> = [
            ".TH", ".SH", ".SS", ".B", ".BR", ".RI", ".I", ".TP", ".PP", ".br", ".nf", ".fi", ".RS", ".RE",
        ]
        for line in Manual.page.split(separator: "\n") where line.hasPrefix(".") || line.hasPrefix("'") {
            #expect(meant.contains(String(line.prefix { $0 != " " })), "\(line)")
        }
    }

    /// A word of the usage line that completion offers is one that the command knows.
    @Test func theWordsOfACommandAreThoseOfItsUsage() {
        for command in Subcommand.all {
            let first = "\(command.arguments)".split(separator: " ").first ?? ""
            let isWords = first.allSatisfy { $0.isLowercase || $0 == "|" } && !first.isEmpty
            #expect((isWords ? first.split(separator: "|").joined(separator: " ") : "") == "\(command.verbs)")
        }
    }

    @Test func bashTakesTheCompletion() throws {
        let probe = Completion.bash + """

            complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _phi_agent; echo "${COMPREPLY[*]}"; }
            complete_words phi-agent sta
            complete_words phi-agent run --token-
            complete_words phi-agent help circ
            complete_words phi-agent run -- --token-
            complete_words phi-agent pool re
            complete_words phi-agent pool replay --bu
            complete_words phi-agent spool ""
            complete_words phi-agent spool list --state
            """
        #expect(
            try run("bash", ["--norc"], input: probe)
                == "status\n--token-file\ncircuit\n\nreplay\n--budget\nlist verify show --help\n--state-dir\n")
    }
}
