// What sensors do when they fail: always "no data", counted, never fatal and never a wait.

import FixtureSupport
import Foundation
import Model
import Testing

@testable import Telemetry

@Suite struct PitfallTests {
    static let zone = "sys/class/thermal/thermal_zone0/temp"

    @Test func theBrokenBoardGivesTheOneGoodReading() throws {
        let board = try Board("broken")
        let sample = board.sample()
        #expect(sample.zones.count == 6)
        #expect(sample.zones.compactMap(\.temperatureMilliC) == [45_000])
        #expect(sample.hwmon.count == 5)
        #expect(sample.hwmon.allSatisfy { $0.value == nil })
        #expect(sample.memory == nil)
        #expect(sample.load == nil)
        #expect(sample.pressure == nil)
        #expect(sample.frequency == nil)
        #expect(sample.throttle == nil)
        #expect(sample.busyShare == nil)
        #expect(sample.disk == nil)
        #expect(sample.zram == nil)
        #expect(sample.network == nil)
        #expect(sample.health == SensorHealth(known: 20, healthy: 1, failuresTotal: 19))
        #expect(sample.faults.count == 19)
        #expect(sample.faults.allSatisfy { $0.condition == .absurd && $0.lastGoodMs == nil })
        #expect(board.sample().health.failuresTotal == 38)
        #expect(board.sensors.hardware() == nil)
    }

    @Test(arguments: ["", "\n", "hot", "48.6", "150001", "-40001", "0x10", "1 2", "\u{0}", "9e3"])
    func absurdTemperaturesAreNoData(text: String) throws {
        let board = try Board("zero2w")
        _ = board.sample()
        try board.tree.write(Self.zone, text)
        let sample = board.sample()
        #expect(sample.zones == [ThermalReading(name: "cpu-thermal", temperatureMilliC: nil)])
        #expect(sample.health.healthy == sample.health.known - 1)
        #expect(sample.health.failuresTotal == 1)
        try board.tree.write(Self.zone, "150000")
        #expect(board.sample().zones[0].temperatureMilliC == 150_000)
    }

    @Test(arguments: [
        "MemTotal: 100 kB\nMemAvailable: 101 kB\n", "MemTotal: 100 kB\n", "MemAvailable: 1 kB\n",
        "MemTotal: 0 kB\nMemAvailable: 0 kB\n", "MemTotal: -5 kB\nMemAvailable: 1 kB\n",
        "MemTotal: 99999999999999 kB\nMemAvailable: 1 kB\n", "MemTotal\nMemAvailable", "",
        "MemTotal: 9 kB\nMemAvailable: 1 kB\nSwapTotal: 1 kB\nSwapFree: 2 kB\n",
        "MemTotal: 9 kB\nMemAvailable: 1 kB\nSwapTotal: x kB\n",
    ])
    func absurdMemoryIsNoData(text: String) throws {
        let board = try Board("pi4")
        try board.tree.write("proc/meminfo", text)
        let sample = board.sample()
        #expect(sample.memory == nil)
        #expect(sample.health.healthy == sample.health.known - 1)
    }

    @Test(arguments: ["", "1 2", "-1 0 0", "nan 0 0", "1e5 0 0", "100001 0 0"])
    func absurdLoadIsNoData(text: String) throws {
        let board = try Board("pi4")
        try board.tree.write("proc/loadavg", text)
        #expect(board.sample().load == nil)
    }

    @Test(arguments: [
        "", "some avg10=100.01 total=1\nfull avg10=0 total=1", "some avg10=1 total=1",
        "some avg10=-1 total=1\nfull avg10=0 total=1", "some total=1\nfull avg10=0 total=1",
        "some avg10=1 total=x\nfull avg10=0 total=1",
    ])
    func absurdPressureIsNoData(text: String) throws {
        let board = try Board("pi4")
        try board.tree.write("proc/pressure/memory", text)
        let sample = board.sample()
        #expect(sample.pressure == nil)
        #expect(sample.health.healthy == sample.health.known - 1)
    }

