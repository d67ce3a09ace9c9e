// `phi-agent helper`: the small privileged half of an agent that runs without privileges.

import AgentCore
import Governor
import System

extension Subcommand {
    static let helper = Subcommand(
        name: "helper", arguments: "[OPTION…]",
        summary: "write limits for an agent that runs without privileges",
        discussion: """
            It listens on one socket, takes requests from one user, and writes the limits
            of one group and, if so configured, the CPUs' frequency caps. When the agent's
            connection ends, and when the helper itself does, everything is given back.
            The options may also stand in a file, one `name = value` a line. See --config;
            that file has to be root's.
            """,
        flags: HelperOptions.flags,
        examples: [
            Example("as installed", "phi-agent helper --config /etc/phi-agent/helper.conf"),
            Example("by hand", "sudo phi-agent helper --group workload.slice --user phi-agent"),
        ],
        exits: [
            ExitMeaning("0", "ended by a signal"), ExitMeaning("1", "failed"),
            ExitMeaning("2", "wrong usage, or a file that others may write"),
        ],
        run: runHelper)

    private static func runHelper(_ arguments: [String]) -> Int32 {
        do throws(UsageError) {
            let options = try HelperOptions(arguments: arguments)
            let log = Log(options.logLevel)
            let configuration = try options.configuration()
            do throws(Errno) {
                try FileSystem.makeFolder(options.runFolder, mode: 0o750)
                guard let server = try HelperServer(configuration) else {
                    throw .invalid
                }
                return try serve(server, configuration, log)
            } catch {
                return failed(
                    "\(configuration.socketPath): \(error.text)",
                    hint: "the helper wants a folder that it may write, and root's rights over the group")
            }
        } catch {
            return wrong(error, "helper")
        }
    }

    private static func serve(
        _ server: HelperServer, _ configuration: HelperConfiguration, _ log: Log
    ) throws(Errno) -> Int32 {
        func tell(_ notes: [HelperNote]) {
            for note in notes { log.write(note.isWarning ? .warning : .info, note.text) }
        }
        let signals = try Signals.open()
        tell(server.recover())
        var lacks = ""
        for control in server.missing { lacks += (lacks.isEmpty ? "; without " : ", ") + control.file }
        log.write(
            .notice,
            "serving \(configuration.group) to user \(configuration.user) by \(server.by)\(lacks)")
        _ = try? Process.notify("READY=1")
        while true {
            var items = ([signals] + server.descriptors).map { PollItem($0) }
            // The watchdog wants a sign of life, also while nobody asks for anything.
            try PollItem.wait(&items, timeoutMs: 10_000)
            tell(server.turn())
            _ = try? Process.notify("WATCHDOG=1")
            while let signal = Signals.next() {
                switch signal {
                case .terminate, .interrupt, .terminalInterrupt:
                    _ = try? Process.notify("STOPPING=1")
                    tell(server.stop())
                    return 0
                case .hangUp, .child: break
                }
            }
        }
    }
}
