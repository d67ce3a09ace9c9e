// Milliseconds since 1970 ↔ `2026-11-20T13:49:36Z`, in UTC, proleptic Gregorian.
// Algorithm: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".

import Bytes

enum CivilTime {
    static func text(_ timeMs: Int64) -> String {
        let seconds = timeMs.flooredDivision(by: 1000)
        let days = seconds.flooredDivision(by: 86_400)
        let (year, month, day) = date(days: days)
        let rest = seconds - days * 86_400
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(year)-\(two(month))-\(two(day))T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }

    static func date(_ timeMs: Int64) -> String { String(text(timeMs).prefix { $0 != "T" }) }

    /// `2026-11-20`, `2026-11-20T13:49Z` or `2026-11-20T13:49:36Z`; nil for anything else.
    static func milliseconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 10 || bytes.count == 17 || bytes.count == 20 else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            guard bytes[range].allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
            return Text.integer(bytes[range])
        }
        guard bytes[4] == 0x2d, bytes[7] == 0x2d, let year = number(0..<4),
            let month = number(5..<7), let day = number(8..<10), (1...12).contains(month), day >= 1
        else { return nil }
        let days = days(year, month, day)
        // A day that the month doesn't have comes back as another date.
        guard date(days: days) == (year, month, day) else { return nil }
        var seconds: Int64 = 0
        if bytes.count > 10 {
            guard bytes[10] == 0x54, bytes[13] == 0x3a, bytes.last == 0x5a,
                let hour = number(11..<13), let minute = number(14..<16), hour < 24, minute < 60
            else { return nil }
            seconds = hour * 3600 + minute * 60
            if bytes.count == 20 {
                guard bytes[16] == 0x3a, let second = number(17..<19), second < 60 else { return nil }
                seconds += second
            }
        }
        return (days * 86_400 + seconds) * 1000
    }

    private static func date(days: Int64) -> (Int64, Int64, Int64) {
        let shifted = days + 719_468
        let era = shifted.flooredDivision(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.flooredDivision(by: 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : (self + 1) / divisor - 1
    }
}
