// What a device tells the aggregator, and what it is answered.

import Digest
import Phi

/// Runtime extension and the account of the pool; see the glossary's "Runtime extension".
public struct PoolSummary: Equatable, Sendable {
    public enum Basis: UInt8, Sendable {
        case noData = 0
        /// The baseline would not have been exhausted yet.
        case projected
        /// The baseline is exhausted, this pool isn't.
        case atLeast
        /// Both were exhausted.
        case measured

        public var name: String {
            switch self {
            case .noData: "no data"
            case .projected: "projected"
            case .atLeast: "at least"
            case .measured: "measured"
            }
        }
    }

    public var budgetBytes: UInt64 = 0
    public var heldBytes: UInt64 = 0
    public var valuesAdmitted: UInt64 = 0
    public var bytesNeeded: UInt64 = 0
    /// Against 81 and 64 bits a value.
    public var extension81 = 0.0
    public var extension64 = 0.0
    public var basis: Basis = .noData
    /// Hours the 64-bit baseline lasts, and this pool, at the rate seen; 0 without data.
    public var baselineHours = 0.0
    public var runtimeHours = 0.0
    public var highValueCount: UInt64 = 0
    public var highValueDegraded: UInt64 = 0
    public var worstErrorBound = 0.0
    /// Shares of the values held, 0…1.
    public var share81 = 0.0
    public var share16 = 0.0
    public var share8 = 0.0
    /// Values refused for want of room, and lost with a chunk that could not be kept.
    public var refused: UInt64 = 0
    /// Values that gave way to newer ones, since the agent's start: of a device without an aggregator.
    /// Not in a report, therefore.
    public var dropped = ValueCounts()

    public init() {}

    /// 1 − stored ÷ raw, against 81-bit values; nil without data.
    public var compressionRatio: Double? {
        basis == .noData || extension81 <= 0 ? nil : 1 - 1 / extension81
    }
    public var phiAlignment: Double? { compressionRatio.map { Phi.alignment($0) } }
    public var bitScalingEfficiency: Double? { compressionRatio.map { $0 * Phi.ratio } }
}

/// How the set last offered fares.
public struct ApplyStatus: Equatable, Sendable {
    public enum Phase: UInt8, Sendable {
        /// Nothing was offered yet.
        case none = 0
        /// Applied, proving itself.
        case trial
        case confirmed
        case refused
        /// Applied, found unhealthy, taken back.
        case reverted

        public var name: String {
            switch self {
            case .none: "none"
            case .trial: "trial"
            case .confirmed: "confirmed"
            case .refused: "refused"
            case .reverted: "reverted"
            }
        }
    }

    public var version: UInt64
    public var phase: Phase
    public var reasonCode: Int
    public var reason: String

    public init(version: UInt64 = 0, phase: Phase = .none, reasonCode: Int = 0, reason: String = "") {
        self.version = version
        self.phase = phase
        self.reasonCode = reasonCode
        self.reason = reason
    }
}

/// What a restart cost: told once, with the first report of a boot, never papered over.
public struct RestartGap: Equatable, Sendable {
    /// The boot before this one, as far as this device remembers it; 0 for none.
    public var previousBoot: UInt64
    /// The agent ended by itself and delivered what it held.
    public var wasClean: Bool
    /// Samples taken in the previous boot and never delivered; nil when a crash took the account too.
    public var samplesLost: UInt64?
    /// Where the number isn't known (a power cut takes the account too): no more than these, by the
    /// interval of checkpoints that was in force. nil where that isn't known either.
    public var samplesLostMost: UInt64?

    public init(
        previousBoot: UInt64, wasClean: Bool, samplesLost: UInt64?, samplesLostMost: UInt64? = nil
    ) {
        self.previousBoot = previousBoot
        self.wasClean = wasClean
        self.samplesLost = samplesLost
        self.samplesLostMost = samplesLostMost
    }
}

/// Which sensor a series of the pool holds, e.g. 17 "hwmon cpu_thermal temp1".
public struct SeriesName: Equatable, Sendable {
    public var id: UInt16
    public var name: String

    public init(id: UInt16, name: String) {
        self.id = id
        self.name = name
    }

    /// Names in one report at most.
    public static let countMax = 256
}

