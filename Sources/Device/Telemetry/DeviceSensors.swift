// Everything the agent senses, in one place: `sample(at:)` reads all sensors once and returns what
// they said. It has no opinion on the values; the chamber has.
//
// Terms. A *sensor* is one file or chip channel that was found and should speak. It is *healthy* in
// a sample when it gave a plausible value. Temperature and memory are *required*: when neither a
// thermal zone nor a hwmon temperature exists, the missing sensor is counted as an unhealthy one.
//
// Sensors come and go (USB sticks, modules loaded late): the tree is looked through again now and
// then. All roots are parameters, so that fixtures and simulated boards replace /sys and /proc. The
// type keeps descriptors open and buffers allocated; one instance per process, since libsensors
// keeps its state in globals.

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
    /// /proc/meminfo has about 60 lines of 28 bytes.
    static let meminfoBytesMax = 16 << 10
    /// How often the tree is looked through for sensors that came or went, ms. A walk costs some
    /// hundred system calls; a minute is soon enough for what a person plugs in.
    public static let discoveryIntervalMs: Int64 = 60_000

    private let roots: SensorRoots
    private var zones = ThermalZones()
    private var hwmon: HardwareMonitor
    private var pressure: Pressure
    private var frequency: FrequencyPolicy
    private var throttle = Throttle()
    private let memory: OpenFile
    private let load: OpenFile
    private var tally = Tally()
    private var discoveredMs: Int64?

    public init(roots: SensorRoots = SensorRoots()) {
        self.roots = roots
        let isOwn = Text.equal(roots.sysfs, "/sys")
        hwmon = HardwareMonitor(
            isOwn ? .library(configuration: roots.sensorsConfiguration) : .files)
        pressure = Pressure(procfsRoot: roots.procfs)
        frequency = FrequencyPolicy(sysfsRoot: roots.sysfs)
        memory = OpenFile("\(roots.procfs)/meminfo", limit: Self.meminfoBytesMax)
        load = OpenFile("\(roots.procfs)/loadavg", limit: 256)
    }

    /// Reads every sensor once. Never fails: what couldn't be read is absent and counted.
    public func sample(at instant: Instant) -> Sample {
        discoverIfDue(instant.monotonicMs)
        tally.begin()
        var sample = Sample(instant: instant)
        sample.zones = zones.read(&tally)
        sample.hwmon = hwmon.read(&tally)
        if zones.isEmpty, !sample.hwmon.contains(where: { $0.kind == .temperature }) {
            tally.countMissing()
        }
        sample.memory = tally.count((try? memory.read()).flatMap { MemoryInfo.parse($0) })
        sample.load = tally.count((try? load.read()).flatMap { LoadAverage.parse($0) })
        if pressure.isPresent { sample.pressure = tally.count(pressure.read()) }
        if frequency.isPresent { sample.frequency = tally.count(frequency.read()) }
        sample.throttle = throttle.read(sample.hwmon, &tally)
        sample.health = SensorHealth(
            known: tally.known, healthy: tally.healthy, failuresTotal: tally.failuresTotal)
        return sample
    }

    /// The machine's record; nil while its memory can't be read.
    public func hardware() -> HardwareRecord? {
        HardwareDetector(
            sysfsRoot: roots.sysfs, procfsRoot: roots.procfs, machineIDPath: roots.machineIDPath
        ).detect()
    }

    /// The kernel's id of this boot, e.g. "f3a1…"; empty where there is none.
    /// https://docs.kernel.org/admin-guide/sysctl/kernel.html#random
    public func kernelBootID() -> String {
        OneShot.text("\(roots.procfs)/sys/kernel/random/boot_id") ?? ""
    }

    /// Looks through the tree at the next sample, e.g. when a uevent told of a change.
    public func rediscover() { discoveredMs = nil }

    private func discoverIfDue(_ nowMs: Int64) {
        if let discoveredMs, nowMs - discoveredMs < Self.discoveryIntervalMs, nowMs >= discoveredMs {
            return
        }
        discoveredMs = nowMs
        zones.discover(in: roots.sysfs)
        hwmon.discover(in: roots.sysfs)
        throttle.discover(in: roots.sysfs)
        pressure.discover()
        frequency.discover()
    }
}

extension Instant {
    /// This moment on the system's clocks.
    public static func now() -> Instant {
        Instant(monotonicMs: Clock.boottimeMs, wallMs: Clock.wallMs, isSynced: Clock.isSynced)
    }
}
