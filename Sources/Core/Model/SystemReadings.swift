// Readings beside temperature and memory: where the CPU's time goes, what zram really holds, disk and
// network traffic, reclaim where the kernel tells of no stalls, and how each sensor itself is.
//
// Totals count since the kernel's boot. Rates are of the time since the sample before; the first
// sample has none, nor has one in which a counter fell back or a device came or went.

public struct ZramReading: Equatable, Sendable {
    /// What the devices pretend to be, all of them together.
    public var diskBytes: UInt64
    /// Stored in them, as it was before compression and as it is after.
    public var originalBytes: UInt64
    public var compressedBytes: UInt64
    /// Memory taken for it, with the allocator's waste. It comes out of the same RAM: free swap on
    /// zram is no headroom.
    public var usedBytes: UInt64

    public init(
        diskBytes: UInt64, originalBytes: UInt64, compressedBytes: UInt64, usedBytes: UInt64
    ) {
        self.diskBytes = diskBytes
        self.originalBytes = originalBytes
        self.compressedBytes = compressedBytes
        self.usedBytes = usedBytes
    }

    /// Original ÷ memory taken; nil while nothing is stored.
    public var ratio: Double? {
        usedBytes == 0 || originalBytes == 0 ? nil : Double(originalBytes) / Double(usedBytes)
    }
}

/// Whole disks together: no partitions, no devices made of others.
public struct DiskReading: Equatable, Sendable {
    public var readBytesTotal: UInt64
    public var writtenBytesTotal: UInt64
    public var readBytesPerS: Double?
    public var writtenBytesPerS: Double?

    public init(
        readBytesTotal: UInt64, writtenBytesTotal: UInt64, readBytesPerS: Double? = nil,
        writtenBytesPerS: Double? = nil
    ) {
        self.readBytesTotal = readBytesTotal
        self.writtenBytesTotal = writtenBytesTotal
        self.readBytesPerS = readBytesPerS
        self.writtenBytesPerS = writtenBytesPerS
    }
}

/// Network cards together; where a machine has none, all interfaces but the loopback.
public struct NetworkReading: Equatable, Sendable {
    public var receivedBytesTotal: UInt64
    public var sentBytesTotal: UInt64
    /// Packets in error or dropped, both ways.
    public var faultsTotal: UInt64
    public var receivedBytesPerS: Double?
    public var sentBytesPerS: Double?

    public init(
        receivedBytesTotal: UInt64, sentBytesTotal: UInt64, faultsTotal: UInt64,
        receivedBytesPerS: Double? = nil, sentBytesPerS: Double? = nil
    ) {
        self.receivedBytesTotal = receivedBytesTotal
        self.sentBytesTotal = sentBytesTotal
        self.faultsTotal = faultsTotal
        self.receivedBytesPerS = receivedBytesPerS
        self.sentBytesPerS = sentBytesPerS
    }
}

/// The kernel's search for free memory, from /proc/vmstat: read where there is no PSI. It tells of
/// effort, not of time lost, so it stands beside a `PressureReading` and never for one.
public struct ReclaimReading: Equatable, Sendable {
    /// Pages fetched back from storage.
    public var majorFaultsTotal: UInt64
    /// Bytes looked through by processes that had to wait for memory.
    public var directScanBytesTotal: UInt64
    /// Processes killed for want of memory.
    public var oomKillsTotal: UInt64
    public var majorFaultsPerS: Double?
    public var directScanBytesPerS: Double?

    public init(
        majorFaultsTotal: UInt64, directScanBytesTotal: UInt64, oomKillsTotal: UInt64,
        majorFaultsPerS: Double? = nil, directScanBytesPerS: Double? = nil
    ) {
        self.majorFaultsTotal = majorFaultsTotal
        self.directScanBytesTotal = directScanBytesTotal
        self.oomKillsTotal = oomKillsTotal
        self.majorFaultsPerS = majorFaultsPerS
        self.directScanBytesPerS = directScanBytesPerS
    }
}

/// How stalls of memory become known, best first.
public enum StallSource: UInt8, Sendable, CaseIterable {
    /// A PSI trigger wakes the agent; the averages are read with each sample.
    case trigger = 1
    /// The PSI averages alone: the kernel refused the trigger.
    case averages
    /// No PSI: events of the governed group wake the agent.
    case memoryEvents
    /// No PSI and no group: counters of /proc/vmstat.
    case vmstat

    public var name: String {
        switch self {
        case .trigger: "psi-trigger"
        case .averages: "psi-averages"
        case .memoryEvents: "memory-events"
        case .vmstat: "vmstat"
        }
    }
}

public enum SensorCondition: UInt8, Sendable, CaseIterable {
    case good = 1
    /// It can't be read; the error's number says why.
    case failed
    /// It was read, and no machine is like that.
    case absurd
    /// It must be there and isn't.
    case missing
    /// It repeats one reading although the machine's load moved far.
    case stuck

    public var name: String {
        switch self {
        case .good: "good"
        case .failed: "failed"
        case .absurd: "absurd"
        case .missing: "missing"
        case .stuck: "stuck"
        }
    }
}

/// One sensor and how it is.
public struct SensorStatus: Equatable, Sendable {
    /// E.g. "thermal_zone0 cpu-thermal", "hwmon1 rpi_volt in0", "meminfo".
    public var name: String
    public var condition: SensorCondition
    /// The system's error number where it failed, else 0.
    public var errorCode: Int
    /// When it last gave a plausible value, ms since boot; nil for never.
    public var lastGoodMs: Int64?

    public init(
        name: String, condition: SensorCondition, errorCode: Int = 0, lastGoodMs: Int64? = nil
    ) {
        self.name = name
        self.condition = condition
        self.errorCode = errorCode
        self.lastGoodMs = lastGoodMs
    }
}
