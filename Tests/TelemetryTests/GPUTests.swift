// Which GPU is found, from which files; and when a change of hardware is believed.

import FixtureSupport
import Model
import Testing

@testable import Telemetry

@Suite struct GPUTests {
    private func gpu(_ board: Board) -> GPURecord? { board.sensors.hardware()?.gpu }

    /// A PC whose only display device has these ids.
    private func machine(
        vendor: String, device: String, kind: String = "0x030000", files: [String: String] = [:]
    ) throws -> Board {
        let board = try Board("desktop")
        try board.tree.remove("sys/bus/pci/devices/0000:00:02.0")
        try board.tree.remove("proc/driver")
        let slot = "sys/bus/pci/devices/0000:01:00.0"
        try board.tree.write("\(slot)/class", kind + "\n")
        try board.tree.write("\(slot)/vendor", vendor + "\n")
        try board.tree.write("\(slot)/device", device + "\n")
        for (name, text) in files { try board.tree.write("\(slot)/\(name)", text) }
        return board
    }

    @Test(arguments: [
        ("pi4", "VideoCore VI"), ("pi5", "VideoCore VII"), ("zero2w", "VideoCore IV"),
    ])
    func boardsByTheirSoC(board: String, name: String) throws {
        let found = try #require(gpu(try Board(board)))
        #expect(found == GPURecord(name: name, memoryGB: 0, cores: 0, tier: .integrated))
    }

    /// The VideoCore is the same whether its driver is loaded yet or not: no collapse at every boot.
    @Test func aDriverThatComesLateChangesNothing() throws {
        let board = try Board("pi4")
        let hash = board.sensors.hardware()?.hash
        try board.tree.remove("sys/class/drm")
        #expect(board.sensors.hardware()?.hash == hash)
    }

