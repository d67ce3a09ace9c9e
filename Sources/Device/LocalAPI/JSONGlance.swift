// One field of one line of JSON, for the agent's own commands: it reads what the agent itself wrote.
// No document is built, and text that isn't JSON gives nil.

import Bytes
import Precision

public enum JSONGlance {
    /// The text of the field's value, quotes and brackets included; nil where the outermost object
    /// has no such field.
    public static func value(_ name: StaticString, in line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var index = line.startIndex
        var depth = 0
        var isKey = false
        while index < line.endIndex {
            switch line[index] {
            case 0x7b, 0x5b:
                depth += 1
                isKey = line[index] == 0x7b
            case 0x7d, 0x5d: depth -= 1
            case 0x2c: isKey = depth == 1
            case 0x22:
                guard let end = endOfString(line, index) else { return nil }
                let text = line[(index + 1)..<(end - 1)]
                if depth == 1, isKey, end < line.endIndex, line[end] == 0x3a {
                    isKey = false
                    if Text.equal(text, name) { return element(line, end + 1) }
                }
                index = end - 1
            default: break
            }
            index += 1
        }
        return nil
    }

    public static func number(_ name: StaticString, in line: ArraySlice<UInt8>) -> Double? {
        value(name, in: line)?.withUnsafeBufferPointer { DecimalText.double($0) }
    }

    /// A string's characters, escapes as they stand.
    public static func text(_ name: StaticString, in line: ArraySlice<UInt8>) -> String? {
        guard let found = value(name, in: line), found.count >= 2, found.first == 0x22 else { return nil }
        return Text.string(found.dropFirst().dropLast())
    }

    /// The texts of an array's elements; nothing for what is no array.
    public static func items(_ array: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        guard array.first == 0x5b, array.last == 0x5d else { return [] }
        var items: [ArraySlice<UInt8>] = []
        var index = array.startIndex + 1
        while index < array.endIndex, let item = element(array, index) {
            if item.isEmpty { break }
            items.append(item)
            // Behind the comma that ended it; blanks were left off the item's own end.
            index = item.endIndex
            while index < array.endIndex, array[index] != 0x2c { index += 1 }
            index += 1
        }
        return items
    }

    /// Behind the closing quote.
    private static func endOfString(_ line: ArraySlice<UInt8>, _ start: Int) -> Int? {
        var index = start + 1
        while index < line.endIndex {
            if line[index] == 0x5c {
                index += 2
            } else if line[index] == 0x22 {
                return index + 1
            } else {
                index += 1
            }
        }
        return nil
    }

    private static func element(_ line: ArraySlice<UInt8>, _ start: Int) -> ArraySlice<UInt8>? {
        var index = start
        var depth = 0
        while index < line.endIndex {
            switch line[index] {
            case 0x22:
                guard let end = endOfString(line, index) else { return nil }
                index = end - 1
            case 0x7b, 0x5b: depth += 1
            case 0x7d, 0x5d:
                if depth == 0 { return Text.trimmed(line[start..<index]) }
                depth -= 1
            case 0x2c where depth == 0: return Text.trimmed(line[start..<index])
            default: break
            }
            index += 1
        }
        return nil
    }
}
