// Reading: sealed records by index, then the open buffer.

import Precision

extension PoolState {
    func indices(of id: UInt16) -> Range<UInt64>? {
        guard let slot = slot(of: id) else { return nil }
        var oldest = series[slot].sealedIndex
        arena.forEach { _, kind, at in
            guard isChunk(kind) else { return }
            let record = ChunkRecord(at: at)
            if record.slot == slot { oldest = min(oldest, record.firstIndex) }
        }
        return oldest..<series[slot].nextIndex
    }

    func forEach(
        series id: UInt16, in range: Range<UInt64>, _ body: (PoolSample) -> Void
    ) throws(PoolError) {
        guard let slot = slot(of: id) else { throw .unknownSeries(id) }
        var parts: [(firstIndex: UInt64, ref: RecordRef)] = []
        arena.forEach { ref, kind, at in
            guard isChunk(kind) else { return }
            let record = ChunkRecord(at: at)
            if record.slot == slot, record.end > range.lowerBound,
                record.firstIndex < range.upperBound
            {
                parts.append((record.firstIndex, ref))
            }
        }
        parts.sort { $0.firstIndex < $1.firstIndex }
        for part in parts { try read(part.ref, range, body) }
        readOpen(slot, range, body)
    }

    private func read(
        _ ref: RecordRef, _ range: Range<UInt64>, _ body: (PoolSample) -> Void
    ) throws(PoolError) {
        let record = ChunkRecord(at: arena.pointer(ref))
        let values = UnsafeMutableBufferPointer<Double>.allocate(capacity: record.count)
        defer { values.deallocate() }
        let times = UnsafeMutableBufferPointer<Int64>.allocate(capacity: record.count)
        defer { times.deallocate() }
        var runs: [ValueRun] = []
        guard decodeValues(record, arena.kind(ref), into: values, appending: &runs),
            decodeTimes(record.timesId, from: record.timesOffset, into: times)
        else { throw .corruptChunk(.checksum) }
        let grid = scales[record.scale]
        var start = 0
        for run in runs {
            let bound = run.coding.tier.errorBound(grid)
            for offset in start..<start + run.count {
                let index = record.firstIndex + UInt64(offset)
                guard range.contains(index) else { continue }
                body(
                    PoolSample(
                        index: index, timeMs: times[offset], value: values[offset],
                        errorBound: bound, tier: run.coding.tier))
            }
            start += run.count
        }
    }

    func readOpen(_ slot: Int, _ range: Range<UInt64>, _ body: (PoolSample) -> Void) {
        let values = openValues(slot)
        guard !values.isEmpty else { return }
        let times = trackTimes(Int(series[slot].open.track))
        for offset in values.indices {
            let index = series[slot].sealedIndex + UInt64(offset)
            guard range.contains(index) else { continue }
            body(
                PoolSample(
                    index: index, timeMs: times[offset], value: values[offset], errorBound: 0))
        }
    }
}

extension Tier {
    func errorBound(_ grid: Grid) -> Double {
        switch self {
        case .bits81: 0
        case .bits16: grid.bound16
        case .bits8: grid.bound8
        }
    }
}

extension PoolState {
    /// The record of times with an id, nil for an unknown one.
    func times(_ id: UInt32, by index: TimesIndex) -> TimesRecord? {
        self.ref(id, by: index).map { TimesRecord(at: arena.pointer($0)) }
    }

    /// Where it lies.
    func ref(_ id: UInt32, by index: TimesIndex) -> RecordRef? {
        index.entries.place(of: id) { TimesRecord(at: arena.pointer($0)).id }.map { index.entries[$0] }
    }

    /// Of all records of times, or of those with the ids that the scratch lists in `ids`.
    func timesIndex(ofListed isOfListed: Bool = false) -> TimesIndex {
        let scratch = scratch
        scratch.pointee.times.removeAll()
        scratch.pointee.ids.sort { $0 }
        arena.forEach { ref, kind, at in
            guard kind == .times else { return }
            let id = TimesRecord(at: at).id
            if isOfListed, scratch.pointee.ids.place(of: id, by: { $0 }) == nil { return }
            scratch.pointee.times.append(ref)
        }
        scratch.pointee.times.sort { TimesRecord(at: arena.pointer($0)).id }
        return TimesIndex(entries: scratch.pointee.times)
    }
}

/// Where the records of times lie, by id, for a walk that needs those of many chunks; until something
/// moves, or another index is made.
struct TimesIndex {
    fileprivate let entries: Table<RecordRef>
}
