// Messages with random contents, within what the wire takes, and one fixed set of them.

import CoreTesting
import Digest
import Model
import Testing

@testable import Wire

extension SeededRandom {
    mutating func optional<Value>(_ make: (inout SeededRandom) -> Value) -> Value? {
        oneIn(3) ? nil : make(&self)
    }

    mutating func int64() -> Int64 { Int64(bitPattern: wide()) }

    mutating func bool() -> Bool { oneIn(2) }

    mutating func int(upTo limit: Int) -> Int { oneIn(10) ? limit : below(limit + 1) }

    mutating func digest() -> Digest32 { Digest32(bytes(32)) ?? .zero }

    mutating func device() -> DeviceID { DeviceID(high: wide(), low: next()) }

    mutating func key() -> PrivateKey { PrivateKey(seed: bytes(32)) ?? .generate() }

    mutating func instant() -> Instant {
        Instant(monotonicMs: int64(), wallMs: int64(), isSynced: bool())
    }

    mutating func sample() -> Sample {
        var sample = Sample(instant: instant())
        for _ in 0..<below(5) {
            sample.zones.append(
                ThermalReading(name: text(upTo: 64), temperatureMilliC: optional { Int($0.int64()) }))
        }
        for _ in 0..<below(5) {
            sample.hwmon.append(
                HwmonReading(
                    chip: text(upTo: 64), label: text(upTo: 64),
                    kind: pick([.temperature, .fan, .voltage, .alarm, .power]),
                    value: optional { $0.finite() }))
        }
        sample.memory = optional {
            MemoryReading(
                totalBytes: $0.wide(), availableBytes: $0.wide(), swapTotalBytes: $0.wide(),
                swapFreeBytes: $0.wide())
        }
        sample.load = optional {
            LoadReading(one: $0.finite(), five: $0.finite(), fifteen: $0.finite())
        }
        sample.pressure = optional {
            PressureReading(
                memorySomePercent: $0.finite(), memoryFullPercent: $0.finite(),
                cpuSomePercent: $0.finite(), ioSomePercent: $0.finite(),
                memorySomeTotalMicros: $0.wide())
        }
        sample.frequency = optional {
            FrequencyReading(
                currentKHz: $0.int(upTo: 1_000_000_000), maximumKHz: $0.int(upTo: 1_000_000_000),
                ceilingKHz: $0.int(upTo: 1_000_000_000), minimumKHz: $0.int(upTo: 1_000_000_000),
                availableKHz: $0.steps())
        }
        sample.throttle = optional {
            ThrottleReading(
                now: UInt8($0.below(256)), latched: UInt8($0.below(256)),
                source: $0.pick([.firmware, .voltageAlarm]))
        }
        sample.health = SensorHealth(
            known: int(upTo: 1_000_000), healthy: int(upTo: 1_000_000), failuresTotal: wide())
        addSystemReadings(to: &sample)
        return sample
    }

    mutating func steps() -> [Int] {
        var steps: [Int] = []
        for _ in 0..<below(5) { steps.append(int(upTo: 1_000_000_000)) }
        return steps
    }

    private mutating func addSystemReadings(to sample: inout Sample) {
        sample.busyShare = optional { $0.finite() }
        sample.iowaitShare = optional { $0.finite() }
        sample.zram = optional {
            ZramReading(
                diskBytes: $0.wide(), originalBytes: $0.wide(), compressedBytes: $0.wide(),
                usedBytes: $0.wide())
        }
        sample.disk = optional {
            DiskReading(
                readBytesTotal: $0.wide(), writtenBytesTotal: $0.wide(),
                readBytesPerS: $0.optional { $0.finite() },
                writtenBytesPerS: $0.optional { $0.finite() })
        }
        sample.network = optional {
            NetworkReading(
                receivedBytesTotal: $0.wide(), sentBytesTotal: $0.wide(), faultsTotal: $0.wide(),
                receivedBytesPerS: $0.optional { $0.finite() },
                sentBytesPerS: $0.optional { $0.finite() })
        }
        sample.reclaim = optional {
            ReclaimReading(
                majorFaultsTotal: $0.wide(), directScanBytesTotal: $0.wide(),
                oomKillsTotal: $0.wide(), majorFaultsPerS: $0.optional { $0.finite() },
                directScanBytesPerS: $0.optional { $0.finite() })
        }
        sample.stallSource = optional { $0.pick(StallSource.allCases) }
        for _ in 0..<below(4) {
            sample.faults.append(
                SensorStatus(
                    name: text(upTo: 64), condition: pick(SensorCondition.allCases),
                    errorCode: int(upTo: 1_000_000), lastGoodMs: optional { $0.int64() }))
        }
    }

