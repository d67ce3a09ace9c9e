// Which GPU is there: by the PCI bus, which lists a card whether its driver is loaded or not, by DRM
// for what sits on no PCI bus, and by the device tree for the boards' own.
//
// What is told, and by whom:
//   name       the table of cards; else NVIDIA's /proc file; else the card's own sysfs name; else the ids
//   memory     the table of cards; else amdgpu's mem_info_vram_total; else not known
//   cores      the table of cards alone: no kernel file tells them, and none are made up
//   tier       by cores where they are known, else by memory: see `GPUTier`
//
// A GPU that lives in the CPU's memory (Intel's, an AMD APU's, a board's) is named and of tier
// `integrated`, with no memory of its own: the chamber leaves it out of its scores. Display adapters
// of other makers (a server's management chip, a virtual machine's screen) are no GPU.
// https://docs.kernel.org/PCI/sysfs-pci.html, https://docs.kernel.org/gpu/amdgpu/driver-misc.html

import Bytes
import Model
import System

struct GPUDetector {
    let sysfsRoot: String
    let procfsRoot: String
    /// What all is read through.
    let evidence: Evidence

    /// The card with the most memory, then the most cores; nil where there is no GPU.
    func detect() -> GPURecord? {
        var best: GPURecord?
        func offer(_ found: GPURecord?) {
            guard let found else { return }
            if let held = best, Self.order(held) >= Self.order(found) { return }
            best = found
        }
        let bus = "\(sysfsRoot)/bus/pci/devices"
        for slot in evidence.names(bus) {
            // Base class 03: display controllers.
            guard let kind = hexadecimal("\(bus)/\(slot)/class"), kind >> 16 == 0x03 else { continue }
            offer(card("\(bus)/\(slot)", slot: slot))
        }
        let drm = "\(sysfsRoot)/class/drm"
        for name in evidence.names(drm) where Self.isCard(name) {
            let folder = "\(drm)/\(name)/device"
            offer(card(folder, slot: "") ?? platform(folder))
        }
        offer(board())
        return best
    }

    /// Integrated below any card, then by memory, then by cores.
    private static func order(_ gpu: GPURecord) -> (Int, Double, Int) {
        (gpu.tier == .integrated ? 0 : 1, gpu.memoryGB, gpu.cores)
    }

    /// `card0`, and not `card0-HDMI-A-1`, which is a connector.
    private static func isCard(_ name: String) -> Bool {
        guard Name.has(name, prefix: "card") else { return false }
        return Text.integer(Array(name.utf8)[4...]) != nil
    }

    // MARK: Cards on the PCI bus

    /// nil for a folder without PCI ids, and for makers of mere display adapters.
    private func card(_ folder: String, slot: String) -> GPURecord? {
        guard let vendor = hexadecimal("\(folder)/vendor"), let id = hexadecimal("\(folder)/device")
        else { return nil }
        let ids = "\(Self.digits(vendor)):\(Self.digits(id))"
        let named = evidence.text("\(folder)/product_name").map { Self.shortened($0) }
        switch vendor {
        case 0x10de:
            if let known = GPUTable.nvidia(id) { return known }
            return GPURecord(
                name: nvidiaModel(slot) ?? named ?? "NVIDIA \(ids)", memoryGB: 0, cores: 0,
                tier: GPUTier(memoryGB: 0, cores: 0))
        case 0x1002:
            let isIntegrated = GPUTable.amdIntegrated.contains { $0.contains(id) }
            let bytes = evidence.integer("\(folder)/mem_info_vram_total", in: 1 << 20...1 << 42)
            // What an APU calls its VRAM is a part of the machine's memory that the BIOS set aside.
            let memoryGB = isIntegrated ? 0 : Double(bytes ?? 0) / Double(1 << 30)
            return GPURecord(
                name: named ?? "AMD \(ids)", memoryGB: memoryGB, cores: 0,
                tier: isIntegrated ? .integrated : GPUTier(memoryGB: memoryGB, cores: 0))
        case 0x8086:
            let isCard = GPUTable.intelCards.contains { $0.contains(id) }
            return GPURecord(
                name: named ?? "Intel \(ids)", memoryGB: 0, cores: 0,
                tier: isCard ? GPUTier(memoryGB: 0, cores: 0) : .integrated)
        default: return nil
        }
    }

