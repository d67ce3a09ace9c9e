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