    @Test func aDesktopsCardComesBeforeItsIntegratedGPU() throws {
        let board = try Board("desktop")
        #expect(board.sensors.hardware()?.model == "PRIME Z490-P")
        #expect(
            gpu(board)
                == GPURecord(
                    name: "NVIDIA GeForce RTX 3060 Ti", memoryGB: 8, cores: 4864, tier: .midRange))
        try board.tree.remove("sys/bus/pci/devices/0000:01:00.0")
        #expect(
            gpu(board) == GPURecord(name: "Intel 8086:9bc5", memoryGB: 0, cores: 0, tier: .integrated))
    }

    @Test(arguments: [
        ("0x1c82", "NVIDIA GeForce GTX 1050 Ti", 4.0, 768, GPUTier.lowEnd),
        ("0x2504", "NVIDIA GeForce RTX 3060", 12, 3584, .midRange),
        ("0x2484", "NVIDIA GeForce RTX 3070", 8, 5888, .highEnd),
        ("0x2204", "NVIDIA GeForce RTX 3090", 24, 10496, .ultra),
        ("0x2684", "NVIDIA GeForce RTX 4090", 24, 16384, .extreme),
    ])
    func cardsOfTheTable(
        device: String, name: String, memoryGB: Double, cores: Int, tier: GPUTier
    ) throws {
        let found = gpu(try machine(vendor: "0x10de", device: device))
        #expect(found == GPURecord(name: name, memoryGB: memoryGB, cores: cores, tier: tier))
    }

    /// What no table and no file tells is not known: neither cores nor memory are made up.
    @Test func anUnknownCardIsNamedByItsDriverAndHasNoInventedFigures() throws {
        let board = try machine(vendor: "0x10de", device: "0xffff")
        #expect(
            gpu(board) == GPURecord(name: "NVIDIA 10de:ffff", memoryGB: 0, cores: 0, tier: .lowEnd))
        try board.tree.write(
            "proc/driver/nvidia/gpus/0000:01:00.0/information",
            "Model: \t\t NVIDIA RTX 9999\nIRQ: \t 1\n")
        #expect(gpu(board)?.name == "NVIDIA RTX 9999")
        #expect(gpu(board)?.cores == 0)
    }

    @Test(arguments: [
        (2 as Int64, GPUTier.lowEnd), (8, .midRange), (12, .highEnd), (16, .ultra), (24, .extreme),
    ])
    func amdTellsItsMemoryAndTheTierFollows(memoryGB: Int64, tier: GPUTier) throws {
        let board = try machine(
            vendor: "0x1002", device: "0x744c",
            files: ["mem_info_vram_total": "\(memoryGB << 30)\n", "product_name": "RX test\n"])
        #expect(
            gpu(board)
                == GPURecord(name: "RX test", memoryGB: Double(memoryGB), cores: 0, tier: tier))
    }

    /// An APU's "VRAM" is memory of the machine; counting it would count it twice.
    @Test func anAPUHasNoMemoryOfItsOwn() throws {
        let board = try machine(
            vendor: "0x1002", device: "0x15bf", files: ["mem_info_vram_total": "\(4 << 30)\n"])
        #expect(gpu(board)?.tier == .integrated)
        #expect(gpu(board)?.memoryGB == 0)
    }

    @Test func intelsCardsAreCards() throws {
        #expect(gpu(try machine(vendor: "0x8086", device: "0x56a0"))?.tier == .lowEnd)
        #expect(gpu(try machine(vendor: "0x8086", device: "0x9a49"))?.tier == .integrated)
    }

    @Test(arguments: [
        ("0x1a03", "0x2000", "0x030000"), ("0x1af4", "0x1050", "0x030000"),
        ("0x10de", "0x228b", "0x040300"), ("nonsense", "0x2684", "0x030000"),
        ("0x10de", "", "0x030000"), ("0x10de", "0x2684", "0xzz"), ("0x10de", "0x2684", ""),
    ])
    func whatIsNoGPU(vendor: String, device: String, kind: String) throws {
        #expect(gpu(try machine(vendor: vendor, device: device, kind: kind)) == nil)
    }

    @Test func connectorsAndDisplayPipesAreNoCards() throws {
        let board = try Board("pi4")
        try board.tree.remove("sys/firmware/devicetree/base/compatible")
        #expect(gpu(board) == nil)
        try board.tree.write("sys/class/drm/card0/device/uevent", "DRIVER=panfrost\n")
        #expect(gpu(board)?.name == "panfrost")
    }

    // MARK: Hysteresis

    private static let plain = HardwareRecord(
        model: "rig", serial: "1", cpuCores: 4, cpuMaxMHz: 1000, memoryBytes: 1 << 30)
    private static let withCard: HardwareRecord = {
        var record = plain
        record.gpu = GPURecord(name: "card", memoryGB: 8, cores: 0, tier: .midRange)
        return record
    }()

    @Test func aChangeIsBelievedAtItsSecondLook() {
        var watch = HardwareWatch(Self.plain, nowMs: 0)
        var looks = 0
        func step(_ nowMs: Int64, _ seen: HardwareRecord?) -> HardwareRecord {
            watch.update(nowMs: nowMs) {
                looks += 1
                return seen
            }
            return watch.record
        }
        // Not before its time.
        #expect(step(59_999, Self.withCard) == Self.plain && looks == 0)
        #expect(step(60_000, Self.withCard) == Self.plain && looks == 1)
        #expect(step(64_999, Self.withCard) == Self.plain && looks == 1)
        #expect(step(65_000, Self.withCard) == Self.withCard && looks == 2)
    }

    @Test func aReadingThatFlickersOnceIsNoChange() {
        var watch = HardwareWatch(Self.plain, nowMs: 0)
        for (nowMs, seen) in [
            (60_000, Self.withCard), (65_000, Self.plain), (125_000, nil), (185_000, Self.withCard),
            (190_000, nil), (250_000, Self.withCard),
        ] as [(Int64, HardwareRecord?)] {
            watch.update(nowMs: nowMs) { seen }
            #expect(watch.record == Self.plain)
        }
    }

    /// A card that comes up in steps is taken once, as it is in the end.
    @Test func whatComesUpInStepsIsTakenInTheEnd() {
        var watch = HardwareWatch(Self.plain, nowMs: 0)
        var half = Self.withCard
        half.gpu?.memoryGB = 0
        var changes = 0
        for (nowMs, seen) in [(60_000, half), (65_000, Self.withCard), (70_000, Self.withCard)]
            as [(Int64, HardwareRecord)]
        {
            let before = watch.record
            watch.update(nowMs: nowMs) { seen }
            if watch.record != before { changes += 1 }
        }
        #expect(changes == 1)
        #expect(watch.record == Self.withCard)
    }
}
