// One observation of a running device. Absent readings are nil ("no data"), never zero.

public struct ThermalReading: Equatable, Sendable {
    /// The zone's type, e.g. "cpu-thermal".
    public var name: String
    public var temperatureMilliC: Int?

    public init(name: String, temperatureMilliC: Int?) {
        self.name = name
        self.temperatureMilliC = temperatureMilliC
    }
}

public enum HwmonKind: UInt8, Sendable {
    /// °C
    case temperature = 1
    /// revolutions per minute
    case fan
    /// volts
    case voltage
    /// 0 or 1
    case alarm
    /// watts
    case power
}

public struct HwmonReading: Equatable, Sendable {
    /// Chip and label, e.g. "rpi_volt" and "in0".
    public var chip: String
    public var label: String
    public var kind: HwmonKind
    /// In the unit of `kind`.
    public var value: Double?

    public init(chip: String, label: String, kind: HwmonKind, value: Double?) {
        self.chip = chip
        self.label = label
        self.kind = kind
        self.value = value
    }
}

public struct MemoryReading: Equatable, Sendable {
    public var totalBytes: UInt64
    public var availableBytes: UInt64
    public var swapTotalBytes: UInt64
    public var swapFreeBytes: UInt64

    public init(
        totalBytes: UInt64, availableBytes: UInt64, swapTotalBytes: UInt64, swapFreeBytes: UInt64
    ) {
        self.totalBytes = totalBytes
        self.availableBytes = availableBytes
        self.swapTotalBytes = swapTotalBytes
        self.swapFreeBytes = swapFreeBytes
    }

    /// Available ÷ total, 0…1.
    public var availableShare: Double {
        totalBytes == 0 ? 0 : min(1, Double(availableBytes) / Double(totalBytes))
    }
}

public struct LoadReading: Equatable, Sendable {
    public var one: Double
    public var five: Double
    public var fifteen: Double

    public init(one: Double, five: Double, fifteen: Double) {
        self.one = one
        self.five = five
        self.fifteen = fifteen
    }
}

/// Pressure stall information: share of the last 10 s, in percent, and the total in µs.
/// https://docs.kernel.org/accounting/psi.html
public struct PressureReading: Equatable, Sendable {
    public var memorySomePercent: Double
    public var memoryFullPercent: Double
    public var cpuSomePercent: Double
    public var ioSomePercent: Double
    public var memorySomeTotalMicros: UInt64

    public init(
        memorySomePercent: Double, memoryFullPercent: Double, cpuSomePercent: Double,
        ioSomePercent: Double, memorySomeTotalMicros: UInt64
    ) {
        self.memorySomePercent = memorySomePercent
        self.memoryFullPercent = memoryFullPercent
        self.cpuSomePercent = cpuSomePercent
        self.ioSomePercent = ioSomePercent
        self.memorySomeTotalMicros = memorySomeTotalMicros
    }
}

public struct FrequencyReading: Equatable, Sendable {
    /// Requested, not measured: what scaling_cur_freq shows.
    public var currentKHz: Int
    public var maximumKHz: Int
    /// The ceiling in force now (scaling_max_freq).
    public var ceilingKHz: Int
    /// The lowest that the hardware knows; 0 where it isn't told.
    public var minimumKHz: Int
    /// The steps that can be asked for, rising; empty where the driver has none.
    public var availableKHz: [Int]

    public init(
        currentKHz: Int, maximumKHz: Int, ceilingKHz: Int, minimumKHz: Int = 0,
        availableKHz: [Int] = []
    ) {
        self.currentKHz = currentKHz
        self.maximumKHz = maximumKHz
        self.ceilingKHz = ceilingKHz
        self.minimumKHz = minimumKHz
        self.availableKHz = availableKHz
    }
}

/// Which kernel file told of throttling.
public enum ThrottleSource: UInt8, Sendable {
    /// The firmware's get_throttled file.
    case firmware = 1
    /// hwmon chip `rpi_volt`: under-voltage alone.
    case voltageAlarm
}

/// Bits 0…3 as get_throttled has them; `latched` are the same bits, ever seen in this boot of the agent.
public struct ThrottleReading: Equatable, Sendable {
    public var now: UInt8
    public var latched: UInt8
    public var source: ThrottleSource

    public static let underVoltage: UInt8 = 1
    public static let frequencyCapped: UInt8 = 2
    public static let throttled: UInt8 = 4
    public static let softLimit: UInt8 = 8

    public init(now: UInt8, latched: UInt8, source: ThrottleSource) {
        self.now = now
        self.latched = latched
        self.source = source
    }

