import Bytes
import CoreTesting
import Foundation
import Testing

@Suite struct JSONTests {
    /// What Foundation reads in what we wrote.
    private func parse(_ writer: JSONWriter) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(writer.bytes), options: .fragmentsAllowed)
    }

    @Test func nestingAndCommas() throws {
        var json = JSONWriter()
        json.beginObject()
        json.value("v", "a")
        json.value(1, "b")
        json.beginArray("c")
        json.beginObject()
        json.endObject()
        json.beginArray()
        json.endArray()
        json.value(true)
        json.value(2.5)
        json.null()
        json.endArray()
        json.beginObject("d")
        json.key("run \"time\"")
        json.value(UInt64.max)
        json.key("list")
        json.beginArray()
        json.value(1)
        json.value(2)
        json.endArray()
        json.null("none")
        json.endObject()
        json.value(false, "e")
        json.endObject()
        #expect(
            json.text
                == #"{"a":"v","b":1,"c":[{},[],true,2.5,null],"d":{"run \"time\"":18446744073709551615,"list":[1,2],"none":null},"e":false}"#
        )
        #expect(try parse(json) is [String: Any])
    }

    @Test func everyCharacterSurvives() throws {
        for scalar in (0..<0x3000).compactMap(Unicode.Scalar.init) + ["\u{10ffff}", "🜁", "\u{fffd}"] {
            var json = JSONWriter()
            json.value("a\(scalar)b")
            #expect(try parse(json) as? String == "a\(scalar)b", "U+\(scalar.value)")
        }
        try forSeeds(2000) { random in
            let texts = (0..<random.below(5)).map { _ in
                random.text(upTo: 40) + String(decoding: random.bytes(random.below(8)), as: UTF8.self)
            }
            var json = JSONWriter()
            json.beginArray()
            for text in texts { json.value(text) }
            json.endArray()
            try hold(try parse(json) as? [String] == texts, "\(texts)")
        }
    }

    @Test func everyFiniteNumberComesBack() throws {
        try forSeeds(20_000) { random in
            let value = random.finite()
            var json = JSONWriter()
            json.value(value)
            try hold(try parse(json) is NSNumber, json.text)
            try hold(Double(json.text) == value, "\(value) was written \(json.text)")
        }
        for value in [
            0, -0.0, 1e15, -1e15, 1e15.nextDown, 1e16, 0.1, .leastNonzeroMagnitude,
            .greatestFiniteMagnitude, 9_007_199_254_740_992,
        ] {
            var json = JSONWriter()
            json.value(value)
            #expect(Double(json.text) == value)
            #expect(try parse(json) is NSNumber)
        }
        for value in [Int.min, -1, 0, Int.max] {
            var json = JSONWriter()
            json.value(value)
            #expect(try parse(json) as? Int == value)
        }
    }

    @Test func wholeNumbersHaveNoPoint() {
        var json = JSONWriter()
        json.beginArray()
        for value in [0.0, 45, -3, 1e14, 1e15, 0.5] { json.value(value) }
        json.endArray()
        #expect(json.text == "[0,45,-3,100000000000000,1000000000000000.0,0.5]")
    }

    @Test func whatIsNoNumberIsNull() throws {
        var json = JSONWriter()
        json.beginArray()
        for value in [Double.nan, .infinity, -.infinity] {
            json.value(value)
            json.value(value, decimals: 2)
        }
        json.endArray()
        #expect(json.text == "[null,null,null,null,null,null]")
    }

    @Test func numbersForPeopleAreStillNumbers() throws {
        var json = JSONWriter()
        json.beginArray()
        for value in [41.256, 9e15, -1e300, 0] { json.value(value, decimals: 2) }
        json.endArray()
        #expect(json.text == "[41.26,9000000000000000.0,-1e+300,0.00]")
        try forSeeds(5000) { random in
            var json = JSONWriter()
            json.value(random.finite(), decimals: random.below(12))
            try hold(try parse(json) is NSNumber, json.text)
        }
    }

    @Test func digestsAreSixtyFourDigits() {
        var json = JSONWriter()
        json.value(hex: (0x0123_4567_89ab_cdef, .max, 0, 0x9a00_0000_0000_0001))
        #expect(
            json.text == "\"0123456789abcdefffffffffffffffff00000000000000009a00000000000001\"")
    }

    /// A writer that is kept writes what a fresh one would, whatever stood in its memory.
    @Test func aRestartedWriterWritesTheSame() throws {
        var kept = JSONWriter()
        try forSeeds(2000) { random in
            let numbers = (0..<random.below(6)).map { _ in
                random.below(3) == 0 ? 0.1 : random.finite()
            }
            let (text, count) = (random.text(upTo: 30), random.below(1000))
            func write(_ json: inout JSONWriter) {
                json.beginObject()
                json.value(text, "text")
                json.value(count, "count")
                json.beginArray("numbers")
                for number in numbers { json.value(number) }
                json.endArray()
                json.value(name: "constant", "a name that is longer than two words of memory")
                json.endObject()
                json.endLine()
            }
            var fresh = JSONWriter()
            write(&fresh)
            kept.restart()
            write(&kept)
            try hold(kept.text == fresh.text, "\(kept.text) for \(fresh.text)")
            try hold(kept.withBytes { Array($0) } == fresh.bytes, fresh.text)
        }
    }

    @Test func aSectionIsWrittenAnewWithItsVersion() {
        var json = JSONWriter()
        var written = 0
        func document(_ version: UInt64, _ value: Double) -> String {
            json.restart()
            json.beginObject()
            json.value(value / 3, "before")
            json.section(0, of: version) { json in
                written += 1
                json.value(value / 7, "inside")
            }
            json.value(value / 9, "behind")
            json.endObject()
            return json.text
        }
        func expected(_ outside: Double, _ inside: Double) -> String {
            "{\"before\":\(outside / 3),\"inside\":\(inside / 7),\"behind\":\(outside / 9)}"
        }
        #expect(document(1, 1) == expected(1, 1))
        #expect(document(1, 2) == expected(2, 1))
        #expect(written == 1)
        #expect(document(2, 4) == expected(4, 4))
        #expect(document(1, 5) == expected(5, 5))
        #expect(written == 3)
    }
}
