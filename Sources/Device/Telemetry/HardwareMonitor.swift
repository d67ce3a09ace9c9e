// Hardware monitoring chips: temperatures, fans, voltages, power and the critical alarms.
//
// On a real device libsensors finds the chips, since it knows the operator's labels and what to
// ignore. But it opens each file anew at every read, so in a cycle the files are read here, through
// descriptors that stay open, with the kernel's units. The library goes on reading the channels whose
// value a `compute` line of its configuration changes.
//
// The library reads /sys alone: that path is compiled into it (3.6) and no environment variable moves
// it. Under another root (a fixture, a simulated board) the files of class/hwmon are found here too.
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

    /// Who reads a channel.
    enum Reader {
        case file(HeldFile)
        /// libsensors, by the place in its table.
        case library(Int32)
        /// libsensors, until it is known whether the file says the same.
        case undecided(Int32, HeldFile)
    }

    struct Channel {
        let chip: String
        let label: String
        let kind: HwmonKind
        var reader: Reader
        let place: Int
        var stuck = StuckWatch()
    }

    private let source: Source
    private var channels: [Channel] = []
    /// Whether a channel's reader couldn't be settled, since its file didn't speak.
    private(set) var isUnsettled = false
    /// The readings without their values, which each sample starts from.
    private(set) var outline: [HwmonReading] = []
    /// Where the alarm of chip `rpi_volt` stands among them.
    private(set) var voltageAlarm: Int?

    init(_ source: Source) { self.source = source }

    var hasTemperature: Bool { channels.contains { $0.kind == .temperature } }
    /// Channels that libsensors reads because its configuration computes their value.
    var computedCount: Int {
        channels.count {
            if case .file = $0.reader { return false }
            return true
        }
    }

    /// Of the channels that are read by file.
    var paths: [String] {
        channels.compactMap {
            if case .file(let file) = $0.reader { return file.path }
            return nil
        }
    }

    mutating func discover(in sysfsRoot: String, _ cycle: inout Cycle) {
        var next: [Channel] = []
        switch source {
        case .library(let configuration): listLibrary(configuration, &next, &cycle)
        case .files:
            let root = "\(sysfsRoot)/class/hwmon"
            for folder in OneShot.names(root) { listFiles(root, folder, &next, &cycle.ledger) }
        }
        channels = next
        settle(cycle)
        outline = next.map { HwmonReading(chip: $0.chip, label: $0.label, kind: $0.kind, value: nil) }
        voltageAlarm = outline.firstIndex { $0.kind == .alarm && Text.equal($0.chip, "rpi_volt") }
    }

    mutating func read(_ readings: inout [HwmonReading], _ cycle: inout Cycle, activity: Double?) {
        for index in channels.indices {
            let kind = channels[index].kind
            let place = channels[index].place
            var count = 0
            var value: Double?
            switch channels[index].reader {
            case .file(let file):
                let text: UnsafeBufferPointer<UInt8>
                (count, text) = cycle.read(file)
                if count >= 0 { value = Scan.only(text).map { Double($0) / Self.scale(kind) } }
            case .library(let number), .undecided(let number, _):
                var found = 0.0
                if csensors_value(number, &found) == 0 { value = found } else { count = -Self.libraryError }
            }
            let plausible = value.flatMap { Self.bounds(kind).contains($0) ? $0 : nil }
            let noted = cycle.ledger.note(place, count, plausible)
            readings[index].value = noted
            // Fans and alarms may well stand still.
            if kind == .temperature, let noted {
                let milli = Int64((noted * 1000).rounded())
                if channels[index].stuck.note(milli, nowMs: cycle.nowMs, activity: activity) {
                    cycle.ledger.suspect(place)
                }
            }
        }
    }

    /// The library's own errors aren't the system's: all count as "input/output error".
    private static let libraryError = 5

    /// Units of the file in one unit of the kind.
    private static func scale(_ kind: HwmonKind) -> Double {
        switch kind {
        case .temperature, .voltage: 1000
        case .power: 1_000_000
        case .fan, .alarm: 1
        }
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

    // MARK: libsensors

    private func listLibrary(
        _ configuration: String?, _ found: inout [Channel], _ cycle: inout Cycle
    ) {
        let count: Int32
        var computes = ComputeLines()
        if let configuration {
            count = configuration.withCString { csensors_open($0) }
            computes.add(ComputeLines.file(configuration))
        } else {
            count = csensors_open(nil)
            computes = .usual()
        }
        for index in 0..<max(0, count) {
            guard let chip = csensors_chip(index), let label = csensors_label(index),
                let kind = Self.kind(csensors_kind(index))
            else { continue }
            let name = String(cString: chip)
            let text = String(cString: label)
            let path = Self.libraryPath(index)
            let mayCompute = csensors_may_compute(index) == 1 && computes.may(name)
            var reader = Reader.library(index)
            if let path {
                let file = HeldFile(path)
                reader = mayCompute ? .undecided(index, file) : .file(file)
            }
            // class/hwmon/hwmon1/temp1_input: the chip's folder tells two of a kind apart, and the
            // file a value from its alarm, which share a label.
            let parts = Array((path ?? "").utf8).split(separator: 0x2f).suffix(2).map { Text.string($0) }
            let place = cycle.ledger.place("\(parts.first ?? "hwmon") \(name) \(parts.last ?? text)")
            found.append(Channel(chip: name, label: text, kind: kind, reader: reader, place: place))
        }
    }

    private static func libraryPath(_ index: Int32) -> String? {
        // Below /sys; 256 bytes are twice the longest there.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let start = buffer.baseAddress, csensors_path(index, start, 256) > 0 else { return nil }
            return String(cString: start)
        }
    }

    /// Finds out, of chips some of whose channels are computed, which files alone give what the library
    /// gives. To be tried again at each look, while any is unsettled.
    mutating func settle(_ cycle: Cycle) {
        isUnsettled = false
        for index in channels.indices {
            guard case .undecided(let number, let file) = channels[index].reader else { continue }
            if let reader = Self.decided(number, channels[index].kind, file, cycle) {
                channels[index].reader = reader
            } else {
                isUnsettled = true
            }
        }
    }

    /// A `compute` line shows in the library's value being another than the file's; a value that moves
    /// between the reads, or is 0 (which most expressions leave as it is), decides nothing.
    private static func decided(
        _ number: Int32, _ kind: HwmonKind, _ file: HeldFile, _ cycle: Cycle
    ) -> Reader? {
        for _ in 0..<3 {
            guard let before = raw(file, cycle) else { return nil }
            var value = 0.0
            guard csensors_value(number, &value) == 0, let after = raw(file, cycle) else { return nil }
            guard before == after, before != 0 else { continue }
            let own = Double(before) / scale(kind)
            return abs(own - value) <= 1e-6 * max(1, abs(value)) ? .file(file) : .library(number)
        }
        return nil
    }

    private static func raw(_ file: HeldFile, _ cycle: Cycle) -> Int64? {
        let (count, text) = cycle.read(file)
        return count < 0 ? nil : Scan.only(text)
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

    // MARK: files

    /// The channels of one chip, in the order of their names.
    private func listFiles(
        _ root: String, _ folder: String, _ found: inout [Channel], _ ledger: inout SensorLedger
    ) {
        let chipFolder = "\(root)/\(folder)"
        guard let chip = OneShot.text("\(chipFolder)/name") else { return }
        for name in OneShot.names(chipFolder) {
            guard let (feature, kind) = Self.channel(name) else { continue }
            let path = "\(chipFolder)/\(name)"
            let place = ledger.place("\(folder) \(chip) \(name)")
            let label = OneShot.text("\(chipFolder)/\(feature)_label") ?? feature
            let kept = channels.first { $0.place == place }
            found.append(
                Channel(
                    chip: chip, label: label, kind: kind, reader: kept?.reader ?? .file(HeldFile(path)),
                    place: place, stuck: kept?.stuck ?? StuckWatch()))
        }
    }

    /// `in0_lcrit_alarm` → ("in0", alarm); nil for files that are no reading.
    private static func channel(_ name: String) -> (String, HwmonKind)? {
        let bytes = Array(name.utf8)
        guard let bar = bytes.firstIndex(of: 0x5f) else { return nil }
        let feature = Text.string(bytes[..<bar])
        let rest = bytes[(bar + 1)...]
        let isInput = Text.equal(rest, "input")
        if Name.has(feature, prefix: "temp"), isInput { return (feature, .temperature) }
        if Name.has(feature, prefix: "fan"), isInput { return (feature, .fan) }
        if Name.has(feature, prefix: "power"), isInput || Text.equal(rest, "average") {
            return (feature, .power)
        }
        let isVoltage = Name.has(feature, prefix: "in") && !Name.has(feature, prefix: "intrusion")
        if isVoltage, isInput { return (feature, .voltage) }
        let isCritical = Text.equal(rest, "crit_alarm")
        if isVoltage, isCritical || Text.equal(rest, "lcrit_alarm") { return (feature, .alarm) }
        if Name.has(feature, prefix: "temp"), isCritical { return (feature, .alarm) }
        return nil
    }

    /// libsensors as the program has it, e.g. "3.6.0".
    static var libraryVersion: String { csensors_version().map { String(cString: $0) } ?? "" }
}
