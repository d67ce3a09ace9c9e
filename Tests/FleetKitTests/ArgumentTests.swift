import Testing

@testable import FleetKit

@Suite struct ArgumentTests {
    private func failure(_ words: String...) -> String? {
        do throws(Failure) {
            _ = try ArgumentParser(commands: Program.commands).parse(words)
            return nil
        } catch {
            #expect(error.exit == .usage)
            return error.what + " | " + (error.hint ?? "")
        }
    }

    private func parsed(_ words: String...) throws -> (Command, ParsedArguments) {
        guard case .run(let command, let arguments) = try ArgumentParser(commands: Program.commands).parse(words)
        else {
            Issue.record("help instead of a command")
            throw Failure("help")
        }
        return (command, arguments)
    }

    @Test func optionsInEverySpelling() throws {
        let (command, arguments) = try parsed(
            "--home=/x", "push", "-f", "a.json", "-lsite=a", "--label", "rack=1", "--wait", "--soak=5m", "-o", "json")
        #expect(command.name == "push")
        #expect(arguments.value(Common.home) == "/x")
        #expect(arguments.value(PushCommand.file) == "a.json")
        #expect(arguments.values(PushCommand.label) == ["site=a", "rack=1"])
        #expect(arguments.has(PushCommand.wait))
        #expect(arguments.value(PushCommand.soak) == "5m")
        #expect(arguments.value(Common.output) == "json")
    }

    @Test func wordsAfterTwoDashesAreArguments() throws {
        let (_, arguments) = try parsed("devices", "show", "--", "-x")
        #expect(arguments.positionals == ["-x"])
    }

    @Test func aValueMayStandBeforeTheCommand() throws {
        let (command, arguments) = try parsed("--server", "status", "devices", "list")
        #expect(command.name == "devices list")
        #expect(arguments.value(Common.server) == "status")
    }

    @Test func misuseIsSaidAndHelped() {
        #expect(failure("devices", "lst") == "fleet devices: no command “lst” | did you mean: fleet devices list")
        #expect(failure("devices") == "fleet devices needs one of: accept, list, reject, show | see: fleet devices --help")
        #expect(failure("push", "--al") == "fleet push: no option --al | did you mean --all")
        #expect(failure("push", "--all=1")?.hasPrefix("fleet push: --all takes no value") == true)
        #expect(failure("push", "--soak")?.hasPrefix("fleet push: --soak needs a value") == true)
        #expect(failure("push", "--all", "--all")?.hasPrefix("fleet push: --all is given twice") == true)
        #expect(failure("push", "--strategy", "silver")?.contains("one of golden, all, not “silver”") == true)
        #expect(failure("devices", "show")?.hasPrefix("fleet devices show: ID is missing") == true)
        #expect(failure("devices", "show", "a", "b")?.contains("“b” is one word too many") == true)
        #expect(failure("version", "--server", "x")?.contains("no option --server") == true)
        #expect(failure("status", "-x")?.contains("no option -x") == true)
        #expect(failure("--bogus")?.contains("--bogus needs a command") == true)
    }

    @Test func oddWordsNeverTrap() {
        for words in [[""], ["-"], ["--"], ["---"], ["-="], ["--="], ["push", "-"], ["push", "--="], ["push", "-f"], ["😀"], ["help", ""]] {
            _ = Program.run(
                words,
                Surroundings(
                    environment: [:], console: FakeConsole(), timepiece: FakeTimepiece(),
                    connect: { _ in FakeServer() }))
        }
    }

    @Test func durations() {
        #expect(Seconds.parse("90") == 90)
        #expect(Seconds.parse("90s") == 90)
        #expect(Seconds.parse("10m") == 600)
        #expect(Seconds.parse("2h") == 7200)
        #expect(Seconds.parse("1d") == 86_400)
        for bad in ["", "m", "-1", "+5", "1.5h", "1w", "9223372036854775807d", "99999999999"] {
            #expect(Seconds.parse(bad) == nil, "\(bad)")
        }
    }
}
