// CPU time, zram, disks, network and reclaim: each reading moves with its file, and rates are of two.

import FixtureSupport
import Foundation
import Model
import Testing

@testable import Telemetry

@Suite struct SystemReadingTests {
    @Test func busyAndWaitingSharesAreOfTwoReads() throws {
        let board = try Board("pi4")
        try board.tree.write("proc/stat", "cpu  1000 0 500 8000 100 0 0 0 0 0\ncpu0 1 1 1 1\n")
        let first = board.sample()
        #expect(first.busyShare == nil && first.iowaitShare == nil)
        try board.tree.write("proc/stat", "cpu  1030 5 515 8100 140 5 5 0 30 0\ncpu0 1 1 1 1\n")
        let second = board.sample()
        #expect(abs((second.busyShare ?? 0) - 0.3) < 1e-12)
        #expect(second.iowaitShare == 0.2)
        // iowait may run backwards; a clock of ticks that stands still says nothing.
        try board.tree.write("proc/stat", "cpu  1130 5 515 8100 130 5 5 0 30 0\n")
        #expect(board.sample().busyShare == 1)
        #expect(board.sample().busyShare == nil)
    }

    @Test(arguments: [
        "", "cpu", "cpu  1 2 3", "cpu  a b c d", "cpu0 1 2 3 4\n", "cpu  1 2 3 -4 5 6 7 8",
        "cpu  99999999999999999999 1 1 1 1 1 1 1",
    ])
    func absurdTicksAreNoData(text: String) {
        #expect(bytes(text) { ProcessorTime.ticks($0) } == nil)
    }

