// The report for people and, as JSON, for programs.

import Bytes
import Digest
import Precision
import TensorPool

extension ReplayReport {
    /// What a fixed-width pool would last, in hours; the source's claim starts from this.
    static let baselineHours = 2.5

    public func text() -> String {
        var out = "column                bits/value  extension   hours   exact    high  degraded"
        out += "   worst error / full scale   full scale\n"
        out += "                                  (81 bits)           share   share"
        out += "              16-bit      8-bit\n"
        for column in columns { out += line(column) }
        out += total()
        out += "\n"
        out += "values            \(values) (\(columns.count) columns, the data looped "
        out += "\(Decimal.fixed(loops, decimals: 2)) times), "
        out += isExhausted ? "until \(bytes) bytes were full\n" : "\(bytes) bytes needed, not full\n"
        out += "verified          every value read back: \(beyondBound) beyond its bound, "
        out += "\(columns.reduce(0) { $0 + $1.wrongTimes }) wrong times\n"
        out += "high value        \(highValues) values (share \(percent(highShare))), \(highDegraded) degraded\n"
        out += "held              \(percent(exactShare)) exactly, \(share(values16, values)) at 16 bits, "
        out += "\(share(values8, values)) at 8 bits\n"
        out += "runtime extension \(factor(64, true))× against 64 bits, \(factor(81, true))× against 81 bits "
        out += isExhausted ? "(measured)\n" : "(≥: not exhausted)\n"
        out += "  times not counted \(factor(64, false))×, \(factor(81, false))× "
        out += "(timestamps take \(timesBytes) bytes)\n"
        out += "hours             \(hours(81)) if 81-bit values last \(Self.baselineHours), "
        out += "\(hours(64)) if 64-bit values do\n"
        out += "bits per value    \(Decimal.fixed(bitsPerValue, decimals: 3)), heap held "
        out += "\(account.heldBytes) of \(account.budgetBytes) bytes\n"
        out += "time per value    \(perValue(nanosecondsAppending)) ns in, "
        out += "\(perValue(nanosecondsReading)) ns read back\n"
        out += "digest            \(digest.hex) over every sealed chunk\n"
        return out
    }

    private func line(_ column: ReplayColumn) -> String {
        let bits = column.usage.sealedValues == 0
            ? 0 : Double(column.usage.sealedBytes) * 8 / Double(column.usage.sealedValues)
        return row(column, name: column.name, bits: bits)
            + "   \(column.scale.lower) … \(column.scale.upper)\n"
    }

    /// All columns as one; its bits count everything: times, headers, directory, open buffers.
    private func total() -> String {
        guard let first = columns.first else { return "" }
        var all = ReplayColumn(name: Array("in total".utf8), scale: first.scale)
        for column in columns {
            all.values += column.values
            all.exactValues += column.exactValues
            all.highValues += column.highValues
            all.highDegraded += column.highDegraded
            all.values16 += column.values16
            all.values8 += column.values8
            all.worst16 = max(all.worst16, column.worst16)
            all.worst8 = max(all.worst8, column.worst8)
        }
        return row(all, name: all.name, bits: bitsPerValue) + "\n"
    }

    private func row(_ column: ReplayColumn, name: [UInt8], bits: Double) -> String {
        var out = String(decoding: name.prefix(20), as: UTF8.self)
        for _ in name.prefix(20).count..<22 { out += " " }
        let hours = bits == 0 ? "-" : Decimal.fixed(81 / bits * Self.baselineHours, decimals: 1)
        return out + right(Decimal.fixed(bits, decimals: 3), 10)
            + right(bits == 0 ? "-" : Decimal.fixed(81 / bits, decimals: 2) + "x", 11)
            + right(hours, 8)
            + right(share(column.exactValues, column.values), 8)
            + right(share(column.highValues, column.values), 8)
            + right("\(column.highDegraded)", 10)
            + right(column.values16 == 0 ? "-" : "1/" + inverse(column.worst16), 11)
            + right(column.values8 == 0 ? "-" : "1/" + inverse(column.worst8), 11)
    }

    private func inverse(_ fraction: Double) -> String {
        fraction == 0 ? "inf" : Decimal.fixed(1 / fraction, decimals: 0)
    }

    private func right(_ text: String, _ width: Int) -> String {
        var out = ""
        for _ in 0..<max(0, width - text.utf8.count) { out += " " }
        return out + text
    }

    private func share(_ part: UInt64, _ whole: UInt64) -> String {
        whole == 0 ? "-" : percent(Double(part) / Double(whole))
    }

    private func percent(_ share: Double) -> String {
        Decimal.fixed(share * 100, decimals: 2) + "%"
    }

    private func factor(_ bits: Double, _ withTimes: Bool) -> String {
        Decimal.fixed(extensionFactor(bits: bits, withTimes: withTimes), decimals: 2)
    }

    private func hours(_ bits: Double) -> String {
        Decimal.fixed(
            extensionFactor(bits: bits, withTimes: true) * Self.baselineHours, decimals: 1)
    }

    private func perValue(_ nanoseconds: UInt64) -> String {
        values == 0 ? "-" : Decimal.fixed(Double(nanoseconds) / Double(values), decimals: 0)
    }

    // MARK: JSON

    public func json() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.value(values, "values")
        json.value(loops, decimals: 4, "loops")
        json.value(isExhausted, "exhausted")
        json.value(account.budgetBytes, "budget_bytes")
        json.value(account.heldBytes, "held_bytes")
        json.value(timesBytes, "times_bytes")
        json.value(bitsPerValue, "bits_per_value")
        for (bits, withTimes, name) in [
            (81.0, true, "extension_81"), (64, true, "extension_64"),
            (81, false, "extension_81_without_times"), (64, false, "extension_64_without_times"),
        ] as [(Double, Bool, StaticString)] {
            json.value(extensionFactor(bits: bits, withTimes: withTimes), decimals: 4, name)
        }
        json.value(
            extensionFactor(bits: 81, withTimes: true) * Self.baselineHours, decimals: 2, "hours_81")
        json.value(exactShare, decimals: 5, "exact_share")
        json.value(highShare, decimals: 5, "high_share")
        json.value(values16, "values_16bit")
        json.value(values8, "values_8bit")
        json.value(highDegraded, "high_degraded")
        json.value(beyondBound, "beyond_bound")
        json.value(columns.reduce(0) { $0 + $1.wrongTimes }, "wrong_times")
        json.value(nanosecondsAppending, "append_ns")
        json.value(nanosecondsReading, "read_ns")
        json.value(digest.hex, "digest")
        json.beginArray("columns")
        for column in columns { write(column, to: &json) }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    private func write(_ column: ReplayColumn, to json: inout JSONWriter) {
        json.beginObject()
        json.value(String(decoding: column.name, as: UTF8.self), "name")
        json.value(column.values, "values")
        json.value(column.scale.lower, "full_scale_lower")
        json.value(column.scale.upper, "full_scale_upper")
        json.value(column.usage.sealedValues, "sealed_values")
        json.value(column.usage.sealedBytes, "sealed_bytes")
        json.value(column.exactValues, "exact_values")
        json.value(column.highValues, "high_values")
        json.value(column.highDegraded, "high_degraded")
        json.value(column.values16, "values_16bit")
        json.value(column.values8, "values_8bit")
        json.value(column.worst16, "worst_error_16bit")
        json.value(column.worst8, "worst_error_8bit")
        json.endObject()
    }
}
