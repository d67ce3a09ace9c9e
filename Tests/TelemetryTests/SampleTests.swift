// Each reading has a test in which a file's content moves it.

import FixtureSupport
import Model
import Testing

@testable import Telemetry

/// A copy of a fixture board, and sensors on it.
final class Board {
    let tree: Scratch
    let sensors: DeviceSensors
    private var clockMs: Int64 = 0

    init(_ fixture: String) throws {
        tree = try Scratch(fixture: fixture)
        sensors = DeviceSensors(
            roots: SensorRoots(sysfs: tree.at("sys"), procfs: tree.at("proc/")))
    }

    func sample(afterMs: Int64 = 1000) -> Sample {
        clockMs += afterMs
        return sensors.sample(at: Instant(monotonicMs: clockMs, wallMs: 0, isSynced: false))
    }
}

/// A text as a read leaves it in the buffer.
func bytes<Value>(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Value {
    Array(text.utf8).withUnsafeBufferPointer(body)
}

@Suite struct SampleTests {
    @Test(arguments: ["pi4", "zero2w", "pi5", "x86", "desktop"])
    func everyBoardIsHealthy(name: String) throws {
        let health = try Board(name).sample().health
        #expect(health.known >= 5)
        #expect(health.healthy == health.known)
        #expect(health.failuresTotal == 0)
    }

    @Test func thermalZones() throws {
        let board = try Board("x86")
        #expect(
            board.sample().zones == [
                ThermalReading(name: "x86_pkg_temp", temperatureMilliC: 57_000),
                ThermalReading(name: "acpitz", temperatureMilliC: 27_800),
            ])
        try board.tree.write("sys/class/thermal/thermal_zone0/temp", "71234\n")
        #expect(board.sample().temperatureMilliC == 71_234)
        try board.tree.write("sys/class/thermal/thermal_zone0/temp", "-12000\n")
        #expect(board.sample().zones[0].temperatureMilliC == -12_000)
    }

    @Test func hwmonChannelsInTheirUnits() throws {
        let x86 = try Board("x86")
        #expect(
            x86.sample().hwmon == [
                HwmonReading(chip: "coretemp", label: "Package id 0", kind: .alarm, value: 0),
                HwmonReading(chip: "coretemp", label: "Package id 0", kind: .temperature, value: 58),
                HwmonReading(chip: "coretemp", label: "Core 0", kind: .temperature, value: 56),
                HwmonReading(chip: "power_meter", label: "power1", kind: .power, value: 74.5),
            ])
        let pi5 = try Board("pi5")
        let before = pi5.sample().hwmon
        #expect(before.contains(HwmonReading(chip: "pwmfan", label: "fan1", kind: .fan, value: 2998)))
        #expect(
            before.contains(HwmonReading(chip: "rp1_adc", label: "in1", kind: .voltage, value: 1.504)))
        try pi5.tree.write("sys/class/hwmon/hwmon2/fan1_input", "0\n")
        try pi5.tree.write("sys/class/hwmon/hwmon3/in1_input", "1250\n")
        let after = pi5.sample().hwmon
        #expect(after.contains(HwmonReading(chip: "pwmfan", label: "fan1", kind: .fan, value: 0)))
        #expect(
            after.contains(HwmonReading(chip: "rp1_adc", label: "in1", kind: .voltage, value: 1.25)))
    }

    @Test func memory() throws {
        let board = try Board("zero2w")
        let reading = try #require(board.sample().memory)
        #expect(reading.totalBytes == 437_120 * 1024)
        #expect(reading.availableBytes == 240_416 * 1024)
        #expect(reading.swapTotalBytes == 437_116 * 1024)
        #expect(reading.swapFreeBytes == 393_404 * 1024)
        try board.tree.write("proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 10 kB\n")
        #expect(
            board.sample().memory
                == MemoryReading(
                    totalBytes: 1_024_000, availableBytes: 10_240, swapTotalBytes: 0,
                    swapFreeBytes: 0))
    }

    @Test func load() throws {
        let board = try Board("pi4")
        #expect(board.sample().load == LoadReading(one: 0.42, five: 0.36, fifteen: 0.30))
        try board.tree.write("proc/loadavg", "3.99 2.50 1.00 5/200 99\n")
        #expect(board.sample().load == LoadReading(one: 3.99, five: 2.5, fifteen: 1))
    }

    @Test func pressureWhereTheKernelHasIt() throws {
        #expect(try Board("zero2w").sample().pressure == nil)
        let board = try Board("pi4")
        #expect(
            board.sample().pressure
                == PressureReading(
                    memorySomePercent: 0.31, memoryFullPercent: 0.12, cpuSomePercent: 2.75,
                    ioSomePercent: 1.04, memorySomeTotalMicros: 483_920))
        try board.tree.write(
            "proc/pressure/memory",
            "some avg10=40.5 avg60=1 avg300=1 total=7\nfull avg10=9.00 avg60=1 avg300=1 total=5\n")
        let moved = try #require(board.sample().pressure)
        #expect(moved.memorySomePercent == 40.5)
        #expect(moved.memoryFullPercent == 9)
        #expect(moved.memorySomeTotalMicros == 7)
    }

    @Test func frequency() throws {
        let board = try Board("pi4")
        let steps = Array(stride(from: 600_000, through: 1_800_000, by: 100_000))
        #expect(
            board.sample().frequency
                == FrequencyReading(
                    currentKHz: 1_500_000, maximumKHz: 1_800_000, ceilingKHz: 1_800_000,
                    minimumKHz: 600_000, availableKHz: steps))
        let folder = "sys/devices/system/cpu/cpufreq/policy0"
        try board.tree.write("\(folder)/scaling_cur_freq", "600000\n")
        try board.tree.write("\(folder)/scaling_max_freq", "1000000\n")
        #expect(
            board.sample().frequency
                == FrequencyReading(
                    currentKHz: 600_000, maximumKHz: 1_800_000, ceilingKHz: 1_000_000,
                    minimumKHz: 600_000, availableKHz: steps))
    }

    @Test func bootID() throws {
        let board = try Board("pi4")
        #expect(board.sensors.kernelBootID().count == 36)
        try board.tree.remove("proc/sys/kernel/random/boot_id")
        #expect(board.sensors.kernelBootID() == "")
    }

    @Test func thisMachineCanBeSampled() {
        let sensors = DeviceSensors()
        let sample = sensors.sample(at: .now())
        #expect(sample.memory != nil)
        #expect(sample.load != nil)
        #expect(sample.instant.monotonicMs > 0)
        #expect(sensors.hardware() != nil)
        #expect(sensors.hardware()?.hash == sensors.hardware()?.hash)
    }
}

