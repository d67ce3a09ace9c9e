// What the brain and the spool on disk say to one another. The spool is named by what it does for the
// brain: it keeps chunks that nobody has acknowledged, and hands back those of earlier streams.

import Model
import Phi
import TensorPool

/// What a period was worth, as the spool sorts it: at its cap the lowest class goes first.
public enum ValueClass: UInt8, Sendable, CaseIterable, Comparable {
    case low = 0
    case normal
    case high

    public init(score: Double) {
        if score >= Phi.resonanceThreshold {
            self = .high
        } else if score <= Phi.compressionLimit {
            self = .low
        } else {
            self = .normal
        }
    }

    public static func < (a: ValueClass, b: ValueClass) -> Bool { a.rawValue < b.rawValue }
}

extension ValueCounts {
    public mutating func add(_ count: UInt64, _ kind: ValueClass) {
        switch kind {
        case .low: low &+= count
        case .normal: normal &+= count
        case .high: high &+= count
        }
    }

    /// Of two accounts that only grow.
    public func joined(_ other: ValueCounts) -> ValueCounts {
        ValueCounts(low: max(low, other.low), normal: max(normal, other.normal), high: max(high, other.high))
    }
}

/// How far a series' values are acknowledged, by index.
public struct SeriesMark: Equatable, Sendable {
    public var series: UInt16
    public var end: UInt64

    public init(series: UInt16, end: UInt64) {
        self.series = series
        self.end = end
    }
}

/// What a record on disk says beside its chunks; enough to use it when all others are lost.
public struct SpoolStamp: Equatable, Sendable {
    public var device: DeviceID
    public var stream: UInt64
    public var boot: UInt64
    public var kernelBootID: String
    public var instant: Instant
    /// The agent's own samples, and the workloads' values.
    public var samplesTaken: UInt64
    /// The most that a power cut can lose from here on: samples until the next checkpoint, the
    /// workloads' values at twice their fastest so far, and what has no copy on the disk any more.
    public var samplesAtRiskMost: UInt64
    public var dropped: ValueCounts
    public var names: [SeriesName]
    /// What is acknowledged; in a record, of the series that have chunks in it.
    public var acknowledged: [SeriesMark]

    public init(
        device: DeviceID, stream: UInt64, boot: UInt64, kernelBootID: String, instant: Instant,
        samplesTaken: UInt64, samplesAtRiskMost: UInt64, dropped: ValueCounts, names: [SeriesName],
        acknowledged: [SeriesMark]
    ) {
        self.device = device
        self.stream = stream
        self.boot = boot
        self.kernelBootID = kernelBootID
        self.instant = instant
        self.samplesTaken = samplesTaken
        self.samplesAtRiskMost = samplesAtRiskMost
        self.dropped = dropped
        self.names = names
        self.acknowledged = acknowledged
    }
}

/// What a kill of this moment would lose.
public struct AtRisk: Equatable, Sendable {
    /// Neither acknowledged nor in a record.
    public var unrecorded: UInt64 = 0
    /// In records that were given up at the cap: in the pool alone.
    public var bare: UInt64 = 0

    public init() {}

    public var total: UInt64 { unrecorded &+ bare }
}

/// A checkpoint: what nobody has acknowledged and no record holds yet.
public struct SpoolBatch: Equatable, Sendable {
    public var stamp: SpoolStamp
    /// Records of this stream that hold nothing beyond the stamp's acknowledged marks are void.
    public var chunks: [DeliverableChunk]
    /// The agent ends: written whatever the write budget says.
    public var isLast: Bool
    /// The time until the next checkpoint that the stamp's `samplesAtRiskMost` is of; 0: not known.
    public var allowsMs: Int64

    public init(stamp: SpoolStamp, chunks: [DeliverableChunk], isLast: Bool, allowsMs: Int64 = 0) {
        self.stamp = stamp
        self.chunks = chunks
        self.isLast = isLast
        self.allowsMs = allowsMs
    }

    /// The next checkpoint is that far off: what a power cut can lose until then grows with it.
    public mutating func allow(ms: Int64) {
        guard allowsMs > 0, ms > allowsMs else { return }
        let times = UInt64(ms / allowsMs) + 1
        stamp.samplesAtRiskMost = stamp.samplesAtRiskMost.multipliedReportingOverflow(by: times).overflow
            ? UInt64.max : stamp.samplesAtRiskMost * times
        allowsMs = ms
    }
}

/// A chunk of this stream whose copy on disk was given up at the cap.
public struct LostCopy: Equatable, Sendable {
    public var place: ChunkPlace
    public var kind: ValueClass

    public init(place: ChunkPlace, kind: ValueClass) {
        self.place = place
        self.kind = kind
    }
}

public enum CheckpointResult: Equatable, Sendable {
    /// Which of the batch's chunks are on the disk; what was given up for them, of this stream, and
    /// how many values of earlier ones.
    case stored([Bool], lost: [LostCopy], dropped: ValueCounts)
    /// The write budget doesn't allow it for so long.
    case deferred(waitMs: Int64)
    /// The disk doesn't take it.
    case failed
}

/// The stretch of a series that is on disk alone: the pool gave it away for want of room.
public struct SpilledRun: Equatable, Sendable {
    public var series: UInt16
    /// Forwarded up to here.
    public var from: UInt64
    public var end: UInt64

    public init(series: UInt16, from: UInt64, end: UInt64) {
        self.series = series
        self.from = from
        self.end = end
    }
}

/// What the spool must know of the running stream to hand back only what the pool hasn't got.
public struct CurrentStream: Equatable, Sendable {
    public var stream: UInt64
    public var spilled: [SpilledRun]
    /// Acknowledged, or in no need of it.
    public var done: [SeriesMark]

    public init(stream: UInt64, spilled: [SpilledRun], done: [SeriesMark]) {
        self.stream = stream
        self.spilled = spilled
        self.done = done
    }
}

/// Chunks from the disk, oldest first, for the next report.
public struct Backlog: Equatable, Sendable {
    public var chunks: [[UInt8]] = []
    /// One for each run of chunks, in their order.
    public var origins: [ChunkOrigin] = []
    /// Chunks of the running stream among them.
    public var current: [ChunkPlace] = []
    public var values = ValueCounts()

    public init() {}

    public var isEmpty: Bool { chunks.isEmpty }
    public var byteCount: Int { chunks.reduce(0) { $0 + $1.count } }
}

/// What a start finds of the runs before it.
public struct Inheritance: Sendable {
    /// Snapshots as they were kept; nil where there is none that holds.
    public var chamber: [UInt8]?
    public var pool: [UInt8]?
    /// There are segments on the disk.
    public var hasBacklog = false
    public var dropped = ValueCounts()
    /// Samples of the previous run that nothing holds, where that is known exactly, and at most.
    public var samplesLost: UInt64?
    public var samplesLostMost: UInt64?

    public init() {}
}

/// Snapshots worth keeping over a restart.
public enum KeptThing: UInt8, Sendable {
    case chamber = 1
    case pool
}