    // The other end of the pipe never comes: a blocking open would hang the agent for ever.
    @Test(.timeLimit(.minutes(1)), arguments: [Self.zone, "proc/meminfo", "proc/loadavg"])
    func aFifoInASensorsPlaceDoesNotBlock(file: String) throws {
        let board = try Board("zero2w")
        let healthy = board.sample().health.healthy
        try board.tree.remove(file)
        #expect(mkfifo(board.tree.at(file), 0o600) == 0)
        #expect(board.sample().health.healthy == healthy - 1)
    }

    @Test(arguments: [Self.zone, "proc/meminfo", "proc/pressure/memory", ThrottleTests.file])
    func aFolderInASensorsPlaceIsNoData(file: String) throws {
        let board = try Board("pi4")
        let healthy = board.sample().health.healthy
        try board.tree.remove(file)
        try board.tree.write("\(file)/inside", "1")
        #expect(board.sample().health.healthy <= healthy - 1)
    }

    @Test(arguments: [Self.zone, "proc/meminfo", "proc/loadavg", ThrottleTests.file])
    func aHugeFileIsNoData(file: String) throws {
        let board = try Board("pi4")
        let healthy = board.sample().health.healthy
        try board.tree.write(file, String(repeating: "1", count: 5_000_000))
        #expect(board.sample().health.healthy == healthy - 1)
    }

    // /proc/self/mem at offset 0 fails with EIO, as the BCM2711's sensor does at times.
    @Test func inputOutputErrorsAreNoDataAndPass() throws {
        let board = try Board("zero2w")
        let healthy = board.sample().health.healthy
        try board.tree.remove(Self.zone)
        try FileManager.default.createSymbolicLink(
            atPath: board.tree.at(Self.zone), withDestinationPath: "/proc/self/mem")
        #expect(board.sample().health.healthy == healthy - 1)
        try board.tree.remove(Self.zone)
        try board.tree.write(Self.zone, "50000")
        #expect(board.sample().zones[0].temperatureMilliC == 50_000)
    }

    @Test func filesThatVanishAreNoDataUntilTheyComeBack() throws {
        let board = try Board("zero2w")
        _ = board.sample()
        try board.tree.remove(Self.zone)
        #expect(board.sample().zones == [ThermalReading(name: "cpu-thermal", temperatureMilliC: nil)])
        try board.tree.write(Self.zone, "44000")
        #expect(board.sample().zones[0].temperatureMilliC == 44_000)
    }

    /// Beside few interfaces, and beside more than whose names are told apart.
    @Test(arguments: [0, 3000]) func sensorsArePluggedAndUnplugged(others: Int) throws {
        let board = try Board("zero2w")
        for index in 0..<others { try board.tree.write("sys/class/net/interface-\(index)/mtu", "1500\n") }
        let known = board.sample().health.known
        try board.tree.write("sys/class/thermal/thermal_zone1/type", "usb-stick\n")
        try board.tree.write("sys/class/thermal/thermal_zone1/temp", "33000\n")
        #expect(board.sample().health.known == known)
        #expect(board.sample(afterMs: DeviceSensors.discoveryIntervalMs).health.known == known + 1)
        try board.tree.remove("sys/class/thermal/thermal_zone1")
        #expect(board.sample().health.healthy == known)
        board.sensors.rediscover()
        #expect(board.sample().health.known == known)
    }

    @Test func aMissingRequiredSensorIsUnhealthy() throws {
        let board = try Board("zero2w")
        try board.tree.remove("sys/class/thermal")
        try board.tree.remove("sys/class/hwmon")
        let sample = board.sample()
        #expect(sample.temperatureMilliC == nil)
        #expect(sample.health.share < 1)
    }

    @Test func emptyTreesAreSampledToo() throws {
        let tree = try Scratch()
        let sensors = DeviceSensors(roots: SensorRoots(sysfs: tree.path, procfs: tree.path))
        let sample = sensors.sample(at: .now())
        #expect(sample.health == SensorHealth(known: 3, healthy: 0, failuresTotal: 3))
    }
}
