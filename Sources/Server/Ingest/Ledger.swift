// The one writer: takes a batch of reports and operators' tasks, writes all of it in one transaction,
// and only after the commit publishes the new state and lets the replies go. An acknowledged report is
// on disk; a report that isn't on disk was not acknowledged.
//
// It runs on the committer's thread alone. Rollouts are stepped here too, in the same transaction as the
// reports that move them, so that what was released and what was reported never disagree after a crash.

import Digest
import Merge
import Model
import Rollout
import Store
import Synchronization
import Wire

/// A report whose sender is known and whose head follows from its bytes.
public struct VerifiedReport: Sendable {
    public let call: DeviceCall
    public let sealed: SealedReport
    public let receivedMs: Int64
}

public enum Job: Sendable {
    case report(VerifiedReport)
    case task(LedgerTask)
    /// Time has passed: rollouts may move.
    case tick
}

/// Work of an operator or an enrolment: done inside the batch's transaction, told after its commit.
public struct LedgerTask: Sendable {
    let work: @Sendable (Ledger) throws -> @Sendable () -> Void
    let fail: @Sendable (any Error) -> Void

    public init<Value: Sendable>(
        _ work: @escaping @Sendable (Ledger) throws -> Value,
        then: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        self.work = { ledger in
            let value = try work(ledger)
            return { then(.success(value)) }
        }
        fail = { then(.failure($0)) }
    }
}

public final class Ledger {
    let store: FleetStore
    let registry: Registry
    let counters: Counters
    let masterKey: [UInt8]
    public let epoch: UInt64
    var draft: Draft
    /// The time of the batch in hand.
    public internal(set) var nowMs: Int64 = 0
    /// Told after a commit: devices for whom a set may be due now.
    private let wake: @Sendable (Set<DeviceID>) -> Void
    private let notice: Notice

    public init(
        store: FleetStore, registry: Registry, counters: Counters, masterKey: [UInt8],
        notice: @escaping Notice = { _, _ in }, wake: @escaping @Sendable (Set<DeviceID>) -> Void
    ) {
        self.store = store
        self.registry = registry
        self.counters = counters
        self.masterKey = masterKey
        self.wake = wake
        self.notice = notice
        epoch = store.epoch
        let view = registry.view
        draft = Draft(rollouts: view.rollouts, sets: view.sets)
    }

    public func commit(_ jobs: [Job], nowMs: Int64) {
        self.nowMs = nowMs
        guard !isIdle(jobs) else { return }
        let before = draft
        let started = Clock.monotonicNs()
        var replies: [@Sendable () -> Void] = []
        do {
            try store.begin()
            for job in jobs {
                switch job {
                case .report(let report): replies.append(try accept(report))
                case .task(let task): replies.append(try perform(task))
                case .tick: break
                }
            }
            try stepRollouts()
            try saveLiveRows()
            try store.commit()
        } catch {
            store.rollback()
            draft = before
            fail(jobs, error)
            return
        }
        if counters.isFailing.exchange(false, ordering: .relaxed) {
            notice(.info, "commits succeed again")
        }
        counters.observeCommit(Double(Clock.monotonicNs() - started) / 1e9)
        publish()
        for reply in replies { reply() }
    }

    private func isIdle(_ jobs: [Job]) -> Bool {
        for job in jobs { if case .tick = job { continue } else { return false } }
        return !draft.rollouts.contains { $0.phase == .running }
    }

    private func perform(_ task: LedgerTask) throws(StoreFault) -> @Sendable () -> Void {
        let before = draft
        do {
            return try store.atomically { try task.work(self) }
        } catch {
            // With the transaction went the work of those before: nobody may be told of success.
            if error as? StoreFault == .transactionLost { throw .transactionLost }
            draft = before
            return { task.fail(error) }
        }
    }

    /// The transaction failed: nobody is acknowledged, and everybody may try again.
    private func fail(_ jobs: [Job], _ error: any Error) {
        let text = (error as? StoreFault).map { "\($0.text); \($0.hint)" } ?? "\(error)"
        counters.commitFailures.add(1, ordering: .relaxed)
        // Once for a row of them: a full disk would fill the log too.
        if !counters.isFailing.exchange(true, ordering: .relaxed) {
            notice(.error, "a commit failed, devices and operators are told to try again: \(text)")
        }
        for job in jobs {
            switch job {
            case .report(let report):
                counters.count(.failed as ReportResult)
                report.call.refuse(503, code: "store", text, retryAfterS: 5)
            case .task(let task):
                task.fail(Problem(status: 503, code: "store", detail: text))
            case .tick: break
            }
        }
    }

    /// The device as this batch sees it.
    func device(_ id: DeviceID) -> DeviceDraft? {
        draft.devices[id] ?? registry.device(id).map { DeviceDraft($0) }
    }

    private func saveLiveRows() throws(StoreFault) {
        for device in draft.devices.values where device.hasNewState {
            guard let newest = device.state.newest, let seen = device.state.lastSeenMs else { continue }
            try store.save(
                LiveRow(
                    position: newest.position, lastSeenMs: seen, reportsStored: device.reportsStored,
                    chunksStored: device.chunksStored, spans: device.state.spans),
                device: device.record.number)
        }
    }

    private func publish() {
        let changed = draft.devices.values.map(\.known)
        let offers =
            draft.hasNewRollouts
            ? Offers(draft.rollouts) { draft.sets[$0]?.envelope } : nil
        registry.update { view in
            for device in changed { view.devices[device.record.id] = device }
            if let offers { view.offers = offers }
            if draft.hasNewRollouts || draft.hasNewMembers {
                view.rollouts = draft.rollouts
                view.sets = draft.sets
            }
        }
        let released = draft.released
        draft.devices = [:]
        draft.hasNewRollouts = false
        draft.hasNewMembers = false
        draft.released = []
        if !released.isEmpty { wake(released) }
    }
}