    mutating func decision() -> Decision {
        var decision = Decision()
        decision.state = pick(OperatingState.allCases)
        decision.factor = finite()
        decision.exponent = finite()
        for expert in Expert.allCases {
            decision[expert] = Vote(exponent: finite(), weight: finite(), factor: finite())
        }
        decision.memoryAdjustment = finite()
        decision.memoryCeilingBytes = wide()
        decision.bitDepth = pick(BitDepth.allCases)
        decision.confidence = Confidence(
            signalQuality: finite(), agreement: finite(), predictorQuality: finite())
        decision.isApplicable = bool()
        decision.triggers = Triggers(rawValue: UInt16(truncatingIfNeeded: wide()))
        decision.operatingCoherence = finite()
        decision.capacityCoherence = finite()
        decision.harmonicCoherence = finite()
        decision.entanglementStrength = finite()
        decision.quantumPhase = finite()
        decision.observerPhase = finite()
        decision.slot = UInt8(below(256))
        decision.activation = digest()
        return decision
    }

    mutating func pool() -> PoolSummary {
        var pool = PoolSummary()
        pool.budgetBytes = wide()
        pool.heldBytes = wide()
        pool.valuesAdmitted = wide()
        pool.bytesNeeded = wide()
        pool.extension81 = finite()
        pool.extension64 = finite()
        pool.basis = pick([.noData, .projected, .atLeast, .measured])
        pool.baselineHours = finite()
        pool.runtimeHours = finite()
        pool.highValueCount = wide()
        pool.highValueDegraded = wide()
        pool.worstErrorBound = finite()
        pool.share81 = finite()
        pool.share16 = finite()
        pool.share8 = finite()
        pool.refused = wide()
        return pool
    }

    mutating func hardware() -> HardwareRecord {
        HardwareRecord(
            model: text(upTo: 128), serial: text(upTo: 128), cpuCores: int(upTo: 65_536),
            cpuMaxMHz: int(upTo: 1_000_000), memoryBytes: wide(),
            gpu: optional {
                GPURecord(
                    name: $0.text(upTo: 128), memoryGB: Double($0.int(upTo: 8_000_000)) / 8,
                    cores: $0.int(upTo: 10_000_000), tier: $0.pick(GPUTier.allCases))
            })
    }

    mutating func report() -> Report {
        var report = Report(
            device: device(), boot: 1 + wide() >> 3, kernelBootID: text(upTo: 64),
            sequence: 1 + wide() >> 3, previousHead: digest(), instant: instant(),
            agentVersion: text(upTo: 64), samplesTaken: wide(), sample: sample(),
            decision: decision(), controlMode: pick([.apiOnly, .dryRun, .partial, .full]),
            pool: pool(), cycleDigest: digest(), hardwareHash: digest(),
            hardware: optional { $0.hardware() }, parameterVersion: wide(),
            applyStatus: ApplyStatus(
                version: wide(), phase: pick([.none, .trial, .confirmed, .refused, .reverted]),
                reasonCode: int(upTo: 1_000_000), reason: text(upTo: 512)),
            gap: optional {
                RestartGap(
                    previousBoot: $0.wide(), wasClean: $0.bool(), samplesLost: $0.optional { $0.wide() },
                    samplesLostMost: $0.optional { $0.wide() })
            }, chunks: (0..<below(4)).map { _ in bytes(1 + below(300)) }, seriesNames: seriesNames())
        report.origins = origins()
        report.spool = optional { $0.spoolSummary() }
        report.controls = optional { $0.controlSummary() }
        return report
    }

    mutating func labels(upTo count: Int) -> [Label] {
        // Keys differ by their last character.
        (0..<below(count + 1)).map { index in
            Label(
                key: name(upTo: 62) + String("0123456789abcdef".dropFirst(index).prefix(1)),
                value: name(upTo: 63))
        }
    }

    mutating func name(upTo count: Int) -> String {
        String((0..<below(count + 1)).map { _ in pick(Array("aZ09-_.")) })
    }

    /// Any finite values: what the wire takes, not what a device accepts.
    mutating func parameterSet() -> ParameterSet {
        var values = ParameterValues()
        for parameter in Parameter.allCases { values[parameter] = finite() }
        return ParameterSet(
            version: wide(), previousVersion: wide(), createdMs: int64(), notAfterMs: int64(),
            scope: Scope(devices: (0..<below(4)).map { _ in device() }, labels: labels(upTo: 3)),
            profile: pick(Profile.allCases), values: values)
    }

