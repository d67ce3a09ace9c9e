// `phi-agent COMMAND [ARGUMENT…]`: finds the command in the table and hands it the rest.

import Bytes
import System

public enum AgentCommand {
    public static let version = "0.1.0"

    /// Exit statuses: 0 well, 1 failed, 2 wrong usage, and what a command's own help adds.
    public static func main() -> Int32 {
        let arguments = CommandLineArguments.all.dropFirst()
        guard let name = arguments.first else {
            Standard.error(Help.overview)
            return 2
        }
        guard let command = find(name) else { return unknown(name) }
        let rest = Array(arguments.dropFirst())
        // What stands behind "--" belongs to another program.
        let own = rest.prefix { !Text.equal($0, "--") }
        if own.contains(where: { Text.equal($0, "--help") || Text.equal($0, "-h") }) {
            Standard.output(Help.text(command))
            return 0
        }
        return command.run(rest)
    }

    static func find(_ name: String) -> Subcommand? {
        if Text.equal(name, "--version") { return .version }
        if Text.equal(name, "--help") || Text.equal(name, "-h") { return .help }
        return Subcommand.all.first { Text.equal(name, $0.name) }
    }

    static func unknown(_ name: String) -> Int32 {
        Subcommand.wrong(
            UsageError("unknown command: \(name)", hint: "phi-agent --help lists the commands"), "help")
    }
}
