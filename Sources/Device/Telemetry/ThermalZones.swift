// The kernel's thermal zones: class/thermal/thermal_zoneN/{type,temp}, temp in m°C.
// https://docs.kernel.org/driver-api/thermal/sysfs-api.html

import Model
import System

struct ThermalZones {
    private struct Zone {
        let folder: String
        let type: String
        let file: HeldFile
        let place: Int
        var stuck = StuckWatch()
    }

    private var zones: [Zone] = []
    /// The readings without their values, which each sample starts from.
    private(set) var outline: [ThermalReading] = []

    var isEmpty: Bool { zones.isEmpty }
    var paths: [String] { zones.map { $0.file.path } }

    /// Looks which zones there are. Zones that stayed keep their open files.
    mutating func discover(in sysfsRoot: String, _ ledger: inout SensorLedger) {
        let root = "\(sysfsRoot)/class/thermal"
        var found: [Zone] = []
        for folder in OneShot.names(root) where Name.has(folder, prefix: "thermal_zone") {
            let type = OneShot.text("\(root)/\(folder)/type") ?? folder
            let place = ledger.place("\(folder) \(type)")
            if let kept = zones.first(where: { Name.equal($0.folder, folder) && Name.equal($0.type, type) }) {
                found.append(kept)
            } else {
                let file = HeldFile("\(root)/\(folder)/temp")
                found.append(Zone(folder: folder, type: type, file: file, place: place))
            }
        }
        zones = found
        outline = found.map { ThermalReading(name: $0.type, temperatureMilliC: nil) }
    }

    /// The hottest zone, between two samples; what fails is the sample's to note.
    func hottest(_ cycle: Cycle) -> Int? {
        var hottest: Int64?
        for zone in zones {
            let (count, text) = cycle.read(zone.file)
            guard count >= 0, let value = Scan.only(text), Plausible.temperatureMilliC.contains(value)
            else { continue }
            hottest = max(hottest ?? value, value)
        }
        return hottest.map { Int($0) }
    }

    mutating func read(_ readings: inout [ThermalReading], _ cycle: inout Cycle, activity: Double?) {
        for index in zones.indices {
            let place = zones[index].place
            let value = cycle.number(place, zones[index].file, in: Plausible.temperatureMilliC)
            readings[index].temperatureMilliC = value.map { Int($0) }
            if let value, zones[index].stuck.note(value, nowMs: cycle.nowMs, activity: activity) {
                cycle.ledger.suspect(place)
            }
        }
    }
}

/// Notices a temperature that repeats itself to the last digit while the machine goes from rest to work
/// or back. At rest a quantised sensor may well repeat itself for hours; through such a change none does.
struct StuckWatch {
    /// Enough repeats that a short burst between two slow samples proves nothing.
    private static let repeatsLeast = 30
    /// Ten minutes: several times what the slow part of a board's heating needs to show a step.
    private static let leastMs: Int64 = 600_000
    /// Least span of the smoothed busy share meanwhile: on the boards known, 10 °C and more.
    private static let activitySpanLeast = 0.5

    private var last: Int64?
    private var repeats = 0
    private var sinceMs: Int64 = 0
    private var lowest = 1.0
    private var highest = 0.0

    /// - Parameter activity: the busy share, smoothed over a minute; nil where it isn't known.
    /// - Returns: whether the sensor is stuck.
    mutating func note(_ value: Int64, nowMs: Int64, activity: Double?) -> Bool {
        guard last == value else {
            last = value
            repeats = 0
            sinceMs = nowMs
            lowest = activity ?? 1
            highest = activity ?? 0
            return false
        }
        repeats += 1
        if let activity {
            lowest = min(lowest, activity)
            highest = max(highest, activity)
        }
        return repeats >= Self.repeatsLeast && nowMs - sinceMs >= Self.leastMs
            && highest - lowest >= Self.activitySpanLeast
    }
}
