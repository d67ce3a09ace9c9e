// A recorded log through the online model: how well would it have foretold this board?
//
// CSV, the first line names the columns, in any order; others are passed over:
//   time_ms or time_s, temperature_milli_c or temperature_c        required
//   busy_share (0…1) or load (runnable, with cores)                required
//   cores (4), frequency_khz, frequency_max_khz                    optional
// At each reading past the first five minutes the forecast made 60 s before, carried on with the heat
// that was really made, is compared with the reading.

import Bytes
import Chamber
import Phi

public struct ThermalLogError: Error, Equatable {
    public let line: Int
    public let text: String
}

public struct ThermalLogResult: Sendable {
    public var readings = 0
    public var rejected: UInt64 = 0
    public var errorsC: [Double] = []
    public var fit: ThermalModel.Fit?

    public var meanErrorC: Double? {
        errorsC.isEmpty ? nil : errorsC.reduce(0, +) / Double(errorsC.count)
    }

    /// 90th percentile, °C.
    public var highErrorC: Double? {
        errorsC.isEmpty ? nil : errorsC.sorted()[min(errorsC.count - 1, errorsC.count * 9 / 10)]
    }
}

public enum ThermalLog {
    public struct Row: Equatable, Sendable {
        public var timeMs: Int64
        public var temperatureC: Double?
        public var load: Double
    }

    public static let learnedAfterS = 300.0
    public static let aheadS = 60.0

    public static func rows(_ bytes: [UInt8]) throws(ThermalLogError) -> [Row] {
        var lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)[...]
        guard let head = lines.popFirst() else { throw ThermalLogError(line: 1, text: "an empty file") }
        let names = fields(head).map { Text.string($0) }
        func column(_ name: String) -> Int? { names.firstIndex(of: name) }
        guard column("time_ms") ?? column("time_s") != nil,
            column("temperature_milli_c") ?? column("temperature_c") != nil,
            column("busy_share") ?? column("load") != nil
        else {
            throw ThermalLogError(line: 1, text: "time, temperature and busy_share or load are needed")
        }
        var rows: [Row] = []
        for (index, line) in lines.enumerated() where !Text.trimmed(line).isEmpty {
            let fields = fields(line)
            func number(_ name: String) throws(ThermalLogError) -> Double? {
                guard let place = column(name), place < fields.count, !fields[place].isEmpty else {
                    return nil
                }
                guard let value = Text.decimal(fields[place]), value.isFinite, abs(value) < 1e15 else {
                    throw ThermalLogError(line: index + 2, text: "\(name) is no number")
                }
                return value
            }
            let seconds = try number("time_s")
            guard let ms = try number("time_ms") ?? seconds.map({ $0 * 1000 }) else {
                throw ThermalLogError(line: index + 2, text: "the time is missing")
            }
            let celsius = try number("temperature_c")
            let temperature = try number("temperature_milli_c").map { $0 / 1000 } ?? celsius
            let cores = max(1, try number("cores") ?? 4)
            let runnable = try number("load").map { $0 / cores }
            guard let busy = try number("busy_share") ?? runnable else {
                throw ThermalLogError(line: index + 2, text: "the load is missing")
            }
            let most = try number("frequency_max_khz") ?? 0
            let now = try number("frequency_khz") ?? most
            rows.append(
                Row(
                    timeMs: Int64(ms), temperatureC: temperature,
                    load: HeatLaw.heat(
                        busyShare: clamp(busy, 0...1),
                        frequencyShare: most > 0 ? clamp(now / most, 0...1) : 1)))
        }
        return rows
    }

    private static func fields(_ row: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        row.split(separator: 0x2c, omittingEmptySubsequences: false).map { Text.trimmed($0) }
    }

    public static func run(_ rows: [Row]) -> ThermalLogResult {
        var result = ThermalLogResult()
        var model = ThermalModel()
        var filter = SensorFilter(step: 0.54)
        var aside: (outlook: ThermalOutlook, atMs: Int64)?
        var lastMs: Int64?
        for row in rows {
            let elapsedS = lastMs.map { Double(row.timeMs - $0) / 1000 } ?? 0
            guard lastMs == nil || elapsedS > 0 else { continue }
            lastMs = row.timeMs
            result.readings += 1
            if let made = aside {
                aside?.outlook.carry(seconds: elapsedS, load: row.load)
                let isDue = Double(row.timeMs - made.atMs) / 1000 >= aheadS
                if isDue, let shown = row.temperatureC, let then = aside?.outlook.nowC {
                    result.errorsC.append(abs(shown - then))
                    aside = nil
                }
            }
            if let shown = row.temperatureC { filter.note(shown, nowMs: row.timeMs) }
            model.note(
                temperatureC: row.temperatureC == nil ? nil : filter.accepted, load: row.load,
                nowMs: row.timeMs)
            if aside == nil, model.ageS >= learnedAfterS, let outlook = model.outlook {
                aside = (outlook, row.timeMs)
            }
        }
        result.rejected = filter.rejections
        result.fit = model.fit
        return result
    }
}

extension ThermalLogResult {
    /// The result for people.
    public var page: String {
        var text = "readings  \(readings), taken for spikes \(rejected)\n"
        if let fit = fit {
            text += "fit       fast \(Decimal.fixed(fit.fastRiseC, decimals: 1)) °C in \(Decimal.fixed(fit.fastTauS, decimals: 1)) s, "
            text += "slow \(Decimal.fixed(fit.slowRiseC, decimals: 1)) °C in \(Decimal.fixed(fit.slowTauS, decimals: 0)) s, "
            text += "base \(Decimal.fixed(fit.baseC, decimals: 1)) °C\n"
        } else {
            text += "fit       none: too few readings\n"
        }
        if let mean = meanErrorC, let high = highErrorC {
            text += "error     60 s ahead: mean \(Decimal.fixed(mean, decimals: 2)) °C, 9 in 10 below \(Decimal.fixed(high, decimals: 2)) °C, \(errorsC.count) forecasts\n"
        } else {
            text += "error     none: the log is shorter than six minutes\n"
        }
        return text
    }
}
