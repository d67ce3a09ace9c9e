// The control laws that are compared, each reading the same noisy sensor.
//
// step_wise and IPA follow Linux (drivers/thermal/gov_step_wise.c, gov_power_allocator.c), polled each
// second, as the boards' device trees have it; both move cpufreq's steps. Power is in shares of the
// heat of all cores at the top frequency.

import Actuation
import Chamber
import Model
import Phi
import Simulation

/// Trend and trip: one step down for each poll that finds the board hot and rising, one up for each
/// that finds it below and falling.
public struct StepWise: Sendable {
    public let tripC: Double
    private var lastC: Double?
    private var state = 0

    public init(tripC: Double) { self.tripC = tripC }

    mutating func poll(readingC: Double, top: Int) -> Setting {
        let rising = lastC.map { readingC > $0 } ?? false
        let falling = lastC.map { readingC < $0 } ?? false
        lastC = readingC
        let isHot = readingC >= tripC
        if isHot, rising { state = min(top, state + 1) }
        if !isHot, falling { state = max(0, state - 1) }
        return Setting(step: top - state, duty: 1)
    }
}

/// Intelligent power allocation: a PID on the distance to the control temperature gives a budget, and
/// the budget a frequency step.
public struct PowerAllocator: Equatable, Sendable {
    public var controlC: Double
    public var sustainable: Double
    /// Gains over and under the control temperature, share per °C.
    public var over: Double
    public var under: Double
    /// Per °C and poll.
    public var integral: Double
    /// Where the law begins to act, °C.
    public var switchOnC: Double
    private var sum = 0.0

    public init(
        controlC: Double, sustainable: Double, over: Double, under: Double, integral: Double,
        switchOnC: Double = 70
    ) {
        self.controlC = controlC
        self.sustainable = sustainable
        self.over = over
        self.under = under
        self.integral = integral
        self.switchOnC = switchOnC
    }

    mutating func poll(readingC: Double, board: HeatBoard) -> Setting {
        let top = board.stepsGHz.count - 1
        guard readingC >= switchOnC else {
            sum = 0
            return Setting(step: top, duty: 1)
        }
        let error = controlC - readingC
        // The integral counts within the cut-off alone, and never beyond what all power can answer.
        if error < 1 { sum = clamp(sum + integral * error, -1...1) }
        let budget = clamp(sustainable + (error < 0 ? over : under) * error + sum, 0...1)
        return Setting(step: board.step(withinHeat: budget), duty: 1)
    }

    /// The published grid: 5 × 3 × 4 × 4 × 4.
    public static var grid: [PowerAllocator] {
        var all: [PowerAllocator] = []
        for control in [78.0, 78.5, 79, 79.5, 80] {
            for sustainable in [0.5, 0.6, 0.7] {
                for over in [0.02, 0.05, 0.1, 0.2] {
                    for under in [0.02, 0.05, 0.1, 0.2] {
                        for integral in [0, 0.001, 0.004, 0.016] {
                            all.append(
                                PowerAllocator(
                                    controlC: control, sustainable: sustainable, over: over,
                                    under: under, integral: integral))
                        }
                    }
                }
            }
        }
        return all
    }
}

public enum Trial {
    public static func uncontrolled(_ run: HeatRun) -> RunResult {
        var run = run
        let top = Setting(step: run.board.stepsGHz.count - 1, duty: 1)
        while !run.isOver { run.tick(top) }
        return run.result
    }

    public static func stepWise(_ run: HeatRun, _ law: StepWise) -> RunResult {
        var law = law
        return polled(run, everyS: 1) { readingC, board in
            law.poll(readingC: readingC, top: board.stepsGHz.count - 1)
        }
    }

    public static func powerAllocator(_ run: HeatRun, _ law: PowerAllocator) -> RunResult {
        var law = law
        return polled(run, everyS: 1) { readingC, board in
            law.poll(readingC: readingC, board: board)
        }
    }

    static func polled(
        _ run: HeatRun, everyS: Double, _ law: (Double, HeatBoard) -> Setting
    ) -> RunResult {
        var run = run
        var setting = Setting(step: run.board.stepsGHz.count - 1, duty: 1)
        var nextS = 0.0
        while !run.isOver {
            if run.timeS >= nextS - 1e-9 {
                nextS += everyS
                setting = law(Double(run.readingMilliC()) / 1000, run.board)
            }
            run.tick(setting)
        }
        return run.result
    }

