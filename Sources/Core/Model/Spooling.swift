// Store and forward, as a report tells of it: which index space and which clock a chunk's values
// belong to, and how the spool on the device's disk fares.

/// The stream of a run of chunks in a report.
///
/// A *stream* is the life of one pool: indices of its series count from 0, and its times are those of one
/// boot of the kernel (CLOCK_BOOTTIME). It is named by the boot counter of the agent that began it. So
/// (device, stream, series, index) names a sample for ever, however often it is sent.
public struct ChunkOrigin: Equatable, Sendable {
    /// How many chunks of the report, following those of the origins before.
    public var chunkCount: Int
    public var stream: UInt64
    public var kernelBootID: String
    /// The clocks of that boot at one moment: wall − monotonic dates its times, as well as it was known.
    public var instant: Instant
    /// Names of the stream's series, where they differ from the report's own.
    public var names: [SeriesName]

    public init(
        chunkCount: Int, stream: UInt64, kernelBootID: String, instant: Instant,
        names: [SeriesName] = []
    ) {
        self.chunkCount = chunkCount
        self.stream = stream
        self.kernelBootID = kernelBootID
        self.instant = instant
        self.names = names
    }

    /// Origins in one report at most: a report holds 64 KiB of chunks, and every restart begins a stream.
    public static let countMax = 256
}

/// Values by what their period was worth: the glossary's resonance threshold and compression limit
/// part them.
public struct ValueCounts: Equatable, Sendable {
    public var low: UInt64 = 0
    public var normal: UInt64 = 0
    public var high: UInt64 = 0

    public init(low: UInt64 = 0, normal: UInt64 = 0, high: UInt64 = 0) {
        self.low = low
        self.normal = normal
        self.high = high
    }

    public var total: UInt64 { low &+ normal &+ high }
}

public struct SpoolSummary: Equatable, Sendable {
    public var usedBytes: UInt64 = 0
    public var capBytes: UInt64 = 0
    public var segments: UInt64 = 0
    /// Values that were given up at the cap, since the installation.
    public var dropped = ValueCounts()
    /// Records skipped because their checksum was wrong, since the agent's start.
    public var damagedRecords: UInt64 = 0
    /// Bytes of a record that a power cut or a kill left half written, since the agent's start.
    public var tornBytes: UInt64 = 0
    /// Bytes that may still be written now, of `writeBudgetBytes` a day; negative: a debt.
    public var writeLeftBytes: Int64 = 0
    public var writeBudgetBytes: UInt64 = 0
    /// The most that a crash may lose, by the interval of checkpoints in force.
    public var checkpointMs: UInt64 = 0
    /// Samples that neither the disk nor the aggregator has.
    public var samplesAtRisk: UInt64 = 0
    /// Hours without an aggregator until the disk is full, at the rate seen so far, the disk alone
    /// counted; 0 without data.
    public var enduranceHours = 0.0
    /// Why nothing can be written now; empty while all is well.
    public var fault = ""

    public init() {}
}
