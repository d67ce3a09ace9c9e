// The commands of `phi-agent`, and what it says of itself.

import AgentCore
import Bytes
import Digest
import Model
import System
import Transport

public enum AgentCommand {
    public static let version = "0.1.0"

    /// Exit statuses: 0 well, 1 failed, 2 wrong usage.
    public static func main() -> Int32 {
        var arguments = Array(CommandLineArguments.all.dropFirst())
        guard let command = arguments.first else {
            Standard.error(help)
            return 2
        }
        arguments.removeFirst()
        if arguments.contains(where: { Text.equal($0, "--help") || Text.equal($0, "-h") }) {
            Standard.output(help)
            return 0
        }
        if Text.equal(command, "run") { return run(arguments) }
        if Text.equal(command, "decide") { return decide(arguments) }
        if Text.equal(command, "status") { return status(arguments) }
        if Text.equal(command, "demo") { return demo(arguments) }
        if Text.equal(command, "circuit") { return circuit(arguments) }
        if Text.equal(command, "pool") { return pool(arguments) }
        if Text.equal(command, "--version") || Text.equal(command, "version") {
            Standard.output("phi-agent \(version)\n\(Curl.version)\nOpenSSL \(Digest.libraryVersion)\n")
            return 0
        }
        if Text.equal(command, "--help") || Text.equal(command, "-h") || Text.equal(command, "help") {
            Standard.output(help)
            return 0
        }
        return wrong(UsageError("unknown command: \(command)", hint: "phi-agent --help lists the commands"))
    }

    private static func run(_ arguments: [String]) -> Int32 {
        do throws(UsageError) {
            let options = try Options(arguments: arguments)
            guard Curl.start() else {
                Standard.error("phi-agent: libcurl can't be started\n")
                return 1
            }
            return try AgentLoop(options: options, version: version, log: Log(options.logLevel)).run()
        } catch {
            return wrong(error)
        }
    }

    private static func decide(_ arguments: [String]) -> Int32 {
        guard arguments.count == 2, Text.equal(arguments[0], "--replay") else {
            return wrong(
                UsageError("decide takes --replay FILE", hint: "phi-agent --help shows the columns"))
        }
        let path = arguments[1]
        let bytes: [UInt8]
        do throws(Errno) { bytes = try FileSystem.read(path, limit: 64 << 20) } catch {
            Standard.error("phi-agent: \(path): \(error.text)\n")
            return 1
        }
        do throws(ReplayError) {
            for line in try DecisionReplay.lines(bytes) { Standard.output(line + "\n") }
            return 0
        } catch {
            Standard.error("phi-agent: \(path):\(error.line): \(error.text)\n")
            return 1
        }
    }

    /// Five scenes, live on a terminal, a line a cycle into a pipe.
    private static func demo(_ arguments: [String]) -> Int32 {
        let isFast = arguments.count == 1 && Text.equal(arguments[0], "--fast")
        guard arguments.isEmpty || isFast else {
            return wrong(UsageError("demo takes --fast or nothing", hint: "phi-agent demo"))
        }
        let isTerminal = Standard.outputIsTerminal
        var demo = Demo(pauseMs: isFast || !isTerminal ? 0 : 120, isTerminal: isTerminal) {
            Standard.output($0)
        }
        demo.run()
        return 0
    }

    /// What the state folder and the run folder say; no running agent is needed.
    private static func status(_ arguments: [String]) -> Int32 {
        do throws(UsageError) {
            let options = try Options(arguments: arguments)
            let file = "\(options.stateFolder)/state"
            let bytes: [UInt8]
            do throws(Errno) { bytes = try FileSystem.read(file) } catch {
                Standard.error(
                    "phi-agent: \(file): \(error.text)\nhint: has the agent run here? See --state-dir\n")
                return 1
            }
            guard let state = AgentState(text: bytes) else {
                Standard.error("phi-agent: \(file) is damaged\n")
                return 1
            }
            let version = state.floor == 0 ? "built-in" : "\(state.floor)"
            Standard.output(
                """
                device       \(state.device.hex)
                enrolled     \(state.reportKey == nil ? "no" : "yes")
                boot         \(state.boot)\(state.wasClean ? "" : " (running, or ended by a crash)")
                parameters   \(version)\(state.trial == nil ? "" : " (on trial)")

                """)
            if let decision = try? FileSystem.read("\(options.runFolder)/decision.json") {
                Standard.output("decision     \(Text.string(Text.trimmed(decision[...])))\n")
            } else {
                Standard.output("decision     none in \(options.runFolder)\n")
            }
            return 0
        } catch {
            return wrong(error)
        }
    }

    private static func wrong(_ error: UsageError) -> Int32 {
        Standard.error("phi-agent: \(error.text)\nhint: \(error.hint)\n")
        return 2
    }

    private static var help: String {
        var text = """
            phi-agent: senses, decides and governs on one device, and reports to an aggregator

            usage: phi-agent run [OPTION…]            run until SIGTERM
                   phi-agent status [OPTION…]         identity, parameters and the last decision
                   phi-agent decide --replay FILE     decisions on recorded observations (CSV)
                   phi-agent demo [--fast]            the chamber in five scenes, simulated
                   phi-agent circuit [OPTION…]        self-test, or an OpenQASM 2 program
                   phi-agent pool replay FILE.csv…    your own data through the tensor pool
                   phi-agent version

            options, on the command line or as `name = value` in the file of --config:

            """
        for option in Options.names {
            var flag = "  --\(option.name)"
            if let value = option.value { flag += " \(value)" }
            let gap = max(2, 24 - flag.utf8.count)
            text += flag + String(repeating: " ", count: gap) + "\(option.meaning)\n"
        }
        text += """

            examples:
              phi-agent run --server https://fleet.example:8440 --ca-file ca.crt --token-file token
              phi-agent run --dry-run --group workload.slice --interval 2s

            options of circuit:
              --qasm FILE           simulate FILE at 81, 64, 16 and 8 bits; without it, the self-test
              --json                one JSON object; what isn't the same on every machine is "measured"
              --budget SIZE         memory for everything held at one time, e.g. 64KiB, 16MiB (default)
              --shots N, --seed N   measurements drawn (1024) and the seed of the draws (1)

            columns of --replay: time_ms temperature_milli_c memory_total_kib memory_available_kib
              pressure_percent frequency_khz frequency_max_khz frequency_ceiling_khz throttle entropy
              value model serial cpu_cores cpu_max_mhz pool_pressure busy_share; an empty field is "no data"

            exit status: 0 well, 1 failed, 2 wrong usage

            """
        return text
    }
}