    @Test func shortLinesOfTicksAreRead() {
        #expect(
            bytes("cpu 1 2 3 4\n") { ProcessorTime.ticks($0) } == .init(total: 10, idle: 4, iowait: 0))
    }

    @Test func zram() throws {
        let board = try Board("zero2w")
        let reading = try #require(board.sample().zram)
        #expect(
            reading
                == ZramReading(
                    diskBytes: 447_606_784, originalBytes: 44_789_760, compressedBytes: 13_912_345,
                    usedBytes: 15_147_008))
        #expect(abs((reading.ratio ?? 0) - 2.957) < 0.001)
        try board.tree.write("sys/block/zram0/mm_stat", "0 0 4096 0 0 0 0\n")
        #expect(board.sample().zram?.ratio == nil)
        try board.tree.write("sys/block/zram0/mm_stat", "1 2\n")
        #expect(board.sample().zram == nil)
        #expect(try Board("pi4").sample().zram == nil)
    }

    @Test func disksAreWholeDevicesAlone() throws {
        let board = try Board("x86")
        let sectors: (UInt64, UInt64) = (91_234_568 + 12_345_672, 81_234_568 + 9_234_568)
        #expect(
            board.sample().disk
                == DiskReading(readBytesTotal: sectors.0 * 512, writtenBytesTotal: sectors.1 * 512))
        try board.tree.write(
            "sys/block/sda/stat", "1 1 \(91_234_568 + 100) 1 1 1 \(81_234_568 + 40) 1 0 1 1\n")
        let moved = try #require(board.sample(afterMs: 2000).disk)
        #expect(moved.readBytesPerS == 25_600.0)
        #expect(moved.writtenBytesPerS == 10_240.0)
        // A disk that comes makes no burst of traffic.
        try board.tree.write("sys/block/sdb/stat", "1 1 1000000 1 1 1 1000000 1 0 1 1\n")
        board.sensors.rediscover()
        let grown = try #require(board.sample().disk)
        #expect(grown.readBytesTotal == moved.readBytesTotal + 512_000_000)
        #expect(grown.readBytesPerS == nil)
        #expect(board.sample().disk?.readBytesPerS == 0)
    }

    @Test(arguments: [
        ("sda", true), ("mmcblk0", true), ("nvme0n1", true), ("vda", true), ("loop0", false),
        ("ram0", false), ("zram0", false), ("dm-0", false), ("md127", false), ("mmcblk0boot0", false),
        ("sr0", false),
    ])
    func wholeDisks(name: String, isWhole: Bool) {
        #expect(Disks.isWhole(name) == isWhole)
    }

    @Test func networkCardsAlone() throws {
        let board = try Board("pi4")
        #expect(
            board.sample().network
                == NetworkReading(
                    receivedBytesTotal: 91_234_567, sentBytesTotal: 11_234_567, faultsTotal: 6))
        let text = try board.tree.text("proc/net/dev")
        try board.tree.write(
            "proc/net/dev",
            text.replacingOccurrences(of: "91234567", with: "91238567")
                .replacingOccurrences(of: "81234 ", with: "99999 "))
        let moved = try #require(board.sample(afterMs: 4000).network)
        #expect(moved.receivedBytesPerS == 1000)
        #expect(moved.sentBytesPerS == 0)
        // Counters fall when a driver is loaded anew: no rate then, rather than a huge one.
        try board.tree.write("proc/net/dev", text)
        #expect(board.sample().network?.receivedBytesPerS == nil)
    }

    @Test func withoutCardsAllButTheLoopbackCount() throws {
        let board = try Board("pi4")
        try board.tree.remove("sys/class/net")
        #expect(board.sample().network?.receivedBytesTotal == 91_234_567 + 4000)
    }

    @Test(arguments: ["", "one line\n", "a\nb\n eth0: 1 2 3\n", "a\nb\n eth0: x 0 0 0 0 0 0 0 0 0 0 0\n"])
    func absurdTrafficIsNoData(text: String) {
        #expect(bytes(text) { Network.sum($0, of: [Array("eth0:".utf8)]) } == nil)
    }

    @Test func reclaimIsReadWhereThereIsNoPSI() throws {
        let board = try Board("zero2w")
        let first = board.sample()
        #expect(first.pressure == nil)
        #expect(first.stallSource == .vmstat)
        let page = UInt64(sysconf(Int32(_SC_PAGESIZE)))
        #expect(
            first.reclaim
                == ReclaimReading(
                    majorFaultsTotal: 4312, directScanBytesTotal: 4576 * page, oomKillsTotal: 1))
        try board.tree.write("proc/vmstat", "pgmajfault 4412\npgscan_direct 4586\noom_kill 2\n")
        let second = try #require(board.sample(afterMs: 10_000).reclaim)
        #expect(second.majorFaultsPerS == 10)
        #expect(second.directScanBytesPerS == Double(page))
        #expect(second.oomKillsTotal == 2)
        let withPSI = try Board("pi4").sample()
        #expect(withPSI.reclaim == nil)
        #expect(withPSI.stallSource == .averages)
    }

    /// A Raspberry Pi 5's pages are of 16 KiB.
    @Test func reclaimCountsInTheMachinesPages() throws {
        let tree = try Scratch(fixture: "zero2w")
        var reclaim = Reclaim(procfsRoot: tree.at("proc"), pageBytes: 16 << 10)
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 32 << 10)
        defer { buffer.deallocate() }
        var cycle = Cycle(buffer: buffer)
        reclaim.discover(isWanted: true, &cycle.ledger)
        cycle.begin(nowMs: 1)
        #expect(reclaim.read(&cycle)?.directScanBytesTotal == 4576 * 16 << 10)
    }
}

@Suite struct ThermalStepTests {
    static let zone = "sys/class/thermal/thermal_zone0/temp"

    @Test func stepsComeWithTheNextSampleAndOnce() throws {
        let board = try Board("pi4")
        func ticks(busy: Int, idle: Int) throws {
            try board.tree.write("proc/stat", "cpu  \(busy) 0 0 \(idle) 0 0 0 0 0 0\n")
        }
        board.sensors.step(atMs: 1)
        try ticks(busy: 1000, idle: 1000)
        var held = board.sample(afterMs: 10_000)
        #expect(held.thermalSteps == [])
        try ticks(busy: 1100, idle: 1100)
        try board.tree.write(Self.zone, "61000\n")
        board.sensors.step(atMs: 12_000)
        try ticks(busy: 1100, idle: 1300)
        try board.tree.write(Self.zone, "hot\n")
        board.sensors.step(atMs: 14_000)
        try ticks(busy: 1300, idle: 1300)
        held = board.sample(afterMs: 10_000)
        #expect(
            held.thermalSteps == [
                ThermalStep(monotonicMs: 12_000, temperatureMilliC: 61_000, busyShare: 0.5),
                ThermalStep(monotonicMs: 14_000, temperatureMilliC: nil, busyShare: 0),
            ])
        // The sample's share is of the whole time between the samples.
        #expect(held.busyShare == 0.5)
        let next = board.sample(afterMs: 10_000)
        #expect(next.thermalSteps == [])
        #expect(held.thermalSteps.count == 2)
        for index in 0..<100 { board.sensors.step(atMs: 31_000 + Int64(index)) }
        #expect(board.sample(afterMs: 10_000).thermalSteps.count == ThermalStep.countMost)
    }

    @Test func withoutAZoneThereAreNone() throws {
        let board = try Board("pi4")
        try board.tree.remove("sys/class/thermal")
        _ = board.sample()
        board.sensors.step(atMs: 5000)
        #expect(board.sample().thermalSteps == [])
    }
}

