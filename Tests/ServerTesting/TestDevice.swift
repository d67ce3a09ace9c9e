// A device as the server meets it: an identity, a chain, reports, MACs.

import Digest
import Model
import Wire

public struct TestDevice: Sendable {
    public let key: PrivateKey
    public let installID: [UInt8]
    public let hardware: HardwareRecord
    public var labels: [Label] = []
    public var reportKey: [UInt8] = []
    public var boot: UInt64 = 1
    public var sequence: UInt64 = 0
    public var head: Digest32
    public var parameterVersion: UInt64 = 0
    public var applyStatus = ApplyStatus()
    public var agreement = 1.0
    public var controls: ControlSummary?

    public init(_ number: Int) {
        let seed = Digest.sha256(Array("test device \(number)".utf8))
        key = PrivateKey(seed: seed.bytes) ?? PrivateKey.generate()
        installID = Array(seed.bytes.prefix(16))
        hardware = HardwareRecord(
            model: "Raspberry Pi 4 Model B Rev 1.4", serial: "serial-\(number)", cpuCores: 4,
            cpuMaxMHz: 1800, memoryBytes: 4 << 30)
        head = .zero
        head = Report.firstHead(of: id, boot: boot)
    }

    public var id: DeviceID { DeviceID(serial: hardware.serial, installID: installID) }

    public func enrolment(token: String) -> [UInt8] {
        EnrolRequest(
            token: token, publicKey: key.publicKey, installID: installID, hardware: hardware,
            labels: labels, agentVersion: "test"
        ).encoded(signedBy: key)
    }

    public mutating func restart(telling gap: RestartGap? = nil) {
        boot += 1
        sequence = 0
        head = Report.firstHead(of: id, boot: boot)
    }

    /// The next report of the chain.
    public mutating func report(
        chunks: [[UInt8]] = [], gap: RestartGap? = nil, milliC: Int = 51_234
    ) -> SealedReport {
        sequence += 1
        let sealed = unchained(sequence, previous: head, chunks: chunks, gap: gap, milliC: milliC)
        head = sealed.head
        return sealed
    }

    /// A report anywhere, with any head before it.
    public func unchained(
        _ sequence: UInt64, previous: Digest32, chunks: [[UInt8]] = [], gap: RestartGap? = nil,
        milliC: Int = 51_234
    ) -> SealedReport {
        let instant = Instant(monotonicMs: Int64(sequence) * 1000, wallMs: 0, isSynced: false)
        var sample = Sample(instant: instant)
        sample.zones = [ThermalReading(name: "cpu-thermal", temperatureMilliC: milliC)]
        sample.memory = MemoryReading(
            totalBytes: 4 << 30, availableBytes: 3 << 30, swapTotalBytes: 0, swapFreeBytes: 0)
        sample.health = SensorHealth(known: 3, healthy: 3, failuresTotal: 0)
        sample.busyShare = 0.25
        sample.disk = DiskReading(
            readBytesTotal: 5120, writtenBytesTotal: 1024, readBytesPerS: 512, writtenBytesPerS: nil)
        sample.zram = ZramReading(
            diskBytes: 400, originalBytes: 300, compressedBytes: 100, usedBytes: 120)
        sample.stallSource = .averages
        sample.faults = [
            SensorStatus(name: "hwmon1 odd temp1_input", condition: .failed, errorCode: 11, lastGoodMs: 5)
        ]
        var decision = Decision()
        decision.confidence = Confidence(
            signalQuality: 1, agreement: agreement, predictorQuality: 0.9)
        var report = Report(
            device: id, boot: boot, kernelBootID: "kernel", sequence: sequence,
            previousHead: previous, instant: instant, agentVersion: "test",
            samplesTaken: sequence, sample: sample, decision: decision, controlMode: .dryRun,
            pool: PoolSummary(), cycleDigest: .zero, hardwareHash: hardware.hash,
            hardware: sequence == 1 ? hardware : nil, parameterVersion: parameterVersion,
            applyStatus: applyStatus, gap: gap, chunks: chunks)
        report.controls = controls
        return SealedReport(sealing: report)
    }

    public func mac(_ method: String, _ path: String, _ body: [UInt8] = []) -> RequestMAC {
        RequestMAC(
            key: reportKey, device: id, nonce: Digest.random(16), method: method, path: path,
            body: body)
    }

    /// Takes over what a confirmed set changes in later reports.
    public mutating func run(_ version: UInt64, _ phase: ApplyStatus.Phase, reason: String = "") {
        applyStatus = ApplyStatus(version: version, phase: phase, reasonCode: 0, reason: reason)
        if phase == .trial || phase == .confirmed { parameterVersion = version }
    }
}

/// SplitMix64: small, seeded, the same on every machine.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(_ seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
