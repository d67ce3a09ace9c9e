// Everything the agent senses, in one place: `sample(at:)` reads all sensors once and returns what
// they said. It has no opinion on the values; the chamber has.
//
// Terms. A *sensor* is one file or chip channel that was found and should speak. It is *healthy* in
// a sample when it gave a plausible value. Temperature and memory are *required*: when neither a
// thermal zone nor a hwmon temperature exists, the missing sensor is counted as an unhealthy one.
//
// Sensors come and go (USB sticks, modules loaded late): the tree is looked through again now and
// then. Between two looks a cycle is some twenty preads on descriptors that stay open, parsed in
// place: it allocates nothing on the heap, as long as the caller lets go of the sample before the last.
//
// All roots are parameters, so that fixtures and simulated boards replace /sys and /proc. One instance
// per process, since libsensors keeps its state in globals.

import Bytes
import Model
import System

public struct SensorRoots: Sendable {
    public var sysfs: String
    public var procfs: String
    /// Stands in for a missing serial number; nil where the roots aren't this machine's.
    public var machineIDPath: String?
    /// libsensors' configuration file; nil for the library's own.
    public var sensorsConfiguration: String?

    /// The machine's own trees. Other roots than `/sys` and `/proc` are another machine's.
    public init(
        sysfs: String = "/sys", procfs: String = "/proc", sensorsConfiguration: String? = nil
    ) {
        self.sysfs = Self.withoutSlash(sysfs)
        self.procfs = Self.withoutSlash(procfs)
        self.sensorsConfiguration = sensorsConfiguration
        machineIDPath = Text.equal(self.sysfs, "/sys") ? "/etc/machine-id" : nil
    }

