// `phi-agent watch`: each decision of a running agent as it is made.

import Bytes
import LocalAPI
import System

extension Subcommand {
    static let watch = Subcommand(
        name: "watch", arguments: "", summary: "every decision of the running agent, live",
        discussion: """
            On a terminal one view that is drawn anew; into a pipe a line a decision.
            """,
        flags: [LocalTalk.socketFlag, LocalTalk.jsonFlag],
        examples: [
            Example("live", "phi-agent watch"),
            Example("for another program", "phi-agent watch --json | jq .factor"),
        ],
        exits: LocalTalk.exits, run: watchDecisions)

    /// An agent decides at least once an hour; longer silence is a fault.
    private static let silenceMsMax = 3_700_000

    private static func watchDecisions(_ arguments: [String]) -> Int32 {
        do throws(UsageError) {
            let talk = try LocalTalk(arguments, takesWords: false)
            do throws(LocalFault) {
                let client = try LocalClient(path: talk.path)
                try client.send("subscribe")
                var drawn = 0
                while let line = try client.nextLine(timeoutMs: silenceMsMax) {
                    // Before the first decision there is none to show: the next line is it.
                    if JSONGlance.text("code", in: line[...]).map({ Text.equal($0, "no-decision") }) == true {
                        continue
                    }
                    if let status = LocalTalk.refused(line) { return status }
                    if talk.isJSON {
                        Standard.output(Text.string(line[...]) + "\n")
                    } else if Standard.outputIsTerminal {
                        // Up over the view before, and clear from there.
                        let up = drawn > 0 ? "\u{1b}[\(drawn)A\u{1b}[J" : ""
                        let view = DecisionView.lines(line[...])
                        drawn = view.count
                        Standard.output(up + view.map { "\($0)\n" }.reduce("") { $0 + $1 })
                    } else {
                        Standard.output(DecisionView.line(line[...]) + "\n")
                    }
                }
                return failed("the agent is silent", hint: "journalctl -u phi-agent tells why")
            } catch {
                return failed(error.text, hint: error.hint)
            }
        } catch {
            return wrong(error, "watch")
        }
    }
}

/// A decision's line of JSON, for people.
enum DecisionView {
    private static let experts: [StaticString] = ["hardware", "entropy", "thermal", "value"]
    private static let barColumns = 30
    /// Of the factor.
    private static let most = 3.0

    static func lines(_ json: ArraySlice<UInt8>) -> [String] {
        let factor = JSONGlance.number("factor", in: json) ?? 0
        let full = Int(max(0, min(1, factor / most)) * Double(barColumns) + 0.5)
        let bar = String(repeating: "█", count: full) + String(repeating: "·", count: barColumns - full)
        return [
            "factor      \(Decimal.fixed(factor, decimals: 3))  \(bar)",
            "bit depth   \(Shown.number("bitDepth", in: json, decimals: 0))",
            "memory      at most \(Shown.mebibytes("memoryCeilingBytes", in: json)) MiB",
            "state       \(JSONGlance.text("state", in: json) ?? "-"), confidence \(confidence(json))",
            "control     \(JSONGlance.text("controlMode", in: json) ?? "-")",
            "votes       \(votes(json))",
            "because     \(triggers(json))",
            "at          \(time(json)) UTC",
        ]
    }

    static func line(_ json: ArraySlice<UInt8>) -> String {
        "\(time(json))  factor \(Shown.number("factor", in: json, decimals: 3))  "
            + "\(Shown.number("bitDepth", in: json, decimals: 0)) bits  "
            + "\(Shown.mebibytes("memoryCeilingBytes", in: json)) MiB  "
            + "\(JSONGlance.text("state", in: json) ?? "-")  \(triggers(json))"
    }

    private static func time(_ json: ArraySlice<UInt8>) -> String {
        JSONGlance.value("wallMs", in: json).flatMap { Text.integer($0) }.map { Shown.time(ms: $0) } ?? "-"
    }

    private static func confidence(_ json: ArraySlice<UInt8>) -> String {
        let confidence = JSONGlance.value("confidence", in: json) ?? []
        let isApplied = JSONGlance.value("applicable", in: json).map { Text.equal($0, "true") } ?? false
        return Shown.number("value", in: confidence, decimals: 2) + (isApplied ? "" : " (not applied)")
    }

    private static func votes(_ json: ArraySlice<UInt8>) -> String {
        let votes = JSONGlance.value("votes", in: json) ?? []
        var text = ""
        for expert in experts {
            let vote = JSONGlance.value(expert, in: votes) ?? []
            text += "\(expert) \(Shown.number("factor", in: vote, decimals: 2))  "
        }
        return text
    }

    private static func triggers(_ json: ArraySlice<UInt8>) -> String {
        let names = JSONGlance.items(JSONGlance.value("triggers", in: json) ?? [])
        var text = ""
        for name in names { text += (text.isEmpty ? "" : ", ") + Text.string(name.dropFirst().dropLast()) }
        return text.isEmpty ? "-" : text
    }
}
