// "90", "90s", "10m", "2h", "1d" → seconds.

import Bytes

enum Seconds {
    static func parse(_ text: String) -> Int? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        var digits = text[...]
        var scale: Int64 = 1
        if let last = text.last, let unit = units[last] {
            scale = unit
            digits = text.dropLast()
        }
        guard let first = digits.utf8.first, first >= 0x30, first <= 0x39,
            let count = Text.integer(String(digits))
        else { return nil }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: scale)
        // A hundred years: whatever is longer was mistyped.
        guard !overflow, seconds <= 3_155_760_000 else { return nil }
        return Int(seconds)
    }

    static func text(_ seconds: Int) -> String {
        for (unit, size) in [("d", 86_400), ("h", 3600), ("min", 60)] where seconds > 0 {
            if seconds % size == 0 { return "\(seconds / size) \(unit)" }
        }
        return "\(seconds) s"
    }
}
