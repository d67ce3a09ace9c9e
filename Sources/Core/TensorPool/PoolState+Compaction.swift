// Hot blocks → cold chunk, 16 → 8 bits, small cold chunks → larger ones: everything that recodes
// what is sealed. Each either makes the pool smaller or changes nothing.

import Precision

extension PoolState {
    /// Turns the oldest run of hot blocks of a series into a cold chunk. False, and nothing has
    /// changed, if there is no such run or no gain.
    mutating func compact(_ slot: Int) -> Bool {
        compact(slot, .hot)
    }

    /// What was lossless because that was smaller than 16 bits is tried at 8 bits.
    mutating func compactSettled() -> Bool {
        for slot in series.indices where series[slot].settledBlocks > 0 {
            if compact(slot, .settled) { return true }
        }
        return false
    }

    private mutating func compact(
        _ slot: Int, _ kind: RecordKind
    ) -> Bool {
        var from: UInt64 = 0
        while let oldest = oldest(slot, kind, from: from) {
            // What one chunk may hold, before and after.
            let around = oldest.saturatingLess(UInt64(ChunkLimits.values))
                ..< oldest + UInt64(ChunkLimits.values)
            var members = members(of: slot, in: around)
            guard let start = members.firstIndex(where: { $0.firstIndex == oldest }) else { return false }
            let group = group(in: members, around: start)
            var first = group.lowerBound
            let behindOldest = members[start].end
            // Joining the times moves records: look again, by position.
            var wanted = joinTimes(SealedRuns(rebasing: members[group]), sparingly: true)
            members = self.members(of: slot, in: around)
            if first + wanted <= start, first < start, group.upperBound <= members.count {
                // The times before it are full: without what uses those.
                first = start
                wanted = joinTimes(
                    SealedRuns(rebasing: members[first..<group.upperBound]), sparingly: true)
                members = self.members(of: slot, in: around)
            }
            let end = first + wanted
            guard end <= members.count else { return true }
            from = max(behindOldest, end > 0 ? members[end - 1].end : 0)
            if end > start, recode(slot, SealedRuns(rebasing: members[first..<end]), kind) { return true }
        }
        return false
    }

    /// Where the oldest block of a kind begins that lies at or behind an index.
    private func oldest(_ slot: Int, _ kind: RecordKind, from: UInt64) -> UInt64? {
        var oldest: UInt64?
        arena.forEach { _, own, at in
            guard own == kind else { return }
            let record = ChunkRecord(at: at)
            guard record.slot == slot, record.firstIndex >= from, !record.isDamaged else { return }
            if let known = oldest, known <= record.firstIndex { return }
            oldest = record.firstIndex
        }
        return oldest
    }

    /// Coded bytes that are recoded at once: with the values themselves (32 KiB at most) that keeps
    /// what recoding takes beside the budget below 64 KiB. What codes badly gets shorter chunks.
    static var recodeBytesMax: Int { 12 * 1024 }

    /// Members from `start` on that one chunk may hold, all of the kind of the first; and around
    /// them the chunks that are not much larger, so that few small ones remain. What is taken
    /// along is at most twice what is new, so a value is recoded a few times at most.
    private func group(in members: SealedRuns, around start: Int) -> Range<Int> {
        var end = start + 1
        var values = members[start].count
        var bytes = members[start].length
        while end < members.count, members[end].kind == members[start].kind,
            follows(members[end], members[end - 1]),
            values + members[end].count <= ChunkLimits.values,
            bytes + members[end].length <= Self.recodeBytesMax
        {
            values += members[end].count
            bytes += members[end].length
            end += 1
        }
        while end < members.count, follows(members[end], members[end - 1]),
            members[end].count <= 2 * values,
            values + members[end].count <= ChunkLimits.values,
            bytes + members[end].length <= Self.recodeBytesMax
        {
            values += members[end].count
            bytes += members[end].length
            end += 1
        }
        var first = start
        while first > 0, follows(members[first], members[first - 1]),
            members[first - 1].count <= 2 * values,
            values + members[first - 1].count <= ChunkLimits.values,
            bytes + members[first - 1].length <= Self.recodeBytesMax
        {
            first -= 1
            values += members[first].count
            bytes += members[first].length
        }
        return first..<end
    }

