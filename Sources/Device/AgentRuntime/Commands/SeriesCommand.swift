// `phi-agent append`, `read` and `series`: numbers into the agent's memory store and out of it, from a
// shell. A program uses the socket itself.

import Bytes
import LocalAPI

extension Subcommand {
    static let append = Subcommand(
        name: "append", arguments: "NAME NUMBER… [value=X] [time=MS] [step=MS]",
        summary: "put numbers into a series of the agent's store",
        discussion: """
            A new name makes a new series, of the class class=signal, history (the
            default) or scratch, and of the full scale min= and max=, else learned. What
            is of high value (1/φ ≈ 0.618 or more) is kept exactly. What has no room is
            refused and told.
            """,
        flags: [LocalTalk.socketFlag, LocalTalk.jsonFlag],
        examples: [
            Example("one measurement", "phi-agent append tank.level 17.25"),
            Example(
                "ten seconds' worth, one a second",
                "phi-agent append tank.level 17.2 17.4 17.3 time=$(date +%s%3N) step=1000"),
        ],
        exits: LocalTalk.exits
    ) { arguments in
        LocalTalk.ask("append", arguments) { line in
            let exact = JSONGlance.value("exact", in: line).map { Text.equal($0, "true") } ?? false
            return "\(Shown.number("appended", in: line, decimals: 0)) taken, value "
                + "\(Shown.number("value", in: line, decimals: 3))\(exact ? ", exact for good" : "")\n"
        }
    }

    static let read = Subcommand(
        name: "read", arguments: "NAME [from=MS] [to=MS] [limit=N] [before=INDEX]",
        summary: "the newest numbers of a series, with their error bounds",
        discussion: """
            Times are UTC. An answer holds at most 512 values; the last line says how to
            get the older ones.
            """,
        flags: [LocalTalk.socketFlag, LocalTalk.jsonFlag],
        examples: [
            Example("the last twenty", "phi-agent read tank.level limit=20"),
            Example("the agent's own", "phi-agent read agent.temperature"),
        ],
        exits: LocalTalk.exits
    ) { arguments in LocalTalk.ask("read", arguments, values) }

    static let series = Subcommand(
        name: "series", arguments: "", summary: "the names of all series in the agent's store",
        flags: [LocalTalk.socketFlag, LocalTalk.jsonFlag],
        examples: [Example("what is there", "phi-agent series")], exits: LocalTalk.exits
    ) { arguments in LocalTalk.ask("series", arguments, takesWords: false, table) }

    static func values(_ line: ArraySlice<UInt8>) -> String {
        guard let values = JSONGlance.value("values", in: line),
            let ranges = JSONGlance.value("ranges", in: line)
        else { return "-\n" }
        var text = ""
        var bounds = JSONGlance.items(ranges)[...]
        var left = 0
        var bound = ""
        for item in JSONGlance.items(values) {
            if left == 0, let range = bounds.popFirst() {
                left = JSONGlance.number("count", in: range).flatMap { Int(exactly: $0) } ?? 0
                bound = JSONGlance.value("errorBound", in: range).map { Text.string($0) } ?? "-"
            }
            left = max(0, left - 1)
            let pair = JSONGlance.items(item)
            guard pair.count == 2, let ms = Text.integer(pair[0]) else { continue }
            text += "\(Shown.time(ms: ms))  \(Text.string(pair[1]))"
                + (Text.equal(bound, "0") ? "\n" : "  ±\(bound)\n")
        }
        if let before = JSONGlance.number("before", in: line) {
            text += "older ones: before=\(Decimal.fixed(before, decimals: 0))\n"
        }
        return text
    }

    private static func table(_ line: ArraySlice<UInt8>) -> String {
        var text = Shown.padded("NAME", 36) + Shown.padded("CLASS", 10) + "VALUES\n"
        for item in JSONGlance.items(JSONGlance.value("series", in: line) ?? []) {
            let held =
                (JSONGlance.number("next", in: item) ?? 0) - (JSONGlance.number("oldest", in: item) ?? 0)
            text += Shown.padded(JSONGlance.text("name", in: item) ?? "-", 36)
            text += Shown.padded(JSONGlance.text("class", in: item) ?? "-", 10)
            text += "\(Decimal.fixed(held, decimals: 0))\n"
        }
        return text
    }
}