@Suite struct ThrottleTests {
    static let file = "sys/devices/platform/soc/soc:firmware/get_throttled"

    @Test func firmwareBitsAndLatches() throws {
        let board = try Board("pi4")
        #expect(board.sample().throttle == ThrottleReading(now: 0, latched: 0, source: .firmware))
        try board.tree.write(Self.file, "50005\n")
        #expect(board.sample().throttle == ThrottleReading(now: 5, latched: 5, source: .firmware))
        // The driver clears the sticky bits; the latches stay.
        try board.tree.write(Self.file, "8\n")
        #expect(board.sample().throttle == ThrottleReading(now: 8, latched: 13, source: .firmware))
        try board.tree.write(Self.file, "0\n")
        #expect(board.sample().throttle == ThrottleReading(now: 0, latched: 13, source: .firmware))
    }

    @Test func voltageAlarmStandsInAndJoins() throws {
        let board = try Board("pi5")
        #expect(board.sample().throttle == ThrottleReading(now: 0, latched: 0, source: .voltageAlarm))
        try board.tree.write("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n")
        #expect(board.sample().throttle == ThrottleReading(now: 1, latched: 1, source: .voltageAlarm))
        let pi4 = try Board("pi4")
        try pi4.tree.write("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n")
        #expect(pi4.sample().throttle == ThrottleReading(now: 1, latched: 1, source: .firmware))
        try pi4.tree.remove(Self.file)
        #expect(pi4.sample().throttle == ThrottleReading(now: 1, latched: 1, source: .voltageAlarm))
    }

    @Test func noSourceNoData() throws {
        #expect(try Board("x86").sample().throttle == nil)
    }

    @Test(arguments: ["", "0x", "zz", "100000", "123456789", "-1", "5 5"])
    func otherTextsAreNoBits(text: String) {
        #expect(bytes(text) { Throttle.bits($0) } == nil)
    }

    @Test func prefixAndCaseAreTolerated() {
        #expect(bytes("0x5000A\n") { Throttle.bits($0) } == 0x5000a)
    }
}
