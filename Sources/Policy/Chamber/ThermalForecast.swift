// A forecast of the temperature from its own past: level and trend, exponentially smoothed (Holt).
// Its measured error is the predictor's share in a decision's confidence, and its forecast at the
// guard time can call the safety override before the limit is reached.

import Phi

struct ThermalForecast: Sendable {
    /// Errors at or above this mean give no confidence (°C). Sensors step by 0.5 °C.
    static let errorFullC = 5.0
    /// Predictions before the predictor counts as measured.
    static let provenAfter = 3
    private static let levelGain = 0.5
    private static let trendGain = 0.2
    private static let errorGain = 0.2

    private var level = 0.0
    /// °C per second.
    private var trend = 0.0
    private var lastMs: Int64 = 0
    private var observations = 0
    private(set) var meanErrorC = 0.0

    /// A reading that doesn't lie later than the last one is ignored.
    mutating func note(temperatureC: Double, nowMs: Int64) {
        defer { observations += 1 }
        guard observations > 0 else {
            level = temperatureC
            lastMs = nowMs
            return
        }
        let elapsedS = Double(nowMs - lastMs) / 1000
        guard elapsedS > 0 else { return }
        lastMs = nowMs
        let predicted = level + trend * elapsedS
        let error = abs(temperatureC - predicted)
        meanErrorC =
            observations == 1 ? error : meanErrorC + Self.errorGain * (error - meanErrorC)
        let before = level
        level = predicted + Self.levelGain * (temperatureC - predicted)
        trend += Self.trendGain * ((level - before) / elapsedS - trend)
    }

    /// 1 for a predictor without error, 0 for one that isn't proven or is 5 °C off on average.
    var quality: Double {
        guard observations > Self.provenAfter else { return 0 }
        return clamp(1 - meanErrorC / Self.errorFullC, 0...1)
    }

    /// nil before the predictor is proven.
    func temperatureC(inS seconds: Double) -> Double? {
        guard observations > Self.provenAfter else { return nil }
        return level + trend * seconds
    }
}

/// The median of the last five readings: a single spike or dropout reaches no decision.
struct MedianOfFive: Sendable {
    private var last: [Double] = []

    mutating func note(_ value: Double) -> Double {
        if last.count == 5 { last.removeFirst() }
        last.append(value)
        var sorted = last
        // Insertion sort: five values, and the generic sort is large in the device's binary.
        for index in 1..<max(1, sorted.count) {
            var place = index
            while place > 0, sorted[place - 1] > sorted[place] {
                sorted.swapAt(place - 1, place)
                place -= 1
            }
        }
        return sorted[sorted.count / 2]
    }
}
