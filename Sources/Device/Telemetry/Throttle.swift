// Throttling and under-voltage on Raspberry Pi boards.
//
// Two sources: the firmware's get_throttled file (bits 0…3 now, 16…19 "has occurred"), and the alarm
// of the hwmon chip `rpi_volt`, which tells of under-voltage alone. The file's sticky bits are
// cleared every 2 s by the hwmon driver: there they don't mean "since boot". So the latches are kept
// here, from what both sources showed while the agent ran. vcgencmd is never forked: it costs audio
// drop-outs and CPU time.
// https://www.raspberrypi.com/documentation/computers/os.html#get_throttled

import Bytes
import Model
import System

struct Throttle {
    private var firmware: HeldFile?
    private var place = 0
    private var latched: UInt8 = 0
    var paths: [String] { firmware.map { [$0.path] } ?? [] }
    /// Whether the firmware's own file is there.
    var hasFirmware: Bool { firmware != nil }

    /// The firmware node is `soc:firmware` below `soc` on a Pi 4, and elsewhere on others.
    mutating func discover(in sysfsRoot: String, _ ledger: inout SensorLedger) {
        let platform = "\(sysfsRoot)/devices/platform"
        for soc in OneShot.names(platform) where Name.has(soc, prefix: "soc") {
            for node in OneShot.names("\(platform)/\(soc)") where Name.has(node, suffix: "firmware") {
                let path = "\(platform)/\(soc)/\(node)/get_throttled"
                guard FileSystem.exists(path) else { continue }
                place = ledger.place("get_throttled")
                if let firmware, Name.equal(firmware.path, path) { return }
                firmware = HeldFile(path)
                return
            }
        }
        firmware = nil
    }

    /// Nil without data.
    /// - Parameter alarm: of chip `rpi_volt` in the same cycle; nil where it has none or didn't speak.
    mutating func read(alarm: Double?, _ cycle: inout Cycle) -> ThrottleReading? {
        var now: UInt8 = alarm == 1 ? ThrottleReading.underVoltage : 0
        if let firmware {
            let (count, text) = cycle.read(firmware)
            if let bits = cycle.ledger.note(place, count, count < 0 ? nil : Self.bits(text)) {
                now |= UInt8(truncatingIfNeeded: bits & 0xf)
                latched |= UInt8(truncatingIfNeeded: bits >> 16 & 0xf) | now
                return ThrottleReading(now: now, latched: latched, source: .firmware)
            }
        }
        guard alarm != nil else { return nil }
        latched |= now
        return ThrottleReading(now: now, latched: latched, source: .voltageAlarm)
    }

    /// Hexadecimal without `0x` in sysfs; with it where people copy vcgencmd's. At most 20 bits.
    static func bits(_ text: UnsafeBufferPointer<UInt8>) -> UInt32? {
        var scan = Scan(text)
        scan.skipSpace()
        _ = scan.take("0x")
        guard let value = scan.hexadecimal() else { return nil }
        scan.skipSpace()
        return scan.isAtEnd && value < 1 << 20 ? value : nil
    }
}
