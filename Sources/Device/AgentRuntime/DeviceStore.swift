// What the agent keeps on this device's disk beside its state: the spool, the chamber's learned slots,
// the pool over a restart; and the day's write budget, which all of it shares.

import AgentCore
import Digest
import Model
import Spool
import System

final class DeviceStore {
    /// Between two journals that only tell what somebody else wrote.
    private static let journalMs: Int64 = 3_600_000
    /// A journal is one block of the file system, but for boards of a hundred controls.
    private static let journalBytes = 4096

    private let log: Log
    private let spool: Spool?
    private let chamberFile: KeptFile
    private let poolFile: KeptFile
    private let hardware: Digest32
    private let kernel: UInt64
    private let progressPath: String
    private var progressFile: ProgressHolder?
    private var budget: WriteBudget
    private var lastProgress: Progress?
    /// When it was last said that a snapshot is left out.
    private var leftOutMs: Int64?
    private var isForgivenSaid = false
    private var journalDueMs: Int64 = .min

    /// A class can't hold an optional of a type that can't be copied on every compiler of ours.
    private final class ProgressHolder {
        let file: ProgressFile
        init(_ path: String) throws(Errno) { file = try ProgressFile(path) }
    }

    init(
        _ options: Options, _ state: AgentState, _ record: HardwareRecord, kernelBootID: String, log: Log
    ) {
        self.log = log
        hardware = record.hash
        kernel = Digest.sha256(Array(kernelBootID.utf8)).words.0
        chamberFile = KeptFile("\(options.stateFolder)/\(StateFolder.chamberName)")
        poolFile = KeptFile("\(options.stateFolder)/\(StateFolder.poolName)")
        progressPath = "\(options.runFolder)/progress"
        // Without an aggregator nothing is ever acknowledged: it would only wear the card.
        spool =
            options.server == nil || options.spoolCapBytes == 0
            ? nil
            : Spool(
                folder: "\(options.stateFolder)/\(StateFolder.spoolName)", device: state.device,
                capBytes: options.spoolCapBytes)
        budget = WriteBudget(
            bytesPerDay: options.writeBudgetBytes, levelBytes: state.writeLeftBytes,
            nowMs: Clock.boottimeMs)
        tellNotes()
    }

    var isSpooling: Bool { spool != nil }

    // MARK: At the start

    func inheritance(of state: AgentState) -> Inheritance {
        var found = Inheritance()
        found.chamber = kept(chamberFile, "learned slots")
        found.pool = kept(poolFile, "the pool")
        if found.pool != nil {
            // Once it runs again its indices go on: the same snapshot must never begin twice.
            do throws(Errno) { try poolFile.remove() } catch {
                log.write(.warning, "\(poolFile.path) can't be removed: \(error.text); the pool begins anew")
                found.pool = nil
            }
        }
        found.hasBacklog = spool?.hasSegments ?? false
        let newest = spool?.newest
        if let newest { found.dropped = newest.dropped }
        let progress = ProgressFile.read(progressPath).flatMap {
            $0.kernel == kernel && $0.boot == state.boot ? $0 : nil
        }
        if let progress {
            let recorded = newest.flatMap { $0.boot == progress.boot ? $0.samplesTaken : nil }
            let unrecorded = progress.samplesTaken - min(progress.samplesTaken, recorded ?? 0)
            if spool?.tornBytes ?? 0 > 0 {
                // A record that was on the disk is void: whatever came after the last whole one may be lost.
                found.samplesLostMost = max(progress.atRisk.unrecorded, unrecorded) &+ progress.atRisk.bare
            } else {
                // The lesser: a kill may have come between a checkpoint and this account of it.
                found.samplesLost = min(progress.atRisk.unrecorded, unrecorded) &+ progress.atRisk.bare
            }
            // What a kill kept from the state file.
            budget = WriteBudget(
                bytesPerDay: budget.bytesPerDay, levelBytes: min(budget.levelBytes, progress.writeLeftBytes),
                nowMs: Clock.boottimeMs)
        } else if let newest, newest.boot == state.boot {
            // A record cut short may have been whole once: its interval is lost as well.
            let isCut = spool?.tornBytes ?? 0 > 0
            found.samplesLostMost = newest.samplesAtRiskMost &+ (isCut ? newest.samplesAtRiskMost : 0)
        }
        if found.pool != nil { charge(WriteBudget.replaceLoosely(0)) }
        do throws(Errno) { progressFile = try ProgressHolder(progressPath) } catch {
            log.write(
                .warning,
                "\(progressPath) can't be made: \(error.text); after a kill the samples lost are known only as a limit")
        }
        return found
    }

    private func kept(_ file: KeptFile, _ what: StaticString) -> [UInt8]? {
        do throws(Errno) {
            switch try file.read(hardware: hardware) {
            case .none: return nil
            case .kept(let bytes): return bytes
            case .damaged: log.write(.warning, "\(file.path) is damaged: \(what) begin anew")
            case .setAside(let name): log.write(.notice, "\(file.path) is of other hardware: set aside as \(name)")
            }
        } catch {
            log.write(.warning, "\(file.path): \(error.text); \(what) begin anew")
        }
        return nil
    }

