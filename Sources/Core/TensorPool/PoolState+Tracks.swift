// A track holds the times of open buffers. Series that are appended with the same times, as the
// channels of one board are, share one; a series whose next time differs from its track's takes a
// copy and goes its own way. What is sealed from one track shares one record of coded times too,
// so seventeen channels pay for their timestamps once.

import Precision

struct Track {
    /// Meaningful while `users` > 0.
    var row = OpenRow<Int64>()
    var count: UInt16 = 0
    var users: UInt16 = 0
    /// The record sealed from its first `sealedCount` times, while that is above 0.
    var sealedCount: UInt16 = 0
    var sealedId: UInt32 = 0
    var sealedRef = RecordRef(segment: 0, offset: 0)
}

extension PoolState {
    /// The times of a track in use.
    func trackTimes(_ track: Int) -> UnsafeMutablePointer<Int64> {
        tracks[track].row.base.unsafelyUnwrapped
    }

    /// Makes `timeMs` the time of the next value of a series.
    mutating func noteTime(
        _ slot: Int, _ timeMs: Int64
    ) throws(PoolError) {
        let position = Int(series[slot].open.count)
        if position == 0 {
            for track in tracks.indices
            where tracks[track].users > 0 && trackTimes(track)[0] == timeMs {
                tracks[track].users += 1
                series[slot].open.track = UInt16(track)
                return
            }
            let track = try newTrack(slot)
            tracks[track].count = 1
            trackTimes(track)[0] = timeMs
            series[slot].open.track = UInt16(track)
            return
        }
        let track = Int(series[slot].open.track)
        if Int(tracks[track].count) > position {
            if trackTimes(track)[position] == timeMs { return }
            try leaveForOwnTrack(slot)
            return try noteTime(slot, timeMs)
        }
        if tracks[track].count == tracks[track].row.capacity {
            try growTrack(track, slot)
        }
        trackTimes(track)[position] = timeMs
        tracks[track].count += 1
    }

    private mutating func newTrack(
        _ slot: Int
    ) throws(PoolError) -> Int {
        let bytes = OpenRow<Int64>.bytes(capacity: Self.openGrain)
        let ref = try room(bytes, .track, for: slot)
        let free = tracks.firstIndex { $0.users == 0 }
        let track = free ?? tracks.count
        // One per series at most, and `declare` reserved as many.
        if free == nil { tracks.append(Track()) }
        tracks[track] = Track()
        tracks[track].users = 1
        tracks[track].row.move(
            to: ref, at: arena.pointer(ref), capacity: Self.openGrain, owner: track, keeping: 0)
        return track
    }

    private mutating func growTrack(
        _ track: Int, _ slot: Int
    ) throws(PoolError) {
        let capacity = Int(tracks[track].row.capacity) + Self.openGrain
        let ref = try room(OpenRow<Int64>.bytes(capacity: capacity), .track, for: slot)
        // Where it lay until now: making room may have moved it.
        let before = tracks[track].row.ref
        tracks[track].row.move(
            to: ref, at: arena.pointer(ref), capacity: capacity, owner: track,
            keeping: Int(tracks[track].count))
        arena.free(before)
    }

    private mutating func leaveForOwnTrack(
        _ slot: Int
    ) throws(PoolError) {
        let count = Int(series[slot].open.count)
        let old = Int(series[slot].open.track)
        if tracks[old].users == 1 {
            // Nobody else needs the times beyond this series' own.
            tracks[old].count = UInt16(count)
            forgetTimes(old)
            return
        }
        let track = try newTrack(slot)
        series[slot].open.track = UInt16(track)
        while Int(tracks[track].row.capacity) < count {
            do throws(PoolError) { try growTrack(track, slot) } catch {
                leave(track)
                series[slot].open.track = UInt16(old)
                throw error
            }
        }
        trackTimes(track).update(from: trackTimes(old), count: count)
        tracks[track].count = UInt16(count)
        leave(old)
    }

    mutating func leave(_ track: Int) {
        tracks[track].users -= 1
        guard tracks[track].users == 0 else { return }
        arena.free(tracks[track].row.ref)
        forgetTimes(track)
    }
}
