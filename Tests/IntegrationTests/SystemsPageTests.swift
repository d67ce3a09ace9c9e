// docs/systems.md can't rot: every command on it is run, and every word that it says is seen must be in
// what the command prints.

import Foundation
import Testing

@Suite(.serialized) struct SystemsPageTests {
    struct Shown: CustomTestStringConvertible {
        let command: [String]
        let seen: [String]
        var testDescription: String { command.joined(separator: " ") }
    }

    /// Each fenced `sh` block holds one command; the next "Seen:" line, in back ticks, its words.
    static let page: [Shown] = {
        let file = Programs.root.appending(path: "docs/systems.md")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        var shown: [Shown] = []
        var command: [String] = []
        var isInside = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                isInside = line == "```sh"
            } else if isInside {
                command = words(line)
            } else if line.hasPrefix("Seen: "), !command.isEmpty {
                let seen = line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                    .filter { $0.offset % 2 == 1 }.map { String($0.element) }
                shown.append(Shown(command: command, seen: seen))
                command = []
            }
        }
        return shown
    }()

    /// A shell's words, as far as the page uses them: blanks and double quotes.
    private static func words(_ line: Substring) -> [String] {
        line.split(separator: "\"", omittingEmptySubsequences: false).enumerated().flatMap {
            $0.offset % 2 == 1 ? [String($0.element)] : $0.element.split(separator: " ").map(String.init)
        }
    }

    @Test func everyCommandHasItsWords() throws {
        let text = try String(
            contentsOf: Programs.root.appending(path: "docs/systems.md"), encoding: .utf8)
        let blocks = text.components(separatedBy: "\n```sh\n").count - 1
        #expect(blocks > 12)
        #expect(Self.page.count == blocks)
        #expect(Self.page.allSatisfy { !$0.seen.isEmpty })
    }

    /// In the page's order, against one fleet: a push after the looks at it.
    @Test func everyCommandShowsWhatThePageSays() throws {
        try #require(
            FileManager.default.fileExists(atPath: CircuitDeviceTests.optimised.path),
            "no optimised agent: run make build first")
        let fleet = try TestFleet()
        try fleet.initialise()
        try fleet.startServer()
        try fleet.startBoards(2)
        _ = try fleet.token(uses: 2)
        for index in 0..<2 { try fleet.startAgent(index) }
        try fleet.eventually(60, "both devices report") {
            try fleet.devices().count { ($0["reportsStored"] as? Int ?? 0) >= 3 } == 2
        }
        for shown in Self.page {
            let output = try run(shown.command, fleet)
            #expect(output.status == 0, "\(shown.testDescription): \(output.err)")
            for word in shown.seen {
                #expect(output.out.contains(word), "\(shown.testDescription): no \"\(word)\" in \(output.out)")
            }
        }
    }

    private func run(_ command: [String], _ fleet: TestFleet) throws -> Output {
        // Paths on the page are the repository's.
        var arguments = command.dropFirst().map {
            $0.hasPrefix("Tests/") || $0.hasPrefix("fleet/") ? Programs.root.appending(path: $0).path : $0
        }
        // Of the fleet's commands, this one speaks to no server.
        if command == ["fleet", "parameters", "default"] { return try Programs.run("fleet", arguments) }
        if command[0] == "fleet" { return try fleet.fleet(arguments, seconds: 120) }
        try #require(command[0] == "phi-agent", "the page has a command of another program")
        if arguments.first == "status" {
            arguments += [
                "--state-dir", fleet.path("agent-0/state"), "--run-dir", fleet.path("agent-0/run"),
            ]
        }
        let isHeavy = arguments.first == "circuit"
        return try Programs.run(
            isHeavy ? CircuitDeviceTests.optimised.path : "phi-agent", arguments, seconds: 120)
    }
}
