// Several sealed records of one series, on one record of times (`PoolState+Times`), into one cold
// chunk. The new chunk is coded into the sink first, then a place for it is made sure of, and only
// then do the old records go.

import Precision

/// A sealed record of one series, as a walk finds it. Its reference holds until something slides.
struct SealedRun {
    let firstIndex: UInt64
    let ref: RecordRef
    let timesId: UInt32
    // As in the record: a walk may list many.
    private let shortCount: UInt16
    private let shortLength: UInt16
    private let shortOffset: UInt16
    private let shortScale: UInt16
    let kind: RecordKind
    let isDelivered: Bool
    let isStubborn: Bool

    init(_ record: ChunkRecord, _ ref: RecordRef, _ kind: RecordKind, isDelivered: Bool) {
        firstIndex = record.firstIndex
        self.ref = ref
        timesId = record.timesId
        shortCount = UInt16(record.count)
        shortLength = UInt16(record.length)
        shortOffset = UInt16(record.timesOffset)
        shortScale = UInt16(record.scale)
        self.kind = kind
        self.isDelivered = isDelivered
        isStubborn = record.isStubborn
    }

    var count: Int { Int(shortCount) }
    var length: Int { Int(shortLength) }
    var timesOffset: Int { Int(shortOffset) }
    var scale: Int { Int(shortScale) }
    var end: UInt64 { firstIndex + UInt64(count) }
}

/// Sealed records of one series, by index: a part of what `members` found last.
typealias SealedRuns = UnsafeBufferPointer<SealedRun>

/// What the header of the new chunk will say.
private struct ChunkHead {
    var tier = Tier.bits81
    var worstTier = Tier.bits81
    var score: UInt16 = 0
    var highValues = 0
    var degraded = 0
    var inWindow = true
    var isLowest = false
}

extension PoolState {
    /// Sealed records of a series that touch a range of indices, by index; damaged ones are left out.
    /// They lie in the scratch, until the next are looked for.
    func members(of slot: Int, in range: Range<UInt64>) -> SealedRuns {
        let scratch = scratch
        scratch.pointee.members.removeAll()
        arena.forEach { ref, kind, at in
            guard isChunk(kind) else { return }
            let record = ChunkRecord(at: at)
            guard record.slot == slot, !record.isDamaged, record.end > range.lowerBound,
                record.firstIndex < range.upperBound
            else { return }
            scratch.pointee.members.append(run(ref))
        }
        scratch.pointee.members.sort { $0.firstIndex }
        return scratch.pointee.members.all
    }

    /// What a walk says of one sealed record.
    func run(_ ref: RecordRef) -> SealedRun {
        let record = ChunkRecord(at: arena.pointer(ref))
        return SealedRun(
            record, ref, arena.kind(ref),
            isDelivered: record.end <= series[record.slot].deliveredIndex)
    }

    /// One chunk may hold both: without a gap, on one full scale, on one side of what is delivered.
    func follows(_ next: SealedRun, _ last: SealedRun) -> Bool {
        next.firstIndex == last.end && next.scale == last.scale
            && next.isDelivered == last.isDelivered
    }

    /// `kind` says whose turn it is: hot blocks go by their scores, settled ones to 8 bits.
    /// False if nothing has changed, or nothing but that the members are known not to shrink.
    mutating func recode(
        _ slot: Int, _ members: SealedRuns, _ kind: RecordKind
    ) -> Bool {
        guard let first = members.first, let last = members.last else { return false }
        updateRoom()
        let count = Int(last.end - first.firstIndex)
        guard let head = encodeValues(members, count: count, thresholds(), kind) else {
            return true  // one was damaged and is out of the way now
        }
        var before = 0
        for member in members { before += member.length }
        let bytes = ChunkRecord.bytes(payload: scratch.pointee.coded.count)
        guard bytes < before else {
            settle(slot, members, kind)
            return false
        }
        var members = members
        var place = place(for: bytes, replacing: members)
        if place == nil, repack(for: bytes - before) {
            let range = first.firstIndex..<last.end
            members = self.members(of: slot, in: range)
            place = self.place(for: bytes, replacing: members)
        }
        guard let segment = place else {
            // Smaller chunks find a place, and one block alone has its own.
            if members.count > 1 {
                return recode(slot, SealedRuns(rebasing: members.prefix(members.count / 2)), kind)
            }
            guard let only = members.first else { return false }
            if only.kind == .hot { series[slot].hotBlocks -= 1 }
            if only.kind == .settled { series[slot].settledBlocks -= 1 }
            arena.shrink(only.ref, to: bytes, .cold)
            fill(only.ref, slot, head, first, count: count)
            series[slot].bytes += bytes - before
            counts.highValuesDegraded += UInt64(head.degraded)
            return true
        }
        // The new chunk uses the times once, for as many times as its members did.
        if let ref = timesRecord(first.timesId) {
            TimesRecord(at: arena.pointer(ref)).users -= members.count - 1
        }
        for member in members {
            if member.kind == .hot { series[slot].hotBlocks -= 1 }
            if member.kind == .settled { series[slot].settledBlocks -= 1 }
            arena.free(member.ref)
        }
        if arena.segments[segment].capacity - arena.segments[segment].used < bytes {
            slide(segment)
        }
        let ref = arena.place(bytes, .cold, in: segment)
        fill(ref, slot, head, first, count: count)
        series[slot].bytes += bytes - before
        counts.highValuesDegraded += UInt64(head.degraded)
        return true
    }

