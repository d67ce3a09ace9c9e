// Which series the sensors of a sample go to, by their place in it: found once, and again when the list
// of sensors is another one.

import Bytes
import Model

struct SensorPlaces {
    var zoneIDs: [UInt16?] = []
    var hwmonIDs: [UInt16?] = []
    private var zones: [ThermalReading] = []
    private var hwmon: [HwmonReading] = []

    init() {}

    init(of sample: Sample) {
        zones = sample.zones
        hwmon = sample.hwmon
    }

    /// Whether the sample lists the same sensors in the same order.
    func fit(_ sample: Sample) -> Bool {
        guard zones.count == sample.zones.count, hwmon.count == sample.hwmon.count else { return false }
        for index in zones.indices where !Text.equal(zones[index].name, sample.zones[index].name) { return false }
        for index in hwmon.indices {
            let (known, now) = (hwmon[index], sample.hwmon[index])
            guard known.kind == now.kind, Text.equal(known.chip, now.chip), Text.equal(known.label, now.label) else {
                return false
            }
        }
        return true
    }
}
