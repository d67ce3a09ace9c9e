// `phi-agent status`: what the state folder and the run folder say; no running agent is needed.

import AgentCore
import Bytes
import Model
import System

extension Subcommand {
    static let status = Subcommand(
        name: "status", arguments: "[OPTION…]", summary: "identity, parameters and the last decision",
        discussion: "It reads --state-dir and --run-dir; give the options that the agent runs with.",
        flags: Options.flags,
        examples: [Example("on a device", "sudo phi-agent status")],
        run: showStatus)

    private static func showStatus(_ arguments: [String]) -> Int32 {
        do throws(UsageError) {
            let options = try Options(arguments: arguments)
            let file = "\(options.stateFolder)/state"
            let bytes: [UInt8]
            do throws(Errno) { bytes = try FileSystem.read(file) } catch {
                return failed("\(file): \(error.text)", hint: "has the agent run here? See --state-dir")
            }
            guard let state = AgentState(text: bytes) else { return failed("\(file) is damaged") }
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
}
