// One Raspberry Pi: a thermal plant, a workload, and a firmware that throttles at 80 °C. The limits
// that a governor writes for the workload's group are heeded, so the loop closes: less CPU time,
// less heat.

public struct BoardModel: Sendable {
    public var name: String
    public var serialPrefix: String
    public var thermal: ThermalProfile
    public var memoryTotalKB: Int
    /// Rising, kHz.
    public var frequenciesKHz: [Int]
    public var hasPressure: Bool
    public var hasMemoryController: Bool
    public let cores = 4

    public static let pi4 = BoardModel(
        name: "Raspberry Pi 4 Model B Rev 1.4", serialPrefix: "10000000", thermal: .pi4Bare,
        memoryTotalKB: 3_884_396, frequenciesKHz: Array(stride(from: 600_000, through: 1_800_000, by: 100_000)),
        hasPressure: true, hasMemoryController: true)

    public static let zero2W = BoardModel(
        name: "Raspberry Pi Zero 2 W Rev 1.0", serialPrefix: "00000000", thermal: .zero2WBare,
        memoryTotalKB: 437_120, frequenciesKHz: Array(stride(from: 600_000, through: 1_000_000, by: 100_000)),
        hasPressure: false, hasMemoryController: true)
}

/// What is written for the workload's group; nil stands for "max".
public struct BoardLimits: Equatable, Sendable {
    /// Cores' worth of CPU time.
    public var cores: Double?
    public var memoryBytes: UInt64?

    public init(cores: Double? = nil, memoryBytes: UInt64? = nil) {
        self.cores = cores
        self.memoryBytes = memoryBytes
    }
}

public struct SimulatedBoard: Sendable {
    public let model: BoardModel
    /// 16 hexadecimal digits.
    public let serial: String
    public private(set) var plant: ThermalPlant
    public private(set) var workload: Workload
    /// Cores' worth of work done in the last step.
    public private(set) var coresUsed = 0.0
    public private(set) var frequencyKHz: Int
    /// Bits of get_throttled: 0…3 now, 16…19 since the start.
    public private(set) var throttledBits: UInt32 = 0
    /// Over 1, 5 and 15 minutes.
    public private(set) var loads = (one: 0.0, five: 0.0, fifteen: 0.0)
    public private(set) var cpuStall = Stall()
    public private(set) var memoryStall = Stall()
    private var random: SeededRandom

    /// PSI of one resource: percent over 10 s, total µs.
    public struct Stall: Sendable {
        public private(set) var percent = 0.0
        public private(set) var totalMicros: UInt64 = 0

        mutating func step(seconds: Double, share: Double) {
            percent += (share * 100 - percent) * lagShare(seconds: seconds, tau: 10)
            totalMicros += UInt64(share * seconds * 1e6)
        }
    }

    /// The firmware's limit, and how far below it the board must cool to run freely again.
    public static let throttleC = 80.0
    public static let releaseC = 77.0
    /// Share of memory that system and page cache of an idle board hold.
    private static let systemShare = 0.12

    public init(_ model: BoardModel, seed: UInt64, ambientOffsetC: Double = 0) {
        self.model = model
        var random = SeededRandom(seed: seed)
        let digits = Array("0123456789abcdef")
        var serial = model.serialPrefix
        for _ in 0..<8 { serial.append(digits[Int(random.next() & 15)]) }
        self.serial = serial
        self.random = random
        plant = ThermalPlant(model.thermal, ambientOffsetC: ambientOffsetC)
        workload = Workload(cores: model.cores)
        frequencyKHz = model.frequenciesKHz.first ?? 600_000
    }

    public var maximumKHz: Int { model.frequenciesKHz.last ?? frequencyKHz }
    public var memoryTotalBytes: UInt64 { UInt64(model.memoryTotalKB) * 1024 }
    public var workloadBytes: UInt64 { UInt64(workload.memoryShare * Double(memoryTotalBytes)) }

    public var memoryAvailableKB: Int {
        Int(Double(model.memoryTotalKB) * max(0.01, 1 - Self.systemShare - workload.memoryShare))
    }

    public mutating func sensorMilliC() -> Int { plant.sensorMilliC(&random) }

    public mutating func step(seconds: Double, limits: BoardLimits) {
        let memoryLimit = limits.memoryBytes.map { Double($0) / Double(memoryTotalBytes) } ?? 1
        workload.step(seconds: seconds, memoryShareLimit: memoryLimit, &random)
        let wanted = workload.coresWanted
        coresUsed = min(wanted, limits.cores ?? wanted)
        throttle()
        let isBusy = coresUsed > 0.5
        let isThrottled = throttledBits & 4 != 0
        // A throttled board runs at two thirds of its top frequency, an idle one at its lowest.
        let lowest = model.frequenciesKHz.first ?? maximumKHz
        frequencyKHz = isThrottled ? maximumKHz * 2 / 3 / 100_000 * 100_000 : isBusy ? maximumKHz : lowest
        let heat = coresUsed / Double(model.cores) * Double(frequencyKHz) / Double(maximumKHz)
        plant.step(seconds: seconds, load: heat)
        account(seconds: seconds, runnable: wanted, memoryLimit: memoryLimit)
    }

    private mutating func throttle() {
        let wasThrottled = throttledBits & 4 != 0
        let limit = wasThrottled ? Self.releaseC : Self.throttleC
        let isThrottled = plant.temperatureC >= limit
        let now: UInt32 = isThrottled ? 0xe : 0
        throttledBits = (throttledBits & 0xf0000) | now << 16 | now
    }

    private mutating func account(seconds: Double, runnable: Double, memoryLimit: Double) {
        loads.one += (runnable - loads.one) * lagShare(seconds: seconds, tau: 60)
        loads.five += (runnable - loads.five) * lagShare(seconds: seconds, tau: 300)
        loads.fifteen += (runnable - loads.fifteen) * lagShare(seconds: seconds, tau: 900)
        cpuStall.step(seconds: seconds, share: runnable > 0 ? 1 - coresUsed / runnable : 0)
        // Reclaim begins to stall where the limit or the board itself has a tenth left.
        let wanted = workload.memoryShareWanted
        let room = min(memoryLimit, 1 - Self.systemShare)
        memoryStall.step(seconds: seconds, share: max(0, min(0.5, (wanted - 0.9 * room) / room)))
    }
}
