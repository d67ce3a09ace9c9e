// A device in JSON, as the operator API promises it.

import Bytes
import Ingest
import Merge
import Model
import Store

extension JSONWriter {
    mutating func optional(_ number: Double?, _ key: StaticString) {
        if let number { value(number, key) } else { null(key) }
    }

    mutating func optional(_ number: Int64?, _ key: StaticString) {
        if let number { value(Int(number), key) } else { null(key) }
    }

    mutating func device(_ device: KnownDevice, isLive: Bool) {
        let record = device.record
        let newest = device.state.newest
        beginObject()
        value(record.id.hex, "id")
        value(record.hardware.model, "model")
        value(record.hardware.serial, "serial")
        beginObject("labels")
        for label in record.labels {
            key(label.key)
            value(label.value)
        }
        endObject()
        value(record.status.name, "status")
        value(Int(record.enrolledMs), "enrolledMs")
        optional(device.state.lastSeenMs, "lastSeenMs")
        value(isLive, "isLive")
        value(record.agentVersion, "agentVersion")
        value(newest?.position.boot ?? 0, "boot")
        value(newest?.position.sequence ?? 0, "sequence")
        value(newest?.report.kernelBootID ?? "", "kernelBootID")
        sample(newest?.report.sample)
        if let report = newest?.report {
            decision(report.decision, report.controlMode)
        } else {
            null("decision")
        }
        value(newest?.report.parameterVersion ?? 0, "parameterVersion")
        let status = newest?.report.applyStatus ?? ApplyStatus()
        beginObject("apply")
        value(status.version, "version")
        value(status.phase.name, "phase")
        value(status.reason, "reason")
        endObject()
        if let pool = newest?.report.pool { runtime(pool) } else { null("runtime") }
        if let spool = newest?.report.spool { self.spool(spool) } else { null("spool") }
        if let controls = newest?.report.controls { self.controls(controls) } else { null("controls") }
        value(newest?.report.instant.isSynced ?? false, "clockSynced")
        beginObject("hardware")
        value(record.hardware.cpuCores, "cpuCores")
        value(record.hardware.cpuMaxMHz, "cpuMaxMHz")
        value(record.hardware.memoryBytes, "memoryBytes")
        endObject()
        value(device.reportsStored, "reportsStored")
        value(device.chunksStored, "chunksStored")
        value(newest?.report.samplesTaken ?? 0, "samplesTaken")
        gaps(device.state.openGaps)
        value(device.state.forks.count, "forks")
        endObject()
    }

    private mutating func sample(_ sample: Sample?) {
        optional(sample?.temperatureMilliC.map { Double($0) / 1000 }, "temperatureC")
        beginArray("zones")
        for zone in sample?.zones ?? [] {
            beginObject()
            value(zone.name, "name")
            optional(zone.temperatureMilliC.map { Double($0) / 1000 }, "temperatureC")
            endObject()
        }
        endArray()
        beginArray("hwmon")
        for reading in sample?.hwmon ?? [] {
            beginObject()
            value(reading.chip, "chip")
            value(reading.label, "label")
            value(reading.kind.name, "kind")
            optional(reading.value, "value")
            endObject()
        }
        endArray()
        let memory = sample?.memory
        value(memory?.totalBytes ?? 0, "memoryTotalBytes")
        value(memory?.availableBytes ?? 0, "memoryAvailableBytes")
        value(memory?.swapTotalBytes ?? 0, "swapTotalBytes")
        value(memory?.swapFreeBytes ?? 0, "swapFreeBytes")
        optional(sample?.load?.one, "load1")
        optional(sample?.pressure?.memorySomePercent, "pressureMemorySomePercent")
        optional(sample?.frequency.map { Int64($0.currentKHz) }, "frequencyKHz")
        optional(sample?.frequency.map { Int64($0.ceilingKHz) }, "frequencyCeilingKHz")
        optional(sample?.frequency.map { Int64($0.maximumKHz) }, "frequencyMaximumKHz")
        system(sample)
        if let throttle = sample?.throttle {
            beginObject("throttle")
            value(Int(throttle.now), "now")
            value(Int(throttle.latched), "latched")
            value(throttle.source == .firmware ? "firmware" : "voltage-alarm", "source")
            endObject()
        } else {
            null("throttle")
        }
        let health = sample?.health ?? SensorHealth(known: 0, healthy: 0, failuresTotal: 0)
        beginObject("sensors")
        value(health.known, "known")
        value(health.healthy, "healthy")
        value(health.failuresTotal, "failuresTotal")
        faults(sample?.faults ?? [])
        endObject()
    }

