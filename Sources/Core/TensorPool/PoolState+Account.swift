// The account: sums over what is held, and the runtime extension of the current window.

import Precision

extension PoolState {
    /// Bytes of the values of this window as they lie in the pool now; what earlier windows left
    /// behind is not theirs.
    var heldBytesNeeded: Int {
        var older = 0
        arena.forEach { _, kind, at in
            if isChunk(kind), !ChunkRecord(at: at).inWindow { older += ChunkRecord(at: at).length }
        }
        return fixedBytes + arena.liveBytes - older
    }

    /// Values of this window; what lies in an open buffer belongs to the window at hand.
    var admitted: UInt64 {
        var sum = counts.sealed
        for state in series { sum += UInt64(state.open.count) }
        return sum
    }

    mutating func openWindow() {
        counts.sealed = 0
        counts.highValues = 0
        for state in series {
            counts.highValues += UInt64(state.open.highValues)
        }
        arena.forEach { _, kind, at in
            if isChunk(kind) { ChunkRecord(at: at).inWindow = false }
        }
        counts.departedBytes = 0
        counts.highValuesDegraded = 0
        exhausted = nil
    }

    func account() -> PoolAccount {
        var account = PoolAccount()
        account.budgetBytes = budgetBytes
        account.heldBytes = heldBytes
        account.valuesAdmitted = admitted
        account.refused = counts.refused
        account.evictedDelivered = counts.evictedDelivered
        account.spilled = counts.spilled
        account.dropped = counts.dropped
        account.damaged = counts.damaged
        account.roomMadeAhead = counts.roomMadeAhead
        account.highValueCount = counts.highValues
        account.highValueDegraded = counts.highValuesDegraded
        account.bytesNeeded = UInt64(heldBytesNeeded) + counts.departedBytes
        for state in series { account.values81 += UInt64(state.open.count) }
        arena.forEach { _, kind, at in
            if isChunk(kind) { add(ChunkRecord(at: at), kind, to: &account) }
            if kind == .times { account.timesBytes += UInt64(TimesRecord(at: at).length) }
        }
        account.valuesHeld = account.values81 + account.values16 + account.values8
        setExtension(&account)
        return account
    }

    private func add(_ record: ChunkRecord, _ kind: RecordKind, to account: inout PoolAccount) {
        let fraction: Double =
            switch record.tier {
            case .bits81: 0
            case .bits16: 1.0 / 131070
            case .bits8: 1.0 / 510
            }
        account.worstErrorBoundFraction = max(account.worstErrorBoundFraction, fraction)
        guard kind == .cold else {
            account.values81 += UInt64(record.count)
            return
        }
        ColdBlock.forEachRun(of: record.payload, count: record.count) { run in
            switch run.coding.tier {
            case .bits81: account.values81 += UInt64(run.count)
            case .bits16: account.values16 += UInt64(run.count)
            case .bits8: account.values8 += UInt64(run.count)
            }
        }
    }

    func usage(of id: UInt16) -> SeriesUsage {
        var usage = SeriesUsage()
        guard let slot = slot(of: id) else { return usage }
        arena.forEach { _, kind, at in
            guard isChunk(kind), ChunkRecord(at: at).slot == slot else { return }
            usage.sealedValues += UInt64(ChunkRecord(at: at).count)
            usage.sealedBytes += UInt64(ChunkRecord(at: at).length)
        }
        usage.values = usage.sealedValues + UInt64(series[slot].open.count)
        return usage
    }

    private func setExtension(_ account: inout PoolAccount) {
        guard account.valuesAdmitted > 0 else { return }
        let values = Double(exhausted?.admitted ?? account.valuesAdmitted)
        let bytes = Double(exhausted.map { $0.bytesNeeded } ?? account.bytesNeeded)
        account.extension81 = values * 81 / 8 / bytes
        account.extension64 = values * 8 / bytes
        if exhausted != nil {
            account.basis = .measured
        } else {
            account.basis = values * 81 / 8 < Double(budgetBytes) ? .projected : .atLeast
            if account.basis == .projected, let projected = projectedExtension64 {
                account.extension64 = projected
                account.extension81 = projected * 81 / 64
            }
        }
    }
}
