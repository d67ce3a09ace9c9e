// The observer's first question: what machine is this? Board model, serial number, cores, top
// frequency, installed memory, GPU (`GPUDetector`). Nothing that moves at run time goes in: the hash of the record
// may only change with the hardware.
//
// ARM boards tell by the device tree (strings end in NUL); PCs and servers by DMI. The serial number has
// a file of its own, BoardIdentity.

import Bytes
import Digest
import Model
import System

struct HardwareDetector {
    let sysfsRoot: String
    let procfsRoot: String
    /// /etc/machine-id of the same machine; nil for fixtures.
    let machineIDPath: String?
    /// Which serial number the device's identity rests on; nil for the best there is.
    var serialSource: SerialSource?
    /// What all is read through.
    let evidence: Evidence

    /// Nil while the memory can't be read: a record with a hole would look like other hardware.
    func detect() -> HardwareRecord? {
        guard let memoryBytes = evidence.memoryBytes("\(procfsRoot)/meminfo") else { return nil }
        return HardwareRecord(
            model: model(), serial: serial(), cpuCores: cores(), cpuMaxMHz: maximumMHz(),
            memoryBytes: memoryBytes,
            gpu: GPUDetector(sysfsRoot: sysfsRoot, procfsRoot: procfsRoot, evidence: evidence).detect())
    }

    private func model() -> String {
        if let board = deviceTree("model") { return board }
        for name in ["product_name", "board_name"] {
            let text = evidence.text("\(sysfsRoot)/class/dmi/id/\(name)")
            if let text, !Self.isPlaceholder(text) { return text }
        }
        return "unknown \(Machine.architecture)"
    }

    /// What a maker of main boards leaves in when nobody fills it in.
    private static func isPlaceholder(_ name: String) -> Bool {
        let placeholders: [StaticString] = [
            "System Product Name", "To Be Filled By O.E.M.", "To be filled by O.E.M.",
            "Default string", "Not Specified", "O.E.M.",
        ]
        return placeholders.contains { Text.equal(name, $0) }
    }

    private func serial() -> String {
        BoardSerials(
            sysfsRoot: sysfsRoot, procfsRoot: procfsRoot, machineIDPath: machineIDPath, evidence: evidence
        ).serial(of: serialSource)
    }

    /// The tree is at firmware/devicetree in sysfs; /proc/device-tree is its old name.
    private func deviceTree(_ property: String) -> String? {
        evidence.text("\(sysfsRoot)/firmware/devicetree/base/\(property)")
            ?? evidence.text("\(procfsRoot)/device-tree/\(property)")
    }

    /// Installed cores, whether online or not: switching one off is no change of hardware.
    private func cores() -> Int {
        let folder = "\(sysfsRoot)/devices/system/cpu"
        for name in ["present", "online"] {
            if let text = evidence.bytes("\(folder)/\(name)"), let count = Self.count(text[...]) {
                return count
            }
        }
        let listed = evidence.processors("\(procfsRoot)/cpuinfo").count
        return listed > 0 ? listed : Machine.cpuCount
    }

    /// `0-3,6` → 5; nil when it is no list of CPUs.
    /// https://docs.kernel.org/admin-guide/cputopology.html
    static func count(_ text: ArraySlice<UInt8>) -> Int? {
        var count = 0
        for part in Text.trimmed(text).split(separator: 0x2c) {
            let ends = part.split(separator: 0x2d)
            guard let first = ends.first, let last = ends.last, ends.count <= 2,
                let low = Text.integer(first), let high = Text.integer(last), low >= 0,
                high >= low, high < 65_536
            else { return nil }
            count += Int(high - low) + 1
        }
        return count > 0 ? count : nil
    }

    private func maximumMHz() -> Int {
        let folder = "\(sysfsRoot)/devices/system/cpu/cpufreq"
        var highest: Int64 = 0
        for policy in evidence.names(folder) where Name.has(policy, prefix: "policy") {
            let path = "\(folder)/\(policy)/cpuinfo_max_freq"
            highest = max(highest, evidence.integer(path, in: Plausible.frequencyKHz) ?? 0)
        }
        return highest > 0 ? Int(highest / 1000) : evidence.processors("\(procfsRoot)/cpuinfo").nominalMHz
    }
}
