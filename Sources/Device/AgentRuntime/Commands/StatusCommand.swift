// `phi-agent status`: what the state folder and the run folder say; no running agent is needed.
//
// Identity, boot counter and parameters come from the state folder, which only the agent's user may
// read; every metric of the last decision from decision.json, with its age.

import AgentCore
import Bytes
import LocalAPI
import Model
import System

extension Subcommand {
    static let status = Subcommand(
        name: "status", arguments: "[--json] [OPTION…]",
        summary: "identity, parameters and every metric of the last decision",
        discussion: """
            It reads --state-dir and --run-dir and asks for the agent at its socket; give the
            options that the agent runs with. Where none runs it says so, and shows what the
            last one left.
            """,
        flags: [Flag("json", nil, "one JSON object instead of the table")] + Options.flags,
        examples: [
            Example("on a device", "sudo phi-agent status"),
            Example("one figure", "sudo phi-agent status --json | jq .decision.factor"),
        ],
        exits: exitsOfReader, run: showStatus)

    /// Without a newer decision for this long, the agent may well not be running, s.
    private static let oldAfterS: Int64 = 60

    private static func showStatus(_ arguments: [String]) -> Int32 {
        do throws(UsageError) {
            let isJSON = arguments.contains { Text.equal($0, "--json") }
            let options = try Options(
                arguments: arguments.filter { !Text.equal($0, "--json") }, readsToken: false)
            let file = "\(options.stateFolder)/state"
            let bytes: [UInt8]
            do throws(Errno) { bytes = try FileSystem.read(file) } catch {
                throw UsageError(
                    "\(file): \(error.text)",
                    hint: error.isForbidden
                        ? "the agent's user and root may read it: sudo phi-agent status"
                        : "has the agent run here? See --state-dir")
            }
            guard let state = AgentState(text: bytes) else {
                throw UsageError(
                    "\(file) is damaged",
                    hint: "restore it from a backup, or move it away and enrol the device again")
            }
            let path = "\(options.runFolder)/decision.json"
            guard let text = try? FileSystem.read(path) else {
                return show(options, state, nil, [], isJSON: isJSON, "none in \(options.runFolder)")
            }
            guard let decision = FlatJSON(text) else {
                throw UsageError(
                    "\(path) is damaged", hint: "a running agent writes it anew with a decision; else remove it")
            }
            return show(options, state, decision, text, isJSON: isJSON, age(decision))
        } catch {
            return wrong(error, "status")
        }
    }

    private static func show(
        _ options: Options, _ state: AgentState, _ decision: FlatJSON?, _ text: [UInt8], isJSON: Bool,
        _ age: String
    ) -> Int32 {
        guard isJSON else {
            let version = state.floor == 0 ? "built-in" : "\(state.floor)"
            var labels = ""
            for label in state.labels { labels += labels.isEmpty ? label.text : " \(label.text)" }
            let rows: [(StaticString, String)] = [
                ("device", state.device.hex), ("enrolled", state.reportKey == nil ? "no" : "yes"),
                ("labels", labels.isEmpty ? "none" : labels),
                ("boot", "\(state.boot)\(state.wasClean ? "" : " (running, or ended by a crash)")"),
                ("parameters", "\(version)\(state.trial == nil ? "" : " (on trial)")"),
                ("agent", presence(options, decision)), ("decision", age),
                ("identity", "by \((state.serialSource ?? .none).words)"),
            ]
            var table = MetricsTable()
            table.head("Agent")
            for (label, value) in rows { table.row("\(label)", value) }
            for line in SensorRows.lines(decision) { table.row("\(line.label)", line.text) }
            if let decision { table.show(decision) }
            Standard.output(table.text)
            return 0
        }
        var json = JSONWriter()
        json.beginObject()
        json.value(state.device.hex, "device")
        json.value((state.serialSource ?? .none).name, "identitySource")
        json.value(state.reportKey != nil, "enrolled")
        json.beginArray("labels")
        for label in state.labels { json.value(label.text) }
        json.endArray()
        json.value(state.boot, "boot")
        json.value(state.wasClean, "endedWell")
        json.value(state.floor, "parameterFloor")
        json.value(state.trial != nil, "onTrial")
        if let runs = options.isAgentThere { json.value(runs, "running") } else { json.null("running") }
        if decision == nil {
            json.null("decision")
        } else {
            json.fragment(Text.trimmed(text[...]), "decision")
        }
        json.endObject()
        Standard.output(json.text + "\n")
        return 0
    }

    private static func presence(_ options: Options, _ decision: FlatJSON?) -> String {
        switch options.isAgentThere {
        case true?: "running"
        case false?:
            decision == nil ? "not running" : "not running: the decision and the sensors are its last"
        case nil: "not known: its socket can't be asked"
        }
    }

    /// E.g. "4 s ago". The clock that stops for nothing tells a file of an earlier boot by its future.
    static func age(_ decision: FlatJSON, nowMs: Int64 = Clock.boottimeMs) -> String {
        guard let atMs = decision.number("monotonicMs"),
            let seconds = Int64(exactly: ((Double(nowMs) - atMs) / 1000).rounded(.towardZero))
        else { return "of an unknown time" }
        if seconds < 0 { return "from before the machine's last start" }
        return seconds < oldAfterS ? "\(seconds) s ago" : "\(seconds) s ago: is the agent running?"
    }
}