@Suite struct LedgerTests {
    static let zone = "sys/class/thermal/thermal_zone0/temp"

    @Test func faultsNameTheSensorTheErrorAndTheLastGoodMoment() throws {
        let board = try Board("zero2w")
        #expect(board.sample().faults == [])
        try board.tree.remove(Self.zone)
        try FileManager.default.createSymbolicLink(
            atPath: board.tree.at(Self.zone), withDestinationPath: "/proc/self/mem")
        try board.tree.write("proc/loadavg", "many\n")
        #expect(
            board.sample().faults == [
                SensorStatus(
                    name: "thermal_zone0 cpu-thermal", condition: .failed, errorCode: 5, lastGoodMs: 1000),
                SensorStatus(name: "loadavg", condition: .absurd, lastGoodMs: 1000),
            ])
        try board.tree.write("proc/loadavg", "0.10 0.10 0.10 1/2 3\n")
        #expect(board.sample().faults.map(\.name) == ["thermal_zone0 cpu-thermal"])
        #expect(board.sensors.statuses.count == board.sample().health.known)
    }

    @Test func aMissingTemperatureIsNamed() throws {
        let board = try Board("zero2w")
        try board.tree.remove("sys/class/thermal")
        try board.tree.remove("sys/class/hwmon")
        #expect(board.sample().faults == [SensorStatus(name: "temperature", condition: .missing)])
    }

    /// The device behind a held file went: the tree is looked through again at once, and the sensor
    /// is not counted among the failing ones for ever.
    @Test func anUnpluggedSensorIsForgottenSoon() throws {
        let board = try Board("zero2w")
        try board.tree.write("sys/class/hwmon/hwmon7/name", "stick\n")
        try board.tree.write("sys/class/hwmon/hwmon7/temp1_input", "30000\n")
        let known = board.sample().health.known
        try board.tree.remove("sys/class/hwmon/hwmon7")
        let faults = board.sample().faults
        #expect(faults.map(\.name) == ["hwmon7 stick temp1_input"])
        #expect(faults.first?.errorCode == 2)
        let after = board.sample(afterMs: DeviceSensors.earlyDiscoveryMs)
        #expect(after.health.known == known - 1)
        #expect(after.faults == [])
    }

    @Test func aTemperatureThatStandsStillThroughWorkIsStuck() {
        var watch = StuckWatch()
        var stuck = false
        for minute in 0..<60 {
            // Half an hour of rest, then work.
            stuck = watch.note(48_312, nowMs: Int64(minute) * 60_000, activity: minute < 30 ? 0.05 : 0.9)
            if minute == 29 { #expect(!stuck) }
        }
        #expect(stuck)
        let moved = watch.note(48_850, nowMs: 3_600_000, activity: 0.9)
        #expect(!moved)
        var quiet = StuckWatch()
        for minute in 0..<600 {
            let isStuck = quiet.note(48_312, nowMs: Int64(minute) * 60_000, activity: 0.1)
            #expect(!isStuck)
        }
    }

    @Test func aStuckSensorIsToldAndStillCounts() throws {
        let board = try Board("pi4")
        var idle: UInt64 = 1_000_000
        var busy: UInt64 = 1_000_000
        var last = board.sample()
        for round in 0..<120 {
            if round < 60 { idle += 4000 } else { busy += 4000 }
            try board.tree.write("proc/stat", "cpu  \(busy) 0 0 \(idle) 0 0 0 0 0 0\n")
            last = board.sample(afterMs: 10_000)
        }
        let fault = try #require(last.faults.first { $0.name == "thermal_zone0 cpu-thermal" })
        #expect(fault.condition == .stuck)
        #expect(last.zones[0].temperatureMilliC != nil)
        #expect(last.health.healthy == last.health.known)
        try board.tree.write("sys/class/thermal/thermal_zone0/temp", "60374\n")
        #expect(!board.sample().faults.contains { $0.name == "thermal_zone0 cpu-thermal" })
    }
}
