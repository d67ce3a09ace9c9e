// The loop that performs what AgentCore wants done: one thread, which sleeps until a deadline, a
// signal or a move on one of two connections.

import AgentCore
import Bytes
import Chamber
import Governor
import LocalAPI
import Model
import System
import Telemetry
import TensorPool
import Transport
import Uplink
import Wire

final class AgentLoop {
    /// The pool's account walks through all it holds: it is drawn up anew this often, ms.
    private static let poolAccountMs: Int64 = 10_000
    /// Between two words to the service manager, whose patience is a matter of minutes, ms.
    private static let watchdogMs: Int64 = 5_000
    /// Longest sleep, so that a clock that was suspended is noticed.
    private static let sleepMsMax: Int64 = 30_000

    var log: Log
    var options: Options
    private let folder: StateFolder
    private let store: DeviceStore
    private let sensors: DeviceSensors
    private let stalls: StallWatch
    private let governor: CgroupGovernor
    private let decisionFile: DecisionFile
    var signalFile: SignalFile
    private let job: Job?
    let local: LocalServer?
    var localDecision: LocalDecision?
    private var uplink: Uplink?
    private var transfers: TransferLoop
    private let reportTransfer = Transfer()
    private let holdTransfer = Transfer()
    private var reportMAC: RequestMAC?
    private var holdMAC: RequestMAC?

    var core: AgentCore
    // Both are kept for their memory.
    private var events: [AgentEvent] = []
    private var actions: [AgentAction] = []
    /// When the loop last woke, or came back from the disk: the time of what happens now.
    private var moment = Instant.now()
    private var hardware: HardwareWatch
    private var nextStepMs = Int64.max
    private var nextWatchdogMs: Int64 = 0
    /// The pool's account in decision.json, and when it was drawn up.
    private var pool: (summary: PoolSummary, atMs: Int64)?
    private var statusLine = StatusLine()
    private var release: MemoryRelease
    private var exitStatus: Int32?

    /// - Parameter job: a command that is to be started, and ends the agent with its own end.
    init(options: Options, version: String, log: Log, job: Job? = nil) throws(UsageError) {
        self.log = log
        self.options = options
        self.job = job
        Clock.quicken(options.timeScale)
        release = MemoryRelease(startedMs: Clock.boottimeMs)
        do throws(Errno) { try FileSystem.makeFolder(options.runFolder) } catch {
            throw UsageError(
                "the run folder \(options.runFolder) can't be made: \(error.text)",
                hint: "give --run-dir a folder that this user may write")
        }
        sensors = DeviceSensors(
            roots: SensorRoots(sysfs: options.sysfsRoot, procfs: options.procfsRoot))
        stalls = StallWatch(
            procfsRoot: options.procfsRoot,
            groupFolder: options.group.map { "\(options.cgroupRoot)/\($0)" })
        sensors.stallSource = stalls.source
        folder = try StateFolder(options.stateFolder)
        var state = try folder.load(serials: sensors.serials(), hides: sensors.hides, log: log)
        // From here on the record tells the serial number that the identity rests on.
        sensors.serialSource = state.serialSource
        guard let found = sensors.hardware() else {
            throw UsageError(
                "the memory of this machine can't be read from \(options.procfsRoot)/meminfo",
                hint: "check --procfs-root")
        }
        hardware = HardwareWatch(found, nowMs: Clock.boottimeMs)
        if state.reportKey == nil {
            state.labels = options.labels
            if options.token != nil { state.root = options.root }
        } else if state.adopt(root: options.root, labels: options.labels) {
            // A new token names another root: the operator began anew, and so does the device.
            log.write(.warning, "the token names another root key: enrolling again")
        }
        if state.reportKey != nil, !options.labels.isEmpty, options.labels != state.labels {
            log.write(.warning, "labels are set at enrolment: the ones given now are not in force")
        }
        if options.server == nil {
            log.write(.warning, "no --server: decisions stay on this device")
        }
        uplink = options.server.map { Uplink(server: $0, device: state.device) }
        transfers = Self.transfers(options)
        governor = CgroupGovernor(
            Self.governing(options, job, found, journal: folder.path(ofJournal: sensors.kernelBootID())))
        decisionFile = DecisionFile(folder: options.runFolder)
        signalFile = SignalFile(path: options.signalPath)
        local = Self.openLocalAPI(options, log)
        store = DeviceStore(options, state, found, kernelBootID: sensors.kernelBootID(), log: log)
        let inheritance = store.inheritance(of: state)
        governor.journalDesk = JournalDesk(
            mayWrite: { [store] in store.mayJournal() }, wrote: { [store] in store.journalled(bytes: $0) })
        var random = SystemRandomNumberGenerator()
        do throws(PoolError) {
            core = try AgentCore(
                configuration: AgentConfiguration(
                    agentVersion: version, token: options.token,
                    kernelBootID: sensors.kernelBootID(), sampleIntervalMs: options.intervalMs,
                    checkpointMs: store.isSpooling ? options.checkpointMs : nil,
                    isAlone: options.server == nil),
                state: state, hardware: found, seed: random.next(), inheritance: inheritance)
        } catch {
            throw UsageError("the tensor pool can't be made", hint: error.hint)
        }
    }