    /// Merges the two neighbouring chunks of one series that are smallest together.
    mutating func mergeCold() -> Bool {
        while let (first, second) = smallestNeighbours() {
            let slot = ChunkRecord(at: arena.pointer(first.ref)).slot
            let range = first.firstIndex..<second.end
            scratch.pointee.members.removeAll()
            scratch.pointee.members.append(first)
            scratch.pointee.members.append(second)
            guard joinTimes(scratch.pointee.members.all, sparingly: false) == 2 else { return false }
            if recode(slot, members(of: slot, in: range), .cold) { return true }
            // No gain: this pair is not tried again, but another may do.
            guard let moved = members(of: slot, in: range).first else { return false }
            ChunkRecord(at: arena.pointer(moved.ref)).isStubborn = true
        }
        return false
    }

    /// Of the pairs of neighbouring chunks that may be merged, the one with the fewest values.
    private func smallestNeighbours() -> (SealedRun, SealedRun)? {
        let byId = timesIndex()
        scratch.pointee.chunks.removeAll()
        arena.forEach { ref, kind, at in
            guard isChunk(kind) else { return }
            let record = ChunkRecord(at: at)
            if record.isDamaged { return }
            scratch.pointee.chunks.append(ref)
        }
        // Series and index in one number: they take 16 and 48 bits.
        let chunks = scratch.pointee.chunks
        chunks.sort {
            let record = ChunkRecord(at: arena.pointer($0))
            return UInt64(record.slot) << 48 | record.firstIndex
        }
        var best: (count: Int, first: SealedRun, second: SealedRun)?
        for index in chunks.indices.dropFirst() {
            let (left, right) = (chunks[index - 1], chunks[index])
            guard ChunkRecord(at: arena.pointer(left)).slot == ChunkRecord(at: arena.pointer(right)).slot else {
                continue
            }
            let (first, second) = (run(left), run(right))
            let count = first.count + second.count
            // Between larger chunks there is next to nothing to gain.
            guard count <= ChunkLimits.values, count < best?.count ?? .max,
                min(first.count, second.count) < 1024, !first.isStubborn, follows(second, first),
                first.length + second.length <= Self.recodeBytesMax, canJoin(first, second, byId)
            else { continue }
            best = (count, first, second)
        }
        return best.map { ($0.first, $0.second) }
    }

    /// Whether the times of two neighbours lie in one record, or can be brought into one.
    private func canJoin(_ first: SealedRun, _ second: SealedRun, _ index: TimesIndex) -> Bool {
        if first.timesId == second.timesId {
            return second.timesOffset == first.timesOffset + first.count
        }
        guard let left = times(first.timesId, by: index)?.count,
            let right = times(second.timesId, by: index)?.count
        else { return false }
        return second.timesOffset == 0 && first.timesOffset + first.count == left
            && left + right <= ChunkLimits.values
    }

    /// The chunk with the least score × added error per byte freed goes to 8 bits.
    mutating func demoteCheapest() -> Bool {
        guard mayHoldMoreAt8 else { return false }
        let isScarce = settings.largestShare8 < 1
        var best: (ref: RecordRef, cost: Double, over: Bool)?
        arena.forEach { ref, kind, at in
            let record = ChunkRecord(at: at)
            guard kind == .cold, !record.isLowest, !record.isDamaged, !record.isStubborn else { return }
            let (bits, values) = ColdBlock.bitsFreedAt8(
                of: record.payload, count: record.count, grid: scales[record.scale])
            // Less than a bit a value is not worth a bound; and coding decides about less.
            guard values > 0, bits > Double(values) else { return }
            // The error added is the same share of the full scale for every value. Where only so
            // many may go to 8 bits, each of them is scarce as well.
            let perValue = bits / Double(values)
            let cost = (Double(record.score) + 1) / (isScarce ? perValue * perValue : perValue)
            let over = isOverShare(record.slot)
            if let known = best {
                if known.over && !over { return }
                if known.over == over, known.cost <= cost { return }
            }
            best = (ref, cost, over)
        }
        guard let best else { return false }
        return demote(best.ref)
    }

    /// Whether the settings allow more values at 8 bits than there are.
    var mayHoldMoreAt8: Bool {
        guard settings.demotes else { return false }
        if settings.largestShare8 >= 1 { return true }
        var (at8, all) = (0, 0)
        arena.forEach { _, kind, at in
            guard isChunk(kind) else { return }
            let record = ChunkRecord(at: at)
            all += record.count
            guard kind == .cold else { return }
            ColdBlock.forEachRun(of: record.payload, count: record.count) { run in
                if run.coding == .grid8 { at8 += run.count }
            }
        }
        return Double(at8) < settings.largestShare8 * Double(all)
    }

