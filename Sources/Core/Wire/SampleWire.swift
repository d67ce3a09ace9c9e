// Bytes of a sample and of the readings in it. Every list has a limit: a board has a handful of
// sensors, and a decoder must not be made to hold a million.

import Bytes
import Model

private let zoneCountMax = 32
private let hwmonCountMax = 64
private let nameBytesMax = 64
/// A board whose every sensor fails is told by its count; sixteen names say where to look.
private let faultCountMax = 16
/// Frequency steps: a Pi has some fifteen.
private let stepCountMax = 64

extension Instant {
    public func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.signed(1, monotonicMs)
        writer.signed(2, wallMs)
        writer.bool(3, isSynced)
        return writer
    }

    public init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(monotonicMs: 0, wallMs: 0, isSynced: false)
        while let field = try reader.next() {
            switch field.number {
            case 1: monotonicMs = try reader.signed(field)
            case 2: wallMs = try reader.signed(field)
            case 3: isSynced = try reader.bool(field)
            default: break
            }
        }
    }
}

extension Sample {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter(reserving: 256)
        writer.message(1, instant.encoded())
        for zone in zones.prefix(zoneCountMax) { writer.message(2, zone.encoded()) }
        for reading in hwmon.prefix(hwmonCountMax) { writer.message(3, reading.encoded()) }
        if let memory { writer.message(4, memory.encoded()) }
        if let load { writer.message(5, load.encoded()) }
        if let pressure { writer.message(6, pressure.encoded()) }
        if let frequency { writer.message(7, frequency.encoded()) }
        if let throttle { writer.message(8, throttle.encoded()) }
        writer.message(9, health.encoded())
        if busyShare != nil || iowaitShare != nil {
            var shares = ProtoWriter()
            if let busyShare, busyShare.isFinite { shares.double(1, busyShare) }
            if let iowaitShare, iowaitShare.isFinite { shares.double(2, iowaitShare) }
            writer.message(10, shares)
        }
        if let zram { writer.message(11, zram.encoded()) }
        if let disk { writer.message(12, disk.encoded()) }
        if let network { writer.message(13, network.encoded()) }
        if let reclaim { writer.message(14, reclaim.encoded()) }
        if let stallSource { writer.unsigned(15, UInt64(stallSource.rawValue)) }
        for fault in faults.prefix(faultCountMax) { writer.message(16, fault.encoded()) }
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(instant: Instant(monotonicMs: 0, wallMs: 0, isSynced: false))
        while let field = try reader.next() {
            switch field.number {
            case 1: instant = try Instant(decoding: try reader.message(field))
            case 2:
                guard zones.count < zoneCountMax else { throw .tooLong(field: 2, limit: zoneCountMax) }
                zones.append(try ThermalReading(decoding: try reader.message(field)))
            case 3:
                guard hwmon.count < hwmonCountMax else {
                    throw .tooLong(field: 3, limit: hwmonCountMax)
                }
                if let reading = try HwmonReading(decoding: try reader.message(field)) {
                    hwmon.append(reading)
                }
            case 4: memory = try MemoryReading(decoding: try reader.message(field))
            case 5: load = try LoadReading(decoding: try reader.message(field))
            case 6: pressure = try PressureReading(decoding: try reader.message(field))
            case 7: frequency = try FrequencyReading(decoding: try reader.message(field))
            case 8: throttle = try ThrottleReading(decoding: try reader.message(field))
            case 9: health = try SensorHealth(decoding: try reader.message(field))
            case 10: try decodeShares(try reader.message(field))
            case 11: zram = try ZramReading(decoding: try reader.message(field))
            case 12: disk = try DiskReading(decoding: try reader.message(field))
            case 13: network = try NetworkReading(decoding: try reader.message(field))
            case 14: reclaim = try ReclaimReading(decoding: try reader.message(field))
            case 15: stallSource = StallSource(rawValue: UInt8(clamping: try reader.unsigned(field)))
            case 16:
                guard faults.count < faultCountMax else {
                    throw .tooLong(field: 16, limit: faultCountMax)
                }
                if let fault = try SensorStatus(decoding: try reader.message(field)) {
                    faults.append(fault)
                }
            default: break
            }
        }
    }
}

extension Sample {
    private mutating func decodeShares(_ message: ProtoReader) throws(WireFault) {
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 1: busyShare = try reader.finite(field)
            case 2: iowaitShare = try reader.finite(field)
            default: break
            }
        }
    }
}

extension ThermalReading {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.string(1, name, upTo: nameBytesMax)
        if let temperatureMilliC { writer.signed(2, Int64(temperatureMilliC)) }
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(name: "", temperatureMilliC: nil)
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try reader.string(field, upTo: nameBytesMax)
            case 2: temperatureMilliC = Int(try reader.signed(field))
            default: break
            }
        }
    }
}