    private mutating func system(_ sample: Sample?) {
        // The instant counts from the kernel's boot.
        optional(sample.map { $0.instant.monotonicMs / 1000 }, "uptimeS")
        optional(sample?.busyShare, "busyShare")
        optional(sample?.iowaitShare, "iowaitShare")
        if let zram = sample?.zram {
            beginObject("zram")
            value(zram.diskBytes, "diskBytes")
            value(zram.originalBytes, "originalBytes")
            value(zram.compressedBytes, "compressedBytes")
            value(zram.usedBytes, "usedBytes")
            endObject()
        } else {
            null("zram")
        }
        if let disk = sample?.disk {
            beginObject("disk")
            value(disk.readBytesTotal, "readBytesTotal")
            value(disk.writtenBytesTotal, "writtenBytesTotal")
            optional(disk.readBytesPerS, "readBytesPerS")
            optional(disk.writtenBytesPerS, "writtenBytesPerS")
            endObject()
        } else {
            null("disk")
        }
        if let network = sample?.network {
            beginObject("network")
            value(network.receivedBytesTotal, "receivedBytesTotal")
            value(network.sentBytesTotal, "sentBytesTotal")
            value(network.faultsTotal, "faultsTotal")
            optional(network.receivedBytesPerS, "receivedBytesPerS")
            optional(network.sentBytesPerS, "sentBytesPerS")
            endObject()
        } else {
            null("network")
        }
        if let reclaim = sample?.reclaim {
            beginObject("reclaim")
            value(reclaim.majorFaultsTotal, "majorFaultsTotal")
            value(reclaim.directScanBytesTotal, "directScanBytesTotal")
            value(reclaim.oomKillsTotal, "oomKillsTotal")
            optional(reclaim.majorFaultsPerS, "majorFaultsPerS")
            optional(reclaim.directScanBytesPerS, "directScanBytesPerS")
            endObject()
        } else {
            null("reclaim")
        }
        if let source = sample?.stallSource { value(source.name, "stallSource") } else { null("stallSource") }
    }

    private mutating func faults(_ faults: [SensorStatus]) {
        beginArray("faults")
        for fault in faults {
            beginObject()
            value(fault.name, "name")
            value(fault.condition.name, "condition")
            value(fault.errorCode, "errorCode")
            optional(fault.lastGoodMs, "lastGoodMs")
            endObject()
        }
        endArray()
    }

    private mutating func decision(_ decision: Decision, _ mode: ControlMode) {
        beginObject("decision")
        value(decision.state.name, "state")
        value(decision.factor, "factor")
        value(decision.exponent, "exponent")
        value(decision.memoryAdjustment, "memoryAdjustment")
        value(decision.memoryCeilingBytes, "memoryCeilingBytes")
        value(Int(decision.bitDepth.rawValue), "bitDepth")
        beginObject("confidence")
        value(decision.confidence.value, "value")
        value(decision.confidence.signalQuality, "signalQuality")
        value(decision.confidence.agreement, "agreement")
        value(decision.confidence.predictorQuality, "predictorQuality")
        endObject()
        value(decision.isApplicable, "applicable")
        beginArray("triggers")
        for name in decision.triggers.names { value(name) }
        endArray()
        value(decision.operatingCoherence, "operatingCoherence")
        value(decision.capacityCoherence, "capacityCoherence")
        value(Int(decision.slot), "slot")
        value(mode.name, "controlMode")
        beginObject("votes")
        for expert in Expert.allCases {
            key("\(expert.name)")
            beginObject()
            value(decision[expert].exponent, "exponent")
            value(decision[expert].weight, "weight")
            value(decision[expert].factor, "factor")
            endObject()
        }
        endObject()
        endObject()
    }