    /// `Model: NVIDIA GeForce …` in /proc/driver/nvidia/gpus/0000:01:00.0/information, which NVIDIA's
    /// own driver writes.
    private func nvidiaModel(_ slot: String) -> String? {
        let root = "\(procfsRoot)/driver/nvidia/gpus"
        for name in evidence.names(root) where slot.isEmpty || Name.equal(name, slot) {
            guard let text = evidence.bytes("\(root)/\(name)/information") else { continue }
            for line in Text.lines(text[...]) {
                guard let colon = line.firstIndex(of: 0x3a), Text.equal(line[..<colon], "Model")
                else { continue }
                let model = Text.trimmed(line[(colon + 1)...])
                if !model.isEmpty { return Self.shortened(Text.string(model)) }
            }
        }
        return nil
    }

    // MARK: GPUs of boards

    /// A GPU that DRM knows and the PCI bus doesn't: its driver's name, from the uevent file.
    private func platform(_ folder: String) -> GPURecord? {
        guard let text = evidence.bytes("\(folder)/uevent") else { return nil }
        for line in Text.lines(text[...]) {
            guard let equals = line.firstIndex(of: 0x3d), Text.equal(line[..<equals], "DRIVER")
            else { continue }
            let driver = line[(equals + 1)...]
            // Drivers of GPUs; others in this place are of display pipes and screens. The Pi's v3d is
            // told by the device tree, which is there before the driver is.
            let known: [StaticString] = ["panfrost", "panthor", "lima", "etnaviv", "msm", "nouveau"]
            guard known.contains(where: { Text.equal(driver, $0) }) else { return nil }
            return GPURecord(
                name: Self.shortened(Text.string(driver)), memoryGB: 0, cores: 0, tier: .integrated)
        }
        return nil
    }

    /// By the SoC in the device tree's list of what the board is compatible with.
    private func board() -> GPURecord? {
        let paths = [
            "\(sysfsRoot)/firmware/devicetree/base/compatible", "\(procfsRoot)/device-tree/compatible",
        ]
        for path in paths {
            guard let text = evidence.bytes(path) else { continue }
            for entry in text.split(separator: 0) {
                if let name = GPUTable.boards.first(where: { Text.equal(entry, $0.soc) })?.name {
                    return GPURecord(name: "\(name)", memoryGB: 0, cores: 0, tier: .integrated)
                }
            }
        }
        return nil
    }

    // MARK: Texts

    /// What the wire takes of a name, bytes.
    private static let nameBytesMost = 128

    private static func shortened(_ name: String) -> String {
        let bytes = Array(name.utf8)
        guard bytes.count > nameBytesMost else { return name }
        return Text.string(bytes[..<nameBytesMost])
    }

    /// `0x10de`, as sysfs writes ids and classes.
    private func hexadecimal(_ path: String) -> Int? {
        guard let text = evidence.bytes(path) else { return nil }
        let digits = Text.trimmed(text[...])
        guard digits.count > 2, digits.count <= 10, Text.equal(digits.prefix(2), "0x") else { return nil }
        var value = 0
        for digit in digits.dropFirst(2) {
            switch digit {
            case 0x30...0x39: value = value << 4 | Int(digit - 0x30)
            case 0x61...0x66: value = value << 4 | Int(digit - 0x57)
            case 0x41...0x46: value = value << 4 | Int(digit - 0x37)
            default: return nil
            }
        }
        return value
    }

    private static func digits(_ id: Int) -> String {
        Hex.encode([UInt8(truncatingIfNeeded: id >> 8), UInt8(truncatingIfNeeded: id)])
    }
}
