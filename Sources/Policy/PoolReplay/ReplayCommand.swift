// `phi-agent pool replay`, whose options `phi-agent pool --help` lists: all but the effects, which
// come in as `ReplayEffects`.

import Precision
import TensorPool

public struct ReplayEffects {
    /// The whole of a file, in pieces of any size; false if it cannot be read (and was reported).
    public var read: (_ path: [UInt8], _ piece: (UnsafeRawBufferPointer) -> Void) -> Bool
    /// Writes a file; false if it cannot be written (and was reported).
    public var write: (_ path: [UInt8], _ bytes: [UInt8]) -> Bool
    public var output: (String) -> Void
    /// What went wrong, with a hint.
    public var error: (String) -> Void
    /// One line of progress, to be overwritten by the next; nil clears it.
    public var progress: (String?) -> Void
    /// A steady clock.
    public var nanoseconds: () -> UInt64

    public init(
        read: @escaping ([UInt8], (UnsafeRawBufferPointer) -> Void) -> Bool,
        write: @escaping ([UInt8], [UInt8]) -> Bool, output: @escaping (String) -> Void,
        error: @escaping (String) -> Void,
        progress: @escaping (String?) -> Void, nanoseconds: @escaping () -> UInt64
    ) {
        self.read = read
        self.write = write
        self.output = output
        self.error = error
        self.progress = progress
        self.nanoseconds = nanoseconds
    }
}

public struct ReplayCommand {
    public var options = ReplayOptions()
    public var files: [[UInt8]] = []
    public var plot: [UInt8]?
    public var isJSON = false
    /// Columns left out, by name.
    public var skipped: [[UInt8]] = []

    public init() {}

    /// Why the arguments are refused: the offending one, and what was wrong.
    public struct Refusal: Error {
        public var argument: [UInt8]
        public var why: StaticString
    }

    public init(_ arguments: [[UInt8]]) throws(Refusal) {
        self.init()
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument.starts(with: [0x2D, 0x2D]) else {
                files.append(argument)
                continue
            }
            if matches(argument, "--json") {
                isJSON = true
                continue
            }
            guard let value = rest.popFirst() else {
                throw Refusal(argument: argument, why: "unknown, or its value is missing")
            }
            try take(argument, value)
        }
        if files.isEmpty { throw Refusal(argument: [], why: "no file given") }
    }

    private mutating func take(_ argument: [UInt8], _ value: [UInt8]) throws(Refusal) {
        if matches(argument, "--budget") {
            guard let bytes = ReplayOptions.bytes(value) else {
                throw Refusal(argument: value, why: "no size: give bytes, or KiB or MiB")
            }
            options.budgetBytes = bytes
        } else if matches(argument, "--exact-share") {
            guard let share = CSVNumber.parse(value), share >= 0, share <= 1 else {
                throw Refusal(argument: value, why: "no share between 0 and 1")
            }
            options.exactShare = share
        } else if matches(argument, "--bound") {
            let bounds: [(StaticString, ReplayBound)] = [
                ("8bit", .bits8), ("16bit", .bits16), ("exact", .exact), ("policy", .policy),
                ("mixed", .mixed),
            ]
            guard let bound = bounds.first(where: { matches(value, $0.0) }) else {
                throw Refusal(argument: value, why: "no bound: 8bit, 16bit, exact, policy or mixed")
            }
            options.bound = bound.1
        } else if matches(argument, "--plot") {
            plot = value
        } else if matches(argument, "--skip") {
            skipped.append(value)
        } else if matches(argument, "--full-scale") {
            try takeFullScale(value)
        } else {
            throw Refusal(argument: argument, why: "unknown option")
        }
    }

    private mutating func takeFullScale(_ value: [UInt8]) throws(Refusal) {
        let parts = value.split(separator: 0x3D, maxSplits: 1)
        let ends = parts.count == 2 ? parts[1].split(separator: 0x3A) : []
        guard ends.count == 2, let lower = CSVNumber.parse(Array(ends[0])),
            let upper = CSVNumber.parse(Array(ends[1])), Grid(lower: lower, upper: upper) != nil
        else { throw Refusal(argument: value, why: "no full scale: NAME=LOWER:UPPER") }
        options.fullScales.append((Array(parts[0]), lower, upper))
    }

    private func matches(_ text: [UInt8], _ other: StaticString) -> Bool {
        guard text.count == other.utf8CodeUnitCount else { return false }
        return other.withUTF8Buffer { $0.elementsEqual(text) }
    }

    /// Exit status: 0, 1 when a value came back wrong or a high one degraded, 2 when nothing was run.
    public func run(_ effects: ReplayEffects) -> Int32 {
        var table = CSVTable()
        for file in files {
            var one = CSVTable()
            guard effects.read(file, { one.feed($0) }) else { return 2 }
            one.finish()
            table.join(one)
        }
        for name in skipped + options.fullScales.map({ $0.name }) where !table.names.contains(name) {
            refuse("no numeric column '\(text(name))'", "numeric columns are: \(known(table))", effects)
            return 2
        }
        for name in skipped {
            if let column = table.names.firstIndex(of: name) { table.remove(column: column) }
        }
        guard table.rows > 0, !table.columns.isEmpty else {
            refuse(
                "no numeric column with a row in it",
                "the first row names the columns; numbers have a point, cells are parted by , ; or tab", effects)
            return 2
        }
        do throws(PoolError) {
            var replay = try Replay(table, options)
            let report = try replay.run(
                nanoseconds: effects.nanoseconds, progress: { effects.progress(bar($0, $1)) })
            effects.progress(nil)
            return finish(report, effects)
        } catch {
            effects.progress(nil)
            var why = "the pool can't take these data"
            if case .budgetTooSmall = error { why = "--budget \(options.budgetBytes): too few bytes" }
            refuse(why, error.hint, effects)
            return 2
        }
    }

    private func refuse(_ why: String, _ hint: String, _ effects: ReplayEffects) {
        effects.error("phi-agent: pool replay: \(why)\nhint: \(hint)\n")
    }

    private func text(_ name: [UInt8]) -> String { String(decoding: name, as: UTF8.self) }

    private func known(_ table: CSVTable) -> String {
        var out = ""
        for name in table.names { out += (out.isEmpty ? "" : ", ") + text(name) }
        return out.isEmpty ? "none" : out
    }

    private func finish(_ report: ReplayReport, _ effects: ReplayEffects) -> Int32 {
        if isJSON {
            effects.output(String(decoding: report.json(), as: UTF8.self) + "\n")
        } else {
            effects.output(report.text())
        }
        if let plot, !effects.write(plot, Array(report.svg().utf8)) { return 2 }
        let isRight = report.beyondBound == 0 && report.highDegraded == 0
            && report.columns.allSatisfy { $0.wrongTimes == 0 }
        return isRight ? 0 : 1
    }

    private func bar(_ values: UInt64, _ fill: Double) -> String {
        let filled = Int(min(1, max(0, fill)) * 30)
        var out = "["
        for index in 0..<30 { out += index < filled ? "#" : "." }
        return out + "] \(values) values"
    }
}
