// Disks and compressed swap, from sysfs' block devices.
//
// A disk is a whole device that isn't made of others: sysfs' folder `block` has no partitions (they lie
// within their disk's); loop, dm and md would count the same bytes twice, ram and zram count memory.
// https://docs.kernel.org/block/stat.html
// https://docs.kernel.org/admin-guide/blockdev/zram.html

import Model
import System

struct Disks {
    private struct Disk {
        let name: String
        let file: HeldFile
        let place: Int
    }

    /// The unit of the kernel's counters, whatever the device's own sectors are.
    private static let sectorBytes: UInt64 = 512
    /// Counters beyond are no counters: 2⁵⁴ sectors are 8 EiB.
    private static let sectorsMost: UInt64 = 1 << 54

    private var disks: [Disk] = []
    var paths: [String] { disks.map { $0.file.path } }
    private var readRate = Rate()
    private var writeRate = Rate()

    mutating func discover(_ names: [String], in root: String, _ ledger: inout SensorLedger) {
        var found: [Disk] = []
        for name in names where Self.isWhole(name) && FileSystem.exists("\(root)/\(name)/stat") {
            let kept = disks.first { Name.equal($0.name, name) }
            found.append(
                Disk(
                    name: name, file: kept?.file ?? HeldFile("\(root)/\(name)/stat"),
                    place: ledger.place("disk \(name)")))
        }
        if !Name.equal(found.map { $0.name }, disks.map { $0.name }) {
            readRate.forget()
            writeRate.forget()
        }
        disks = found
    }

    static func isWhole(_ name: String) -> Bool {
        let others: [StaticString] = ["loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd"]
        // eMMC chips show their boot areas as disks of their own.
        let isBootArea = Name.has(name, prefix: "mmcblk") && Name.has(name, middle: "boot")
        return !isBootArea && !others.contains { Name.has(name, prefix: $0) }
    }

    mutating func read(_ cycle: inout Cycle) -> DiskReading? {
        guard !disks.isEmpty else { return nil }
        var readBytes: UInt64 = 0
        var writtenBytes: UInt64 = 0
        var isWhole = true
        for disk in disks {
            let (count, text) = cycle.read(disk.file)
            let sectors = count < 0 ? nil : Self.sectors(text)
            guard let sectors = cycle.ledger.note(disk.place, count, sectors) else {
                isWhole = false
                continue
            }
            readBytes &+= sectors.read * Self.sectorBytes
            writtenBytes &+= sectors.written * Self.sectorBytes
        }
        guard isWhole else {
            // A sum with a hole in it would look like a counter that fell.
            readRate.forget()
            writeRate.forget()
            return nil
        }
        return DiskReading(
            readBytesTotal: readBytes, writtenBytesTotal: writtenBytes,
            readBytesPerS: readRate.note(readBytes, elapsedS: cycle.elapsedS),
            writtenBytesPerS: writeRate.note(writtenBytes, elapsedS: cycle.elapsedS))
    }

    /// Fields 3 and 7 of the device's line.
    static func sectors(_ text: UnsafeBufferPointer<UInt8>) -> (read: UInt64, written: UInt64)? {
        var scan = Scan(text)
        var read: UInt64 = 0
        for field in 1...7 {
            guard let value = scan.unsigned() else { return nil }
            if field == 3 { read = value }
            if field == 7 {
                return read <= sectorsMost && value <= sectorsMost ? (read, value) : nil
            }
        }
        return nil
    }
}

struct Zram {
    private struct Device {
        let name: String
        let file: HeldFile
        let place: Int
        let diskBytes: UInt64
    }

    private var devices: [Device] = []
    var paths: [String] { devices.map { $0.file.path } }

    mutating func discover(_ names: [String], in root: String, _ ledger: inout SensorLedger) {
        var found: [Device] = []
        for name in names where Name.has(name, prefix: "zram") {
            let file = "\(root)/\(name)/mm_stat"
            let size = OneShot.integer("\(root)/\(name)/disksize", in: 1...Plausible.bytesMost)
            // A device of size 0 was made and never set up.
            guard let size, FileSystem.exists(file) else { continue }
            let kept = devices.first { Name.equal($0.name, name) }
            found.append(
                Device(
                    name: name, file: kept?.file ?? HeldFile(file),
                    place: ledger.place("zram \(name)"), diskBytes: UInt64(size)))
        }
        devices = found
    }

    /// Nil where there is no zram, or a part of it can't be read.
    func read(_ cycle: inout Cycle) -> ZramReading? {
        guard !devices.isEmpty else { return nil }
        var sum = ZramReading(diskBytes: 0, originalBytes: 0, compressedBytes: 0, usedBytes: 0)
        var isWhole = true
        for device in devices {
            let (count, text) = cycle.read(device.file)
            let stat = count < 0 ? nil : Self.stat(text)
            guard let stat = cycle.ledger.note(device.place, count, stat) else {
                isWhole = false
                continue
            }
            sum.diskBytes &+= device.diskBytes
            sum.originalBytes &+= stat.original
            sum.compressedBytes &+= stat.compressed
            sum.usedBytes &+= stat.used
        }
        return isWhole ? sum : nil
    }

    /// `orig_data_size compr_data_size mem_used_total mem_limit …`
    static func stat(
        _ text: UnsafeBufferPointer<UInt8>
    ) -> (original: UInt64, compressed: UInt64, used: UInt64)? {
        var scan = Scan(text)
        guard let original = scan.unsigned(), let compressed = scan.unsigned(), let used = scan.unsigned(),
            max(original, max(compressed, used)) <= UInt64(Plausible.bytesMost)
        else { return nil }
        return (original, compressed, used)
    }
}