extension HwmonReading {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.string(1, chip, upTo: nameBytesMax)
        writer.string(2, label, upTo: nameBytesMax)
        writer.unsigned(3, UInt64(kind.rawValue))
        if let value, value.isFinite { writer.double(4, value) }
        return writer
    }

    /// nil for a kind that a newer agent knows and this program doesn't.
    init?(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        var chip = ""
        var label = ""
        var kind: HwmonKind?
        var value: Double?
        while let field = try reader.next() {
            switch field.number {
            case 1: chip = try reader.string(field, upTo: nameBytesMax)
            case 2: label = try reader.string(field, upTo: nameBytesMax)
            case 3: kind = HwmonKind(rawValue: UInt8(clamping: try reader.unsigned(field)))
            case 4: value = try reader.finite(field)
            default: break
            }
        }
        guard let kind else { return nil }
        self.init(chip: chip, label: label, kind: kind, value: value)
    }
}

extension MemoryReading {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.unsigned(1, totalBytes)
        writer.unsigned(2, availableBytes)
        writer.unsigned(3, swapTotalBytes)
        writer.unsigned(4, swapFreeBytes)
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(totalBytes: 0, availableBytes: 0, swapTotalBytes: 0, swapFreeBytes: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: totalBytes = try reader.unsigned(field)
            case 2: availableBytes = try reader.unsigned(field)
            case 3: swapTotalBytes = try reader.unsigned(field)
            case 4: swapFreeBytes = try reader.unsigned(field)
            default: break
            }
        }
    }
}

extension LoadReading {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.double(1, one)
        writer.double(2, five)
        writer.double(3, fifteen)
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(one: 0, five: 0, fifteen: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: one = try reader.finite(field)
            case 2: five = try reader.finite(field)
            case 3: fifteen = try reader.finite(field)
            default: break
            }
        }
    }
}

extension PressureReading {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.double(1, memorySomePercent)
        writer.double(2, memoryFullPercent)
        writer.double(3, cpuSomePercent)
        writer.double(4, ioSomePercent)
        writer.unsigned(5, memorySomeTotalMicros)
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(
            memorySomePercent: 0, memoryFullPercent: 0, cpuSomePercent: 0, ioSomePercent: 0,
            memorySomeTotalMicros: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: memorySomePercent = try reader.finite(field)
            case 2: memoryFullPercent = try reader.finite(field)
            case 3: cpuSomePercent = try reader.finite(field)
            case 4: ioSomePercent = try reader.finite(field)
            case 5: memorySomeTotalMicros = try reader.unsigned(field)
            default: break
            }
        }
    }
}

extension FrequencyReading {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.unsigned(1, currentKHz)
        writer.unsigned(2, maximumKHz)
        writer.unsigned(3, ceilingKHz)
        writer.unsigned(4, minimumKHz)
        for step in availableKHz.prefix(stepCountMax) { writer.unsigned(5, step) }
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(currentKHz: 0, maximumKHz: 0, ceilingKHz: 0)
        let limit = 1_000_000_000
        while let field = try reader.next() {
            switch field.number {
            case 1: currentKHz = try reader.int(field, upTo: limit)
            case 2: maximumKHz = try reader.int(field, upTo: limit)
            case 3: ceilingKHz = try reader.int(field, upTo: limit)
            case 4: minimumKHz = try reader.int(field, upTo: limit)
            case 5:
                guard availableKHz.count < stepCountMax else {
                    throw .tooLong(field: 5, limit: stepCountMax)
                }
                availableKHz.append(try reader.int(field, upTo: limit))
            default: break
            }
        }
    }
}

extension ThrottleReading {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.unsigned(1, UInt64(now))
        writer.unsigned(2, UInt64(latched))
        writer.unsigned(3, UInt64(source.rawValue))
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(now: 0, latched: 0, source: .firmware)
        while let field = try reader.next() {
            switch field.number {
            case 1: now = UInt8(truncatingIfNeeded: try reader.unsigned(field))
            case 2: latched = UInt8(truncatingIfNeeded: try reader.unsigned(field))
            case 3:
                source =
                    ThrottleSource(rawValue: UInt8(clamping: try reader.unsigned(field))) ?? .firmware
            default: break
            }
        }
    }
}

extension SensorHealth {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.unsigned(1, known)
        writer.unsigned(2, healthy)
        writer.unsigned(3, failuresTotal)
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(known: 0, healthy: 0, failuresTotal: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: known = try reader.int(field, upTo: 1_000_000)
            case 2: healthy = try reader.int(field, upTo: 1_000_000)
            case 3: failuresTotal = try reader.unsigned(field)
            default: break
            }
        }
    }
}
