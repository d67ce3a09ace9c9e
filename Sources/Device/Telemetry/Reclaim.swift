// /proc/vmstat, where the kernel has no PSI: how hard it looks for free memory. Counted in pages, which
// are 16 KiB on a Raspberry Pi 5: asked for, never assumed.

import Model
import System

struct Reclaim {
    struct Counters: Equatable {
        var majorFaults: UInt64 = 0
        var directScanPages: UInt64 = 0
        var oomKills: UInt64 = 0
    }

    private let file: HeldFile
    private let pageBytes: UInt64
    private var place = 0
    private(set) var isPresent = false
    var path: String { file.path }
    private var faultRate = Rate()
    private var scanRate = Rate()

    init(procfsRoot: String, pageBytes: UInt64 = UInt64(Machine.pageSizeBytes)) {
        file = HeldFile("\(procfsRoot)/vmstat", .list)
        self.pageBytes = pageBytes
    }

    /// - Parameter isWanted: false where PSI tells more.
    mutating func discover(isWanted: Bool, _ ledger: inout SensorLedger) {
        isPresent = isWanted && FileSystem.exists(file.path)
        if isPresent { place = ledger.place("vmstat") }
    }

    mutating func read(_ cycle: inout Cycle) -> ReclaimReading? {
        let (count, text) = cycle.read(file)
        let counters = count < 0 ? nil : Self.parse(text)
        guard let counters = cycle.ledger.note(place, count, counters) else { return nil }
        let scanned = counters.directScanPages &* pageBytes
        return ReclaimReading(
            majorFaultsTotal: counters.majorFaults, directScanBytesTotal: scanned,
            oomKillsTotal: counters.oomKills,
            majorFaultsPerS: faultRate.note(counters.majorFaults, elapsedS: cycle.elapsedS),
            directScanBytesPerS: scanRate.note(scanned, elapsedS: cycle.elapsedS))
    }

    /// Lines of `name value`; nil without the one that every kernel has.
    static func parse(_ text: UnsafeBufferPointer<UInt8>) -> Counters? {
        var scan = Scan(text)
        var counters = Counters()
        var hasFaults = false
        while !scan.isAtEnd {
            if scan.take("pgmajfault ") {
                guard let value = scan.unsigned() else { return nil }
                counters.majorFaults = value
                hasFaults = true
            } else if scan.take("pgscan_direct ") {
                guard let value = scan.unsigned() else { return nil }
                counters.directScanPages = value
            } else if scan.take("oom_kill ") {
                guard let value = scan.unsigned() else { return nil }
                counters.oomKills = value
            }
            scan.skipLine()
        }
        return hasFaults ? counters : nil
    }
}
