// What protoc must read in each message, written from the model by the schema's names.

import CoreTesting
import Digest
import Model

/// Collects fields in the order of their numbers.
struct Expected {
    private(set) var fields: [ProtoField] = []

    /// Zero and empty are written too, but proto3 prints no field that has its default, except
    /// where it is optional.
    mutating func number<Number: BinaryInteger>(_ name: String, _ value: Number, optional: Bool = false) {
        if value != 0 || optional { add(name, .word("\(value)")) }
    }

    mutating func bool(_ name: String, _ value: Bool) {
        if value { add(name, .word("true")) }
    }

    mutating func enumerator(_ name: String, _ word: String?) {
        if let word { add(name, .word(word)) }
    }

    mutating func text(_ name: String, _ value: String) { bytes(name, Array(value.utf8)) }

    mutating func bytes(_ name: String, _ value: [UInt8], repeated: Bool = false) {
        if !value.isEmpty || repeated { add(name, .bytes(value)) }
    }

    /// The bit pattern stands for the number; `normalized` does the same to what protoc printed.
    mutating func double(_ name: String, _ value: Double, optional: Bool = false) {
        if value.bitPattern != 0 || optional { add(name, .word("double \(value.bitPattern)")) }
    }

    mutating func message(_ name: String, _ make: (inout Expected) -> Void) {
        var inner = Expected()
        make(&inner)
        add(name, .message(inner.fields))
    }

    private mutating func add(_ name: String, _ value: ProtoField.Value) {
        fields.append(ProtoField(name: name, value: value))
    }

    /// `found` with every number that stands where a double is expected as its bit pattern.
    static func normalized(_ found: [ProtoField], like expected: [ProtoField]) -> [ProtoField] {
        guard found.count == expected.count else { return found }
        return zip(found, expected).map { found, expected in
            switch (found.value, expected.value) {
            case (.word(let word), .word(let like)) where like.hasPrefix("double "):
                guard let value = Double(word) else { return found }
                return ProtoField(name: found.name, value: .word("double \(value.bitPattern)"))
            case (.message(let inner), .message(let like)):
                return ProtoField(name: found.name, value: .message(normalized(inner, like: like)))
            default: return found
            }
        }
    }
}

extension Expected {
    init(_ report: Report, head: Digest32) {
        bytes("device", report.device.bytes)
        number("boot", report.boot)
        text("kernel_boot_id", report.kernelBootID)
        number("sequence", report.sequence)
        bytes("previous_head", report.previousHead.bytes)
        instant("instant", report.instant)
        text("agent_version", report.agentVersion)
        number("samples_taken", report.samplesTaken)
        message("sample") { $0.sample(report.sample) }
        message("decision") { $0.decision(report.decision) }
        enumerator(
            "control_mode",
            { switch report.controlMode {
            case .apiOnly: "CONTROL_MODE_API_ONLY"
            case .dryRun: "CONTROL_MODE_DRY_RUN"
            case .partial: "CONTROL_MODE_PARTIAL"
            case .full: "CONTROL_MODE_FULL"
            } }())
        message("pool") { $0.pool(report.pool) }
        bytes("cycle_digest", report.cycleDigest.bytes)
        bytes("hardware_hash", report.hardwareHash.bytes)
        if let hardware = report.hardware { message("hardware") { $0.hardware(hardware) } }
        number("parameter_version", report.parameterVersion)
        message("apply_status") {
            $0.number("version", report.applyStatus.version)
            $0.enumerator(
                "phase",
                { switch report.applyStatus.phase {
                case .none: nil
                case .trial: "TRIAL"
                case .confirmed: "CONFIRMED"
                case .refused: "REFUSED"
                case .reverted: "REVERTED"
                } }())
            $0.number("reason_code", report.applyStatus.reasonCode)
            $0.text("reason", report.applyStatus.reason)
        }
        if let gap = report.gap {
            message("gap") {
                $0.number("previous_boot", gap.previousBoot)
                $0.bool("was_clean", gap.wasClean)
                if let lost = gap.samplesLost { $0.number("samples_lost", lost, optional: true) }
                if let most = gap.samplesLostMost { $0.number("samples_lost_most", most, optional: true) }
            }
        }
        for chunk in report.chunks { bytes("chunks", chunk, repeated: true) }
        for name in report.seriesNames { message("series_names") { $0.seriesName(name) } }
        for origin in report.origins { message("origins") { $0.origin(origin) } }
        if let spool = report.spool { message("spool") { $0.spool(spool) } }
        if let controls = report.controls { message("controls") { $0.controls(controls) } }
        bytes("head", head.bytes)
    }

    init(_ reply: ReportReply) {
        number("boot", reply.boot)
        number("sequence", reply.sequence)
        number("server_time_ms", reply.serverTimeMs)
        number("server_epoch", reply.serverEpoch)
        if let envelope = reply.envelope { message("envelope") { $0 = Expected(envelope) } }
    }

    init(_ request: EnrolRequest, signature: [UInt8]) {
        text("token", request.token)
        bytes("public_key", request.publicKey.bytes)
        bytes("install_id", request.installID)
        message("hardware") { $0.hardware(request.hardware) }
        for label in request.labels { self.label(label) }
        text("agent_version", request.agentVersion)
        bytes("signature", signature)
    }

    init(_ reply: EnrolReply) {
        bytes("device", reply.device.bytes)
        bytes("report_key", reply.reportKey)
        bool("is_accepted", reply.isAccepted)
        number("server_time_ms", reply.serverTimeMs)
        number("server_epoch", reply.serverEpoch)
    }

