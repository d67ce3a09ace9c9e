// A board that computes and heats: frequency steps with their power, the two-pole plant, the sensor.
//
// Work is cores × frequency (core·GHz·s). Heat is C·V²·f of the busy cores over that of all cores at
// the top frequency; the idle board's power lies in its idle temperature. The voltages are assumed
// (typical of BCM2711 and BCM2710A1, linear between lowest and top frequency), the thermal figures are
// fitted to single boards at an unknown ambient taken as 27 °C. A claim about control laws compared in
// one and the same plant, not about your board.

import Phi
import Simulation

public struct HeatBoard: Sendable {
    public let name: String
    public let thermal: ThermalProfile
    public let cores = 4.0
    /// Rising, GHz.
    public let stepsGHz: [Double]
    /// Assumed core voltage at the lowest and at the top step, V.
    public let volts: ClosedRange<Double>

    public static let pi4 = HeatBoard(
        name: "Pi 4", thermal: .pi4Bare, stepsGHz: stride(from: 0.6, through: 1.81, by: 0.1).map { $0 },
        volts: 0.80...0.93)
    public static let zero2W = HeatBoard(
        name: "Zero 2W", thermal: .zero2WBare, stepsGHz: [0.6, 0.7, 0.8, 0.9, 1.0],
        volts: 1.20...1.28)

    /// Where the published logs were taken, assumed, °C.
    public static let fittedAmbientC = 27.0

    public var topGHz: Double { stepsGHz.last ?? 1 }

    /// Heat share of all cores busy at a step.
    public func heat(step: Int) -> Double {
        let low = stepsGHz.first ?? 0
        let place = topGHz > low ? (stepsGHz[step] - low) / (topGHz - low) : 1
        let volt = volts.lowerBound + (volts.upperBound - volts.lowerBound) * place
        let share = volt / volts.upperBound
        return stepsGHz[step] / topGHz * share * share
    }

    /// The highest step whose full heat is within `heat`; the lowest if none is.
    public func step(withinHeat heat: Double) -> Int {
        stepsGHz.indices.last { self.heat(step: $0) <= heat } ?? 0
    }

    /// The most work share that a heat share can buy: steps mixed in time, the best mixture.
    public func bestWork(heat: Double) -> Double {
        let lowest = self.heat(step: 0)
        if heat <= lowest { return heat / lowest * stepsGHz[0] / topGHz }
        for step in 1..<stepsGHz.count {
            let low = self.heat(step: step - 1)
            let high = self.heat(step: step)
            if heat <= high {
                let part = (heat - low) / (high - low)
                return (stepsGHz[step - 1] + part * (stepsGHz[step] - stepsGHz[step - 1])) / topGHz
            }
        }
        return 1
    }
}

/// Ambient temperature over time.
public struct Ambient: Sendable {
    public let name: String
    public let fromC: Double
    public let toC: Double

    public init(name: String, fromC: Double, toC: Double) {
        self.name = name
        self.fromC = fromC
        self.toC = toC
    }

    public static let hot = Ambient(name: "45 °C", fromC: 45, toC: 45)
    public static let ramp = Ambient(name: "25→45 °C", fromC: 25, toC: 45)

    func offsetC(at share: Double) -> Double {
        fromC + (toC - fromC) * share - HeatBoard.fittedAmbientC
    }
}

/// What a controller sets: a frequency step, and the share of core time.
public struct Setting: Equatable, Sendable {
    public var step: Int
    public var duty: Double

    public init(step: Int, duty: Double) {
        self.step = step
        self.duty = duty
    }
}

/// One run's result.
public struct RunResult: Equatable, Sendable {
    /// Core·GHz·s.
    public var work = 0.0
    /// Seconds with the true temperature above 80 °C.
    public var secondsAbove = 0.0
    public var hottestC = 0.0
    public var durationS = 0.0
    /// Mean absolute error of the chamber's own forecast a guard time ahead, °C; nil for others.
    public var forecastErrorC: Double?
    /// The temperature each `HeatRun.traceS`, °C, where it was asked for.
    public var traceC: [Double] = []
    /// Share of the most work, nothing holding it back.
    public var workShare = 0.0

    public init() {}
}

public struct HeatRun: Sendable {
    public static let limitC = 80.0
    /// Simulation step, s: a tenth of the fastest pole in use.
    public static let tickS = 0.25
    public static let traceS = 10.0

    let board: HeatBoard
    let ambient: Ambient
    public let durationS: Double
    var plant: ThermalPlant
    var random: SeededRandom
    public private(set) var timeS = 0.0
    public private(set) var result = RunResult()
    private let hasFirmware: Bool
    private let traces: Bool

    public init(
        _ board: HeatBoard, _ ambient: Ambient, durationS: Double, seed: UInt64,
        hasFirmware: Bool = true, traces: Bool = false
    ) {
        self.traces = traces
        self.board = board
        self.ambient = ambient
        self.durationS = durationS
        self.hasFirmware = hasFirmware
        random = SeededRandom(seed: seed)
        plant = ThermalPlant(board.thermal, ambientOffsetC: ambient.offsetC(at: 0))
        result.durationS = durationS
    }

    public var isOver: Bool { timeS >= durationS - 1e-9 }

    mutating func readingMilliC() -> Int { plant.sensorMilliC(&random) }

    /// One tick under `setting`, all cores wanted; gives the step that was really in force.
    @discardableResult
    public mutating func tick(_ setting: Setting) -> Int {
        let step = hasFirmware ? min(setting.step, firmwareStep()) : setting.step
        let heat = setting.duty * board.heat(step: step)
        advance(heat: heat, workShare: setting.duty * board.stepsGHz[step] / board.topGHz)
        return step
    }

    /// A tick of given heat and work: for the off-line schedule.
    mutating func advance(heat: Double, workShare: Double) {
        plant.ambientOffsetC = ambient.offsetC(at: timeS / durationS)
        plant.step(seconds: Self.tickS, load: heat)
        timeS += Self.tickS
        result.work += workShare * board.cores * board.topGHz * Self.tickS
        result.workShare += workShare * Self.tickS / durationS
        // A millionth: the best schedule lies on the limit itself.
        if plant.temperatureC > Self.limitC + 1e-6 { result.secondsAbove += Self.tickS }
        result.hottestC = max(result.hottestC, plant.temperatureC)
        if traces, timeS >= Double(result.traceC.count + 1) * Self.traceS - 1e-9 {
            result.traceC.append(plant.temperatureC)
        }
    }

    /// The firmware lowers the clock from 80 to 85 °C, by its own sensor, taken as free of noise.
    private func firmwareStep() -> Int {
        let top = board.stepsGHz.count - 1
        let excess = (plant.temperatureC - Self.limitC) / 5
        guard excess > 0 else { return top }
        return max(0, top - Int((excess * Double(top)).rounded(.up)))
    }

    mutating func noteForecast(errorC: Double?) { result.forecastErrorC = errorC }
}