    mutating func keySet() -> KeySet {
        KeySet(
            version: wide(),
            keys: (0..<below(KeySet.keyCountMax + 1)).compactMap { _ in PublicKey(bytes(32)) })
    }

    mutating func envelope() throws -> Envelope {
        Envelope(
            payload: bytes(below(500)), keyID: KeyID(value: wide()), signature: bytes(64),
            keySet: bytes(below(200)), root: try #require(PublicKey(bytes(32))),
            rootSignature: bytes(64))
    }

    mutating func reportReply() throws -> ReportReply {
        ReportReply(
            boot: max(1, wide()), sequence: max(1, wide()), serverTimeMs: int64(),
            serverEpoch: wide(), envelope: oneIn(2) ? nil : try envelope())
    }

    mutating func enrolRequest(_ key: PrivateKey) -> EnrolRequest {
        EnrolRequest(
            token: text(upTo: 128), publicKey: key.publicKey, installID: bytes(16),
            hardware: hardware(), labels: labels(upTo: Label.countMax),
            agentVersion: text(upTo: 64))
    }

    mutating func enrolReply() -> EnrolReply {
        EnrolReply(
            device: device(), reportKey: bytes(32), isAccepted: bool(), serverTimeMs: int64(),
            serverEpoch: wide())
    }
}

/// One of each message, the same for ever, nothing zero or empty in it.
struct Fixed {
    let root: PrivateKey
    let signer: PrivateKey
    let deviceKey: PrivateKey
    let report: Report
    let set: ParameterSet
    let keySet: KeySet
    let envelope: Envelope
    let reply: ReportReply
    let enrolRequest: EnrolRequest
    let enrolReply: EnrolReply

