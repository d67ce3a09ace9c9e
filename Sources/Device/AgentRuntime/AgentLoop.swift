// The loop that performs what AgentCore wants done: one thread, which sleeps until a deadline, a
// signal or a move on one of two connections.

import AgentCore
import Governor
import Model
import System
import Telemetry
import TensorPool
import Transport
import Uplink
import Wire

final class AgentLoop {
    /// The hardware is looked at anew this often: a collapse may wait that long, the reading of a
    /// dozen files each cycle would cost more than the cycle.
    private static let hardwareIntervalMs: Int64 = 60_000
    /// Longest sleep, so that a clock that was suspended is noticed.
    private static let sleepMsMax: Int64 = 30_000

    private let log: Log
    private let folder: StateFolder
    private let store: DeviceStore
    private let sensors: DeviceSensors
    private let governor: CgroupGovernor
    private let decisionFile: DecisionFile
    private let signalFile: SignalFile
    private let uplink: Uplink?
    private let transfers: TransferLoop
    private let reportTransfer = Transfer()
    private let holdTransfer = Transfer()
    private var reportMAC: RequestMAC?
    private var holdMAC: RequestMAC?

    private var core: AgentCore
    private var events: [AgentEvent] = []
    private var hardware: HardwareRecord
    private var hardwareSeenMs: Int64
    private var exitStatus: Int32?

    init(options: Options, version: String, log: Log) throws(UsageError) {
        self.log = log
        Clock.quicken(options.timeScale)
        do throws(Errno) { try FileSystem.makeFolder(options.runFolder) } catch {
            throw UsageError(
                "the run folder \(options.runFolder) can't be made: \(error.text)",
                hint: "give --run-dir a folder that this user may write")
        }
        sensors = DeviceSensors(
            roots: SensorRoots(sysfs: options.sysfsRoot, procfs: options.procfsRoot))
        guard let found = sensors.hardware() else {
            throw UsageError(
                "the memory of this machine can't be read from \(options.procfsRoot)/meminfo",
                hint: "check --procfs-root")
        }
        hardware = found
        hardwareSeenMs = Clock.boottimeMs
        folder = try StateFolder(options.stateFolder)
        var state = try folder.load(serial: found.serial, log: log)
        if state.reportKey == nil {
            state.labels = options.labels
            if options.token != nil { state.root = options.root }
        } else if let root = options.root, root != state.root {
            // A new token names another root: the operator began anew, and so does the device.
            log.write(.warning, "the token names another root key: enrolling again")
            state.root = root
            state.reportKey = nil
            state.labels = options.labels
            state.good = nil
            state.trial = nil
            state.floor = 0
            state.keySetFloor = 0
        }
        if state.reportKey != nil, !options.labels.isEmpty, options.labels != state.labels {
            log.write(.warning, "labels are set at enrolment: the ones given now are not in force")
        }
        if options.server == nil {
            log.write(.warning, "no --server: decisions stay on this device")
        }
        uplink = options.server.map { Uplink(server: $0, device: state.device) }
        transfers = TransferLoop(
            settings: TransportSettings(
                caFile: options.caFile, userAgent: "phi-agent/\(version)"))
        governor = CgroupGovernor(
            GovernorConfiguration(
                cgroupRoot: options.cgroupRoot, group: options.group, isDryRun: options.isDryRun,
                journalPath: folder.path(ofJournal: sensors.kernelBootID()),
                cpuCores: max(1, found.cpuCores)))
        decisionFile = DecisionFile(folder: options.runFolder)
        signalFile = SignalFile(path: options.signalFile ?? "\(options.runFolder)/signals")
        store = DeviceStore(options, state, found, kernelBootID: sensors.kernelBootID(), log: log)
        let inheritance = store.inheritance(of: state)
        var random = SystemRandomNumberGenerator()
        do throws(PoolError) {
            core = try AgentCore(
                configuration: AgentConfiguration(
                    agentVersion: version, token: options.token,
                    kernelBootID: sensors.kernelBootID(), sampleIntervalMs: options.intervalMs,
                    checkpointMs: store.isSpooling ? options.checkpointMs : nil),
                state: state, hardware: found, seed: random.next(), inheritance: inheritance)
        } catch {
            throw UsageError("the tensor pool can't be made", hint: "\(error.hint)")
        }
    }

