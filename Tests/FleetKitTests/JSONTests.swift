import Testing

@testable import FleetKit

@Suite struct JSONTests {
    private func fault(_ text: String) -> String? {
        do throws(JSONFault) {
            _ = try JSONReader.read(Array(text.utf8))
            return nil
        } catch { return "\(error.line):\(error.column) \(error.text)" }
    }

    @Test func whatIsReadIsWrittenAlike() throws {
        let text = #"{"b":[1,2.50,-3e2,true,false,null],"a":{"x":"é\n\"\\😀","y":[]},"z":{}}"#
        let json = try JSONReader.read(Array(text.utf8))
        #expect(String(decoding: json.compact, as: UTF8.self) == text)
        #expect(json["b"].items[1].double == 2.5)
        #expect(json["b"].items[2].int == -300)
        #expect(json["a"]["x"].string == "é\n\"\\😀")
        #expect(try JSONReader.read(Array(json.pretty.utf8)).compact == json.compact)
    }

    @Test func surrogates() throws {
        let json = try JSONReader.read(Array(#"["\ud83d\ude00","\ud83d","\ud83dA"]"#.utf8))
        #expect(json.items.map(\.string) == ["😀", "\u{fffd}", "\u{fffd}A"])
    }

    @Test func mistakesHaveAPlace() {
        #expect(fault("") == "1:1 the text ends where a value should stand")
        #expect(fault("{\n  \"a\": NaN\n}") == "2:8 NaN is no number that JSON or a parameter can have")
        #expect(fault("[-Infinity]")?.contains("infinity is no number") == true)
        #expect(fault("{\"a\": 1,\n}")?.hasPrefix("2:1 a comma stands") == true)
        #expect(fault("{\"a\" 1}")?.contains("a colon should follow \"a\"") == true)
        #expect(fault("{a: 1}")?.contains("a name in quotes") == true)
        #expect(fault("[1 2]")?.contains("a comma or ] should stand here") == true)
        #expect(fault("01")?.contains("not a number") == true)
        #expect(fault("1.")?.contains("digits should follow") == true)
        #expect(fault("[1] x")?.contains("something follows the end") == true)
        #expect(fault("\"a\nb\"")?.contains("isn't closed on its line") == true)
        #expect(fault("\"\\x\"")?.contains("no escape") == true)
        #expect(fault(String(repeating: "[", count: 100_000))?.contains("nested deeper") == true)
    }

    @Test func everyTruncationAndByteErrorIsHeldOff() {
        let text = Array(Fixtures.devices.utf8)
        for end in stride(from: 0, to: text.count, by: 7) { _ = try? JSONReader.read(Array(text[..<end])) }
        var state: UInt64 = 42
        for _ in 0..<2000 {
            var broken = text
            for _ in 0..<3 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                broken[Int(state >> 33) % broken.count] = UInt8(truncatingIfNeeded: state >> 20)
            }
            _ = try? JSONReader.read(broken)
        }
    }

    @Test func aTerminalIsSafeFromADocument() {
        let json = JSON.text("a\u{1b}[2J\u{9b}\u{202e}b")
        #expect(json.pretty == "\"a\\u001b[2J\\u009b\\u202eb\"\n")
    }

    @Test func absurdNumbersAreNone() throws {
        let json = try JSONReader.read(Array("[1e999, 9223372036854775808, -1, 1.5, 99999999999999999999]".utf8))
        #expect(json.items[0].double == nil)
        #expect(json.items[1].integer == nil)
        #expect(json.items[1].unsigned == 9_223_372_036_854_775_808)
        #expect(json.items[2].unsigned == nil)
        #expect(json.items[3].int == nil)
        #expect(json.items[4].int == nil)
    }
}
