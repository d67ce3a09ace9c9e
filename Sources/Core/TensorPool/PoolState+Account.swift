// The account: sums over what is held, and the runtime extension of the current window.

import Precision

extension PoolState {
    /// Bytes the values of this window need, as if nothing had left the pool.
    var bytesNeeded: UInt64 {
        var older = 0
        for chunk in chunks where !chunk.inWindow {
            older += heapCost(chunk.bytes.count) + MemoryLayout<StoredChunk>.stride
        }
        return UInt64(heldBytes - older) + evictedWindowBytes
    }

    mutating func openWindow() {
        admitted = 0
        for state in series { admitted += UInt64(state.open.values.count) }
        for position in chunks.indices { chunks[position].inWindow = false }
        evictedWindowBytes = 0
        evictedHighValues = 0
        exhausted = nil
    }

    func account(_ settings: PoolSettings) -> PoolAccount {
        var account = PoolAccount()
        account.budgetBytes = budgetBytes
        account.heldBytes = heldBytes
        account.valuesAdmitted = admitted
        account.refused = refused
        account.evictedDelivered = evictedDelivered
        account.bytesNeeded = bytesNeeded
        account.highValueCount = evictedHighValues
        for chunk in chunks { add(chunk, to: &account) }
        let exact = Thresholds(settings, fill: fill).exact
        for state in series {
            account.values81 += UInt64(state.open.values.count)
            for score in state.open.scores where Double(score) / ChunkCodec.scoreSteps >= exact {
                account.highValueCount += 1
            }
        }
        account.valuesHeld = account.values81 + account.values16 + account.values8
        setExtension(&account)
        return account
    }

    private func add(_ chunk: StoredChunk, to account: inout PoolAccount) {
        let count = UInt64(chunk.header.count)
        account.highValueCount += chunk.highValues
        switch chunk.header.tier {
        case .bits81: account.values81 += count
        case .bits16: account.values16 += count
        case .bits8: account.values8 += count
        }
        if chunk.header.tier != .bits81 { account.highValueDegraded += chunk.highValues }
        let fraction = chunk.header.errorBound / (chunk.header.upper - chunk.header.lower)
        account.worstErrorBoundFraction = max(account.worstErrorBoundFraction, fraction)
    }

    private func setExtension(_ account: inout PoolAccount) {
        guard admitted > 0 else { return }
        let values = Double(exhausted?.admitted ?? admitted)
        let bytes = Double(exhausted?.bytesNeeded ?? account.bytesNeeded)
        account.extension81 = values * 81 / 8 / bytes
        account.extension64 = values * 8 / bytes
        if exhausted != nil {
            account.basis = .measured
        } else {
            account.basis = values * 81 / 8 < Double(budgetBytes) ? .projected : .atLeast
        }
    }
}