    init() throws {
        root = try #require(PrivateKey(seed: [UInt8](repeating: 1, count: 32)))
        signer = try #require(PrivateKey(seed: [UInt8](repeating: 2, count: 32)))
        deviceKey = try #require(PrivateKey(seed: [UInt8](repeating: 3, count: 32)))
        let hardware = HardwareRecord(
            model: "Raspberry Pi 4 Model B Rev 1.4", serial: "10000000abcdef01", cpuCores: 4,
            cpuMaxMHz: 1800, memoryBytes: 4 << 30,
            gpu: GPURecord(name: "VideoCore \"VI\"", memoryGB: 0.5, cores: 8, tier: .lowEnd))
        let labels = [Label(key: "site", value: "a"), Label(key: "rack", value: "7")]
        enrolRequest = EnrolRequest(
            token: "5f0c", publicKey: deviceKey.publicKey,
            installID: Array(0x10...0x1f), hardware: hardware, labels: labels, agentVersion: "1.2.3")
        let device = enrolRequest.device

        var sample = Sample(
            instant: Instant(monotonicMs: 61_000, wallMs: 1_900_000_000_123, isSynced: true))
        sample.zones = [
            ThermalReading(name: "cpu-thermal", temperatureMilliC: 48_312),
            ThermalReading(name: "cold", temperatureMilliC: -1_500),
            ThermalReading(name: "silent", temperatureMilliC: nil),
        ]
        sample.hwmon = [
            HwmonReading(chip: "pwmfan", label: "fan1", kind: .fan, value: 2400),
            HwmonReading(chip: "rpi_volt", label: "in0", kind: .alarm, value: nil),
        ]
        sample.memory = MemoryReading(
            totalBytes: 3_880_000_000, availableBytes: 3_000_000_001, swapTotalBytes: 104_857_600,
            swapFreeBytes: 104_857_599)
        sample.load = LoadReading(one: 0.25, five: 0.31, fifteen: 0.4)
        sample.pressure = PressureReading(
            memorySomePercent: 1.25, memoryFullPercent: 0.5, cpuSomePercent: 7.75,
            ioSomePercent: 0.125, memorySomeTotalMicros: 123_456)
        sample.frequency = FrequencyReading(
            currentKHz: 1_500_000, maximumKHz: 1_800_000, ceilingKHz: 1_700_000,
            minimumKHz: 600_000, availableKHz: [600_000, 1_000_000, 1_800_000])
        sample.throttle = ThrottleReading(now: 2, latched: 3, source: .firmware)
        sample.health = SensorHealth(known: 5, healthy: 4, failuresTotal: 17)
        sample.busyShare = 0.375
        sample.iowaitShare = 0.0625
        sample.zram = ZramReading(
            diskBytes: 447_606_784, originalBytes: 44_802_048, compressedBytes: 14_299_136,
            usedBytes: 15_147_008)
        sample.disk = DiskReading(
            readBytesTotal: 301_989_888, writtenBytesTotal: 88_080_384, readBytesPerS: 4096,
            writtenBytesPerS: 512.5)
        sample.network = NetworkReading(
            receivedBytesTotal: 9_912_345, sentBytesTotal: 4_512_345, faultsTotal: 3,
            receivedBytesPerS: 1200.25, sentBytesPerS: 480)
        sample.reclaim = ReclaimReading(
            majorFaultsTotal: 4312, directScanBytesTotal: 18_743_296, oomKillsTotal: 1,
            majorFaultsPerS: 0.5, directScanBytesPerS: 8192)
        sample.stallSource = .memoryEvents
        sample.faults = [
            SensorStatus(
                name: "hwmon1 odd temp1", condition: .failed, errorCode: 11, lastGoodMs: 86_000_000)
        ]

        var decision = Decision()
        decision.state = .decoherent
        decision.factor = 0.8125
        decision.exponent = -0.43
        decision.votes = Votes(
            Vote(exponent: 0.1, weight: 1, factor: 1.05), Vote(exponent: -0.2, weight: 1.1, factor: 0.9),
            Vote(exponent: -0.38, weight: 1.2, factor: 0.8), Vote(exponent: 0.05, weight: 0.9, factor: 1.02))
        decision.memoryAdjustment = 0.95
        decision.memoryCeilingBytes = 2_397_000_000
        decision.bitDepth = .bits81
        decision.confidence = Confidence(signalQuality: 0.8, agreement: 0.9, predictorQuality: 0.95)
        decision.isApplicable = true
        decision.triggers = [.thermalMirror, .poolPressure]
        decision.operatingCoherence = 0.61
        decision.capacityCoherence = 0.72
        decision.harmonicCoherence = 0.83
        decision.entanglementStrength = 0.94
        decision.quantumPhase = 3.5
        decision.observerPhase = 1.25
        decision.slot = 137
        decision.activation = Digest.sha256(Array("activation".utf8))

        var pool = PoolSummary()
        pool.budgetBytes = 524_288
        pool.heldBytes = 500_001
        pool.valuesAdmitted = 987_654
        pool.bytesNeeded = 600_000
        pool.extension81 = 4.5
        pool.extension64 = 3.5
        pool.basis = .atLeast
        pool.baselineHours = 11.5
        pool.runtimeHours = 40.25
        pool.highValueCount = 321
        pool.highValueDegraded = 2
        pool.worstErrorBound = 0.002
        pool.share81 = 0.125
        pool.share16 = 0.5
        pool.share8 = 0.375
        pool.refused = 6

        report = Report(
            device: device, boot: 7, kernelBootID: "0b1c2d3e-0000-4000-8000-000000000001",
            sequence: 300, previousHead: Report.firstHead(of: device, boot: 7),
            instant: Instant(monotonicMs: 61_007, wallMs: 1_900_000_000_130, isSynced: true),
            agentVersion: "1.2.3", samplesTaken: 4321, sample: sample, decision: decision,
            controlMode: .partial, pool: pool, cycleDigest: Digest.sha256([1]),
            hardwareHash: hardware.hash, hardware: hardware, parameterVersion: 12,
            applyStatus: ApplyStatus(version: 14, phase: .refused, reasonCode: 9, reason: "expired: µ"),
            gap: RestartGap(previousBoot: 6, wasClean: true, samplesLost: 3),
            chunks: [[0xf6, 1, 2, 3], [UInt8](repeating: 0x5a, count: 40)])

        var values = ParameterValues()
        values[.idleC] = 43.5
        values[.sampleIntervalMs] = 5000
        set = ParameterSet(
            version: 14, previousVersion: 12, createdMs: 1_900_000_000_000,
            notAfterMs: 1_900_086_400_000,
            scope: Scope(devices: [device, DeviceID(high: 1, low: 2)], labels: labels),
            profile: .desktop, values: values)
        keySet = KeySet(version: 3, keys: [deviceKey.publicKey, signer.publicKey])
        let keys = keySet.encoded()
        envelope = Envelope(
            signing: set, with: signer, keySet: keys, root: root.publicKey,
            rootSignature: root.signature(over: Envelope.keySetDomain + keys))
        reply = ReportReply(
            boot: 7, sequence: 300, serverTimeMs: 1_900_000_000_200, serverEpoch: 99,
            envelope: envelope)
        enrolReply = EnrolReply(
            device: device, reportKey: Array(0x40...0x5f), isAccepted: true,
            serverTimeMs: 1_900_000_000_050, serverEpoch: 99)
    }
}