    private mutating func runtime(_ pool: PoolSummary) {
        beginObject("runtime")
        value(pool.extension81, "extension81")
        value(pool.extension64, "extension64")
        value(pool.basis.name, "basis")
        value(pool.baselineHours, "baselineHours")
        value(pool.runtimeHours, "runtimeHours")
        value(pool.budgetBytes, "budgetBytes")
        value(pool.heldBytes, "heldBytes")
        value(pool.valuesAdmitted, "valuesAdmitted")
        value(pool.bytesNeeded, "bytesNeeded")
        value(pool.highValueCount, "highValueCount")
        value(pool.highValueDegraded, "highValueDegraded")
        value(pool.worstErrorBound, "worstErrorBound")
        value(pool.share81, "share81")
        value(pool.share16, "share16")
        value(pool.share8, "share8")
        value(pool.refused, "refused")
        endObject()
    }

    private mutating func controls(_ controls: ControlSummary) {
        beginObject("controls")
        value(controls.group, "group")
        value(controls.by, "by")
        beginArray("missing")
        for file in controls.missing { value(file) }
        endArray()
        beginArray("limits")
        for limit in controls.limits {
            beginObject()
            value(limit.file, "file")
            value(limit.value, "value")
            value(limit.original, "original")
            endObject()
        }
        endArray()
        endObject()
    }

    private mutating func spool(_ spool: SpoolSummary) {
        beginObject("spool")
        value(spool.usedBytes, "usedBytes")
        value(spool.capBytes, "capBytes")
        value(spool.segments, "segments")
        beginObject("droppedValues")
        value(spool.dropped.low, "low")
        value(spool.dropped.normal, "normal")
        value(spool.dropped.high, "high")
        endObject()
        value(spool.damagedRecords, "damagedRecords")
        value(spool.tornBytes, "tornBytes")
        value(Int(spool.writeLeftBytes), "writeLeftBytes")
        value(spool.writeBudgetBytes, "writeBudgetBytes")
        value(Double(spool.checkpointMs) / 1000, "checkpointS")
        value(spool.samplesAtRisk, "samplesAtRisk")
        value(spool.enduranceHours, "enduranceHours")
        value(spool.fault, "fault")
        endObject()
    }

    private mutating func gaps(_ gaps: [(key: Gap.Key, gap: Gap)]) {
        beginArray("gaps")
        for (key, gap) in gaps {
            beginObject()
            value(key.kind.name, "kind")
            value(key.position.boot, "boot")
            value(key.position.sequence, "sequence")
            value(gap.previousBoot, "previousBoot")
            if let lost = gap.samplesLost { value(lost, "samplesLost") } else { null("samplesLost") }
            if let most = gap.samplesLostMost {
                value(most, "samplesLostMost")
            } else {
                null("samplesLostMost")
            }
            optional(gap.seconds, "seconds")
            value(Int(gap.detectedMs), "detectedMs")
            endObject()
        }
        endArray()
    }

    mutating func runLine(_ run: StoredRun) {
        beginObject()
        value(run.stream, "stream")
        value(Int(run.series), "series")
        value(run.first, "first")
        value(run.end - run.first, "count")
        value(Int(run.firstMs), "firstMonotonicMs")
        // Of the chunk's first sample; a later part of a chunk begins later.
        optional(run.offsetMs.map { $0 &+ run.firstMs }, "firstMs")
        value(run.dating.name, "dating")
        value(run.kernelBootID, "kernelBootID")
        endObject()
    }

    mutating func historyLine(_ report: Report, receivedMs: Int64) {
        beginObject()
        value(report.boot, "boot")
        value(report.sequence, "sequence")
        value(Int(receivedMs), "receivedMs")
        optional(report.sample.temperatureMilliC.map { Double($0) / 1000 }, "temperatureC")
        value(report.sample.memory?.availableBytes ?? 0, "memoryAvailableBytes")
        value(report.decision.factor, "factor")
        value(report.decision.confidence.value, "confidence")
        value(Int(report.decision.bitDepth.rawValue), "bitDepth")
        value(report.pool.extension81, "extension81")
        value(report.parameterVersion, "parameterVersion")
        endObject()
    }
}

extension HwmonKind {
    var name: String {
        switch self {
        case .temperature: "temperature"
        case .fan: "fan"
        case .voltage: "voltage"
        case .alarm: "alarm"
        case .power: "power"
        }
    }
}
