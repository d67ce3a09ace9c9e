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
        guard let runs = decodeValues(record, arena.kind(ref), into: values),
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
        index.ref(id).map { TimesRecord(at: arena.pointer($0)) }
    }
}

/// Where the records of times lie, by id, for a walk that needs those of many chunks; until
/// something moves.
struct TimesIndex {
    /// 8 bytes each: a pool of one series may have thousands.
    private var entries: [(id: UInt32, ref: RecordRef)] = []

    /// All of them, or those of the given ids (ascending).
    init(_ arena: Arena, only wanted: [UInt32]? = nil) {
        var entries: [(id: UInt32, ref: RecordRef)] = []
        arena.forEach { ref, kind, at in
            guard kind == .times else { return }
            let id = TimesRecord(at: at).id
            if let wanted, !Self.contains(wanted, id) { return }
            entries.append((id, ref))
        }
        entries.sort { $0.id < $1.id }
        self.entries = entries
    }

    private static func contains(_ ids: [UInt32], _ id: UInt32) -> Bool {
        var (low, high) = (0, ids.count)
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low < ids.count && ids[low] == id
    }

    func ref(_ id: UInt32) -> RecordRef? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].id == id ? entries[low].ref : nil
    }
}
