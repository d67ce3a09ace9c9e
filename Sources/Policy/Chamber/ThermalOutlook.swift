// Where the temperature goes from here if the heat is held: the fitted model from one moment on.
//
// It is a value of its own, so that a forecast can be set aside, carried forward with the heat that
// was really made, and compared with what the sensor then showed (`ThermalForecast`).

import Phi

public struct ThermalOutlook: Equatable, Sendable {
    /// Temperature without heat, °C, with the model's offset in it.
    public internal(set) var baseC: Double
    /// Rises at full heat, °C.
    public internal(set) var fastRiseC: Double
    public internal(set) var slowRiseC: Double
    public internal(set) var fastTauS: Double
    public internal(set) var slowTauS: Double
    /// The poles' filtered heat shares now.
    var fast: Double
    var slow: Double
    /// What is left of heat from before the model began, °C.
    var pastC: Double

    /// How far `secondsTo` looks, s.
    public static let horizonS = 900.0
    private static let strideS = 5.0

    public var nowC: Double { baseC + fastRiseC * fast + slowRiseC * slow + pastC }

    /// The temperature after `seconds` of heat `load` (share of full heat), °C.
    public func temperatureC(inS seconds: Double, load: Double) -> Double {
        var later = self
        later.advance(seconds: seconds, load: load)
        return later.nowC
    }

    /// Moves on by `seconds` of heat `load`.
    public mutating func carry(seconds: Double, load: Double) { advance(seconds: seconds, load: load) }

    mutating func advance(seconds: Double, load: Double) {
        let keepFast = ThermalModel.keep(seconds, fastTauS)
        let keepSlow = ThermalModel.keep(seconds, slowTauS)
        advance(load: load, keepFast, keepSlow)
    }

    private mutating func advance(load: Double, _ keepFast: Double, _ keepSlow: Double) {
        fast = load + (fast - load) * keepFast
        slow = load + (slow - load) * keepSlow
        pastC *= keepSlow
    }

    /// Seconds until `limitC` is reached with the heat held at `load`; 0 when it is reached already,
    /// nil when not within the horizon.
    public func secondsTo(_ limitC: Double, load: Double) -> Double? {
        var before = nowC
        if before >= limitC { return 0 }
        let keepFast = ThermalModel.keep(Self.strideS, fastTauS)
        let keepSlow = ThermalModel.keep(Self.strideS, slowTauS)
        var later = self
        var seconds = 0.0
        while seconds < Self.horizonS {
            later.advance(load: load, keepFast, keepSlow)
            let after = later.nowC
            if after >= limitC {
                // Straight between the two: within a stride the course bends by hundredths of a degree.
                return seconds + Self.strideS * (limitC - before) / (after - before)
            }
            before = after
            seconds += Self.strideS
        }
        return nil
    }

    /// The most heat (share of full heat; beyond 1 there is room to spare) that keeps the temperature
    /// at or below `limitC` after `seconds`.
    public func loadAllowed(_ limitC: Double, inS seconds: Double) -> Double {
        loadAllowed(
            limitC, ThermalModel.keep(seconds, fastTauS), ThermalModel.keep(seconds, slowTauS))
    }

    /// The same for two limits: one after `seconds` and one after twice as long.
    func loadAllowed(near: Double, far: Double, inS seconds: Double) -> Double {
        let keepFast = ThermalModel.keep(seconds, fastTauS)
        let keepSlow = ThermalModel.keep(seconds, slowTauS)
        return min(
            loadAllowed(near, keepFast, keepSlow),
            loadAllowed(far, keepFast * keepFast, keepSlow * keepSlow))
    }

    private func loadAllowed(_ limitC: Double, _ keepFast: Double, _ keepSlow: Double) -> Double {
        let without = baseC + fastRiseC * fast * keepFast + (slowRiseC * slow + pastC) * keepSlow
        let gain = fastRiseC * (1 - keepFast) + slowRiseC * (1 - keepSlow)
        guard gain > 0 else { return 1 }
        return max(0, (limitC - without) / gain)
    }
}

/// Heat by work: switching power is C·V²·f, and the voltage falls with the frequency. The slope is
/// typical of these SoCs (BCM2711: about 0.80 V at a third of the top frequency, 0.93 V at the top),
/// not measured on this board; the model's offset absorbs the difference.
public enum HeatLaw {
    private static let voltageAtZero = 0.8

    /// Heat share of `busyShare` of all cores at `frequencyShare` of the top frequency.
    public static func heat(busyShare: Double, frequencyShare: Double) -> Double {
        let voltage = voltageAtZero + (1 - voltageAtZero) * frequencyShare
        return busyShare * frequencyShare * voltage * voltage
    }

    /// The work share (cores × frequency) that makes `heat`: with the frequency lowered first where
    /// it is ours, else with core time alone.
    public static func work(heat: Double, scalesFrequency: Bool) -> Double {
        guard scalesFrequency, heat < 1 else { return heat }
        var low = 0.0
        var high = 1.0
        // Bisection: 20 halvings give a millionth.
        for _ in 0..<20 {
            let middle = (low + high) / 2
            if Self.heat(busyShare: 1, frequencyShare: middle) > heat {
                high = middle
            } else {
                low = middle
            }
        }
        return low
    }
}
