// An agent without a device: time, sensors and the aggregator are played by the test.

import Digest
import Model
import Testing
import Wire

@testable import AgentCore

/// The operator's keys.
struct Operator {
    let root = PrivateKey(seed: [UInt8](repeating: 1, count: 32))!
    let key = PrivateKey(seed: [UInt8](repeating: 2, count: 32))!

    func envelope(
        _ set: ParameterSet, keySetVersion: UInt64 = 1, signer: PrivateKey? = nil,
        root other: PrivateKey? = nil
    ) -> Envelope {
        let root = other ?? self.root
        let keySet = KeySet(version: keySetVersion, keys: [key.publicKey]).encoded()
        return Envelope(
            signing: set, with: signer ?? key, keySet: keySet, root: root.publicKey,
            rootSignature: root.signature(over: Envelope.keySetDomain + keySet))
    }
}

final class AgentBench {
    static let hardware = HardwareRecord(
        model: "Raspberry Pi Zero 2 W Rev 1.0", serial: "00000000deadbeef", cpuCores: 4,
        cpuMaxMHz: 1000, memoryBytes: 512 << 20)
    static let stepMs: Int64 = 100

    let keys = Operator()
    var core: AgentCore
    var nowMs: Int64 = 1_000_000
    var disk: AgentState
    var diskWorks = true
    var celsius = 50.0
    var healthy = 3
    /// How the aggregator answers; nil: it is away.
    var answers: ((SealedReport) -> LinkResult)?
    /// What a held request is answered with; nil: held on.
    var heldAnswer: LinkResult?

    var reports: [SealedReport] = []
    var sentBytes: [[UInt8]] = []
    var enrolments: [[UInt8]] = []
    var holds: [UInt64] = []
    var decisions: [Decision] = []
    var answersToWorkload: [LocalAnswer] = []
    /// The file's signals.
    var fileSignals = Signals()
    var observations: [Int64] = []
    var logs: [String] = []
    var finished: Bool?
    private var heldOpen = false

    // The disk, as the test plays it.
    var batches: [SpoolBatch] = []
    var fetches: [CurrentStream] = []
    var kept: [KeptThing: [UInt8]] = [:]
    var write: (SpoolBatch) -> CheckpointResult = { batch in
        .stored(batch.chunks.map { _ in true }, lost: [], dropped: ValueCounts())
    }
    var backlog: (Int, CurrentStream) -> Backlog = { _, _ in Backlog() }
    var released: () -> Void = {}
    var isSynced = true

    init(
        state: AgentState? = nil, enrolled: Bool = true, token: String? = nil,
        intervalMs: Int64? = 1_000, checkpointMs: Int64? = nil, kernelBootID: String = "boot",
        inheritance: Inheritance = Inheritance(), isAlone: Bool = false
    ) throws {
        var state =
            state
            ?? AgentState.minted(
                serial: Self.hardware.serial, random: [UInt8](repeating: 7, count: 16),
                seed: [UInt8](repeating: 9, count: 32))
        if enrolled {
            state.reportKey = state.reportKey ?? [UInt8](repeating: 3, count: 32)
            state.root = keys.root.publicKey.fingerprint
        }
        disk = state
        core = try AgentCore(
            configuration: AgentConfiguration(
                agentVersion: "test", token: token, kernelBootID: kernelBootID, sampleIntervalMs: intervalMs,
                checkpointMs: checkpointMs, isAlone: isAlone),
            state: state, hardware: Self.hardware, seed: 42, inheritance: inheritance)
        answers = { [unowned self] report in self.acknowledge(report) }
    }

    func start() { feed(.start) }

    /// Lets time pass.
    func run(ms: Int64) {
        let end = nowMs + ms
        while nowMs < end, finished == nil {
            nowMs += Self.stepMs
            // A deadline that stays in the past would be a busy loop.
            for turn in 0..<8 where nowMs >= core.nextDeadlineMs && finished == nil {
                feed(.tick)
                if turn == 7, nowMs >= core.nextDeadlineMs { Issue.record("it spins at \(nowMs)") }
            }
            if heldOpen, let heldAnswer {
                heldOpen = false
                self.heldAnswer = nil
                feed(.holdEnded(heldAnswer))
            }
        }
    }

    func feed(_ event: AgentEvent) {
        var events = [event]
        while !events.isEmpty {
            let now = Instant(monotonicMs: nowMs, wallMs: 1_700_000_000_000 + nowMs, isSynced: isSynced)
            for action in core.step(events.removeFirst(), at: now) {
                switch action {
                case .observe:
                    observations.append(nowMs)
                    events.append(.observed(sample(now), Self.hardware, fileSignals))
                case .persist(let state):
                    if diskWorks { disk = state }
                    events.append(.persisted(diskWorks))
                case .govern(let decision, _): decisions.append(decision)
                case .enrol(let bytes):
                    enrolments.append(bytes)
                    events.append(.enrolEnded(.failed("away")))
                case .report(let bytes):
                    sentBytes.append(bytes)
                    events.append(.reportEnded(answer(bytes)))
                case .hold(let version, _):
                    holds.append(version)
                    heldOpen = true
                case .cancelHold: heldOpen = false
                case .answer(let answer, _): answersToWorkload.append(answer)
                case .checkpoint(let batch):
                    batches.append(batch)
                    events.append(.checkpointed(write(batch)))
                case .fetchBacklog(let bytes, let current):
                    fetches.append(current)
                    events.append(.backlog(backlog(bytes, current)))
                case .releaseBacklog: released()
                case .keep(let thing, let bytes): kept[thing] = bytes
                case .log(_, let text): logs.append(text)
                case .finish(let failed): finished = failed
                }
            }
        }
    }

    private func answer(_ bytes: [UInt8]) -> LinkResult {
        guard let answers else { return .failed("connection refused") }
        guard let sealed = try? SealedReport(decoding: bytes) else {
            Issue.record("a report can't be decoded")
            return .failed("malformed")
        }
        reports.append(sealed)
        return answers(sealed)
    }

    func acknowledge(_ report: SealedReport, _ envelope: Envelope? = nil) -> LinkResult {
        let reply = ReportReply(
            boot: report.report.boot, sequence: report.report.sequence, serverTimeMs: 0,
            serverEpoch: 1, envelope: envelope)
        return .reply(status: 200, body: reply.encoded(), isAuthentic: true, retryAfterS: nil)
    }

    func push(_ envelope: Envelope) {
        heldAnswer = .reply(
            status: 200, body: envelope.encoded(), isAuthentic: true, retryAfterS: nil)
    }

    private func sample(_ now: Instant) -> Sample {
        var sample = Sample(instant: now)
        sample.zones = [ThermalReading(name: "cpu-thermal", temperatureMilliC: Int(celsius * 1000))]
        sample.memory = MemoryReading(
            totalBytes: 512 << 20, availableBytes: 300 << 20, swapTotalBytes: 0, swapFreeBytes: 0)
        sample.health = SensorHealth(known: 3, healthy: healthy, failuresTotal: 0)
        return sample
    }
}

func set(version: UInt64, softLimitC: Double = 75, scope: Scope = Scope()) -> ParameterSet {
    var set = ParameterSet(version: version, scope: scope)
    set.values[.softLimitC] = softLimitC
    return set
}
