import FixtureSupport
import Model
import Testing

@testable import Telemetry

@Suite struct HardwareTests {
    @Test func boards() throws {
        #expect(
            try Board("pi4").sensors.hardware()
                == HardwareRecord(
                    model: "Raspberry Pi 4 Model B Rev 1.4", serial: "10000000c2a1b3d4",
                    cpuCores: 4, cpuMaxMHz: 1800, memoryBytes: 4 << 30,
                    gpu: GPURecord(
                        name: "VideoCore VI", memoryGB: 0, cores: 0, tier: .integrated)))
        #expect(
            try Board("zero2w").sensors.hardware()
                == HardwareRecord(
                    model: "Raspberry Pi Zero 2 W Rev 1.0", serial: "00000000d10f5a77",
                    cpuCores: 4, cpuMaxMHz: 1000, memoryBytes: 512 << 20,
                    gpu: GPURecord(
                        name: "VideoCore IV", memoryGB: 0, cores: 0, tier: .integrated)))
        #expect(try Board("pi5").sensors.hardware()?.memoryBytes == 8 << 30)
    }

    @Test func server() throws {
        let record = try #require(try Board("x86").sensors.hardware())
        #expect(record.model == "ProLiant MicroServer Gen10")
        #expect(record.serial == "35363448-3233-5a43-3239-333130304253")
        #expect(record.cpuCores == 8)
        #expect(record.cpuMaxMHz == 3400)
        #expect(record.memoryBytes == 32 << 30)
        #expect(record.gpu?.name == "AMD 1002:73ff")
        #expect(record.gpu?.tier == .midRange)
        #expect(record.gpu?.cores == 0)
    }

    @Test func theHashMovesWithTheHardwareAlone() throws {
        let board = try Board("pi4")
        let hash = try #require(board.sensors.hardware()).hash
        try board.tree.write("sys/class/thermal/thermal_zone0/temp", "80000\n")
        try board.tree.write("sys/devices/system/cpu/online", "0-2\n")
        try board.tree.write("sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq", "600000\n")
        try board.tree.write("proc/meminfo", "MemTotal: 3800000 kB\nMemAvailable: 1 kB\n")
        #expect(board.sensors.hardware()?.hash == hash)
        try board.tree.write("sys/firmware/devicetree/base/serial-number", "10000000ffffffff\0")
        #expect(board.sensors.hardware()?.hash != hash)
    }

    /// Whatever a look rests on, a look that finds it changed is a new one.
    @Test(arguments: [
        ("sys/class/dmi/id/product_name", "Another\n"), ("sys/class/dmi/id/product_uuid", "35363448-0\n"),
        ("sys/devices/system/cpu/present", "0-1\n"), ("proc/meminfo", "MemTotal: 900000 kB\nMemAvailable: 1 kB\n"),
        ("sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq", "1000000\n"),
        ("sys/devices/system/cpu/cpufreq/policy9/cpuinfo_max_freq", "9000000\n"),
        ("sys/firmware/devicetree/base/model", "A board\0"),
    ])
    func aLookFindsWhatHasChanged(path: String, text: String) throws {
        let board = try Board("x86")
        let before = try #require(board.sensors.hardware())
        #expect(board.sensors.hardware() == before)
        try board.tree.write(path, text)
        let after = try #require(board.sensors.hardware())
        #expect(after != before)
        #expect(board.sensors.hardware() == after)
    }

    /// However many other devices there are: their names may be more than are told apart.
    @Test(arguments: [0, 3000, 6000]) func aLookFindsACardThatIsPluggedIn(others: Int) throws {
        let board = try Board("pi4")
        for index in 0..<others {
            try board.tree.write("sys/bus/pci/devices/device-\(index)/class", "0x020000\n")
        }
        #expect(board.sensors.hardware()?.gpu?.tier == .integrated)
        let slot = "sys/bus/pci/devices/0000:01:00.0"
        try board.tree.write("\(slot)/class", "0x030000\n")
        try board.tree.write("\(slot)/vendor", "0x10de\n")
        try board.tree.write("\(slot)/device", "0x2204\n")
        #expect(board.sensors.hardware()?.gpu?.name == "NVIDIA GeForce RTX 3090")
    }

    @Test func aMemoryThatCannotBeReadIsNoLook() throws {
        let board = try Board("pi4")
        let before = board.sensors.hardware()
        let meminfo = try board.tree.text("proc/meminfo")
        try board.tree.write("proc/meminfo", "")
        #expect(board.sensors.hardware() == nil)
        try board.tree.write("proc/meminfo", meminfo)
        #expect(board.sensors.hardware() == before)
    }

    @Test func machineIDStandsInForASerialAndIsNotShown() throws {
        let tree = try Scratch(fixture: "x86")
        try tree.write("sys/class/dmi/id/product_uuid", "00000000-0000-0000-0000-000000000000\n")
        try tree.write("machine-id", "0123456789abcdef0123456789abcdef\n")
        var roots = SensorRoots(sysfs: tree.at("sys"), procfs: tree.at("proc"))
        #expect(DeviceSensors(roots: roots).hardware()?.serial == "")
        roots.machineIDPath = tree.at("machine-id")
        let serial = try #require(DeviceSensors(roots: roots).hardware()?.serial)
        #expect(serial.hasPrefix("machine-"))
        #expect(!serial.contains("0123456789abcdef"))
    }

    @Test(arguments: [
        ("0-3\n", 4), ("0", 1), ("0-3,6,8-9", 7), ("", nil), ("3-0", nil), ("a-b", nil), ("-", nil),
        ("0-99999", nil), ("0-1-2", nil),
    ])
    func cpuLists(text: String, count: Int?) {
        #expect(HardwareDetector.count(Array(text.utf8)[...]) == count)
    }

    @Test(arguments: [
        ("model name\t: Intel(R) Xeon(R) CPU @ 2.20GHz\ncpu MHz\t: 2199.998\nbogomips\t: 4399.99\n", 2200),
        ("model name\t: AMD EPYC 7B13\ncpu MHz\t\t: 2449.9\nbogomips\t: 4899.99\n", 2400),
        ("processor\t: 0\nBogoMIPS\t: 108.00\n", 0),
        ("model name\t: odd @ \n", 0),
        ("", 0),
    ])
    func nominalFrequency(cpuInfo: String, megahertz: Int) {
        #expect(ProcessorInfo(Array(cpuInfo.utf8)).nominalMHz == megahertz)
    }
}
