import CoreTesting
import Foundation
import Testing

@testable import AgentRuntime

@Suite struct HelpTests {
    @Test(arguments: Subcommand.all.map { "\($0.name)" })
    func helpIsAsItWas(_ name: String) throws {
        let command = try #require(AgentCommand.find(name))
        let text = Help.text(command)
        #expect(text.split(separator: "\n").filter { $0.count > 90 } == [])
        #expect(text == (try Golden.text("agent/help/\(name).txt", now: text)))
    }

    @Test func overviewIsAsItWas() throws {
        #expect(Help.overview == (try Golden.text("agent/help/overview.txt", now: Help.overview)))
    }

    @Test func everyCommandHasAnExampleAndNamesEachOptionOnce() {
        for command in Subcommand.all {
            #expect(!command.examples.isEmpty, "\(command.name) has no example")
            let names = command.flags.map { "\($0.name)" }
            #expect(Set(names).count == names.count, "\(command.name) has an option twice")
        }
    }

    @Test func anUnknownCommandIsWrongUsage() {
        #expect(AgentCommand.find("rum") == nil)
        #expect(AgentCommand.unknown("rum") == 2)
    }
}
