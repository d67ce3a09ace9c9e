// The `name=value` words of a line, each taken once; what nobody took is a mistake.

import Bytes
import Precision

struct LocalOptions {
    /// More than any command has.
    private static let countMax = 8
    /// Digits of a number: every Double has a text of 24, and a longer one is no better.
    private static let numberBytesMax = 64

    private var words: [(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>, isTaken: Bool)] = []

    mutating func add(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) throws(LocalMistake) {
        if words.contains(where: { $0.name.elementsEqual(name) }) {
            throw LocalMistake("option-twice", "\(shown(name))= stands twice", hint: "give it once")
        }
        guard words.count < Self.countMax else {
            throw LocalMistake(
                "too-many-options", "too many options", hint: "`help` lists the commands and their options")
        }
        words.append((name, value, false))
    }

    mutating func take(_ name: StaticString) -> ArraySlice<UInt8>? {
        guard let index = words.firstIndex(where: { Text.equal($0.name, name) }) else { return nil }
        words[index].isTaken = true
        return words[index].value
    }

    func finish() throws(LocalMistake) {
        guard let left = words.first(where: { !$0.isTaken }) else { return }
        throw LocalMistake(
            "unknown-option", "unknown option: \(shown(left.name))=",
            hint: "`help` lists the commands and their options")
    }

    mutating func number(_ name: StaticString) throws(LocalMistake) -> Double? {
        guard let word = take(name) else { return nil }
        return try Self.finite(word)
    }

    /// 0…1.
    mutating func share(_ name: StaticString) throws(LocalMistake) -> Double? {
        guard let number = try number(name) else { return nil }
        guard number >= 0, number <= 1 else {
            throw LocalMistake(
                "out-of-range", "\(name)= lies outside 0…1", hint: "0 is none, 1 is most, 0.5 neutral")
        }
        return number
    }

    mutating func whole(_ name: StaticString, _ range: ClosedRange<Int64>) throws(LocalMistake) -> Int64? {
        guard let word = take(name) else { return nil }
        guard let number = Text.integer(word), range.contains(number) else {
            throw LocalMistake(
                "out-of-range",
                "\(name)=\(shown(word)): a whole number from \(range.lowerBound) to \(range.upperBound)",
                hint: "`help` lists the limits")
        }
        return number
    }

    /// Milliseconds since 1970.
    mutating func time(
        _ name: StaticString, within range: ClosedRange<Int64>
    ) throws(LocalMistake) -> Int64? {
        guard let word = take(name) else { return nil }
        guard let number = Text.integer(word), range.contains(number) else {
            throw LocalMistake(
                "bad-time", "\(name)=\(shown(word)) is no time",
                hint: "milliseconds since 1970, e.g. from `date +%s%3N`")
        }
        return number
    }

    static func finite(_ word: ArraySlice<UInt8>) throws(LocalMistake) -> Double {
        let number =
            word.count > numberBytesMax
            ? nil : word.withUnsafeBufferPointer { DecimalText.double($0) }
        guard let number, number.isFinite else {
            throw LocalMistake(
                "bad-number", "no finite number: \(shown(word))",
                hint: "decimal with a point, e.g. 12, -0.5, 3e-7")
        }
        return number
    }
}
