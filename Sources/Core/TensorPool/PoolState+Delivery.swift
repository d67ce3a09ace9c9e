// Store and forward: what is handed out, and what is acknowledged.

import Precision

extension PoolState {
    mutating func undelivered(maxBytes: Int) throws(PoolError) -> [DeliverableChunk] {
        var waiting: [(last: Int64, slot: Int, firstIndex: UInt64, ref: RecordRef)] = []
        let index = timesIndex()
        skipDamaged()
        arena.forEach { ref, kind, at in
            guard isChunk(kind) else { return }
            let record = ChunkRecord(at: at)
            guard !record.isDamaged, record.end > series[record.slot].deliveredIndex else { return }
            waiting.append((times(record.timesId, by: index)?.last ?? .min, record.slot, record.firstIndex, ref))
        }
        waiting.sort {
            ($0.last, $0.slot, $0.firstIndex) < ($1.last, $1.slot, $1.firstIndex)
        }
        keepIndexOrder(&waiting)
        var result: [DeliverableChunk] = []
        var total = 0
        for entry in waiting {
            guard let chunk = export(entry.ref) else {
                // Found damaged only now; it is counted, and the series goes on behind it.
                noteDamage(entry.ref)
                skipDamaged()
                continue
            }
            if !result.isEmpty && total + chunk.bytes.count > maxBytes { break }
            total += chunk.bytes.count
            result.append(chunk)
            if total >= maxBytes { break }
        }
        return result
    }

    /// A clock that jumped back must not reorder a series: its chunks keep the places the sort gave
    /// to the series, but in index order.
    private func keepIndexOrder(
        _ waiting: inout [(last: Int64, slot: Int, firstIndex: UInt64, ref: RecordRef)]
    ) {
        for slot in series.indices {
            let places = waiting.indices.filter { waiting[$0].slot == slot }
            let ordered = places.map { waiting[$0] }.sorted { $0.firstIndex < $1.firstIndex }
            for (place, entry) in zip(places, ordered) { waiting[place] = entry }
        }
    }

    /// What is damaged cannot be delivered: it must not hold up what follows.
    private mutating func skipDamaged() {
        guard counts.damaged > 0 else { return }
        var again = true
        while again {
            again = false
            var ends: [(slot: Int, end: UInt64)] = []
            arena.forEach { _, kind, at in
                let record = ChunkRecord(at: at)
                guard isChunk(kind), record.isDamaged,
                    record.firstIndex <= series[record.slot].deliveredIndex,
                    record.end > series[record.slot].deliveredIndex
                else { return }
                ends.append((record.slot, record.end))
            }
            for (slot, end) in ends {
                series[slot].deliveredIndex = end
                again = true
            }
        }
    }

    /// A record as the self-describing bytes of the wire.
    func export(_ ref: RecordRef) -> DeliverableChunk? {
        let record = ChunkRecord(at: arena.pointer(ref))
        guard record.isIntact else { return nil }
        let times = UnsafeMutableBufferPointer<Int64>.allocate(capacity: record.count)
        defer { times.deallocate() }
        guard decodeTimes(record.timesId, from: record.timesOffset, into: times) else { return nil }
        let span = (times[0], times[record.count - 1])
        var coded = ByteSink(reserving: 64 + record.count / 2)
        TimeBlock.encode(consuming: times, cold: arena.kind(ref) == .cold, into: &coded)
        let grid = scales[record.scale]
        var header = ChunkHeader(
            series: series[record.slot].declaration.id, kind: record.kind,
            firstIndex: record.firstIndex, count: record.count, firstTimeMs: span.0,
            lastTimeMs: span.1, tier: record.tier, worstTier: record.worstTier,
            errorBound: record.tier.errorBound(grid),
            score: Double(record.score) / ChunkCodec.scoreSteps, lower: grid.lower,
            upper: grid.upper, crc: 0)
        let bytes = coded.bytes.withUnsafeBytes {
            ChunkCodec.encode(
                &header, isCold: arena.kind(ref) == .cold, times: $0, values: record.payload)
        }
        return DeliverableChunk(header: header, bytes: bytes)
    }

    mutating func markDelivered(_ ref: ChunkRef) -> Bool {
        guard let slot = slot(of: ref.series), ref.count > 0 else { return false }
        let (end, overflow) = ref.firstIndex.addingReportingOverflow(UInt64(ref.count))
        if ref.firstIndex > series[slot].deliveredIndex {
            skipDamaged()
            skipHoles(slot)
        }
        guard !overflow, end <= series[slot].sealedIndex,
            ref.firstIndex <= series[slot].deliveredIndex
        else { return false }
        series[slot].deliveredIndex = max(series[slot].deliveredIndex, end)
        skipHoles(slot)
        return true
    }

    var undeliveredValues: UInt64 {
        var sum: UInt64 = 0
        for state in series { sum += state.sealedIndex - state.deliveredIndex }
        return sum
    }
}
