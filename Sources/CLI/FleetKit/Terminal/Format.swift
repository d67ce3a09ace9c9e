// Figures in words: times, sizes, temperatures, durations. "no data" is an answer, not an error.

import Bytes

enum Format {
    static let noData = Styled("no data", .dim)

    static func number(_ value: Double, decimals: Int = 2) -> String {
        Decimal.fixed(value, decimals: decimals)
    }

    /// The shortest text that reads back as the same number, whole numbers without ".0".
    static func exact(_ value: Double) -> String {
        value == value.rounded(.towardZero) && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }

    /// At most three decimals: for limits, which nobody copies.
    static func brief(_ value: Double) -> String {
        exact((value * 1000).rounded() / 1000)
    }

    /// "40 ms", "1.2 s", "12 s", "3 min", "5 h", "2 d": one unit, rounded down.
    static func span(seconds: Double) -> String {
        guard seconds.isFinite else { return "?" }
        switch max(0, seconds) {
        case ..<0.95: return number(max(0, seconds * 1000), decimals: 0) + " ms"
        case ..<10: return number(seconds, decimals: 1) + " s"
        case ..<120: return "\(Int(seconds)) s"
        case ..<7200: return "\(Int(seconds / 60)) min"
        case ..<172_800: return "\(Int(seconds / 3600)) h"
        case ..<31_536_000_000: return "\(Int(seconds / 86_400)) d"
        default: return "ages"
        }
    }

    static func ago(_ timeMs: Int64?, now nowMs: Int64) -> Styled {
        guard let timeMs else { return Styled("never", .dim) }
        let (age, overflow) = nowMs.subtractingReportingOverflow(timeMs)
        if overflow || age < -5000 { return Styled(CivilTime.text(timeMs)) }
        if age < 1000 { return "just now" }
        return Styled(span(seconds: Double(Int(Double(age) / 1000))).replacingPointZero + " ago")
    }

    static func bytes(_ count: Double?) -> Styled {
        guard let count, count.isFinite else { return noData }
        var value = count
        for unit in ["B", "KiB", "MiB", "GiB", "TiB"] {
            if abs(value) < 1024 || unit == "TiB" {
                return Styled("\(number(value, decimals: unit == "B" || abs(value) >= 100 ? 0 : 1)) \(unit)")
            }
            value /= 1024
        }
        return noData
    }

    /// Warm from 70 °C, hot from 80 °C: the board's soft limit.
    static func temperature(_ celsius: Double?) -> Styled {
        guard let celsius, celsius.isFinite else { return noData }
        let style: Style = celsius >= 80 ? .bad : celsius >= 70 ? .warning : .plain
        return Styled("\(number(celsius, decimals: 1)) °C", style)
    }

    static func percent(_ share: Double?, decimals: Int = 0) -> Styled {
        guard let share, share.isFinite else { return noData }
        return Styled("\(number(share * 100, decimals: decimals)) %")
    }

    /// 4.81× and the like.
    static func times(_ factor: Double?) -> Styled {
        guard let factor, factor.isFinite else { return noData }
        return Styled("\(number(factor))×")
    }

    static func hours(_ hours: Double?) -> Styled {
        guard let hours, hours.isFinite else { return noData }
        return Styled("\(number(hours, decimals: hours >= 100 ? 0 : 1)) h")
    }

    static func seconds(_ seconds: Double?) -> Styled {
        guard let seconds, seconds.isFinite else { return noData }
        return Styled(span(seconds: seconds))
    }

    /// "1 device", "2 devices".
    static func count(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    /// Version 0 is what a device runs before it was ever pushed to.
    static func version(_ version: UInt64?) -> Styled {
        guard let version else { return noData }
        return version == 0 ? Styled("built-in", .dim) : "v\(version)"
    }

    /// First twelve digits of an id: enough to be unique in a fleet of millions, and to be typed.
    static func shortID(_ id: String) -> Styled { Styled(String(id.prefix(12))) }

    static func text(_ text: String) -> Styled {
        text.isEmpty ? Styled("–", .dim) : Styled(text)
    }
}

extension String {
    fileprivate var replacingPointZero: String {
        hasSuffix(".0 s") ? dropLast(4) + " s" : self
    }
}
