// The agent's brain: events in, actions out, no clock and no I/O.
//
// A cycle:  tick ─► observe ─► observed ─► chamber decides, pool takes the sample ─► govern, report
// A report: sealed once, resent as it is until acknowledged; the reply may carry parameters.
// Parameters: `ParameterKeeper`. Sequence and chain: `ReportDesk`. Values: `PoolFeed`.

import Bytes
import Chamber
import Digest
import Model
import Phi
import TensorPool
import Wire

/// Not to be copied: it is the one account of what was promised to the aggregator, and large.
public struct AgentCore: ~Copyable {
    /// How long a stopping agent waits for its last report, ms.
    public static let farewellMs: Int64 = 3_000
    /// Replies in a row that don't know this device, before it enrols again (where it has a token).
    static let unknownRepliesMax = 3
    /// Longest wait between attempts to reach the aggregator, ms.
    static let backoffCapMs: Int64 = 60_000
    /// An early observation comes no sooner after the last one, ms: a machine that stalls without end
    /// is looked at once a second, which is often enough to help it and seldom enough not to load it.
    public static let nudgeLeastMs: Int64 = 1_000

    public internal(set) var state: AgentState
    /// How far decisions reach; the runtime sets it after each `.govern`.
    public var controlMode = ControlMode.apiOnly
    /// Whether a factor below 1 is met by frequency: the chamber forecasts the heat by it.
    public var scalesFrequency = false
    /// What it governs with; nil: nothing. The runtime sets it after each `.govern`.
    public var controls: ControlSummary?
    /// How the spool's disk fares; the runtime sets it, and the core adds what it knows.
    public var spoolSummary: SpoolSummary?

    private(set) var configuration: AgentConfiguration
    var keeper: ParameterKeeper
    var feed: PoolFeed
    var desk: ReportDesk
    var spool: SpoolDesk
    var random: SplitMix64
    var reportBackoff: Backoff
    var holdBackoff: Backoff

    var chamber: Chamber
    var gap: RestartGap?
    var hardware: HardwareRecord
    var mustTellHardware = true
    var samplesTaken: UInt64 = 0
    var latest: (sample: Sample, decision: Decision)?
    /// Sensors that spoke in the last cycle.
    var healthyBefore = 0
    /// What the workload said in the last cycle.
    var latestSignals = Signals()
    var startNote: String?
    /// What the workload says of itself on the local socket.
    var workload = LocalDesk()

    // Deadlines on the monotonic clock; nil where nothing is due.
    var nextObserveMs: Int64 = 0
    var lastObserveMs: Int64?
    var nextReportMs: Int64?
    var nextHoldMs: Int64?
    var farewellEndMs: Int64?

    // What is under way.
    var isObserving = false
    var isReporting = false
    var isHolding = false
    var isEnrolling = false
    var persisting: Persisting?
    var wasOffline = false
    var unknownReplies = 0
    var refusedForGood = 0
    var mustMoveBoot = false
    var holdStartedMs: Int64 = 0
    var preparedState: AgentState?
    var isDirty = false
    var mustEnrolAgain = false
    var hasFailed = false
    var hasToldRing = false

    /// - Parameters:
    ///   - state: as persisted; its boot counter is moved on here and persisted before any report.
    ///   - seed: of the jitter.
    public init(
        configuration: AgentConfiguration, state: AgentState, hardware: HardwareRecord, seed: UInt64,
        inheritance: Inheritance = Inheritance()
    ) throws(PoolError) {
        var state = state
        gap =
            state.boot == 0
            ? nil
            : RestartGap(
                previousBoot: state.boot, wasClean: state.wasClean,
                samplesLost: state.wasClean ? state.samplesLost : inheritance.samplesLost,
                samplesLostMost: state.wasClean ? nil : inheritance.samplesLostMost)
        state.boot += 1
        state.dropped = state.dropped.joined(inheritance.dropped)
        state.wasClean = false
        state.samplesLost = 0
        keeper = ParameterKeeper(restoring: &state, note: &startNote)
        chamber =
            inheritance.chamber.flatMap { Chamber(restoring: $0, knownHardware: state.hardwareHash) }
            ?? Chamber(knownHardware: state.hardwareHash)
        state.hardwareHash = hardware.hash
        let budgetBytes = Int(keeper.current.values[.poolBudgetKiB]) * 1024
        spool = SpoolDesk(intervalMs: configuration.checkpointMs, stream: state.boot)
        if let (kept, stream) = Self.restored(inheritance, configuration, budgetBytes) {
            feed = kept
            spool.stream = stream
            // Nothing was lost: the pool goes on where it stood.
            gap?.samplesLost = 0
            gap?.samplesLostMost = nil
        } else {
            feed = try PoolFeed(budgetBytes: budgetBytes)
        }
        gap = gap?.joined(state.untold)
        state.untold = gap.flatMap { $0.wasClean && $0.samplesLost == 0 ? nil : $0 }
        feed.book.dropped = state.dropped
        spool.mayHaveBacklog = inheritance.hasBacklog
        if configuration.checkpointMs != nil {
            let book = feed.book
            feed.pool.spill = { book.takes($0) }
        }
        feed.pool.settings.isRing = configuration.isAlone
        desk = ReportDesk(device: state.device, boot: state.boot)
        random = SplitMix64(seed: seed)
        reportBackoff = Backoff(baseMs: 1_000, capMs: Self.backoffCapMs)
        holdBackoff = Backoff(baseMs: 1_000, capMs: Self.backoffCapMs)
        self.configuration = configuration
        self.hardware = hardware
        self.state = state
    }

