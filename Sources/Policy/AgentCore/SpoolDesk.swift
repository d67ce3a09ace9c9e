// When a checkpoint is due, and what of the backlog is under way.

import Model

struct SpoolDesk {
    /// Chunk bytes from the disk in one report at most. The rest of a report's 64 KiB is for what the
    /// pool has, so that a long backlog doesn't hold up what is new.
    static let backlogBytesMax = 48 * 1024
    /// Reports with a stretch of the backlog that the aggregator refused for good, before it is given up.
    static let refusalsMax = 3
    /// The least time between checkpoints that a full pool asks for, ms.
    static let hurryMs: Int64 = 10_000
    /// Learned slots are kept this often: an hour of learning is cheap to do again, a write isn't.
    static let chamberIntervalMs: Int64 = 3_600_000

    /// nil: nothing is spooled.
    let intervalMs: Int64?
    /// Names the pool's index space: the boot counter of the agent that began it.
    var stream: UInt64
    var nextCheckpointMs: Int64?
    var nextChamberMs: Int64?
    /// The batch that is being written.
    var writing: SpoolBatch? {
        didSet { if case .some = writing { isWriting = true } else { isWriting = false } }
    }
    /// Asked in every cycle, and the batch is large.
    private(set) var isWriting = false
    var lastCheckpointMs: Int64?
    /// The longest time between two checkpoints lately: a crash loses no more.
    var stretchedMs: Int64
    /// The next checkpoint waits for the write budget.
    var isStretched = false
    var stretching = Stretching()

    /// Workloads' values so far at the last checkpoint and at the one under way, the most between two
    /// of them, and how many more the record allows for.
    private var appendedBefore: UInt64 = 0
    private var appendedNow: UInt64 = 0
    private var burstMost: UInt64 = 0
    private var promised: UInt64 = 0

    var mayHaveBacklog = false
    var isFetching = false
    /// Fetched for the report to be sealed next; nil before.
    var fetched: Backlog?
    /// In the report that is under way.
    var underWay: Backlog?
    var refusals = 0
    var wasSynced = false

    /// Whether the write budget holds checkpoints up is said when it begins, when the wait has doubled, and once
    /// it is over: a budget that is just too small lets every other one pass. How long none may have waited
    /// before it is over doubles each time.
    struct Stretching {
        static let quietMsLeast: Int64 = 600_000
        static let quietMsMost: Int64 = 86_400_000

        private var isSaid = false
        private var saidWaitMs: Int64 = 0
        private var quietMs = quietMsLeast
        private var deferredMs: Int64?

        /// - Returns: whether it is to be said.
        mutating func deferred(_ nowMs: Int64, waitMs: Int64) -> Bool {
            if !isSaid, let deferredMs, nowMs - deferredMs > Self.quietMsMost { quietMs = Self.quietMsLeast }
            deferredMs = nowMs
            guard !isSaid || waitMs / 2 >= saidWaitMs else { return false }
            (isSaid, saidWaitMs) = (true, waitMs)
            return true
        }

        /// - Returns: whether it is over, and that is to be said.
        mutating func stored(_ nowMs: Int64) -> Bool {
            guard isSaid, let deferredMs, nowMs - deferredMs >= quietMs else { return false }
            isSaid = false
            quietMs = min(Self.quietMsMost, 2 * quietMs)
            return true
        }
    }

    init(intervalMs: Int64?, stream: UInt64) {
        self.intervalMs = intervalMs
        self.stream = stream
        stretchedMs = intervalMs ?? 0
    }

    var isOn: Bool { intervalMs != nil }

    var mustFetch: Bool { isOn && mayHaveBacklog && !isFetching && fetched == nil }

    /// Samples of one interval, and the one in hand; and the workloads' values that were promised for.
    func samplesAtRiskMost(sampleMs: Int64) -> UInt64 {
        UInt64(max(0, stretchedMs) / max(1, sampleMs)) + 1 &+ promised
    }

    /// Workloads append faster than the last record allowed for: a new record shall say so.
    func isBurst(_ appended: UInt64) -> Bool { appended - min(appended, appendedBefore) > promised }

    /// For the next interval twice as many as ever came in one. So a workload that goes on as it does
    /// asks for no checkpoint of its own, and one that grows asks seldom.
    mutating func promise(_ appended: UInt64) {
        appendedNow = appended
        burstMost = max(burstMost, appended - min(appended, appendedBefore))
        promised = burstMost > UInt64.max / 2 ? UInt64.max : 2 * burstMost
    }

    mutating func noteStored() { appendedBefore = appendedNow }
}