    private static func withoutSlash(_ path: String) -> String {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == 0x2f { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}

public final class DeviceSensors {
    /// /proc/meminfo has about 60 lines of 28 bytes; /proc/vmstat 200 of 24; /proc/net/dev a line of
    /// 120 for each interface. 32 KiB hold them on any machine that an agent of this kind watches.
    static let bufferBytes = 32 << 10
    /// How often the tree is looked through for sensors that came or went, ms: soon enough for what a
    /// person plugs in.
    public static let discoveryIntervalMs: Int64 = 60_000
    /// Steps between samples are worth their wake-ups where the samples are at least twice as far apart.
    public static let stepIntervalMs: Int64 = 2_000
    /// After a device went while it was read the look comes early, but no more often than this.
    static let earlyDiscoveryMs: Int64 = 5_000

    private let roots: SensorRoots
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private var cycle: Cycle
    private var zones = ThermalZones()
    private var hwmon: HardwareMonitor
    private var processor: ProcessorTime
    private var pressure: Pressure
    private var frequency: FrequencyPolicy
    private var throttle = Throttle()
    private var disks = Disks()
    private var zram = Zram()
    private var network: Network
    private var reclaim: Reclaim
    private let memory: HeldFile
    private let load: HeldFile
    private var memoryPlace = 0
    private var loadPlace = 0
    private var temperaturePlace: Int?
    private var discoveredMs: Int64?
    private var mustDiscover = true
    private var imprint: UInt64?

    /// How stalls become known, where the caller has a `StallWatch`.
    public var stallSource: StallSource?
    /// What the device's identity rests on: another source is never taken for it by and by.
    public var serialSource: SerialSource? {
        didSet { hardwareRecord = nil }
    }
    private var hardwareRecord: HardwareRecord?
    /// What the record rests on.
    private let evidence: Evidence

    // Two, in turns: the caller holds the latest one, and what it let go of is filled anew without a
    // new allocation.
    private var samples = [
        Sample(instant: Instant(monotonicMs: 0, wallMs: 0, isSynced: false)),
        Sample(instant: Instant(monotonicMs: 0, wallMs: 0, isSynced: false)),
    ]
    private var turn = 0
    /// The other sample's steps are those of two samples ago.
    private var mustClearSteps = false

    public init(roots: SensorRoots = SensorRoots()) {
        self.roots = roots
        let isOwn = Text.equal(roots.sysfs, "/sys")
        // Not filled with anything: pages that no file is long enough for are never touched.
        buffer = .allocate(capacity: Self.bufferBytes)
        cycle = Cycle(buffer: buffer)
        evidence = Evidence(buffer)
        hwmon = HardwareMonitor(
            isOwn ? .library(configuration: roots.sensorsConfiguration) : .files)
        processor = ProcessorTime(procfsRoot: roots.procfs)
        pressure = Pressure(procfsRoot: roots.procfs)
        frequency = FrequencyPolicy(sysfsRoot: roots.sysfs)
        network = Network(procfsRoot: roots.procfs)
        reclaim = Reclaim(procfsRoot: roots.procfs)
        memory = HeldFile("\(roots.procfs)/meminfo")
        load = HeldFile("\(roots.procfs)/loadavg")
    }

    deinit { buffer.deallocate() }

    /// Reads every sensor once. Never fails: what couldn't be read is absent and counted.
    public func sample(at instant: Instant) -> Sample {
        discoverIfDue(instant.monotonicMs)
        clearStepsIfDue()
        turn = 1 - turn
        mustClearSteps = true
        fill(&samples[turn], at: instant)
        return samples[turn]
    }

    /// Between two samples: temperature and busy share alone, a handful of reads. They come with the
    /// next sample. Without a thermal zone there is nothing to take.
    public func step(atMs nowMs: Int64) {
        guard discoveredMs != nil, !zones.isEmpty else { return }
        // The sample before the last isn't held any more by now: its list is filled anew in place.
        clearStepsIfDue()
        guard samples[1 - turn].thermalSteps.count < ThermalStep.countMost else { return }
        let busyShare = processor.isPresent ? processor.step(buffer) : nil
        samples[1 - turn].thermalSteps.append(
            ThermalStep(
                monotonicMs: nowMs, temperatureMilliC: zones.hottest(cycle), busyShare: busyShare))
    }

    /// Between two samples: whether memory stalled since the last sample or look for as long as wakes
    /// the agent. One read; where there is no PSI, none.
    public func hasStalled() -> Bool { pressure.isPresent && pressure.hasStalled(cycle) }

    private func clearStepsIfDue() {
        guard mustClearSteps else { return }
        mustClearSteps = false
        if !samples[1 - turn].thermalSteps.isEmpty {
            samples[1 - turn].thermalSteps.removeAll(keepingCapacity: true)
        }
    }

    private func fill(_ sample: inout Sample, at instant: Instant) {
        cycle.begin(nowMs: instant.monotonicMs)
        sample.instant = instant
        // The same text storage in every sample: only a look through the tree may change the names.
        if sample.zones.count != zones.outline.count || !isCurrent[turn] { sample.zones = zones.outline }
        if sample.hwmon.count != hwmon.outline.count || !isCurrent[turn] { sample.hwmon = hwmon.outline }
        isCurrent[turn] = true

        let shares = processor.isPresent ? processor.read(&cycle) : nil
        sample.busyShare = shares?.busy
        sample.iowaitShare = shares?.iowait
        zones.read(&sample.zones, &cycle, activity: processor.activity)
        hwmon.read(&sample.hwmon, &cycle, activity: processor.activity)
        if let temperaturePlace { cycle.ledger.miss(temperaturePlace) }
        let meminfo = cycle.read(memory)
        sample.memory = cycle.ledger.note(
            memoryPlace, meminfo.count, meminfo.count < 0 ? nil : MemoryInfo.parse(meminfo.text))
        let loadavg = cycle.read(load)
        sample.load = cycle.ledger.note(
            loadPlace, loadavg.count, loadavg.count < 0 ? nil : LoadAverage.parse(loadavg.text))
        sample.pressure = pressure.isPresent ? pressure.read(&cycle) : nil
        sample.reclaim = reclaim.isPresent ? reclaim.read(&cycle) : nil
        sample.stallSource =
            stallSource ?? (pressure.isPresent ? .averages : reclaim.isPresent ? .vmstat : nil)
        sample.frequency = frequency.isPresent ? frequency.read(&cycle) : nil
        sample.zram = zram.read(&cycle)
        sample.disk = disks.read(&cycle)
        sample.network = network.isPresent ? network.read(&cycle) : nil
        let alarm = hwmon.voltageAlarm.flatMap { sample.hwmon[$0].value }
        sample.throttle = throttle.read(alarm: alarm, &cycle)
        sample.health = cycle.ledger.health
        cycle.ledger.listFaults(&sample.faults)
        if cycle.ledger.hasStale { mustDiscover = true }
    }

    /// By turn: the sample's lists are of the last look through the tree.
    private var isCurrent = [false, false]

    /// Every sensor found, and how it was when it was last read.
    public var statuses: [SensorStatus] { cycle.ledger.statuses }

    /// The files that a cycle reads, each once: for benches, which compare with reading them and no more.
    public var files: [String] {
        var paths = [memory.path, load.path]
        if processor.isPresent { paths.append(processor.path) }
        if pressure.isPresent { paths += pressure.paths }
        if reclaim.isPresent { paths.append(reclaim.path) }
        if frequency.isPresent { paths += frequency.paths }
        if network.isPresent { paths.append(network.path) }
        return paths + zones.paths + hwmon.paths + disks.paths + zram.paths + throttle.paths
    }

    /// Whether a thermal zone or a hardware monitor tells a temperature.
    public var hasTemperature: Bool { !zones.isEmpty || hwmon.hasTemperature }
    public var hasPressure: Bool { pressure.isPresent }
    public var hasFirmwareFile: Bool { throttle.hasFirmware }
    /// Channels that libsensors reads itself, because its configuration computes their value.
    public var computedCount: Int { hwmon.computedCount }
    public var hasFrequency: Bool { frequency.isPresent }

    /// The machine's record; nil while its memory can't be read. The same one, without another look, as
    /// long as all that it rests on says the same.
    public func hardware() -> HardwareRecord? {
        if hardwareRecord != nil, evidence.holds { return hardwareRecord }
        evidence.forget()
        hardwareRecord = HardwareDetector(
            sysfsRoot: roots.sysfs, procfsRoot: roots.procfs, machineIDPath: roots.machineIDPath,
            serialSource: serialSource, evidence: evidence
        ).detect()
        return hardwareRecord
    }

    /// The serial numbers that this machine can be told by, best first.
    public func serials() -> [BoardSerial] {
        BoardSerials(
            sysfsRoot: roots.sysfs, procfsRoot: roots.procfs, machineIDPath: roots.machineIDPath,
            evidence: Evidence(buffer)
        ).all
    }

    /// Whether the source is there and this user may not read it.
    public func hides(_ source: SerialSource) -> Bool {
        BoardSerials(
            sysfsRoot: roots.sysfs, procfsRoot: roots.procfs, machineIDPath: roots.machineIDPath,
            evidence: Evidence(buffer)
        ).hides(source)
    }

    /// The kernel's id of this boot, e.g. "f3a1…"; empty where there is none.
    /// https://docs.kernel.org/admin-guide/sysctl/kernel.html#random
    public func kernelBootID() -> String {
        OneShot.text("\(roots.procfs)/sys/kernel/random/boot_id") ?? ""
    }

    /// libsensors as the program has it.
    public static var libraryVersion: String { HardwareMonitor.libraryVersion }

    /// Looks through the tree at the next sample, e.g. when a uevent told of a change.
    public func rediscover() {
        discoveredMs = nil
        mustDiscover = true
    }

    /// A look through the tree costs some hundred system calls and as many allocations, so first the
    /// names in five folders are looked at: where none came or went, neither did a sensor. What was
    /// undecided then may be settled now.
    private func discoverIfDue(_ nowMs: Int64) {
        if let discoveredMs, nowMs >= discoveredMs {
            let sinceMs = nowMs - discoveredMs
            guard sinceMs >= (mustDiscover ? Self.earlyDiscoveryMs : Self.discoveryIntervalMs) else {
                return
            }
        }
        discoveredMs = nowMs
        let seen = imprintOfTree()
        guard mustDiscover || seen == nil || seen != imprint else {
            if hwmon.isUnsettled { hwmon.settle(cycle) }
            return
        }
        mustDiscover = false
        imprint = seen
        discover()
    }

    private lazy var watchedFolders = [
        "\(roots.sysfs)/class/thermal", "\(roots.sysfs)/class/hwmon", "\(roots.sysfs)/block",
        "\(roots.sysfs)/class/net", "\(roots.sysfs)/devices/system/cpu/cpufreq",
    ]

    /// Nil where a folder has too many names to tell.
    private func imprintOfTree() -> UInt64? {
        var sum: UInt64 = 0
        for folder in watchedFolders {
            guard let names = folder.withCString({ FileSystem.imprint($0, using: buffer) }) else { return nil }
            sum = sum &* 31 &+ names
        }
        return sum
    }

    private func discover() {
        cycle.ledger.unlistAll()
        processor.discover(&cycle.ledger)
        zones.discover(in: roots.sysfs, &cycle.ledger)
        hwmon.discover(in: roots.sysfs, &cycle)
        temperaturePlace = hasTemperature ? nil : cycle.ledger.place("temperature")
        memoryPlace = cycle.ledger.place("meminfo")
        loadPlace = cycle.ledger.place("loadavg")
        pressure.discover(&cycle)
        reclaim.discover(isWanted: !pressure.isPresent, &cycle.ledger)
        frequency.discover(&cycle.ledger)
        let blocks = "\(roots.sysfs)/block"
        let names = OneShot.names(blocks)
        zram.discover(names, in: blocks, &cycle.ledger)
        disks.discover(names, in: blocks, &cycle.ledger)
        network.discover(in: roots.sysfs, &cycle.ledger)
        throttle.discover(in: roots.sysfs, &cycle.ledger)
        isCurrent = [false, false]
    }
}

extension Instant {
    /// This moment on the system's clocks.
    public static func now() -> Instant {
        Instant(monotonicMs: Clock.boottimeMs, wallMs: Clock.wallMs, isSynced: Clock.isSynced)
    }
}