    /// Runs until a signal or a fault ends it; the process's exit status.
    func run() -> Int32 {
        let signals: Int32
        do throws(Errno) { signals = try Signals.open() } catch {
            log.write(.error, "signals can't be received: \(error.text)")
            return 1
        }
        var watched = [Watched(signals, .read)]
        if let local { watched.append(Watched(local.descriptor, .read)) }
        // A stall of memory wakes the agent for an early observation. Last: it may come and go.
        let stallPlace = watched.count
        if let descriptor = stalls.descriptor { watched.append(Watched(descriptor, .priority)) }
        tell(governor.recover())
        core.scalesFrequency = governor.scalesFrequency
        log.write(
            .notice,
            "device \(core.state.device.hex) (\(hardware.record.model)), boot \(core.state.boot), "
                + "control: \(reach(of: governor.status)), identity by "
                + "\((core.state.serialSource ?? .none).words), stalls by \(stalls.source?.name ?? "nothing")")
        if let refusal = stalls.refusal {
            log.write(
                .info, "no trigger for stalls of memory: \(refusal.text); they are found later, in its account")
        }
        if let status = job?.start(log) {
            tell(governor.restore())
            return status
        }
        moment = .now()
        feed(.start)
        _ = try? Process.notify("READY=1")
        while exitStatus == nil {
            let deadlineMs = min(core.nextDeadlineMs, nextStepMs, governor.nextLookMs ?? .max)
            let waitMs = min(Self.sleepMsMax, max(0, deadlineMs - Clock.boottimeMs))
            transfers.wait(&watched, timeoutMs: Int(Clock.realMs(waitMs)))
            moment = .now()
            if watched[0].isReady { takeSignals() }
            if watched.count > stallPlace, watched[stallPlace].isReady {
                if !stalls.rearm() { watched.removeLast() }
                observeEarly("memory stalls: told by the kernel")
            } else if stalls.retry(nowMs: moment.monotonicMs), let descriptor = stalls.descriptor {
                watched.append(Watched(descriptor, .priority))
            }
            sensors.stallSource = stalls.source
            takeReplies()
            stepIfDue()
            serveClients(areWaiting: local != nil && watched[1].isReady)
            tell(governor.look(nowMs: moment.monotonicMs))
            if job?.hasJustEnded(log) == true { feed(.stop) }
            feed(.tick)
            if release.isCodeDue(nowMs: moment.monotonicMs) { try? Process.releaseCode() }
            if release.isUnusedDue(nowMs: moment.monotonicMs) { try? Process.releaseUnused() }
            feedWatchdog()
        }
        tell(governor.restore())
        // A fault of the agent's is none of the workload's.
        if let job { return job.finish(signals: signals, log) }
        return exitStatus ?? 0
    }

