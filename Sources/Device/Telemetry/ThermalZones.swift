// The kernel's thermal zones: class/thermal/thermal_zoneN/{type,temp}, temp in m°C.
// https://docs.kernel.org/driver-api/thermal/sysfs-api.html

import Model
import System

struct ThermalZones {
    private struct Zone {
        let folder: String
        let type: String
        let file: OpenFile
    }

    private var zones: [Zone] = []

    var isEmpty: Bool { zones.isEmpty }

    /// Looks which zones there are. Zones that stayed keep their open files.
    mutating func discover(in sysfsRoot: String) {
        let root = "\(sysfsRoot)/class/thermal"
        var found: [Zone] = []
        for folder in OneShot.names(root) where Name.has(folder, prefix: "thermal_zone") {
            let type = OneShot.text("\(root)/\(folder)/type") ?? folder
            let kept = zones.first { Name.equal($0.folder, folder) && Name.equal($0.type, type) }
            let file = kept?.file ?? OpenFile("\(root)/\(folder)/temp", limit: 64)
            found.append(Zone(folder: folder, type: type, file: file))
        }
        zones = found
    }

    func read(_ tally: inout Tally) -> [ThermalReading] {
        var readings: [ThermalReading] = []
        for zone in zones {
            let value = tally.count(zone.file.integer(in: Plausible.temperatureMilliC))
            readings.append(ThermalReading(name: zone.type, temperatureMilliC: value.map { Int($0) }))
        }
        return readings
    }
}