    // MARK: While it runs

    func write(_ batch: SpoolBatch) -> CheckpointResult {
        guard let spool else { return .failed }
        budget.advance(to: Clock.boottimeMs)
        let cost = spool.cost(of: batch)
        guard batch.isLast || budget.allows(cost) else { return .deferred(waitMs: budget.waitMs(for: cost)) }
        var batch = batch
        // By then the budget has the next one's cost, be it the first of a segment: the record says what a
        // power cut loses that comes before.
        batch.allow(ms: budget.waitMs(for: max(cost, spool.firstCost(of: batch)), afterCost: cost))
        let before = spool.spentBytes
        let result = spool.write(batch)
        charge(spool.spentBytes - before)
        tellNotes()
        return result
    }

    private func charge(_ costBytes: Int64) {
        budget.charge(costBytes)
        guard budget.hasForgiven, !isForgivenSaid else { return }
        isForgivenSaid = true
        log.write(
            .warning,
            "what can't wait has overdrawn the day's write budget by a quarter of it (restarts in a row?): more than "
                + "--write-budget is written to the card today")
    }

    func fetch(maxBytes: Int, _ current: CurrentStream) -> Backlog {
        let backlog = spool?.fetch(maxBytes: maxBytes, current) ?? Backlog()
        tellNotes()
        return backlog
    }

    func release() {
        spool?.release()
        tellNotes()
    }

    /// Snapshots wait for no one: where the budget hasn't got them they aren't kept this time. Those of the
    /// end may have all there is, and owe as much as half of what may be owed; those on the way have what is
    /// left when three quarters of the bucket are set by, for checkpoints and for the pool at the end.
    func keep(_ thing: KeptThing, _ bytes: [UInt8], of record: HardwareRecord, isLast: Bool) {
        let nowMs = Clock.boottimeMs
        budget.advance(to: nowMs)
        let cost = WriteBudget.replace(KeptFile.size(of: bytes))
        guard budget.allows(cost, leavesBytes: isLast ? -budget.lentBytes : budget.setByBytes) else {
            if leftOutMs.map({ nowMs - $0 >= WriteBudget.msPerDay }) ?? true {
                leftOutMs = nowMs
                log.write(
                    .notice,
                    "the day's write budget has no room for snapshots of pool and learned slots: they are left out "
                        + "now and then (raise --write-budget)")
            }
            return
        }
        let file = thing == .chamber ? chamberFile : poolFile
        charge(cost)
        do throws(Errno) { try file.write(bytes, hardware: record.hash) } catch {
            log.write(.warning, "\(file.path) can't be written: \(error.text)")
        }
    }

    /// Whether the governor's journal may be written for what somebody else wrote since: once an hour at most.
    func mayJournal() -> Bool {
        let nowMs = Clock.boottimeMs
        guard nowMs >= journalDueMs else { return false }
        budget.advance(to: nowMs)
        return budget.allows(WriteBudget.replaceLoosely(Self.journalBytes), leavesBytes: budget.setByBytes)
    }

    /// It was. An original that wasn't in it yet couldn't wait, and is owed where there is no budget.
    func journalled(bytes: Int) {
        let nowMs = Clock.boottimeMs
        budget.advance(to: nowMs)
        journalDueMs = nowMs + Self.journalMs
        charge(WriteBudget.replaceLoosely(bytes))
    }

    /// The state as it is to be written: with the budget's level, this write counted in. It is written
    /// whatever the level says: a boot counter or a trial can't wait.
    func charged(_ state: AgentState) -> AgentState {
        budget.advance(to: Clock.boottimeMs)
        charge(WriteBudget.replace(state.text.utf8.count + 32))
        var state = state
        state.writeLeftBytes = budget.levelBytes
        return state
    }

    /// After everything that happened: how far the agent has come, for whoever starts after a kill.
    func note(boot: UInt64, samplesTaken: UInt64, atRisk: AtRisk) {
        guard let progressFile else { return }
        let progress = Progress(
            kernel: kernel, boot: boot, samplesTaken: samplesTaken, atRisk: atRisk,
            writeLeftBytes: budget.levelBytes)
        guard progress != lastProgress else { return }
        lastProgress = progress
        do throws(Errno) { try progressFile.file.write(progress) } catch {
            log.write(.warning, "\(progressPath) can't be written: \(error.text)")
            self.progressFile = nil
        }
    }

    var summary: SpoolSummary? {
        guard let spool else { return nil }
        budget.advance(to: Clock.boottimeMs)
        var summary = SpoolSummary()
        summary.usedBytes = UInt64(max(0, spool.usedBytes))
        summary.capBytes = UInt64(spool.capBytes)
        summary.segments = UInt64(spool.segmentCount)
        summary.damagedRecords = spool.damagedRecords
        summary.tornBytes = spool.tornBytes
        summary.writeLeftBytes = budget.levelBytes
        summary.writeBudgetBytes = UInt64(budget.bytesPerDay)
        summary.enduranceHours = spool.enduranceHours
        summary.fault = spool.fault?.text ?? ""
        return summary
    }

    private func tellNotes() {
        for note in spool?.takeNotes() ?? [] { log.write(note.level, note.text) }
    }
}