    /// Runs until a signal or a fault ends it; the process's exit status.
    func run() -> Int32 {
        let signals: Int32
        do throws(Errno) { signals = try Signals.open() } catch {
            log.write(.error, "signals can't be received: \(error.text)")
            return 1
        }
        tell(governor.recover())
        log.write(
            .notice,
            "device \(core.state.device.hex) (\(hardware.model)), boot \(core.state.boot), "
                + "control: \(governor.mode.name)")
        feed(.start)
        _ = try? Process.notify("READY=1")
        while exitStatus == nil {
            let waitMs = min(
                Self.sleepMsMax, max(0, core.nextDeadlineMs - Clock.boottimeMs))
            let ready = transfers.wait([signals], timeoutMs: Int(Clock.realMs(waitMs)))
            if ready.first == true { takeSignals() }
            takeReplies()
            feed(.tick)
            // Progress of the loop feeds the watchdog; the loop turns at least twice a minute.
            _ = try? Process.notify("WATCHDOG=1")
        }
        tell(governor.restore())
        return exitStatus ?? 0
    }

    private func takeSignals() {
        while let signal = Signals.next() {
            switch signal {
            case .terminate, .interrupt:
                _ = try? Process.notify("STOPPING=1")
                feed(.stop)
            case .hangUp: log.write(.info, "SIGHUP: restart the agent to read its options anew")
            }
        }
    }

    private func takeReplies() {
        while let (transfer, outcome) = transfers.ended() {
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
    private func feed(_ event: AgentEvent) {
        events.append(event)
        while !events.isEmpty, exitStatus == nil {
            let next = events.removeFirst()
            for action in core.step(next, at: .now()) { perform(action) }
        }
        store.note(
            boot: core.state.boot, samplesTaken: core.samplesTakenSoFar, samplesAtRisk: core.samplesAtRisk)
    }

    private func perform(_ action: AgentAction) {
        switch action {
        case .observe: observe()
        case .persist(let state):
            let fault = folder.save(store.charged(state))
            if let fault { log.write(.error, "the state can't be written: \(fault.text)") }
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
        case .checkpoint(let batch): events.append(.checkpointed(store.write(batch)))
        case .fetchBacklog(let bytes, let current):
            events.append(.backlog(store.fetch(maxBytes: bytes, current)))
        case .releaseBacklog: store.release()
        case .keep(let thing, let bytes): store.keep(thing, bytes, of: hardware)
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

    private func observe() {
        let now = Instant.now()
        if now.monotonicMs - hardwareSeenMs >= Self.hardwareIntervalMs {
            hardwareSeenMs = now.monotonicMs
            if let found = sensors.hardware() { hardware = found }
        }
        let signals = signalFile.read(nowMs: now.wallMs, freshMs: 3 * core.sampleIntervalMs)
        events.append(.observed(sensors.sample(at: now), hardware, signals))
    }

    private func govern(_ decision: Decision, _ set: ParameterSet) {
        core.spoolSummary = store.summary
        let done = governor.apply(decision)
        tell(done)
        core.controlMode = governor.mode
        do throws(Errno) {
            try decisionFile.write(
                decision, mode: governor.mode, at: .now(), parameterVersion: set.version,
                events: done)
        } catch {
            log.write(.warning, "\(decisionFile.path) can't be written: \(error.text)")
        }
    }

    private func tell(_ events: [ControlEvent]) {
        for event in events {
            switch event.outcome {
            case .failed, .foreign: log.write(.warning, event.text)
            default: log.write(.info, event.text)
            }
        }
    }
}
