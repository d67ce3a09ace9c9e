// Decision cycles and nothing else, for counting what one costs: `chamber-bench --cycles N`.
//
// The inputs are made beforehand: a hot board under changing load, with signals that move through their
// buckets, so that slots, filter, heat budget and thermal model all work as they do on a device.

import Chamber
import Model
import Simulation

public struct CycleTrial: Sendable {
    /// Different inputs; then they begin anew, a period later.
    public static let period = 512
    /// Cycles after which everything that is set up once is set up.
    public static let warmUp = 128

    private var chamber = Chamber()
    private var inputs: [ChamberInput] = []
    private var next = 0
    private var turns: Int64 = 0
    /// Sum of the factors decided, so that no decision is idle.
    public private(set) var sum = 0.0

    /// - Parameter steps: thermal steps in each sample.
    public init(steps: Int = 0, seed: UInt64 = 1) {
        let intervalS = 10.0
        var random = SeededRandom(seed: seed)
        var plant = ThermalPlant(.pi4Bare, ambientOffsetC: 16)
        let hardware = HardwareRecord(
            model: "Raspberry Pi 4 Model B Rev 1.4", serial: "10000000abcdef01", cpuCores: 4,
            cpuMaxMHz: 1800, memoryBytes: 4 << 30)
        for index in 0..<Self.period {
            let load = [0.2, 1, 0.6, 0.9][index / 6 % 4]
            let ms = Int64(Double(index + 1) * intervalS * 1000)
            var sample = Sample(instant: Instant(monotonicMs: ms, wallMs: ms, isSynced: true))
            let partS = intervalS / Double(steps + 1)
            for step in 0..<steps {
                plant.step(seconds: partS, load: load)
                sample.thermalSteps.append(
                    ThermalStep(
                        monotonicMs: ms - Int64(Double(steps - step) * partS * 1000),
                        temperatureMilliC: plant.sensorMilliC(&random), busyShare: load))
            }
            plant.step(seconds: partS, load: load)
            sample.zones = [
                ThermalReading(
                    name: "cpu-thermal", temperatureMilliC: plant.sensorMilliC(&random))
            ]
            let total: UInt64 = 3_900_000_000
            sample.memory = MemoryReading(
                totalBytes: total, availableBytes: total / 8 * UInt64(2 + index / 16 % 5),
                swapTotalBytes: 0, swapFreeBytes: 0)
            sample.load = LoadReading(one: 4 * load, five: 2, fifteen: 2)
            sample.busyShare = load
            sample.pressure = PressureReading(
                memorySomePercent: index % 64 == 0 ? 3 : 0, memoryFullPercent: 0, cpuSomePercent: 0,
                ioSomePercent: 0, memorySomeTotalMicros: 0)
            sample.frequency = FrequencyReading(
                currentKHz: 1_800_000, maximumKHz: 1_800_000, ceilingKHz: 1_800_000)
            sample.throttle = ThrottleReading(now: 0, latched: 0, source: .firmware)
            sample.health = SensorHealth(known: 6, healthy: 6, failuresTotal: 0)
            let signals = Model.Signals(
                entropy: Double(index / 8 % 10) / 10, value: Double(index / 24 % 10) / 10)
            inputs.append(
                ChamberInput(
                    hardware: hardware, sample: sample, signals: signals,
                    poolPressure: Double(index % 100) / 100, scalesFrequency: true))
        }
    }

    public mutating func run(cycles: Int) {
        for _ in 0..<cycles {
            shift(next, byMs: turns)
            sum += chamber.decide(inputs[next], .builtIn).factor
            shift(next, byMs: -turns)
            next += 1
            if next == Self.period {
                next = 0
                turns += inputs[Self.period - 1].sample.instant.monotonicMs
            }
        }
    }

    private mutating func shift(_ place: Int, byMs: Int64) {
        inputs[place].sample.instant.monotonicMs += byMs
        for step in inputs[place].sample.thermalSteps.indices {
            inputs[place].sample.thermalSteps[step].monotonicMs += byMs
        }
    }
}
