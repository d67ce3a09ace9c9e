// `phi-agent run`: the agent itself, until a signal ends it.

import System
import Transport

extension Subcommand {
    static let run = Subcommand(
        name: "run", arguments: "[OPTION…]", summary: "run until SIGTERM",
        discussion: """
            The options may also stand in a file, one `name = value` a line; see --config.
            A flag on the command line wins over the file.
            """,
        flags: Options.flags,
        examples: [
            Example(
                "report to an aggregator",
                "phi-agent run --server https://fleet.example:8440 --ca-file ca.crt --token-file token"),
            Example(
                "see what would be done to a slice",
                "phi-agent run --dry-run --group workload.slice --interval 2s"),
        ],
        exits: [
            ExitMeaning("0", "ended by a signal"), ExitMeaning("1", "failed"),
            ExitMeaning("2", "wrong usage, or a file it needs is missing or damaged"),
        ],
        run: runAgent)

    private static func runAgent(_ arguments: [String]) -> Int32 {
        do throws(UsageError) {
            let options = try Options(arguments: arguments)
            guard Curl.start() else { return failed("libcurl can't be started") }
            let log = Log(options.logLevel)
            return try AgentLoop(options: options, version: AgentCommand.version, log: log).run()
        } catch {
            return wrong(error)
        }
    }
}
