// The command line, read by hand: a dozen flags need no library.

import Aggregator
import Bytes

enum Command {
    case run(FleetConfiguration)
    case help
    case version
    /// What is wrong with the command line.
    case misuse(String)
}

enum Flags {
    static let help = """
        phi-aggregator: takes the reports of a fleet, keeps them, and rolls parameters out to it.

        usage: phi-aggregator --data DIR [flags]

          --data DIR          the folder that `fleet server init` made; the database goes there too
          --listen ADDR:PORT  where to listen, 127.0.0.1:8440 if not given; port 0: any free one
          --plain             HTTP, though the folder holds certificates; without any it must be said
                              for addresses that other machines reach
          --insecure          allow enrolment over plain HTTP from other machines
          --open-metrics      serve /metrics to anybody
          --silent-after S    seconds after which a device counts as silent; if not given, three of its
                              intervals and at least 30
          --restored          the database was restored from a backup: begin a new epoch, so that devices
                              offer again what they hold; give it once
          --help              this text
          --version           the version

        The address is printed on standard output, the log goes to standard error.
        SIGTERM or SIGINT: stops accepting, answers what it holds, commits, exits with 0.
        Exit codes: 0 stopped when told to, 1 can't start, 2 usage.

        """

    static func parse(_ arguments: [String]) -> Command {
        var configuration = FleetConfiguration(dataPath: "")
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let (flag, attached) = split(argument)
            /// The flag's value: after `=`, or the next argument.
            func value() -> String? { attached ?? rest.popFirst() }
            switch flag {
            case "--help", "-h": return .help
            case "--version": return .version
            case "--plain": configuration.isPlain = true
            case "--insecure": configuration.isInsecure = true
            case "--open-metrics": configuration.hasOpenMetrics = true
            case "--restored": configuration.isRestored = true
            case "--data":
                guard let path = value(), !path.isEmpty else { return .misuse("--data needs a folder") }
                configuration.dataPath = path
            case "--listen":
                guard let address = value() else { return .misuse("--listen needs ADDR:PORT") }
                configuration.listen = address
            case "--silent-after":
                guard let text = value(), let seconds = Text.decimal(text), seconds >= 0.1,
                    seconds <= 31_536_000
                else { return .misuse("--silent-after needs a number of seconds") }
                configuration.silentAfterMs = Int64(seconds * 1000)
            default: return .misuse("'\(argument)' is no flag of phi-aggregator")
            }
        }
        return configuration.dataPath.isEmpty ? .misuse("--data DIR is missing") : .run(configuration)
    }

    private static func split(_ argument: String) -> (flag: String, value: String?) {
        guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") else {
            return (argument, nil)
        }
        return (String(argument[..<equals]), String(argument[argument.index(after: equals)...]))
    }
}
