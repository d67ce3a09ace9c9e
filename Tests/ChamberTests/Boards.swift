// Observations to decide on, and a chamber that has settled.

import Model

@testable import Chamber

let pi4 = HardwareRecord(
    model: "Raspberry Pi 4 Model B Rev 1.4", serial: "10000000abcdef01", cpuCores: 4,
    cpuMaxMHz: 1500, memoryBytes: 4 << 30)

func sample(
    atMs ms: Int64, celsius: Double? = 45, available: Double = 0.7, stallPercent: Double? = nil,
    throttle: UInt8? = nil, ceiling: Double = 1
) -> Sample {
    var sample = Sample(instant: Instant(monotonicMs: ms, wallMs: ms, isSynced: true))
    sample.zones = [
        ThermalReading(
            name: "cpu-thermal", temperatureMilliC: celsius.map { Int(($0 * 1000).rounded()) })
    ]
    let total: UInt64 = 4_000_000_000
    sample.memory = MemoryReading(
        totalBytes: total, availableBytes: UInt64(Double(total) * available), swapTotalBytes: 0,
        swapFreeBytes: 0)
    if let stallPercent {
        sample.pressure = PressureReading(
            memorySomePercent: stallPercent, memoryFullPercent: 0, cpuSomePercent: 0,
            ioSomePercent: 0, memorySomeTotalMicros: 0)
    }
    if let throttle {
        sample.throttle = ThrottleReading(now: throttle, latched: throttle, source: .firmware)
    }
    sample.frequency = FrequencyReading(
        currentKHz: 1_500_000, maximumKHz: 1_500_000, ceilingKHz: Int(1_500_000 * ceiling))
    sample.health = SensorHealth(known: 3, healthy: celsius == nil ? 2 : 3, failuresTotal: 0)
    return sample
}

/// A chamber that has seen enough quiet cycles to be coherent and to trust its forecast.
struct Settled {
    var chamber = Chamber()
    var ms: Int64 = 0
    var set: ParameterSet

    init(celsius: Double = 45, _ set: ParameterSet = .builtIn) {
        self.set = set
        for _ in 0..<8 { _ = decide(celsius: celsius) }
    }

    mutating func decide(
        celsius: Double? = 45, available: Double = 0.7, stallPercent: Double? = nil,
        throttle: UInt8? = nil, ceiling: Double = 1, entropy: Double? = nil, value: Double? = nil,
        pool: Double = 0, hardware: HardwareRecord = pi4, times: Int = 1
    ) -> Decision {
        var decision = Decision()
        for _ in 0..<times {
            ms += 1000
            decision = chamber.decide(
                ChamberInput(
                    hardware: hardware,
                    sample: sample(
                        atMs: ms, celsius: celsius, available: available,
                        stallPercent: stallPercent, throttle: throttle, ceiling: ceiling),
                    signals: Signals(entropy: entropy, value: value), poolPressure: pool), set)
        }
        return decision
    }
}