    /// The pool of the run before, where its times are this kernel's and its bytes hold.
    private static func restored(
        _ inheritance: Inheritance, _ configuration: AgentConfiguration, _ budgetBytes: Int
    ) -> (PoolFeed, UInt64)? {
        guard let bytes = inheritance.pool, let kept = try? PoolFeed.Restored(decoding: bytes),
            !configuration.kernelBootID.isEmpty, kept.kernelBootID == configuration.kernelBootID,
            let feed = try? PoolFeed(
                budgetBytes: budgetBytes, restoring: kept, hasRecords: inheritance.hasBacklog)
        else { return nil }
        return (feed, kept.stream)
    }

    public var parameters: ParameterSet { keeper.current }

    /// What may change in a running agent: an enrolment token, with which it then tries at once, the
    /// interval that replaces the parameter's, and whether there is an aggregator.
    public mutating func reconfigure(
        token: String?, root: Digest32?, sampleIntervalMs: Int64?, isAlone: Bool, at now: Instant
    ) {
        if state.reportKey == nil { state.adopt(root: root, labels: state.labels) }
        feed.pool.settings.isRing = isAlone
        configuration.isAlone = isAlone
        let isNew = (token ?? "").utf8.elementsEqual((configuration.token ?? "").utf8) == false
        if isNew, token != nil, state.reportKey == nil { nextReportMs = now.monotonicMs }
        if sampleIntervalMs != configuration.sampleIntervalMs { nudge(now) }
        configuration.token = token
        configuration.sampleIntervalMs = sampleIntervalMs
    }

    // Inlined, as what follows and each loop asks: a call would be given a copy of all that the core holds.
    @inline(__always)
    public var sampleIntervalMs: Int64 {
        configuration.sampleIntervalMs ?? Int64(keeper.current.values[.sampleIntervalMs])
    }

    /// When the next `.tick` is wanted, monotonic ms.
    public var nextDeadlineMs: Int64 {
        // It changes nothing: this way it is given the core's address.
        mutating get { earliestDeadlineMs }
    }

    @inline(__always)
    private var earliestDeadlineMs: Int64 {
        var earliest = farewellEndMs ?? Int64.max
        func note(_ deadlineMs: Int64?) { earliest = min(earliest, deadlineMs ?? Int64.max) }
        if !isReporting, !isEnrolling { note(nextReportMs) }
        guard farewellEndMs == nil else { return earliest }
        if !isObserving { note(nextObserveMs) }
        if mayHold { note(nextHoldMs) }
        note(keeper.deadlineMs)
        if !spool.isWriting { note(spool.nextCheckpointMs) }
        note(spool.nextChamberMs)
        return earliest
    }

    @inline(__always)
    private var mayHold: Bool { state.reportKey != nil && !mustEnrolAgain && !isHolding }

    public mutating func step(_ event: AgentEvent, at now: Instant) -> [AgentAction] {
        var actions: [AgentAction] = []
        step(event, at: now, into: &actions)
        return actions
    }

    /// The same into a list that the caller keeps for its memory; what stands in it stays.
    public mutating func step(
        _ event: AgentEvent, at now: Instant, into actions: inout [AgentAction]
    ) {
        switch event {
        case .start:
            persisting = .start
            actions.append(.persist(state))
            if let startNote { actions.append(.log(.warning, startNote)) }
            startNote = nil
        case .tick: break
        case .observed(let sample, let record, let signals):
            isObserving = false
            workload.lastSignals = self.signals(sample.instant, over: signals)
            cycle(sample, record, workload.lastSignals, &actions)
        case .persisted(let stored): persisted(stored, now, &actions)
        case .enrolEnded(let result):
            isEnrolling = false
            enrolEnded(result, now, &actions)
        case .reportEnded(let result):
            isReporting = false
            reportEnded(result, now, &actions)
        case .holdEnded(let result):
            isHolding = false
            holdEnded(result, now, &actions)
        case .nudge: nudge(now)
        case .local(let request, let client): local(request, client, now, &actions)
        case .checkpointed(let result): checkpointed(result, now, &actions)
        case .backlog(let backlog): fetched(backlog, now, &actions)
        case .stop: stop(now, &actions)
        }
        advance(now, &actions)
    }

    /// Whatever is due now.
    mutating func advance(_ now: Instant, _ actions: inout [AgentAction]) {
        guard persisting == nil, !hasFailed else { return }
        let nowMs = now.monotonicMs
        if let farewellEndMs {
            let isDone = desk.pending == nil && feed.undeliveredValues == 0
            if isDone || nowMs >= farewellEndMs || reportBackoff.failures > 0 {
                return finish(&actions, now)
            }
        } else {
            advanceSpool(now, &actions)
            if !isObserving, nowMs >= nextObserveMs {
                isObserving = true
                lastObserveMs = nowMs
                workload.observing(atMs: nowMs)
                nextObserveMs = followingObservation(after: nowMs)
                actions.append(.observe)
            }
            settleTrial(now, &actions)
        }
        guard state.reportKey != nil, !mustEnrolAgain else { return enrol(nowMs, &actions) }
        if let due = nextReportMs, nowMs >= due { report(now, &actions) }
        if farewellEndMs == nil, mayHold, let due = nextHoldMs, nowMs >= due {
            isHolding = true
            nextHoldMs = nil
            holdStartedMs = nowMs
            actions.append(
                .hold(
                    afterVersion: max(keeper.newestSeen, keeper.current.version),
                    waitS: Int(keeper.current.values[.holdS])))
        }
    }

    mutating func stop(_ now: Instant, _ actions: inout [AgentAction]) {
        guard farewellEndMs == nil else { return }
        farewellEndMs = now.monotonicMs + Self.farewellMs
        actions.append(.cancelHold)
        feed.seal()
        guard state.reportKey != nil, latest != nil, reportBackoff.failures == 0 else {
            return finish(&actions, now)
        }
        nextReportMs = now.monotonicMs
    }
}
