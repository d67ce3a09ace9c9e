// Open buffer → hot block: losslessly coded, in place where it fits, so that sealing needs no room.

import Precision

extension PoolState {
    mutating func sealAll() throws(PoolError) {
        for slot in series.indices { try seal(slot) }
    }

    mutating func seal(
        _ slot: Int
    ) throws(PoolError) {
        let count = Int(series[slot].open.count)
        guard count > 0 else { return }
        updateRoom()
        let track = Int(series[slot].open.track)
        // The times of a longer block from the same track begin with these.
        let hasTimes = Int(tracks[track].sealedCount) >= count
        scratch.pointee.blockTimes.removeAll()
        if !hasTimes {
            let times = UnsafeBufferPointer(start: trackTimes(track), count: count)
            TimeBlock.encode(times, cold: false, into: &scratch.pointee.blockTimes)
        }
        let timesBytes = hasTimes ? 0 : TimesRecord.bytes(payload: scratch.pointee.blockTimes.count)
        let span = (trackTimes(track)[0], trackTimes(track)[count - 1])
        scratch.pointee.blockValues.removeAll()
        let places = ExactBlock.encode(
            openValues(slot), hint: Int(series[slot].places), into: &scratch.pointee.blockValues)
        let bytes = ChunkRecord.bytes(payload: scratch.pointee.blockValues.count)

        let open = series[slot].open.row.ref
        let timesId = hasTimes ? tracks[track].sealedId : newTimesId()
        // Making room may join times: not these, until the block that uses them is there.
        protectedTimes = timesId
        isSealing = true
        defer {
            protectedTimes = 0
            isSealing = false
        }
        if bytes + timesBytes <= arena.length(open) {
            arena.shrink(open, to: bytes, .hot)
            fillRecord(open, slot, scratch.pointee.blockValues.bytes, count: count, timesId: timesId)
            series[slot].open.row.leave()
            if !hasTimes {
                // The end of the open buffer has just become free, so this cannot fail.
                let place = try room(timesBytes, .times, for: slot)
                fillTimes(place, id: timesId, scratch.pointee.blockTimes.bytes, count: count, span)
                keepTimes(track, place, id: timesId, count: count)
            }
        } else {
            // Nothing changes before all the room is there.
            if !hasTimes {
                let place = try room(timesBytes, .times, for: slot)
                fillTimes(place, id: timesId, scratch.pointee.blockTimes.bytes, count: count, span)
                keepTimes(track, place, id: timesId, count: count)
            }
            let ref = try room(bytes, .hot, for: slot)
            fillRecord(ref, slot, scratch.pointee.blockValues.bytes, count: count, timesId: timesId)
            arena.free(series[slot].open.row.ref)
        }
        TimesRecord(at: arena.pointer(tracks[track].sealedRef)).users += 1
        leave(track)
        series[slot].places = UInt8(places ?? 0)
        series[slot].hotBlocks += 1
        series[slot].bytes += bytes
        let score = series[slot].open.scoreMax
        counts.sealed += UInt64(count)
        series[slot].sealedIndex += UInt64(count)
        series[slot].open = OpenBuffer()
        lookAhead(slot, score: score)
    }

    mutating func newTimesId() -> UInt32 {
        defer { nextTimesId &+= 1 }
        return nextTimesId
    }

    /// The track is a user of its sealed times until its last series has left.
    private mutating func keepTimes(_ track: Int, _ ref: RecordRef, id: UInt32, count: Int) {
        forgetTimes(track)
        TimesRecord(at: arena.pointer(ref)).users = 1
        tracks[track].sealedRef = ref
        tracks[track].sealedId = id
        tracks[track].sealedCount = UInt16(count)
    }

    mutating func forgetTimes(_ track: Int) {
        guard tracks[track].sealedCount > 0 else { return }
        tracks[track].sealedCount = 0
        releaseTimes(tracks[track].sealedRef)
    }

    /// One user less; without users the record goes. Answers the bytes freed.
    @discardableResult
    mutating func releaseTimes(_ ref: RecordRef) -> Int {
        let record = TimesRecord(at: arena.pointer(ref))
        record.users -= 1
        guard record.users == 0 else { return 0 }
        arena.free(ref)
        return record.length
    }

    private mutating func fillRecord(
        _ ref: RecordRef, _ slot: Int, _ payload: [UInt8], count: Int, timesId: UInt32
    ) {
        let open = series[slot].open
        let record = ChunkRecord(at: arena.pointer(ref))
        record.clearFlags()
        record.tier = .bits81
        record.worstTier = .bits81
        record.kind = series[slot].declaration.kind
        record.inWindow = true
        record.slot = slot
        record.count = count
        record.timesId = timesId
        record.timesOffset = 0
        record.score = ChunkCodec.scoreIndex(min(1, open.scoreMax))
        record.highValues = Int(open.highValues)
        record.scale = series[slot].scale
        record.firstIndex = series[slot].sealedIndex
        record.setPayload(payload)
        record.seal()
    }

    /// Fills a new record of times, with no user yet.
    func fillTimes(
        _ ref: RecordRef, id: UInt32, _ payload: [UInt8], count: Int, _ span: (Int64, Int64)
    ) {
        let record = TimesRecord(at: arena.pointer(ref))
        record.id = id
        record.count = count
        record.users = 0
        (record.first, record.last) = span
        record.setPayload(payload)
        record.seal()
    }

    mutating func updateRoom() {
        let level = max(fill, settings.externalPressure)
        if level >= settings.roomShortShare { roomIsShort = true }
        if level < settings.roomEaseShare { roomIsShort = false }
    }
}
