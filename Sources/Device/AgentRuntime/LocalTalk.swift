// What the commands that speak with a running agent have in common: the socket's path, words on the
// command line that become one line of the local API, and errors in the agent's own words.

import Bytes
import LocalAPI
import System

struct LocalTalk {
    /// Set for a workload that the agent has started.
    private static let variable = "PHI_AGENT_SOCKET"
    static let socketFlag = Flag(
        "socket", "FILE", "the agent's socket (PHI_AGENT_SOCKET, else /run/phi-agent/agent.sock)")
    static let jsonFlag = Flag("json", nil, "the agent's own line of JSON")

    static let exits = [
        ExitMeaning("0", "well"), ExitMeaning("1", "refused, or no agent is there"),
        ExitMeaning("2", "wrong usage"),
    ]

    var path: String
    var isJSON = false
    /// Everything that isn't an option.
    var words: [String] = []

    init(_ arguments: [String], takesWords: Bool = true) throws(UsageError) {
        path = Process.environment(Self.variable) ?? "/run/phi-agent/agent.sock"
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let bytes = Array(argument.utf8)
            if Text.equal(argument, "--json") {
                isJSON = true
            } else if Text.equal(argument, "--socket") {
                guard let value = rest.popFirst() else { throw UsageError("--socket needs a value") }
                path = value
            } else if bytes.starts(with: Array("--socket=".utf8)) {
                path = Text.string(bytes[9...])
            } else if bytes.starts(with: [0x2d, 0x2d]) {
                throw UsageError("unknown option: \(argument)")
            } else if bytes.contains(where: { $0 < 0x20 }) {
                // It would begin another line.
                throw UsageError("an argument contains a control character")
            } else if !takesWords {
                throw UsageError("unexpected argument: \(argument)")
            } else {
                words.append(argument)
            }
        }
    }

    /// One command and its answer, shown by `show`; the exit status.
    static func ask(
        _ command: StaticString, _ arguments: [String], takesWords: Bool = true,
        _ show: (ArraySlice<UInt8>) -> String
    ) -> Int32 {
        do throws(UsageError) {
            let talk = try LocalTalk(arguments, takesWords: takesWords)
            var line = "\(command)"
            for word in talk.words { line += " \(word)" }
            do throws(LocalFault) {
                let answer = try LocalClient(path: talk.path).ask(line)
                if let status = refused(answer) { return status }
                Standard.output(talk.isJSON ? Text.string(answer[...]) + "\n" : show(answer[...]))
                return 0
            } catch {
                return Subcommand.failed(error.text, hint: error.hint)
            }
        } catch {
            return Subcommand.wrong(error, command)
        }
    }

    /// The agent's own words, where it refused; the exit status.
    static func refused(_ answer: [UInt8]) -> Int32? {
        guard let error = JSONGlance.text("error", in: answer[...]) else { return nil }
        return Subcommand.failed(error, hint: JSONGlance.text("hint", in: answer[...]))
    }
}

extension Options {
    /// Whether an agent answers at the socket; nil where that can't be told: there is none by these
    /// options, or this user may not connect.
    var isAgentThere: Bool? {
        guard let path = socketPath else { return nil }
        do throws(Errno) {
            _ = try LocalSocket.connect(path)
            return true
        } catch {
            return error.isMissing || error == .refused ? false : nil
        }
    }
}

/// A number as people read it, and its unit where there is one.
enum Shown {
    static func number(_ name: StaticString, in line: ArraySlice<UInt8>, decimals: Int) -> String {
        JSONGlance.number(name, in: line).map { Decimal.fixed($0, decimals: decimals) } ?? "-"
    }

    static func mebibytes(_ name: StaticString, in line: ArraySlice<UInt8>) -> String {
        JSONGlance.number(name, in: line).map { Decimal.fixed($0 / 1_048_576, decimals: 0) } ?? "-"
    }

    static func padded(_ text: String, _ columns: Int) -> String {
        text + String(repeating: " ", count: max(1, columns - text.utf8.count))
    }

    /// `2026-11-26 14:30:55.166`, UTC. Days to a date as in the proleptic Gregorian calendar, whose
    /// year is taken to begin in March: so the leap day comes last.
    static func time(ms: Int64) -> String {
        let rest = ms % 86_400_000
        let within = rest < 0 ? rest + 86_400_000 : rest
        let day = ms / 86_400_000 - (rest < 0 ? 1 : 0)
        let shifted = day + 719_468
        let era = shifted / 146_097
        let ofEra = shifted - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * ofYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let dayOfMonth = ofYear - (153 * marchMonth + 2) / 5 + 1
        return "\(year)-\(two(month))-\(two(dayOfMonth)) \(two(within / 3_600_000)):"
            + "\(two(within / 60_000 % 60)):\(two(within / 1000 % 60)).\(digits(within % 1000, 3))"
    }

    private static func two(_ number: Int64) -> String { digits(number, 2) }

    private static func digits(_ number: Int64, _ count: Int) -> String {
        let text = "\(number)"
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}