    private func fill(
        _ ref: RecordRef, _ slot: Int, _ head: ChunkHead, _ first: SealedRun, count: Int
    ) {
        let record = ChunkRecord(at: arena.pointer(ref))
        record.clearFlags()
        record.tier = head.tier
        record.worstTier = head.worstTier
        record.kind = series[slot].declaration.kind
        record.inWindow = head.inWindow
        record.slot = slot
        record.count = count
        record.timesId = first.timesId
        record.timesOffset = first.timesOffset
        record.score = head.score
        record.highValues = head.highValues
        record.isLowest = head.isLowest
        record.scale = first.scale
        record.firstIndex = first.firstIndex
        record.setPayload(scratch.pointee.coded.bytes)
        record.seal()
    }

    /// Codes the members' values into the scratch; nil if one turned out to be damaged.
    private mutating func encodeValues(
        _ members: SealedRuns, count: Int, _ thresholds: Thresholds, _ turn: RecordKind
    ) -> ChunkHead? {
        guard count <= ChunkLimits.values else {
            for member in members { noteDamage(member.ref) }
            return nil
        }
        return ChunkNumbers.with(count, as: Double.self) { values in
            encodeValues(members, through: values, thresholds, turn)
        }
    }

    private mutating func encodeValues(
        _ members: SealedRuns, through values: UnsafeMutableBufferPointer<Double>, _ thresholds: Thresholds,
        _ turn: RecordKind
    ) -> ChunkHead? {
        scratch.pointee.clearRuns()
        var head = ChunkHead()
        var scores = MeanScore()
        var start = 0
        var before = 0
        for member in members {
            let record = ChunkRecord(at: arena.pointer(member.ref))
            let part = UnsafeMutableBufferPointer(
                rebasing: values[start..<start + member.count])
            let run = scratch.pointee.runs.count
            guard decodeValues(record, member.kind, into: part, appending: &scratch.pointee.runs) else {
                noteDamage(member.ref)
                return nil
            }
            if member.kind != .cold {
                let tier = tier(of: record, member.kind, thresholds, turn)
                scratch.pointee.runs[run].coding = tier.wantedCoding
                scratch.pointee.runs[run].isKept = tier == .bits81
                if record.highValues > 0 && tier != .bits81 { head.degraded += record.highValues }
            }
            head.worstTier = min(head.worstTier, record.worstTier)
            // What must stay exact says nothing of what its neighbours are worth.
            let isKept = member.kind != .cold && record.highValues > 0
            scores.add(record.score, weight: member.count, isKept: isKept)
            head.highValues += record.highValues
            head.inWindow = head.inWindow && record.inWindow
            start += member.count
            before += member.length
        }
        guard let first = members.first else { return nil }
        head.tier = encodeCold(UnsafeBufferPointer(values), scales[first.scale], expecting: before)
        head.score = scores.mean
        head.isLowest = isLowest(scratch.pointee.runs)
        head.worstTier = min(head.worstTier, head.tier)
        start = 0
        for member in members {
            let range = start..<start + member.count
            start += member.count
            guard member.kind != .cold, ChunkRecord(at: arena.pointer(member.ref)).highValues > 0 else {
                continue
            }
            if !isExact(range, scratch.pointee.runs) { head.degraded += range.count }
        }
        return head
    }

    private func isExact(_ range: Range<Int>, _ runs: [ValueRun]) -> Bool {
        var start = 0
        for run in runs {
            let overlaps = start < range.upperBound && start + run.count > range.lowerBound
            if overlaps && !run.coding.isExact { return false }
            start += run.count
        }
        return true
    }

    /// The tier of a hot block now that it leaves the lossless hot coding.
    private func tier(
        of record: ChunkRecord, _ kind: RecordKind, _ thresholds: Thresholds, _ turn: RecordKind
    ) -> Tier {
        if record.highValues > 0 || kind == .kept { return .bits81 }
        if turn == .settled { return .bits8 }
        let score = Double(record.score) / ChunkCodec.scoreSteps
        return thresholds.tier(forScore: score, roomIsShort: roomIsShort)
    }

    private mutating func settle(
        _ slot: Int, _ members: SealedRuns, _ turn: RecordKind
    ) {
        for member in members where member.kind == turn {
            if member.kind == .hot {
                arena.shrink(member.ref, to: member.length, .settled)
                series[slot].hotBlocks -= 1
                series[slot].settledBlocks += 1
            } else if member.kind == .settled {
                arena.shrink(member.ref, to: member.length, .kept)
                series[slot].settledBlocks -= 1
            }
        }
    }

    /// A segment with this many bytes free once the members are gone.
    private func place(for bytes: Int, replacing members: SealedRuns) -> Int? {
        for index in arena.segments.indices {
            let segment = arena.segments[index]
            var free = segment.capacity - segment.used + segment.dead
            for member in members where Int(member.ref.segment) == index { free += member.length }
            if free >= bytes { return index }
        }
        return nil
    }
}

/// The mean score of what may be demoted; of all, if nothing may.
private struct MeanScore {
    private var sum = 0
    private var weight = 0
    private var keptSum = 0
    private var keptWeight = 0

    mutating func add(_ score: UInt16, weight count: Int, isKept: Bool) {
        if isKept {
            keptSum += Int(score) * count
            keptWeight += count
        } else {
            sum += Int(score) * count
            weight += count
        }
    }

    var mean: UInt16 {
        if weight > 0 { return UInt16(sum / weight) }
        return keptWeight > 0 ? UInt16(keptSum / keptWeight) : 0
    }
}

extension UInt64 {
    func saturatingLess(_ other: UInt64) -> UInt64 { self < other ? 0 : self - other }
}

extension Tier {
    var wantedCoding: RunCoding {
        switch self {
        case .bits81: .decimal
        case .bits16: .grid16
        case .bits8: .grid8
        }
    }
}