    init(_ set: ParameterSet) {
        number("version", set.version)
        number("previous_version", set.previousVersion)
        number("created_ms", set.createdMs)
        number("not_after_ms", set.notAfterMs)
        enumerator(
            "profile",
            { switch set.profile {
            case .pi: "PROFILE_PI"
            case .desktop: "PROFILE_DESKTOP"
            } }())
        for device in set.scope.devices { bytes("devices", device.bytes) }
        for label in set.scope.labels { self.label(label, name: "labels") }
        for parameter in Parameter.allCases {
            double(parameter.schemaName, set.values[parameter], optional: true)
        }
    }

    init(_ keys: KeySet) {
        number("version", keys.version)
        for key in keys.keys { bytes("keys", key.bytes) }
    }

    init(_ envelope: Envelope) {
        bytes("payload", envelope.payload)
        number("key_id", envelope.keyID.value)
        bytes("signature", envelope.signature)
        bytes("key_set", envelope.keySet)
        bytes("root", envelope.root.bytes)
        bytes("root_signature", envelope.rootSignature)
    }

    private mutating func label(_ label: Label, name: String = "labels") {
        message(name) {
            $0.text("key", label.key)
            $0.text("value", label.value)
        }
    }

    mutating func instant(_ name: String, _ instant: Instant) {
        message(name) {
            $0.number("monotonic_ms", instant.monotonicMs)
            $0.number("wall_ms", instant.wallMs)
            $0.bool("is_synced", instant.isSynced)
        }
    }

    private mutating func sample(_ sample: Sample) {
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

    private mutating func real(_ name: String, _ value: Double?) {
        if let value { double(name, value, optional: true) }
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

    private mutating func decision(_ decision: Decision) {
        enumerator(
            "state",
            { switch decision.state {
            case .superposed: "OPERATING_STATE_SUPERPOSED"
            case .collapsed: "OPERATING_STATE_COLLAPSED"
            case .coherent: "OPERATING_STATE_COHERENT"
            case .decoherent: "OPERATING_STATE_DECOHERENT"
            } }())
        double("factor", decision.factor)
        double("exponent", decision.exponent)
        for vote in decision.votes {
            message("votes") {
                $0.double("exponent", vote.exponent)
                $0.double("weight", vote.weight)
                $0.double("factor", vote.factor)
            }
        }
        double("memory_adjustment", decision.memoryAdjustment)
        number("memory_ceiling_bytes", decision.memoryCeilingBytes)
        enumerator("bit_depth", "BIT_DEPTH_\(decision.bitDepth.rawValue)")
        double("signal_quality", decision.confidence.signalQuality)
        double("agreement", decision.confidence.agreement)
        double("predictor_quality", decision.confidence.predictorQuality)
        bool("is_applicable", decision.isApplicable)
        number("triggers", decision.triggers.rawValue)
        double("operating_coherence", decision.operatingCoherence)
        double("capacity_coherence", decision.capacityCoherence)
        double("harmonic_coherence", decision.harmonicCoherence)
        double("entanglement_strength", decision.entanglementStrength)
        double("quantum_phase", decision.quantumPhase)
        double("observer_phase", decision.observerPhase)
        number("slot", decision.slot)
        bytes("activation", decision.activation.bytes)
    }

    private mutating func pool(_ pool: PoolSummary) {
        number("budget_bytes", pool.budgetBytes)
        number("held_bytes", pool.heldBytes)
        number("values_admitted", pool.valuesAdmitted)
        number("bytes_needed", pool.bytesNeeded)
        double("extension_81", pool.extension81)
        double("extension_64", pool.extension64)
        enumerator(
            "basis",
            { switch pool.basis {
            case .noData: nil
            case .projected: "RUNTIME_BASIS_PROJECTED"
            case .atLeast: "RUNTIME_BASIS_AT_LEAST"
            case .measured: "RUNTIME_BASIS_MEASURED"
            } }())
        double("baseline_hours", pool.baselineHours)
        double("runtime_hours", pool.runtimeHours)
        number("high_value_count", pool.highValueCount)
        number("high_value_degraded", pool.highValueDegraded)
        double("worst_error_bound", pool.worstErrorBound)
        double("share_81", pool.share81)
        double("share_16", pool.share16)
        double("share_8", pool.share8)
        number("refused", pool.refused)
    }

    private mutating func hardware(_ record: HardwareRecord) {
        text("model", record.model)
        text("serial", record.serial)
        number("cpu_cores", record.cpuCores)
        number("cpu_max_mhz", record.cpuMaxMHz)
        number("memory_bytes", record.memoryBytes)
        if let gpu = record.gpu {
            message("gpu") {
                $0.text("name", gpu.name)
                $0.double("memory_gb", gpu.memoryGB)
                $0.number("cores", gpu.cores)
                $0.enumerator(
                    "tier",
                    { switch gpu.tier {
                    case .integrated: "GPU_TIER_INTEGRATED"
                    case .lowEnd: "GPU_TIER_LOW_END"
                    case .midRange: "GPU_TIER_MID_RANGE"
                    case .highEnd: "GPU_TIER_HIGH_END"
                    case .ultra: "GPU_TIER_ULTRA"
                    case .extreme: "GPU_TIER_EXTREME"
                    } }())
            }
        }
    }
}

extension Parameter {
    /// The case's name as the schema writes it: memoryFloorMiB is memory_floor_mib.
    var schemaName: String {
        var name = ""
        for character in "\(self)".replacing("MiB", with: "Mib").replacing("KiB", with: "Kib") {
            name += character.isUppercase ? "_\(character.lowercased())" : "\(character)"
        }
        return name
    }
}
