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

public struct AgentConfiguration: Sendable {
    public var agentVersion: String
    /// Secret half of an enrolment token, for a device that isn't enrolled.
    public var token: String?
    public var kernelBootID: String
    /// Replaces the parameter `intervals.sampleMs` where set: for trials and tests.
    public var sampleIntervalMs: Int64?
    /// Time between checkpoints to disk; nil: nothing is spooled.
    public var checkpointMs: Int64?
    /// No aggregator is set: nobody empties the pool, and what is new is worth more than what is old.
    public var isAlone: Bool

    public init(
        agentVersion: String, token: String?, kernelBootID: String, sampleIntervalMs: Int64?,
        checkpointMs: Int64? = nil, isAlone: Bool = false
    ) {
        self.checkpointMs = checkpointMs
        self.isAlone = isAlone
        self.agentVersion = agentVersion
        self.token = token
        self.kernelBootID = kernelBootID
        self.sampleIntervalMs = sampleIntervalMs
    }
}

public struct AgentCore {
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
    private var preparedState: AgentState?
    var isDirty = false
    var mustEnrolAgain = false
    private var hasFailed = false
    var hasToldRing = false

    enum Persisting {
        case start
        case trial
        case other
        case newBoot
    }

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
        token: String?, sampleIntervalMs: Int64?, isAlone: Bool, at now: Instant
    ) {
        feed.pool.settings.isRing = isAlone
        configuration.isAlone = isAlone
        let isNew = (token ?? "").utf8.elementsEqual((configuration.token ?? "").utf8) == false
        if isNew, token != nil, state.reportKey == nil { nextReportMs = now.monotonicMs }
        if sampleIntervalMs != configuration.sampleIntervalMs { nudge(now) }
        configuration.token = token
        configuration.sampleIntervalMs = sampleIntervalMs
    }

    public var sampleIntervalMs: Int64 {
        configuration.sampleIntervalMs ?? Int64(keeper.current.values[.sampleIntervalMs])
    }

    /// When the next `.tick` is wanted, monotonic ms.
    public var nextDeadlineMs: Int64 {
        var deadlines: [Int64?] = [isReporting || isEnrolling ? nil : nextReportMs]
        if farewellEndMs == nil {
            deadlines += [
                isObserving ? nil : nextObserveMs, mayHold ? nextHoldMs : nil, keeper.deadlineMs,
                spool.writing == nil ? spool.nextCheckpointMs : nil, spool.nextChamberMs,
            ]
        } else {
            deadlines.append(farewellEndMs)
        }
        return deadlines.reduce(Int64.max) { min($0, $1 ?? Int64.max) }
    }

    private var mayHold: Bool { state.reportKey != nil && !mustEnrolAgain && !isHolding }

    public mutating func step(_ event: AgentEvent, at now: Instant) -> [AgentAction] {
        var actions: [AgentAction] = []
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
        return actions
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

    /// After the first one, at once, observations lie on a grid that the observer phase shifts: a
    /// fleet that was powered on together doesn't go on reporting in a herd.
    func followingObservation(after nowMs: Int64) -> Int64 {
        let interval = max(1, sampleIntervalMs)
        let phase = Double(hardware.hash.words.0) / 18_446_744_073_709_551_616
        let offset = Int64(phase * Double(interval))
        let since = nowMs - offset
        let passed = since >= 0 ? since / interval : -((interval - 1 - since) / interval)
        return (passed + 1) * interval + offset
    }

    mutating func persisted(
        _ stored: Bool, _ now: Instant, _ actions: inout [AgentAction]
    ) {
        let purpose = persisting
        persisting = nil
        if stored {
            if let prepared = preparedState { state = prepared }
            isDirty = false
        }
        preparedState = nil
        switch purpose {
        case .start:
            guard stored else {
                // Without a boot counter on the disk a report could not be told from an old one.
                actions.append(.log(.error, "the state can't be stored: the agent can't start"))
                actions.append(.finish(failed: true))
                hasFailed = true
                return
            }
            nextObserveMs = now.monotonicMs
            spool.nextCheckpointMs = spool.intervalMs.map { now.monotonicMs + $0 }
            spool.nextChamberMs = now.monotonicMs + SpoolDesk.chamberIntervalMs
            spool.wasSynced = now.isSynced
            if state.reportKey == nil {
                nextReportMs = now.monotonicMs
            } else {
                nextHoldMs = now.monotonicMs
            }
        case .trial:
            let trialMs = keeper.trialMs(intervalMs: configuration.sampleIntervalMs)
            if keeper.begin(stored: stored, trialMs: trialMs, at: now) {
                applyParameters(now, &actions)
                actions.append(.log(.notice, "parameters \(keeper.current.version) on trial"))
            } else {
                actions.append(.log(.error, "parameters refused: \(keeper.status.reason)"))
            }
            reportSoon(now)
        case .newBoot: beginBoot(stored: stored, now, &actions)
        case .other, nil:
            if !stored {
                // Tried again with each cycle: what was confirmed must not be lost with a restart.
                isDirty = true
                actions.append(.log(.error, "the state can't be stored"))
            }
        }
    }

    mutating func persist(_ purpose: Persisting, _ actions: inout [AgentAction]) {
        persisting = purpose
        actions.append(.persist(state))
    }

    /// Persists a state that becomes the agent's only once it is on the disk.
    mutating func persist(
        _ purpose: Persisting, _ next: AgentState, _ actions: inout [AgentAction]
    ) {
        persisting = purpose
        preparedState = next
        actions.append(.persist(next))
    }

    /// A report ahead of the next cycle's, unless the aggregator is being waited for: neither a
    /// backoff nor a Retry-After is cut short.
    mutating func reportSoon(_ now: Instant) {
        if reportBackoff.failures == 0, state.reportKey != nil { nextReportMs = now.monotonicMs }
    }

    mutating func cycle(
        _ sample: Sample, _ record: HardwareRecord, _ signals: Signals,
        _ actions: inout [AgentAction]
    ) {
        guard farewellEndMs == nil else { return }
        samplesTaken += 1
        if record != hardware {
            hardware = record
            mustTellHardware = true
            state.hardwareHash = record.hash
            persist(.other, &actions)
            actions.append(.log(.notice, "the hardware changed: \(record.model)"))
        } else if isDirty {
            persist(.other, &actions)
        }
        let decision = chamber.decide(
            ChamberInput(
                hardware: record, sample: sample, signals: signals, poolPressure: feed.pressure,
                scalesFrequency: scalesFrequency, isEarly: workload.isEarly),
            keeper.current)
        feed.take(sample, decision, signals, keeper.current.values)
        noteRing(&actions)
        desk.note(cycle: decision, at: sample.instant)
        noteHealth(sample, decision)
        latest = (sample, decision)
        latestSignals = signals
        actions.append(.govern(decision, keeper.current))
        if state.reportKey != nil, desk.pending == nil, reportBackoff.failures == 0 {
            nextReportMs = sample.instant.monotonicMs
        }
    }

    /// A cycle is healthy when what could be observed before still can, and the board isn't beyond
    /// its critical temperature.
    mutating func noteHealth(_ sample: Sample, _ decision: Decision) {
        let sensorsHold = latest.map { sample.health.healthy >= $0.sample.health.healthy } ?? true
        let isCool = !decision.triggers.contains(.safetyOverride)
        keeper.noteCycle(isHealthy: sensorsHold && isCool)
    }

    /// The next observation comes as soon as it may; those after it lie on the grid as before.
    mutating func nudge(_ now: Instant) {
        guard farewellEndMs == nil else { return }
        let earliest = lastObserveMs.map { $0 + Self.nudgeLeastMs } ?? now.monotonicMs
        nextObserveMs = min(nextObserveMs, max(now.monotonicMs, earliest))
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
