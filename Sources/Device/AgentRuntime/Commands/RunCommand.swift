// `phi-agent run`: the agent itself, until a signal ends it.

import Bytes
import Governor
import System
import Transport

extension Subcommand {
    static let run = Subcommand(
        name: "run", arguments: "[OPTION…] [-- COMMAND [ARGUMENT…]]",
        summary: "run until SIGTERM, or beside a command until that ends",
        discussion: """
            The options may also stand in a file, one `name = value` a line; see --config.
            A flag on the command line wins over the file.

            With -- the agent starts COMMAND in a control group of its own and governs it.
            For that the agent's own group must be delegated to it: Delegate=yes in a unit,
            or systemd-run --scope -p Delegate=yes phi-agent run -- COMMAND. Without, the
            command runs ungoverned, with a warning. It finds the decision in the file
            $PHI_DECISION and the agent at the socket $PHI_AGENT_SOCKET, and is told of
            memory pressure as systemd tells it ($MEMORY_PRESSURE_WATCH). SIGTERM and
            SIGINT are handed on to it; when it ends, the agent does.
            """,
        flags: Options.flags,
        examples: [
            Example(
                "report to an aggregator",
                "phi-agent run --server https://fleet.example:8440 --ca-file ca.crt --token-file token"),
            Example(
                "see what would be done to a slice",
                "phi-agent run --dry-run --group workload.slice --interval 2s"),
            Example(
                "run a program under the agent's hand",
                "systemd-run --scope -p Delegate=yes phi-agent run -- ./work --fast"),
        ],
        exits: [
            ExitMeaning("0", "ended by a signal"), ExitMeaning("1", "failed"),
            ExitMeaning("2", "wrong usage, or a file it needs is missing or damaged"),
            ExitMeaning("N", "with --: the command's own; 128 + the signal that ended it"),
            ExitMeaning("125", "with --: the agent couldn't start (1 and 2 above)"),
            ExitMeaning("126", "with --: the command can't be run"),
            ExitMeaning("127", "with --: there is no such command"),
        ],
        run: runAgent)

    private static func runAgent(_ arguments: [String]) -> Int32 {
        let own = Array(arguments.prefix { !Text.equal($0, "--") })
        let command = Array(arguments.dropFirst(own.count + 1))
        // As env(1) and timeout(1) have it: a status below 125 is the command's.
        let hasCommand = own.count < arguments.count
        do throws(UsageError) {
            guard !hasCommand || !command.isEmpty else {
                throw UsageError("no command behind --", hint: "phi-agent run [OPTION…] -- COMMAND")
            }
            let options = try Options(arguments: own)
            try options.requireAuthority()
            Process.keepHeapSmall()
            guard Curl.start() else {
                let status = failed("libcurl can't be started")
                return hasCommand ? Workload.statusAgentFailed : status
            }
            let log = Log(options.logLevel)
            let job = hasCommand ? Job(command, options, log) : nil
            do throws(UsageError) {
                let loop = try AgentLoop(
                    options: options, version: AgentCommand.version, log: log, job: job)
                return loop.run()
            } catch {
                job?.abandon(log)
                throw error
            }
        } catch {
            let status = wrong(error, "run")
            return hasCommand ? Workload.statusAgentFailed : status
        }
    }
}
