import CoreTesting
import Foundation
import Testing

@testable import FleetKit

@Suite struct HelpTests {
    @Test(arguments: Program.commands.map(\.name))
    func helpIsAsItWas(_ name: String) throws {
        let command = try #require(Program.commands.first { $0.name == name })
        let console = FakeConsole()
        let exit = Program.run(command.path + ["--help"], surroundings(console))
        #expect(exit == .success)
        #expect(console.out.split(separator: "\n").filter { $0.count > 100 } == [])
        try expectGolden(console.out, "help/\(name.replacingOccurrences(of: " ", with: "-")).txt")
    }

    @Test func overviewIsAsItWas() throws {
        let console = FakeConsole()
        #expect(Program.run(["help"], surroundings(console)) == .success)
        try expectGolden(console.out, "help/overview.txt")
    }

    @Test func everyCommandSaysWhatItNeedsTo() {
        for command in Program.commands {
            #expect(!command.examples.isEmpty, "\(command.name) has no example")
            if command.common.contains(.output) { #expect(command.json != nil, "\(command.name): -o json?") }
            let names = command.everyOption.map(\.name)
            #expect(Set(names).count == names.count, "\(command.name) has an option twice")
            let letters = command.everyOption.compactMap(\.short)
            #expect(Set(letters).count == letters.count, "\(command.name) has a letter twice")
        }
    }

    @Test func nothingAskedShowsHelpAndIsAnError() {
        let console = FakeConsole()
        #expect(Program.run([], surroundings(console)) == .usage)
        #expect(console.out.contains("Commands:"))
    }

    @Test func bashTakesTheCompletion() throws {
        let script = Completion.bash(Program.commands)
        try expectGolden(script, "completion.bash")
        let probe = script + """

            complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _fleet; echo "${COMPREPLY[*]}"; }
            complete_words fleet dev
            complete_words fleet devices ac
            complete_words fleet rollout show --w
            complete_words fleet push --strategy g
            """
        #expect(
            try output("bash", ["--norc", "-c", probe])
                == "devices\naccept\n--watch\ngolden\n")
    }

    @Test func linesOfTheSourcesFitAScreen() throws {
        let folder = Repository.root.appending(path: "Sources/CLI").path
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) where path.hasSuffix(".swift") {
            let text = try String(contentsOfFile: folder + "/" + path, encoding: .utf8)
            for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                #expect(line.count <= 120, "\(path):\(index + 1)")
            }
        }
    }

    private func surroundings(_ console: FakeConsole) -> Surroundings {
        Surroundings(
            environment: [:], console: console, timepiece: FakeTimepiece(), connect: { _ in FakeServer() })
    }
}

/// What a program of the machine prints; its errors come with it.
func output(_ program: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
}
