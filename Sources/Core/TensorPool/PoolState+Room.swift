// Who gives way when the budget is reached. In this order:
//
//   1. runs of 32 hot blocks of a series become one cold chunk (and at least 8, see below)
//   2. delivered chunks are evicted, oldest first
//   3. the 16-bit chunk that loses the least score × error per byte freed goes to 8 bits
//   4. shorter runs of hot blocks become cold chunks
//   5. of a ring, the oldest chunk of the least worth is given up (`PoolState+Ring`): it goes on for
//      ever, and what follows is dear
//   6. small cold chunks are merged
//   7. the fullest open buffer is sealed early
//   8. the oldest chunks are handed to the spill hook, if there is one
//   9. nothing: the value is refused
//
// But for a ring nothing here drops a value, and nothing touches the precision of a block sealed as
// exact.

import Precision

extension PoolState {
    /// A record of `bytes`, or `.full`. A class above its share can't have the last of the room.
    mutating func room(
        _ payload: Int, _ kind: RecordKind, for slot: Int
    ) throws(PoolError) -> RecordRef {
        let bytes = Arena.rounded(payload)
        while true {
            // Sealing gives bytes back: it is never held up by its class.
            let kept = isSealing || !isOverShare(slot) ? 0 : budgetBytes / Self.keptShare
            if freeBytes >= bytes + reserveBytes + scatteredBytes + kept,
                let ref = allocate(bytes, kind)
            {
                return ref
            }
            if try makeSomeRoom(sparing: slot) { continue }
            if kept == 0, let ref = allocate(bytes, kind) { return ref }
            if try spillSome() { continue }
            throw .full(series: series[slot].declaration.id)
        }
    }

    /// Of the budget, what the classes within their share keep from those above it: one part in so
    /// many.
    private static let keptShare = 8

    /// What the arena could still hold, in however many pieces.
    var freeBytes: Int {
        let unallocated = max(0, arenaLimit - arena.heldBytes - Arena.allocatorBytes)
        var free = unallocated >= Arena.leastSegmentBytes ? unallocated : 0
        for segment in arena.segments { free += segment.capacity - segment.used + segment.dead }
        return free
    }

    /// Kept free for recoding, which needs a place for the new chunk before the old ones go; given
    /// up only when nothing else helps.
    var reserveBytes: Int { min(8192, budgetBytes / 64) }

    /// Without taking anything from anyone: sliding at most.
    mutating func allocate(_ bytes: Int, _ kind: RecordKind) -> RecordRef? {
        if let ref = arena.allocate(bytes, kind, limit: arenaLimit) { return ref }
        var best: Int?
        for index in arena.segments.indices {
            let segment = arena.segments[index]
            guard segment.capacity - segment.used + segment.dead >= bytes else { continue }
            // The most dead bytes: sliding pays most there.
            if let known = best, arena.segments[known].dead >= segment.dead { continue }
            best = index
        }
        if let best {
            slide(best)
            return arena.place(bytes, kind, in: best)
        }
        guard repack(for: bytes + 512) else { return nil }
        return arena.allocate(bytes, kind, limit: arenaLimit)
    }

    /// Packs if that promises a piece of `bytes`. Ends too small for any record stay where they are:
    /// packing again would only find them again.
    mutating func repack(for bytes: Int) -> Bool {
        guard freeBytes >= bytes + scatteredBytes else { return false }
        repack()
        return true
    }

    /// Moves records forward into the free ends of earlier segments, so that what is free comes
    /// together at the end of the arena.
    mutating func repack() {
        for segment in arena.segments.indices {
            slide(segment)
            guard segment > 0 else { continue }
            var offset = 0
            let used = arena.segments[segment].used
            while offset < used {
                let ref = RecordRef(segment: UInt16(segment), offset: UInt16(offset))
                let bytes = arena.length(ref)
                let target = (0..<segment).first {
                    arena.segments[$0].capacity - arena.segments[$0].used >= bytes
                }
                if let target { relocate(ref, to: target) }
                offset += bytes
            }
            slide(segment)
        }
        var largest = 0
        for segment in arena.segments { largest = max(largest, segment.capacity - segment.used) }
        scatteredBytes = freeBytes - largest
    }

