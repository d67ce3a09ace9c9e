// The scanner never leaves its buffer and takes no text for a number that isn't one.

import Testing

@testable import Telemetry

@Suite struct ScanTests {
    @Test(arguments: [
        ("0", 0), ("42\n", 42), (" 42 ", 42), ("-7\n", -7), ("+7", 7), ("9223372036854775807", Int64.max),
        ("48312\n\0", 48_312),
    ] as [(String, Int64)])
    func numbers(text: String, value: Int64) {
        #expect(bytes(text) { Scan.only($0) } == value)
    }

    @Test(arguments: [
        "", " ", "-", "- 7", "4 2", "4.2", "0x10", "9e3", "9223372036854775808", "hot", "7a",
        "99999999999999999999999",
    ])
    func otherTexts(text: String) {
        #expect(bytes(text) { Scan.only($0) } == nil)
    }

    @Test func decimals() {
        func read(_ text: String) -> Double? {
            bytes(text) {
                var scan = Scan($0)
                return scan.decimal()
            }
        }
        #expect(read("0.42 0.36") == 0.42)
        #expect(read("12") == 12)
        #expect(read("100.00\n") == 100)
        for text in ["", ".", "-1", "1.2.3", "1e5", "nan", "1234567890123456"] {
            #expect(read(text) == nil, "\(text)")
        }
    }

    /// By eight bytes at once as by one, wherever in the text it begins.
    @Test func wordsAndLinesEndWhereTheyEnd() {
        var random = SystemRandomNumberGenerator()
        let alphabet: [UInt8] = [0x20, 0x0a, 0x09, 0x00, 0x0d, 0x01, 0x1f, 0x21, 0x30, 0x41, 0x61, 0x7f, 0x80, 0xff]
        for _ in 0..<4_000 {
            // Long words and lines too.
            let letters = Int.random(in: 0...2, using: &random) == 0 ? alphabet : [0x61, 0x62, 0x8a, 0x20]
            let text = (0..<Int.random(in: 0...40, using: &random)).map { _ in letters[Int.random(in: letters.indices, using: &random)] }
            let isEnd: (UInt8) -> Bool = { [0x20, 0x09, 0x0d, 0, 0x0a].contains($0) }
            let word = text.drop { isEnd($0) && $0 != 0x0a }.drop { !isEnd($0) }
            let line = text.drop { $0 != 0x0a }.dropFirst()
            text.withUnsafeBufferPointer {
                var scan = Scan($0)
                scan.skipWord()
                #expect(Array(scan.rest) == Array(word), "\(text)")
                scan = Scan($0)
                scan.skipLine()
                #expect(Array(scan.rest) == Array(line), "\(text)")
            }
        }
    }

    /// Each byte of what is looked for counts, at each length.
    @Test func wordsAreTakenWhole() {
        let word = Array("MemAvailable: kB".utf8)
        for count in 0...word.count {
            let wanted = Array(word[..<count])
            func takes(_ text: [UInt8]) -> Int? {
                text.withUnsafeBufferPointer {
                    var scan = Scan($0)
                    return scan.take(wanted) ? scan.rest.count : nil
                }
            }
            #expect(takes(wanted + [0x31, 0x32]) == 2)
            #expect(takes(wanted) == 0)
            if count > 0 { #expect(takes(Array(wanted.dropLast())) == nil) }
            for at in wanted.indices {
                var other = wanted + [0x31]
                other[at] ^= 1
                #expect(takes(other) == nil)
            }
        }
        #expect(bytes("some avg10=1") { text in
            var scan = Scan(text)
            return !scan.take("full ") && scan.take("some ") && scan.take("avg10=") && scan.decimal() == 1
        })
    }

    /// Every cut of a real text is read to its end and no further.
    @Test func everyCutEnds() {
        let text = "MemTotal:  437120 kB\nMemAvailable: 240416 kB\nSwapTotal: 12 kB\nSwapFree: 1 kB\n"
        for count in 0...text.utf8.count {
            let cut = String(decoding: text.utf8.prefix(count), as: UTF8.self)
            _ = bytes(cut) { MemoryInfo.parse($0) }
            _ = bytes(cut) { Network.sum($0, of: []) }
            _ = bytes(cut) { Reclaim.parse($0) }
            _ = bytes(cut) { Pressure.line("some ", in: $0) }
        }
    }
}
