// The commands of the local API, read from one line of text.
//
//     signal entropy=0.5 value=0.8
//     append NAME VALUE… [value=0.9] [time=MS] [step=MS] [class=history] [min=0 max=100]
//     read NAME [from=MS] [to=MS] [limit=N] [before=INDEX]
//     decision | status | series | subscribe | help
//
// Words are parted by blanks; options may stand anywhere behind the command. Whatever the bytes are,
// the outcome is a command or an error that says what to write instead.

import AgentCore
import Bytes
import Model
import Precision
import TensorPool

enum LocalCommand: Equatable {
    case ask(LocalRequest)
    case decision
    case subscribe
    case help
}

/// A line that is no command.
struct LocalMistake: Error, Equatable {
    let code: StaticString
    let text: String
    let hint: StaticString

    init(_ code: StaticString, _ text: String, hint: StaticString) {
        self.code = code
        self.text = text
        self.hint = hint
    }

    static func == (left: LocalMistake, right: LocalMistake) -> Bool { left.text == right.text }

    static let lineTooLong = LocalMistake(
        "line-too-long", "the line is longer than \(LocalLimits.lineBytesMax) bytes",
        hint: "send at most 256 values a line, and end each line with a newline")
}

extension LocalCommand {
    /// nil for a blank line.
    init?(line: ArraySlice<UInt8>) throws(LocalMistake) {
        var words = Text.words(line)
        guard let command = words.first else { return nil }
        words.removeFirst()
        var options = LocalOptions()
        var rest: [ArraySlice<UInt8>] = []
        for word in words {
            if let equals = word.firstIndex(of: 0x3d) {
                try options.add(word[..<equals], word[(equals + 1)...])
            } else {
                rest.append(word)
            }
        }
        if Text.equal(command, "signal") {
            self = .ask(.signal(try Self.signals(&options, rest)))
        } else if Text.equal(command, "append") {
            self = .ask(.append(try Self.append(&options, rest)))
        } else if Text.equal(command, "read") {
            self = .ask(.read(try Self.read(&options, rest)))
        } else {
            guard let plain = Self.plain(command) else {
                throw LocalMistake(
                    "unknown-command", "unknown command: \(shown(command))",
                    hint: "`help` lists the commands")
            }
            guard rest.isEmpty else {
                throw LocalMistake(
                    "unexpected-word", "\(Text.string(command)) takes no words",
                    hint: "`help` lists the commands")
            }
            self = plain
        }
        try options.finish()
    }

    private static func plain(_ command: ArraySlice<UInt8>) -> LocalCommand? {
        if Text.equal(command, "decision") { return .decision }
        if Text.equal(command, "status") { return .ask(.status) }
        if Text.equal(command, "series") { return .ask(.series) }
        if Text.equal(command, "subscribe") { return .subscribe }
        if Text.equal(command, "help") { return .help }
        return nil
    }

    private static func signals(
        _ options: inout LocalOptions, _ rest: [ArraySlice<UInt8>]
    ) throws(LocalMistake) -> Signals {
        let signals = Signals(
            entropy: try options.share("entropy"), value: try options.share("value"))
        guard rest.isEmpty, signals != Signals() else {
            throw LocalMistake(
                "no-signal", "signal takes entropy=… and value=…, each 0 to 1",
                hint: "e.g. signal entropy=0.5 value=0.8")
        }
        return signals
    }

    private static func append(
        _ options: inout LocalOptions, _ rest: [ArraySlice<UInt8>]
    ) throws(LocalMistake) -> LocalAppend {
        let name = try name(rest.first, example: "e.g. append queue.length 12")
        guard rest.count >= 2 else {
            throw LocalMistake(
                "no-values", "append takes a name and at least one value",
                hint: "e.g. append queue.length 12 value=0.9")
        }
        guard rest.count - 1 <= LocalAppend.valuesMax else {
            throw LocalMistake(
                "too-many-values", "\(rest.count - 1) values in one line",
                hint: "send at most 256 values a line")
        }
        var values: [Double] = []
        values.reserveCapacity(rest.count - 1)
        for word in rest.dropFirst() { values.append(try LocalOptions.finite(word)) }
        var append = LocalAppend(name: name, values: values)
        append.score = try options.share("value")
        append.timeMs = try options.time("time", within: LocalLimits.timesMs)
        append.stepMs = try options.whole("step", 0...LocalLimits.stepMsMax) ?? 0
        append.lower = try options.number("min")
        append.upper = try options.number("max")
        if (append.lower == nil) != (append.upper == nil) {
            throw LocalMistake(
                "half-a-scale", "min and max go together", hint: "give both, or neither")
        }
        if let kind = options.take("class") { append.kind = try self.kind(kind) }
        return append
    }

    private static func kind(_ word: ArraySlice<UInt8>) throws(LocalMistake) -> SeriesClass {
        for kind in SeriesClass.allCases where Text.equal(word, kind.name) { return kind }
        throw LocalMistake(
            "bad-class", "class=\(shown(word))", hint: "signal, history (the default) or scratch")
    }

    private static func read(
        _ options: inout LocalOptions, _ rest: [ArraySlice<UInt8>]
    ) throws(LocalMistake) -> LocalRead {
        var read = LocalRead(name: try name(rest.first, example: "e.g. read queue.length"))
        guard rest.count == 1 else {
            throw LocalMistake(
                "unexpected-word", "read takes one name", hint: "one line for each series")
        }
        read.fromMs = try options.time("from", within: LocalLimits.readTimesMs)
        read.toMs = try options.time("to", within: LocalLimits.readTimesMs)
        if let limit = try options.whole("limit", 1...Int64(LocalRead.limitMax)) {
            read.limit = Int(limit)
        }
        if let before = try options.whole("before", 0...Int64(ChunkLimits.indices)) {
            read.before = UInt64(before)
        }
        return read
    }

    private static func name(
        _ word: ArraySlice<UInt8>?, example: StaticString
    ) throws(LocalMistake) -> [UInt8] {
        guard let word else {
            throw LocalMistake("no-name", "the name of a series is missing", hint: example)
        }
        guard SeriesAlphabet.isName(word) else {
            throw LocalMistake(
                "bad-name", "no name of a series: \(shown(word))",
                hint: "a letter, then letters, digits, '_', '-' and '.'; at most 64 bytes")
        }
        return Array(word)
    }
}

/// What a person wrote, short enough for a reply and for a log.
func shown(_ word: ArraySlice<UInt8>) -> String {
    let head = word.prefix(40).map { $0 < 0x20 || $0 >= 0x7f ? 0x3f : $0 }
    return String(decoding: head, as: UTF8.self) + (word.count > 40 ? "…" : "")
}