    /// Throttled, capped or at the soft limit at this moment.
    public var isThrottling: Bool {
        now & (Self.frequencyCapped | Self.throttled | Self.softLimit) != 0
    }
}

/// How the sensors themselves are: a failed one is counted, never fatal.
public struct SensorHealth: Equatable, Sendable {
    /// Sensors found at start or since.
    public var known: Int
    /// Of these, how many gave a plausible value this time.
    public var healthy: Int
    /// Readings that failed or were absurd, since the agent started.
    public var failuresTotal: UInt64

    public init(known: Int, healthy: Int, failuresTotal: UInt64) {
        self.known = known
        self.healthy = healthy
        self.failuresTotal = failuresTotal
    }

    public var share: Double { known == 0 ? 0 : Double(healthy) / Double(known) }
}

/// The instant of an observation on the three clocks a board without a clock chip has.
public struct Instant: Equatable, Sendable {
    /// Milliseconds since boot, counting suspend (CLOCK_BOOTTIME).
    public var monotonicMs: Int64
    /// Milliseconds since 1970 by the system's clock, right or wrong.
    public var wallMs: Int64
    /// The kernel says that the clock is synchronised.
    public var isSynced: Bool

    public init(monotonicMs: Int64, wallMs: Int64, isSynced: Bool) {
        self.monotonicMs = monotonicMs
        self.wallMs = wallMs
        self.isSynced = isSynced
    }
}

/// The temperature between two samples: one cheap reading of the hottest zone, with the busy share since
/// the reading before. Ten seconds between samples are long against a die that answers in three: with
/// a few of these in between, the thermal model sees what happened meanwhile, and the sample itself
/// (memory, pressure, every other sensor) need not be taken more often.
public struct ThermalStep: Equatable, Sendable {
    /// Milliseconds since boot, as in `Instant`.
    public var monotonicMs: Int64
    /// nil where the sensor failed.
    public var temperatureMilliC: Int?
    /// Share of all cores' time that was not idle since the step (or sample) before, 0…1; nil where only
    /// the sample's mean is known.
    public var busyShare: Double?

    /// Most steps of one sample that are looked at, the latest: two minutes at one each two seconds.
    public static let countMost = 64

    public init(monotonicMs: Int64, temperatureMilliC: Int?, busyShare: Double? = nil) {
        self.monotonicMs = monotonicMs
        self.temperatureMilliC = temperatureMilliC
        self.busyShare = busyShare
    }
}

public struct Sample: Equatable, Sendable {
    public var instant: Instant
    public var zones: [ThermalReading] = []
    public var hwmon: [HwmonReading] = []
    public var memory: MemoryReading?
    public var load: LoadReading?
    /// Share of all cores' time that was not idle since the sample before, 0…1: the thermal model's
    /// input.
    public var busyShare: Double?
    /// Share of all cores' time that idled while storage was waited for, 0…1.
    public var iowaitShare: Double?
    /// Readings between the sample before and this one, oldest first; empty where none were taken. They
    /// aren't reported.
    public var thermalSteps: [ThermalStep] = []
    public var pressure: PressureReading?
    public var frequency: FrequencyReading?
    public var throttle: ThrottleReading?
    public var zram: ZramReading?
    public var disk: DiskReading?
    public var network: NetworkReading?
    public var reclaim: ReclaimReading?
    /// How stalls become known; nil where they don't.
    public var stallSource: StallSource?
    /// The sensors that are anything but good; the report takes the first sixteen.
    public var faults: [SensorStatus] = []
    public var health = SensorHealth(known: 0, healthy: 0, failuresTotal: 0)

    public init(instant: Instant) { self.instant = instant }

    /// The hottest thermal zone, else the hottest hwmon temperature; nil without data.
    public var temperatureMilliC: Int? {
        var hottest: Int?
        for zone in zones {
            if let value = zone.temperatureMilliC { hottest = max(hottest ?? value, value) }
        }
        if hottest != nil { return hottest }
        for reading in hwmon where reading.kind == .temperature {
            // A finite number may still be too large for an Int, and a forged report must not trap.
            if let value = reading.value, abs(value) < 1e9 {
                let milli = Int((value * 1000).rounded())
                hottest = max(hottest ?? milli, milli)
            }
        }
        return hottest
    }
}

/// What the workload says of itself, each in [0,1]; nil where it said nothing.
public struct Signals: Equatable, Sendable {
    public var entropy: Double?
    public var value: Double?

    public init(entropy: Double? = nil, value: Double? = nil) {
        self.entropy = entropy
        self.value = value
    }
}
