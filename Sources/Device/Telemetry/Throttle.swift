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
    private var firmware: OpenFile?
    private var latched: UInt8 = 0

    /// The firmware node is `soc:firmware` below `soc` on a Pi 4, and elsewhere on others.
    mutating func discover(in sysfsRoot: String) {
        let platform = "\(sysfsRoot)/devices/platform"
        for soc in OneShot.names(platform) where Name.has(soc, prefix: "soc") {
            for node in OneShot.names("\(platform)/\(soc)") where Name.has(node, suffix: "firmware") {
                let path = "\(platform)/\(soc)/\(node)/get_throttled"
                guard FileSystem.exists(path) else { continue }
                if let firmware, Name.equal(firmware.path, path) { return }
                firmware = OpenFile(path, limit: 64)
                return
            }
        }
        firmware = nil
    }

    /// Nil without data; the hwmon readings are those of the same sample.
    mutating func read(_ hwmon: [HwmonReading], _ tally: inout Tally) -> ThrottleReading? {
        let alarm = hwmon.first { $0.kind == .alarm && Text.equal($0.chip, "rpi_volt") }?.value
        var now: UInt8 = alarm == 1 ? ThrottleReading.underVoltage : 0
        if let firmware {
            let bits = tally.count((try? firmware.read()).flatMap { Self.bits($0) })
            if let bits {
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
    static func bits(_ text: ArraySlice<UInt8>) -> UInt32? {
        var digits = Text.trimmed(text)
        if digits.count > 2, Text.equal(digits.prefix(2), "0x") { digits = digits.dropFirst(2) }
        guard !digits.isEmpty, digits.count <= 8 else { return nil }
        var value: UInt32 = 0
        for digit in digits {
            let nibble: UInt8
            switch digit {
            case 0x30...0x39: nibble = digit - 0x30
            case 0x41...0x46: nibble = digit - 0x37
            case 0x61...0x66: nibble = digit - 0x57
            default: return nil
            }
            value = value << 4 | UInt32(nibble)
        }
        return value < 1 << 20 ? value : nil
    }
}
