// Hardware monitoring chips: temperatures, fans, voltages, power and the critical alarms.
//
// On a real device libsensors reads them, since it knows each chip's scaling and the operator's
// labels. It reads /sys alone: that path is compiled into the library (3.6) and no environment
// variable moves it. So under another root (a fixture, a simulated board) the files of class/hwmon
// are read here, with the kernel's units, into the same form.
// https://docs.kernel.org/hwmon/sysfs-interface.html

import Bytes
import CSensors
import Model
import System

struct HardwareMonitor {
    enum Source {
        /// libsensors; the configuration's path, or nil for the library's own.
        case library(configuration: String?)
        /// The files below `class/hwmon` of this root.
        case files
    }

    private struct Channel {
        let chip: String
        let label: String
        let kind: HwmonKind
        /// Units of the file in one unit of the kind.
        let scale: Double
        let file: OpenFile
    }

    private let source: Source
    private var folders: [String] = []
    private var channels: [Channel] = []
    private var libraryCount = 0

    init(_ source: Source) { self.source = source }

    mutating func discover(in sysfsRoot: String) {
        let root = "\(sysfsRoot)/class/hwmon"
        let found = OneShot.names(root)
        switch source {
        case .library(let configuration):
            // The library's table is rebuilt only when a chip came or went.
            guard !Name.equal(found, folders) else { return }
            let count = Self.openLibrary(configuration)
            libraryCount = max(0, Int(count))
        case .files:
            var next: [Channel] = []
            for folder in found { appendChannels(of: "\(root)/\(folder)", to: &next) }
            channels = next
        }
        folders = found
    }

    func read(_ tally: inout Tally) -> [HwmonReading] {
        var readings: [HwmonReading] = []
        for channel in channels {
            let raw = channel.file.integer(in: Int64.min...Int64.max)
            let value = raw.map { Double($0) / channel.scale }
            readings.append(judged(channel.chip, channel.label, channel.kind, value, &tally))
        }
        for index in 0..<Int32(clamping: libraryCount) {
            guard let chip = csensors_chip(index), let label = csensors_label(index),
                let kind = Self.kind(csensors_kind(index))
            else { continue }
            var value = 0.0
            let isRead = csensors_value(index, &value) == 0
            readings.append(
                judged(
                    String(cString: chip), String(cString: label), kind, isRead ? value : nil,
                    &tally))
        }
        return readings
    }

    private static func openLibrary(_ configuration: String?) -> Int32 {
        guard let configuration else { return csensors_open(nil) }
        return configuration.withCString { csensors_open($0) }
    }

    private func judged(
        _ chip: String, _ label: String, _ kind: HwmonKind, _ value: Double?, _ tally: inout Tally
    ) -> HwmonReading {
        let plausible = value.flatMap { Self.bounds(kind).contains($0) ? $0 : nil }
        return HwmonReading(chip: chip, label: label, kind: kind, value: tally.count(plausible))
    }

    private static func bounds(_ kind: HwmonKind) -> ClosedRange<Double> {
        switch kind {
        case .temperature: -40...150
        // The fastest fans turn at 30,000 rpm.
        case .fan: 0...100_000
        // PC boards have negative rails; mains monitors end at 400 V.
        case .voltage: -50...400
        case .alarm: 0...1
        case .power: 0...5_000
        }
    }

    private static func kind(_ kind: Int32) -> HwmonKind? {
        switch kind {
        case CSENSORS_TEMPERATURE: .temperature
        case CSENSORS_FAN: .fan
        case CSENSORS_VOLTAGE: .voltage
        case CSENSORS_ALARM: .alarm
        case CSENSORS_POWER: .power
        default: nil
        }
    }

    /// The channels of one chip, in the order of their names.
    private func appendChannels(of folder: String, to found: inout [Channel]) {
        guard let chip = OneShot.text("\(folder)/name") else { return }
        for name in OneShot.names(folder) {
            guard let (feature, kind, scale) = Self.channel(name) else { continue }
            let path = "\(folder)/\(name)"
            let kept = channels.first { Name.equal($0.file.path, path) && Name.equal($0.chip, chip) }
            found.append(
                Channel(
                    chip: chip, label: OneShot.text("\(folder)/\(feature)_label") ?? feature,
                    kind: kind, scale: scale, file: kept?.file ?? OpenFile(path, limit: 64)))
        }
    }

    /// `in0_lcrit_alarm` → ("in0", alarm, 1); nil for files that are no reading.
    private static func channel(_ name: String) -> (String, HwmonKind, Double)? {
        let bytes = Array(name.utf8)
        guard let bar = bytes.firstIndex(of: 0x5f) else { return nil }
        let feature = Text.string(bytes[..<bar])
        let rest = bytes[(bar + 1)...]
        let isInput = Text.equal(rest, "input")
        if Name.has(feature, prefix: "temp"), isInput { return (feature, .temperature, 1000) }
        if Name.has(feature, prefix: "fan"), isInput { return (feature, .fan, 1) }
        if Name.has(feature, prefix: "power"), isInput || Text.equal(rest, "average") {
            return (feature, .power, 1_000_000)
        }
        let isVoltage = Name.has(feature, prefix: "in") && !Name.has(feature, prefix: "intrusion")
        if isVoltage, isInput { return (feature, .voltage, 1000) }
        let isCritical = Text.equal(rest, "crit_alarm")
        if isVoltage, isCritical || Text.equal(rest, "lcrit_alarm") { return (feature, .alarm, 1) }
        if Name.has(feature, prefix: "temp"), isCritical { return (feature, .alarm, 1) }
        return nil
    }
}