    /// Slides a segment together and tells the owners of what moved.
    mutating func slide(_ segment: Int) {
        let (series, tracks) = (series, tracks)
        arena.slide(segment) { kind, at, ref in
            Self.tellOwner(of: kind, at, ref, series, tracks)
        }
    }

    /// A record has moved to `ref`, which is `at`.
    private static func tellOwner(
        of kind: RecordKind, _ at: UnsafeMutableRawPointer, _ ref: RecordRef,
        _ series: Table<SeriesState>, _ tracks: Table<Track>
    ) {
        switch kind {
        case .open: series[OpenRow<Double>.owner(at: at)].open.row.lies(in: ref, at: at)
        case .track: tracks[OpenRow<Int64>.owner(at: at)].row.lies(in: ref, at: at)
        case .times:
            let id = TimesRecord(at: at).id
            for index in tracks.indices
            where tracks[index].sealedCount > 0 && tracks[index].sealedId == id {
                tracks[index].sealedRef = ref
            }
        default: break
        }
    }

    /// One step of the order above; false when there is none left.
    /// The open buffer of `slot` is being worked on, and stays as it is.
    mutating func makeSomeRoom(sparing slot: Int?
    ) throws(PoolError) -> Bool {
        if compactLongest(atLeast: 32) { return true }
        if evictDelivered() { return true }
        if compactLongest(atLeast: 8) { return true }
        if demoteCheapest() { return true }
        if compactLongest(atLeast: 1) { return true }
        if mayHoldMoreAt8, compactSettled() { return true }
        if dropSome() { return true }
        if mergeCold() { return true }
        return sealEarly(sparing: slot)
    }

    /// Compacts the series with the most hot blocks; one of a class above its share goes first.
    private mutating func compactLongest(atLeast least: Int) -> Bool {
        scratch.pointee.tried.removeAll()
        while true {
            var best: Int?
            for slot in series.indices
            where series[slot].hotBlocks >= least && !scratch.pointee.tried.contains(slot) {
                if let known = best {
                    let (over, knownOver) = (isOverShare(slot), isOverShare(known))
                    if knownOver && !over { continue }
                    if knownOver == over, series[known].hotBlocks >= series[slot].hotBlocks {
                        continue
                    }
                }
                best = slot
            }
            guard let best else { return false }
            if compact(best) { return true }
            scratch.pointee.tried.append(best)
        }
    }

    /// Seals the open buffers of the track that holds most, before their time.
    private mutating func sealEarly(sparing spared: Int?) -> Bool {
        if isSealing { return false }
        scratch.pointee.held.removeAll()
        for _ in tracks.indices { scratch.pointee.held.append(0) }
        let held = scratch.pointee.held
        for slot in series.indices where slot != spared && series[slot].open.count >= 16 {
            held[Int(series[slot].open.track)] += Int(series[slot].open.count)
        }
        guard let most = held.max(), most > 0, let track = held.firstIndex(of: most) else {
            return false
        }
        let before = arena.liveBytes
        while let slot = longestOpen(of: track, sparing: spared) {
            do throws(PoolError) { try seal(slot) } catch { break }
        }
        return arena.liveBytes < before
    }

    /// The longest first: the others' times are the beginning of its own.
    private func longestOpen(of track: Int, sparing spared: Int?) -> Int? {
        var longest: Int?
        for slot in series.indices
        where slot != spared && series[slot].open.count >= 16 && Int(series[slot].open.track) == track {
            if let longest, series[longest].open.count >= series[slot].open.count { continue }
            longest = slot
        }
        return longest
    }

    func isOverShare(_ slot: Int) -> Bool {
        let kind = series[slot].declaration.kind
        let share = settings.share(of: kind)
        if share >= 1 { return false }
        var used = 0
        for state in series where state.declaration.kind == kind { used += state.bytes }
        return Double(used) > share * Double(budgetBytes)
    }

    /// A delivered chunk, and the time of its last value.
    struct Delivered {
        var lastMs: Int64
        var ref: RecordRef
    }