public struct Report: Equatable, Sendable {
    public var device: DeviceID
    /// Persisted before a boot's first report: (boot, sequence) is ordered for ever.
    public var boot: UInt64
    /// The kernel's boot id, only shown.
    public var kernelBootID: String
    /// From 1 within the boot.
    public var sequence: UInt64
    /// The chain's head before this report.
    public var previousHead: Digest32
    public var instant: Instant
    public var agentVersion: String
    /// Samples taken in this boot up to this report, and of those delivered or in this report.
    public var samplesTaken: UInt64
    public var sample: Sample
    public var decision: Decision
    public var controlMode: ControlMode
    public var pool: PoolSummary
    /// The digests of the cycles since the last report, folded.
    public var cycleDigest: Digest32
    public var hardwareHash: Digest32
    /// With the first report of a boot and after a collapse.
    public var hardware: HardwareRecord?
    /// The version in force.
    public var parameterVersion: UInt64
    public var applyStatus: ApplyStatus
    public var gap: RestartGap?
    /// Sealed chunks of the pool, as they came.
    public var chunks: [[UInt8]]
    /// Names of series ids, until acknowledged.
    public var seriesNames: [SeriesName]
    /// Where the chunks come from, in their order; empty for an agent that doesn't tell.
    public var origins: [ChunkOrigin] = []
    /// The spool on the device's disk; nil where there is none.
    public var spool: SpoolSummary?
    /// Absent where nothing is governed.
    public var controls: ControlSummary?

    public init(
        device: DeviceID, boot: UInt64, kernelBootID: String, sequence: UInt64,
        previousHead: Digest32, instant: Instant, agentVersion: String, samplesTaken: UInt64,
        sample: Sample, decision: Decision, controlMode: ControlMode, pool: PoolSummary,
        cycleDigest: Digest32, hardwareHash: Digest32, hardware: HardwareRecord?,
        parameterVersion: UInt64, applyStatus: ApplyStatus, gap: RestartGap?, chunks: [[UInt8]], seriesNames: [SeriesName] = []
    ) {
        self.device = device
        self.boot = boot
        self.kernelBootID = kernelBootID
        self.sequence = sequence
        self.previousHead = previousHead
        self.instant = instant
        self.agentVersion = agentVersion
        self.samplesTaken = samplesTaken
        self.sample = sample
        self.decision = decision
        self.controlMode = controlMode
        self.pool = pool
        self.cycleDigest = cycleDigest
        self.hardwareHash = hardwareHash
        self.hardware = hardware
        self.parameterVersion = parameterVersion
        self.applyStatus = applyStatus
        self.gap = gap
        self.chunks = chunks
        self.seriesNames = seriesNames
    }

    /// The chain's head before a boot's first report.
    public static func firstHead(of device: DeviceID, boot: UInt64) -> Digest32 {
        Digest.sha256(Array("phi-chain-1\0\(device.hex)\0\(boot)".utf8))
    }

    /// One report's body at most: 64 chunks of 4 KiB and the rest.
    public static let byteCountMax = 320 * 1024
    public static let chunkBytesMax = 256 * 1024
    /// Chunks in one report at most: each is a row at the aggregator.
    public static let chunkCountMax = 1024
}

/// The reply to a report that was committed.
public struct ReportReply: Equatable, Sendable {
    public var boot: UInt64
    public var sequence: UInt64
    /// Milliseconds since 1970 by the server's clock.
    public var serverTimeMs: Int64
    /// Changes when the server was restored from a backup.
    public var serverEpoch: UInt64
    /// A set that is due for this device.
    public var envelope: Envelope?
    /// There was one, and it can't be read: the acknowledgement counts all the same.
    public var hasUnreadableEnvelope = false

    public init(
        boot: UInt64, sequence: UInt64, serverTimeMs: Int64, serverEpoch: UInt64,
        envelope: Envelope? = nil
    ) {
        self.boot = boot
        self.sequence = sequence
        self.serverTimeMs = serverTimeMs
        self.serverEpoch = serverEpoch
        self.envelope = envelope
    }
}

public struct EnrolRequest: Equatable, Sendable {
    /// The secret half of an enrolment token.
    public var token: String
    public var publicKey: PublicKey
    public var installID: [UInt8]
    public var hardware: HardwareRecord
    public var labels: [Label]
    public var agentVersion: String

    public init(
        token: String, publicKey: PublicKey, installID: [UInt8], hardware: HardwareRecord,
        labels: [Label], agentVersion: String
    ) {
        self.token = token
        self.publicKey = publicKey
        self.installID = installID
        self.hardware = hardware
        self.labels = labels
        self.agentVersion = agentVersion
    }

    public var device: DeviceID { DeviceID(serial: hardware.serial, installID: installID) }

    public static let domain = Array("phi-enrol-1\0".utf8)
}

public struct EnrolReply: Equatable, Sendable {
    public var device: DeviceID
    /// 32 bytes; HMAC key for every later request and reply.
    public var reportKey: [UInt8]
    /// False while the operator has yet to accept the device.
    public var isAccepted: Bool
    public var serverTimeMs: Int64
    public var serverEpoch: UInt64

    public init(
        device: DeviceID, reportKey: [UInt8], isAccepted: Bool, serverTimeMs: Int64,
        serverEpoch: UInt64
    ) {
        self.device = device
        self.reportKey = reportKey
        self.isAccepted = isAccepted
        self.serverTimeMs = serverTimeMs
        self.serverEpoch = serverEpoch
    }
}