    /// Progress of the loop feeds the watchdog, whatever the interval: the loop turns at least twice a
    /// minute.
    private func feedWatchdog() {
        guard moment.monotonicMs >= nextWatchdogMs else { return }
        nextWatchdogMs = moment.monotonicMs + Self.watchdogMs
        _ = try? Process.notify("WATCHDOG=1")
    }

    private func takeSignals() {
        while let signal = Signals.next() {
            switch signal {
            case .terminate, .interrupt, .terminalInterrupt:
                _ = try? Process.notify("STOPPING=1")
                // Its end is then ours.
                if let job { job.pass(signal) } else { feed(.stop) }
            case .child: break
            case .hangUp: reload()
            }
        }
    }

    private static func transfers(_ options: Options) -> TransferLoop {
        TransferLoop(
            settings: TransportSettings(
                caFile: options.caFile, userAgent: "phi-agent/\(AgentCommand.version)"))
    }

    /// To another server, or by another authority: what is under way fails, and is sent again there.
    func reconnect() {
        let (wasReporting, wasHolding) = (
            transfers.isRunning(reportTransfer), transfers.isRunning(holdTransfer)
        )
        transfers.cancel(reportTransfer)
        transfers.cancel(holdTransfer)
        uplink = options.server.map { Uplink(server: $0, device: core.state.device) }
        transfers = Self.transfers(options)
        let moved = LinkResult.failed("the server's address or authority was changed")
        if wasHolding { feed(.holdEnded(moved)) }
        if wasReporting { feed(reportMAC == nil ? .enrolEnded(moved) : .reportEnded(moved)) }
    }

    private func takeReplies() {
        while let (transfer, outcome) = transfers.ended() {
            if transfer.openedConnection { release.noteConnection(nowMs: Clock.boottimeMs) }
            let key = core.state.reportKey
            if transfer === holdTransfer {
                feed(.holdEnded(Uplink.result(outcome, holdMAC, key: key)))
            } else if let mac = reportMAC {
                feed(.reportEnded(Uplink.result(outcome, mac, key: key)))
            } else {
                feed(.enrolEnded(Uplink.result(outcome, nil, key: nil)))
            }
        }
    }

    /// Feeds one event and performs the actions, and those of the events that they cause.
    func feed(_ event: AgentEvent) {
        take(event)
        var next = 0
        while next < events.count, exitStatus == nil {
            take(events[next])
            next += 1
        }
        events.removeAll(keepingCapacity: true)
        store.note(
            boot: core.state.boot, samplesTaken: core.samplesTakenSoFar, atRisk: core.atRisk)
    }

    private func take(_ event: AgentEvent) {
        core.step(event, at: moment, into: &actions)
        for index in actions.indices { perform(actions[index]) }
        actions.removeAll(keepingCapacity: true)
    }

    private func perform(_ action: AgentAction) {
        switch action {
        case .observe: observe()
        case .persist(let state):
            let fault = folder.save(store.charged(state))
            if let fault { log.write(.error, "the state can't be written: \(fault.text)") }
            moment = .now()
            events.append(.persisted(fault == nil))
        case .govern(let decision, let set): govern(decision, set)
        case .enrol(let body):
            reportMAC = nil
            send(uplink?.enrolment(body), on: reportTransfer) { .enrolEnded($0) }
        case .report(let body):
            let signed = core.state.reportKey.flatMap { uplink?.report(body, key: $0) }
            reportMAC = signed?.1
            send(signed?.0, on: reportTransfer) { .reportEnded($0) }
        case .hold(let version, let waitS):
            let signed = core.state.reportKey.flatMap {
                uplink?.hold(after: version, waitS: waitS, key: $0)
            }
            holdMAC = signed?.1
            send(signed?.0, on: holdTransfer) { .holdEnded($0) }
        case .cancelHold: transfers.cancel(holdTransfer)
        case .answer(let answer, let client): local?.answer(answer, client: client)
        case .checkpoint(let batch):
            events.append(.checkpointed(store.write(batch)))
            moment = .now()
        case .fetchBacklog(let bytes, let current):
            events.append(.backlog(store.fetch(maxBytes: bytes, current)))
            moment = .now()
        case .releaseBacklog: store.release()
        case .keep(let thing, let bytes):
            store.keep(thing, bytes, of: hardware.record, isLast: core.state.wasClean)
        case .log(let level, let text): log.write(level, text)
        case .finish(let failed): exitStatus = failed ? 1 : 0
        }
    }