    /// Evicts a few of the oldest delivered chunks; the walk that finds them is what costs.
    private mutating func evictDelivered() -> Bool {
        scratch.pointee.oldest.removeAll()
        let index = timesIndex()
        arena.forEach { ref, kind, at in
            guard isChunk(kind) else { return }
            let record = ChunkRecord(at: at)
            guard record.end <= series[record.slot].deliveredIndex else { return }
            let age = times(record.timesId, by: index)?.last ?? .min
            let oldest = scratch.pointee.oldest
            if oldest.count == 8, oldest[7].lastMs <= age { return }
            let place = oldest.firstIndex { $0.lastMs > age } ?? oldest.count
            if oldest.count == 8 { scratch.pointee.oldest.removeLast() }
            scratch.pointee.oldest.insert(Delivered(lastMs: age, ref: ref), at: place)
        }
        let oldest = scratch.pointee.oldest
        for entry in oldest {
            counts.evictedDelivered += UInt64(ChunkRecord(at: arena.pointer(entry.ref)).count)
            depart(entry.ref)
        }
        return !oldest.isEmpty
    }

    /// Takes a chunk out; its bytes stay in the account of the window it was admitted in.
    mutating func depart(_ ref: RecordRef) {
        let record = ChunkRecord(at: arena.pointer(ref))
        var bytes = record.length
        series[record.slot].bytes -= bytes
        if arena.kind(ref) == .hot { series[record.slot].hotBlocks -= 1 }
        if arena.kind(ref) == .settled { series[record.slot].settledBlocks -= 1 }
        if let times = timesRecord(record.timesId) { bytes += releaseTimes(times) }
        if record.inWindow { counts.departedBytes += UInt64(bytes) }
        arena.free(ref)
    }

    func isChunk(_ kind: RecordKind) -> Bool {
        kind == .hot || kind == .settled || kind == .kept || kind == .cold
    }

    func timesRecord(_ id: UInt32) -> RecordRef? {
        var found: RecordRef?
        arena.forEach { ref, kind, at in
            if kind == .times, TimesRecord(at: at).id == id { found = ref }
        }
        return found
    }

    // MARK: spill

    /// Hands the oldest chunk that is not delivered to the hook.
    private mutating func spillSome() throws(PoolError) -> Bool {
        guard let spill else { return false }
        guard let chunk = try undelivered(maxBytes: 1).first else { return false }
        if exhausted == nil { exhausted = (admitted, UInt64(heldBytesNeeded)) }
        guard spill(chunk) else { return false }
        counts.spilled += UInt64(chunk.header.count)
        // Whoever took it delivers it: for the pool it is delivered, and leaves now.
        _ = markDelivered(chunk.ref)
        var gone: [RecordRef] = []
        arena.forEach { ref, kind, at in
            let record = ChunkRecord(at: at)
            if isChunk(kind), series[record.slot].declaration.id == chunk.ref.series,
                record.firstIndex == chunk.ref.firstIndex
            {
                gone.append(ref)
            }
        }
        for ref in gone { depart(ref) }
        return !gone.isEmpty
    }

    // MARK: budget

    mutating func setBudget(
        _ bytes: Int
    ) throws(PoolError) {
        let old = budgetBytes
        budgetBytes = bytes
        while heldBytes > budgetBytes {
            arena.release(above: arenaLimit)
            if heldBytes <= budgetBytes { break }
            let before = arena.heldBytes
            repack()
            arena.release(above: arenaLimit)
            if arena.heldBytes < before { continue }
            if try makeSomeRoom(sparing: nil) { continue }
            if try spillSome() { continue }
            budgetBytes = old
            throw .full(series: 0)
        }
        openWindow()
    }

    private mutating func relocate(_ ref: RecordRef, to segment: Int) {
        let kind = arena.kind(ref)
        let bytes = arena.length(ref)
        let place = arena.place(bytes, kind, in: segment)
        let at = arena.pointer(place)
        at.copyMemory(from: arena.pointer(ref), byteCount: bytes)
        arena.free(ref)
        Self.tellOwner(of: kind, at, place, series, tracks)
    }
}
