// From facts to findings. Pure: the same facts give the same findings.
//
// What counts as *missing*: what makes a promise of the agent untrue (heat that isn't seen, a limit
// that can't be set, a report that doesn't arrive). What is merely less (no frequency cap, a journal in
// memory) or normal somewhere (no throttling file on a PC) is a *note*.

import Bytes
import Model
import System

struct Diagnosis {
    let facts: DoctorFacts

    var findings: [Finding] {
        [
            memory, temperature, sensors, libsensors, throttling, memoryController, stalls, group, frequency,
            swap, watchdog, clock, journal, identity, stateFolder, keyFile, runFolder, server,
            enrolment, pageSize,
        ].compactMap { $0 }
    }

    /// Nothing is missing that matters.
    static func isWell(_ findings: [Finding]) -> Bool { !findings.contains { $0.grade == .missing } }

    /// Failing sensors named on one line.
    private static let namesMost = 5

    // MARK: Sensing

    private var memory: Finding {
        guard let memory = facts.memory else {
            return .missing(
                "memory", "/proc/meminfo can't be read, or contradicts itself",
                lost: "the memory ceiling; every decision stays without effect",
                fix: "check that /proc is mounted: mount -t proc proc /proc")
        }
        let (free, all) = (Self.mebibytes(memory.availableBytes), Self.mebibytes(memory.totalBytes))
        return .well("memory", "\(free) available of \(all)")
    }

    private var temperature: Finding {
        if let sensor = facts.sensors.first(where: { Self.isTemperature($0) && $0.condition == .good }) {
            return .well("temperature", sensor.name)
        }
        let lost = "protection from heat; the state stays superposed, and decisions aren't applied"
        if facts.hasTemperature {
            return .missing(
                "temperature", "no sensor of temperature gives a plausible value", lost: lost,
                fix: "dmesg | grep -i -e thermal -e hwmon    # what does the driver say?")
        }
        return .missing(
            "temperature", "no thermal zone and no hwmon temperature (normal on a virtual machine)", lost: lost,
            fix: facts.isRaspberryPi
                ? "sudo modprobe bcm2835_thermal" : "sudo apt install lm-sensors && sudo sensors-detect --auto")
    }

    private static func isTemperature(_ sensor: SensorStatus) -> Bool {
        let name = Array(sensor.name.utf8)
        if name.starts(with: "thermal_zone".utf8) { return true }
        guard name.starts(with: "hwmon".utf8), let last = name.split(separator: 0x20).last else { return false }
        return last.starts(with: "temp".utf8) && last.suffix(6).elementsEqual("_input".utf8)
    }

    private var sensors: Finding {
        let faults = facts.sensors.filter { $0.condition != .good && $0.condition != .missing }
        guard !faults.isEmpty else {
            let good = facts.sensors.count { $0.condition == .good }
            return .well("sensors", "\(good) sensors, all of them give plausible values")
        }
        var names = faults.prefix(Self.namesMost).map { SensorText.line($0) }
        if faults.count > names.count { names.append("and \(faults.count - names.count) more (--json names them)") }
        return .missing(
            "sensors", "\(faults.count) of \(facts.sensors.count) fail: \(SensorText.joined(names, by: "; "))",
            lost: "their readings; confidence falls with the share of healthy sensors",
            fix: "dmesg | tail -50    # a driver that fails says so; unplug and plug what can be")
    }

    private var libsensors: Finding? {
        guard !facts.host.sensorsLibrary.isEmpty else { return nil }
        let version = "libsensors \(facts.host.sensorsLibrary)"
        if facts.hwmonChips == 0 { return .well("libsensors", "\(version), no chips on this machine") }
        if facts.hwmonReadings == 0 {
            return .note(
                "libsensors", "\(version) finds \(facts.hwmonChips) chips and no reading on them",
                lost: "fans, voltages, alarms",
                fix: "sensors -u    # does it show any? If so, check /etc/sensors3.conf")
        }
        let computed = facts.hwmonComputed == 0 ? "" : ", \(facts.hwmonComputed) computed by its configuration"
        return .well("libsensors", "\(version), \(facts.hwmonReadings) readings\(computed)")
    }

    private var throttling: Finding {
        switch facts.throttle?.source {
        case .firmware: return .well("throttling", "the firmware's get_throttled file")
        case .voltageAlarm:
            // A Pi 5 has no such file.
            return .well(
                "throttling",
                "the alarm of rpi_volt: under-voltage alone; the firmware shows no get_throttled file")
        case nil: break
        }
        guard facts.isRaspberryPi else {
            return .note(
                "throttling", "no source: it exists on Raspberry Pi boards",
                lost: "under-voltage and throttling by the firmware")
        }
        let broken = facts.hasFirmwareFile
            ? "get_throttled makes no sense, and rpi_volt gives no alarm"
            : "no get_throttled file and no rpi_volt chip"
        return .missing(
            "throttling", broken, lost: "under-voltage goes unseen, the first cause of boards that fail",
            fix: "sudo modprobe raspberrypi-hwmon")
    }

    private var frequency: Finding {
        guard let frequency = facts.frequency else {
            return .note(
                "cpufreq",
                facts.hasFrequencyPolicy
                    ? "the policy's files make no sense" : "no frequency policy (normal on a virtual machine)",
                lost: "the frequency in reports; heat is met by core time alone")
        }
        let steps = frequency.availableKHz.count
        let range = "\(frequency.currentKHz / 1000) MHz asked for, of at most \(frequency.ceilingKHz / 1000)"
            + (steps > 1 ? ", \(steps) steps" : "")
        guard facts.isFrequencyWritable else {
            return .note(
                "cpufreq", "\(range); this user can't set the ceiling",
                lost: "frequency caps; heat is met by core time alone")
        }
        return .well("cpufreq", range)
    }

    private var pageSize: Finding { .well("page-size", "\(facts.host.pageBytes / 1024) KiB") }

    static func mebibytes(_ bytes: UInt64) -> String { "\(bytes >> 20) MiB" }
}

/// Sensors in words.
enum SensorText {
    /// `hwmon1 odd temp1_input: Resource temporarily unavailable, never good`
    static func line(_ sensor: SensorStatus) -> String {
        var text = "\(sensor.name): "
        if sensor.condition == .failed {
            text += Errno(code: Int32(clamping: sensor.errorCode)).text
        } else {
            text += sensor.condition.name
        }
        return sensor.lastGoodMs == nil ? text + ", never good" : text
    }

    static func joined(_ parts: [String], by separator: String) -> String {
        var text = ""
        for part in parts {
            if !text.isEmpty { text += separator }
            text += part
        }
        return text
    }
}