    private mutating func demote(_ ref: RecordRef) -> Bool {
        let record = ChunkRecord(at: arena.pointer(ref))
        guard let lowest = encodeLowest(record) else {
            noteDamage(ref)
            return true
        }
        let before = record.length
        let bytes = ChunkRecord.bytes(payload: scratch.pointee.coded.count)
        // Never larger, so an estimate that was wrong costs nothing but the attempt: the chunk goes
        // to the end of the order.
        guard bytes <= before else {
            record.isStubborn = true
            return true
        }
        arena.shrink(ref, to: bytes, .cold)
        record.setPayload(scratch.pointee.coded.bytes)
        record.tier = lowest
        record.worstTier = min(record.worstTier, lowest)
        // What stayed exact all the same was no larger that way; trying again would change nothing.
        record.isLowest = true
        record.seal()
        series[record.slot].bytes -= before - record.length
        return true
    }

    /// Codes a cold chunk's values at 8 bits, but for what must stay as it is, into the scratch; answers the
    /// lowest tier, nil if the chunk is damaged.
    private mutating func encodeLowest(_ record: ChunkRecord) -> Tier? {
        scratch.pointee.clearRuns()
        return ChunkNumbers.with(record.count, as: Double.self) { values in
            guard decodeValues(record, .cold, into: values, appending: &scratch.pointee.runs) else { return nil }
            for index in scratch.pointee.runs.indices where !scratch.pointee.runs[index].isKept {
                scratch.pointee.runs[index].coding = .grid8
            }
            return encodeCold(UnsafeBufferPointer(values), scales[record.scale], expecting: record.count)
        }
    }

    /// Plans the scratch's runs and codes the values by them, into the scratch; answers the lowest tier.
    func encodeCold(_ values: UnsafeBufferPointer<Double>, _ grid: Grid, expecting bytes: Int) -> Tier {
        let places = ColdBlock.plan(values, &scratch.pointee.runs, grid: grid)
        scratch.pointee.coded.removeAll(reserving: bytes)
        ColdBlock.encode(
            values, runs: scratch.pointee.runs, places: places, grid: grid, into: &scratch.pointee.coded,
            using: &scratch.pointee.exceptions)
        return lowestTier(scratch.pointee.runs)
    }

    func isLowest(_ runs: [ValueRun]) -> Bool {
        runs.allSatisfy { $0.isKept || $0.coding == .grid8 }
    }

    func lowestTier(_ runs: [ValueRun]) -> Tier {
        var lowest = Tier.bits81
        for run in runs where run.coding.tier < lowest { lowest = run.coding.tier }
        return lowest
    }

    /// The values of a sealed record, and how each run is held behind what the list has already; false
    /// if it is damaged.
    func decodeValues(
        _ record: ChunkRecord, _ kind: RecordKind,
        into values: UnsafeMutableBufferPointer<Double>, appending runs: inout [ValueRun]
    ) -> Bool {
        guard record.isIntact else { return false }
        var source = ByteSource(record.payload)
        do throws(PrecisionError) {
            if kind == .cold {
                try ColdBlock.decode(
                    into: values, grid: scales[record.scale], from: &source, appending: &runs)
            } else {
                try ExactBlock.decode(into: values, from: &source)
                runs.append(ValueRun(count: values.count, coding: .decimal))
            }
            return true
        } catch {
            return false
        }
    }

    /// A chunk that memory has damaged is kept, counted, and never recoded.
    mutating func noteDamage(_ ref: RecordRef) {
        let record = ChunkRecord(at: arena.pointer(ref))
        guard !record.isDamaged else { return }
        record.isDamaged = true
        counts.damaged += UInt64(record.count)
        if arena.kind(ref) == .hot { series[record.slot].hotBlocks -= 1 }
        if arena.kind(ref) == .settled { series[record.slot].settledBlocks -= 1 }
    }
}

extension RunCoding {
    var tier: Tier {
        switch self {
        case .grid8: .bits8
        case .grid16: .bits16
        case .decimal, .xor: .bits81
        }
    }
}
