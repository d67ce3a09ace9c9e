// What protoc must read in a sample.

import CoreTesting
import Model

extension Expected {
    mutating func sample(_ sample: Sample) {
        instant("instant", sample.instant)
        for zone in sample.zones {
            message("zones") {
                $0.text("name", zone.name)
                if let value = zone.temperatureMilliC {
                    $0.number("temperature_milli_c", value, optional: true)
                }
            }
        }
        for reading in sample.hwmon {
            message("hwmon") {
                $0.text("chip", reading.chip)
                $0.text("label", reading.label)
                $0.enumerator(
                    "kind",
                    { switch reading.kind {
                    case .temperature: "HWMON_KIND_TEMPERATURE"
                    case .fan: "HWMON_KIND_FAN"
                    case .voltage: "HWMON_KIND_VOLTAGE"
                    case .alarm: "HWMON_KIND_ALARM"
                    case .power: "HWMON_KIND_POWER"
                    } }())
                if let value = reading.value { $0.double("value", value, optional: true) }
            }
        }
        if let memory = sample.memory {
            message("memory") {
                $0.number("total_bytes", memory.totalBytes)
                $0.number("available_bytes", memory.availableBytes)
                $0.number("swap_total_bytes", memory.swapTotalBytes)
                $0.number("swap_free_bytes", memory.swapFreeBytes)
            }
        }
        if let load = sample.load {
            message("load") {
                $0.double("one", load.one)
                $0.double("five", load.five)
                $0.double("fifteen", load.fifteen)
            }
        }
        if let pressure = sample.pressure {
            message("pressure") {
                $0.double("memory_some_percent", pressure.memorySomePercent)
                $0.double("memory_full_percent", pressure.memoryFullPercent)
                $0.double("cpu_some_percent", pressure.cpuSomePercent)
                $0.double("io_some_percent", pressure.ioSomePercent)
                $0.number("memory_some_total_micros", pressure.memorySomeTotalMicros)
            }
        }
        if let frequency = sample.frequency {
            message("frequency") {
                $0.number("current_khz", frequency.currentKHz)
                $0.number("maximum_khz", frequency.maximumKHz)
                $0.number("ceiling_khz", frequency.ceilingKHz)
                $0.number("minimum_khz", frequency.minimumKHz)
                for step in frequency.availableKHz {
                    $0.number("available_khz", step, optional: true)
                }
            }
        }
        if let throttle = sample.throttle {
            message("throttle") {
                $0.number("now", throttle.now)
                $0.number("latched", throttle.latched)
                $0.enumerator(
                    "source",
                    { switch throttle.source {
                    case .firmware: "THROTTLE_SOURCE_FIRMWARE"
                    case .voltageAlarm: "THROTTLE_SOURCE_VOLTAGE_ALARM"
                    } }())
            }
        }
        message("health") {
            $0.number("known", sample.health.known)
            $0.number("healthy", sample.health.healthy)
            $0.number("failures_total", sample.health.failuresTotal)
        }
        systemReadings(sample)
    }

    private mutating func systemReadings(_ sample: Sample) {
        if sample.busyShare != nil || sample.iowaitShare != nil {
            message("cpu") {
                $0.real("busy_share", sample.busyShare)
                $0.real("iowait_share", sample.iowaitShare)
            }
        }
        if let zram = sample.zram {
            message("zram") {
                $0.number("disk_bytes", zram.diskBytes)
                $0.number("original_bytes", zram.originalBytes)
                $0.number("compressed_bytes", zram.compressedBytes)
                $0.number("used_bytes", zram.usedBytes)
            }
        }
        if let disk = sample.disk {
            message("disk") {
                $0.number("read_bytes_total", disk.readBytesTotal)
                $0.number("written_bytes_total", disk.writtenBytesTotal)
                $0.real("read_bytes_per_s", disk.readBytesPerS)
                $0.real("written_bytes_per_s", disk.writtenBytesPerS)
            }
        }
        if let network = sample.network {
            message("network") {
                $0.number("received_bytes_total", network.receivedBytesTotal)
                $0.number("sent_bytes_total", network.sentBytesTotal)
                $0.number("faults_total", network.faultsTotal)
                $0.real("received_bytes_per_s", network.receivedBytesPerS)
                $0.real("sent_bytes_per_s", network.sentBytesPerS)
            }
        }
        if let reclaim = sample.reclaim {
            message("reclaim") {
                $0.number("major_faults_total", reclaim.majorFaultsTotal)
                $0.number("direct_scan_bytes_total", reclaim.directScanBytesTotal)
                $0.number("oom_kills_total", reclaim.oomKillsTotal)
                $0.real("major_faults_per_s", reclaim.majorFaultsPerS)
                $0.real("direct_scan_bytes_per_s", reclaim.directScanBytesPerS)
            }
        }
        if let source = sample.stallSource {
            enumerator(
                "stall_source",
                { switch source {
                case .trigger: "STALL_SOURCE_TRIGGER"
                case .averages: "STALL_SOURCE_AVERAGES"
                case .memoryEvents: "STALL_SOURCE_MEMORY_EVENTS"
                case .vmstat: "STALL_SOURCE_VMSTAT"
                } }())
        }
        for fault in sample.faults { status(fault) }
    }

    private mutating func status(_ fault: SensorStatus) {
        message("faults") {
            $0.text("name", fault.name)
            $0.enumerator(
                "condition",
                { switch fault.condition {
                case .good: "SENSOR_CONDITION_GOOD"
                case .failed: "SENSOR_CONDITION_FAILED"
                case .absurd: "SENSOR_CONDITION_ABSURD"
                case .missing: "SENSOR_CONDITION_MISSING"
                case .stuck: "SENSOR_CONDITION_STUCK"
                } }())
            $0.number("error_code", fault.errorCode)
            if let last = fault.lastGoodMs { $0.number("last_good_ms", last, optional: true) }
        }
    }
}