    private func send(
        _ request: TransportRequest?, on transfer: Transfer, _ event: (LinkResult) -> AgentEvent
    ) {
        guard let request else { return events.append(event(.failed("no aggregator is set"))) }
        if !transfers.start(transfer, request) {
            events.append(event(.failed("the request can't be made: \(request.url)")))
        }
    }

    /// Between two observations: the temperature, for the thermal model, and whether memory stalled
    /// without a word from the kernel.
    private func stepIfDue() {
        let nowMs = moment.monotonicMs
        guard nowMs >= nextStepMs else { return }
        sensors.step(atMs: nowMs)
        planStep(nowMs)
        if sensors.hasStalled() { observeEarly("memory stalls: found in the account") }
    }

    private func observeEarly(_ why: String) {
        log.write(.debug, why)
        feed(.nudge)
    }

    private func planStep(_ nowMs: Int64) {
        let isWorthIt = core.sampleIntervalMs >= 2 * DeviceSensors.stepIntervalMs
        nextStepMs = isWorthIt ? nowMs + DeviceSensors.stepIntervalMs : Int64.max
    }

    private func observe() {
        let now = moment
        planStep(now.monotonicMs)
        hardware.update(nowMs: now.monotonicMs) { sensors.hardware() }
        let signals = signalFile.read(nowMs: now.wallMs, freshMs: 3 * core.sampleIntervalMs)
        events.append(.observed(sensors.sample(at: now), hardware.record, signals))
    }

    private func govern(_ decision: Decision, _ set: ParameterSet) {
        core.spoolSummary = store.summary
        let done = governor.apply(
            decision, intervalMs: core.sampleIntervalMs, nowMs: moment.monotonicMs)
        tell(done)
        let status = governor.status
        core.controlMode = status.mode
        core.controls = status.summary
        core.scalesFrequency = governor.scalesFrequency
        tellClients(LocalDecision(decision, status, moment, set.version, done))
        statusLine.tell(decision, status.mode)
        guard
            decisionFile.isDue(
                decision, mode: status.mode, at: moment, parameterVersion: set.version, events: done)
        else { return }
        publish(decision, status, done, version: set.version)
    }

    private func publish(
        _ decision: Decision, _ status: ControlStatus, _ done: [ControlEvent], version: UInt64
    ) {
        do throws(Errno) {
            let pool = poolAccount(moment.monotonicMs)
            try decisionFile.write(
                decision, mode: status.mode, at: moment, parameterVersion: version, events: done,
                status: status
            ) { json in
                core.explanation?.write(into: &json)
                core.latestSample?.writeSensors(into: &json)
                json.section(1, of: UInt64(bitPattern: pool.atMs)) { pool.summary.write(into: &$0) }
            }
        } catch {
            log.write(.warning, "\(decisionFile.path) can't be written: \(error.text)")
        }
    }

    private func poolAccount(_ nowMs: Int64) -> (summary: PoolSummary, atMs: Int64) {
        if let pool, nowMs - pool.atMs < Self.poolAccountMs { return pool }
        let made = (core.poolSummary, nowMs)
        pool = made
        return made
    }
}