    /// The chamber in the loop: `decide` at each interval, its factor applied as a share of all cores,
    /// by frequency first where `scalesFrequency`.
    /// - Parameter stepS: time between the readings in between; nil for none.
    public static func chamber(
        _ run: HeatRun, intervalS: Double, stepS: Double? = nil, scalesFrequency: Bool,
        signals: Model.Signals = Model.Signals(),
        onCycle: (Double, Double, Decision, ChamberStatus) -> Void = { _, _, _, _ in }
    ) -> RunResult {
        var run = run
        let board = run.board
        var chamber = Chamber()
        let hardware = HardwareRecord(
            model: board.name, serial: "trial", cpuCores: Int(board.cores),
            cpuMaxMHz: Int(board.topGHz * 1000), memoryBytes: 1 << 30)
        var setting = Setting(step: board.stepsGHz.count - 1, duty: 1)
        var factor = 1.0
        var actuation = BoardSplit(scalesFrequency: scalesFrequency, intervalS: intervalS)
        var nextS = 0.0
        var nextStepS = stepS ?? .infinity
        var steps: [ThermalStep] = []
        while !run.isOver {
            let busy = run.timeS == 0 ? 0 : setting.duty
            if run.timeS >= nextS - 1e-9 {
                nextS += intervalS
                nextStepS = run.timeS + (stepS ?? .infinity)
                var sample = sample(&run, setting, busy: busy)
                sample.thermalSteps = steps
                steps.removeAll(keepingCapacity: true)
                let decision = chamber.decide(
                    ChamberInput(
                        hardware: hardware, sample: sample, signals: signals, poolPressure: 0,
                        scalesFrequency: scalesFrequency), .builtIn)
                if decision.isApplicable { factor = decision.factor }
                setting = actuation.setting(factor, board)
                onCycle(run.timeS, run.plant.temperatureC, decision, chamber.status)
            } else if run.timeS >= nextStepS - 1e-9 {
                nextStepS += stepS ?? .infinity
                steps.append(
                    ThermalStep(
                        monotonicMs: milliseconds(run), temperatureMilliC: run.readingMilliC(),
                        busyShare: busy))
            }
            run.tick(setting)
        }
        run.noteForecast(errorC: chamber.status.forecastErrorC)
        return run.result
    }

    private static func milliseconds(_ run: HeatRun) -> Int64 { Int64(run.timeS * 1000) + 1_000 }

    private static func sample(_ run: inout HeatRun, _ setting: Setting, busy: Double) -> Sample {
        let ms = milliseconds(run)
        var sample = Sample(instant: Instant(monotonicMs: ms, wallMs: ms, isSynced: false))
        sample.zones = [
            ThermalReading(name: "cpu-thermal", temperatureMilliC: run.readingMilliC())
        ]
        sample.memory = MemoryReading(
            totalBytes: 1 << 30, availableBytes: 700 << 20, swapTotalBytes: 0, swapFreeBytes: 0)
        let capKHz = Int((run.board.stepsGHz[setting.step] * 1e6).rounded())
        sample.frequency = FrequencyReading(
            currentKHz: capKHz, maximumKHz: Int((run.board.topGHz * 1e6).rounded()),
            ceilingKHz: capKHz)
        sample.busyShare = busy
        sample.health = SensorHealth(known: 3, healthy: 3, failuresTotal: 0)
        return sample
    }
}

/// What the governor does with a factor (`WorkSplit`), on a simulated board.
struct BoardSplit {
    let scalesFrequency: Bool
    let intervalS: Double
    private var split = WorkSplit()

    init(scalesFrequency: Bool, intervalS: Double) {
        self.scalesFrequency = scalesFrequency
        self.intervalS = intervalS
    }

    mutating func setting(_ factor: Double, _ board: HeatBoard) -> Setting {
        let steps = scalesFrequency ? board.stepsGHz : [board.topGHz]
        let split = split.setting(factor: factor, steps: steps, intervalS: intervalS)
        return Setting(
            step: scalesFrequency ? split.step : board.stepsGHz.count - 1, duty: split.duty)
    }
}
