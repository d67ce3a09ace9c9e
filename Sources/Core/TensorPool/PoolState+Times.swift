// Records of times, apart from the chunks that use them. A sealed block has its own; when blocks are
// compacted, the records of their times are joined into one, and *every* chunk that used one of
// them, of whatever series, is pointed into the joined one. So series that were appended together
// keep sharing, whenever each of them is compacted.

import Precision

/// One of the records that are joined.
struct TimesPart {
    var id: UInt32
    var count: Int
    /// Where in the joined one its times begin.
    var start: Int
    /// Where it lies, until something moves.
    var ref: RecordRef
}

extension PoolState {
    /// Joins the records of times that the first members use, so that as many members as possible
    /// lie one behind the other in one record; answers how many do, at least one. Sparingly: not where
    /// much would be recoded for the sake of a few more.
    mutating func joinTimes(_ members: SealedRuns, sparingly: Bool) -> Int {
        scratch.pointee.parts.removeAll()
        scratch.pointee.ids.removeAll()
        for member in members { scratch.pointee.ids.append(member.timesId) }
        let index = timesIndex(ofListed: true)
        var total = 0
        var usable = 0
        var end = (id: UInt32(0), offset: 0)
        for member in members {
            let continues = usable > 0 && member.timesId == end.id && member.timesOffset == end.offset
            if !continues {
                guard member.timesId != protectedTimes, let ref = ref(member.timesId, by: index) else {
                    break
                }
                let count = TimesRecord(at: arena.pointer(ref)).count
                let parts = scratch.pointee.parts
                if let last = parts.last {
                    // The next record must begin where the last one ends, and fit.
                    guard member.timesOffset == 0, end.offset == last.count,
                        total + count <= ChunkLimits.values,
                        !parts.contains(where: { $0.id == member.timesId })
                    else { break }
                }
                scratch.pointee.parts.append(
                    TimesPart(id: member.timesId, count: count, start: total, ref: ref))
                total += count
            }
            end = (member.timesId, member.timesOffset + member.count)
            usable += 1
        }
        let parts = scratch.pointee.parts
        if parts.count <= 1 { return max(1, usable) }
        if sparingly, parts[0].count > 6 * (total - parts[0].count) { return usableInFirst(members) }
        return join(parts, total: total) ? usable : usableInFirst(members)
    }

    private func usableInFirst(_ members: SealedRuns) -> Int {
        guard let first = members.first else { return 0 }
        return members.firstIndex { $0.timesId != first.timesId } ?? members.count
    }

    private mutating func join(_ parts: Table<TimesPart>, total: Int) -> Bool {
        guard let span = encodeTimes(of: parts, total: total) else { return false }
        var before = 0
        for part in parts { before += arena.length(part.ref) }
        let bytes = TimesRecord.bytes(payload: scratch.pointee.coded.count)
        var place = placeForTimes(bytes, replacing: parts)
        if place == nil, repack(for: bytes - before) {
            for index in parts.indices {
                guard let ref = timesRecord(parts[index].id) else { return false }
                parts[index].ref = ref
            }
            place = placeForTimes(bytes, replacing: parts)
        }
        guard let segment = place else { return false }
        let id = newTimesId()
        let users = repoint(parts, to: id)
        for part in parts { arena.free(part.ref) }
        if arena.segments[segment].capacity - arena.segments[segment].used < bytes {
            slide(segment)
        }
        let ref = arena.place(bytes, .times, in: segment)
        fillTimes(ref, id: id, scratch.pointee.coded.bytes, count: total, span)
        TimesRecord(at: arena.pointer(ref)).users = users
        return true
    }

    /// Codes the parts' times as one, into the scratch; answers the first and the last, nil if a part is damaged.
    private mutating func encodeTimes(of parts: Table<TimesPart>, total: Int) -> (Int64, Int64)? {
        return ChunkNumbers.with(total, as: Int64.self) { times in
            for part in parts {
                let slice = UnsafeMutableBufferPointer(rebasing: times[part.start..<part.start + part.count])
                guard decodeTimes(at: part.ref, from: 0, into: slice) else { return nil }
            }
            let span = (times[0], times[total - 1])
            scratch.pointee.coded.removeAll()
            TimeBlock.encode(consuming: times, cold: true, into: &scratch.pointee.coded)
            return span
        }
    }

    /// Points all users of the parts to the joined record; answers how many they are. A track
    /// gives up its share: what is sealed from it later gets times of its own.
    private mutating func repoint(_ parts: Table<TimesPart>, to id: UInt32) -> Int {
        for track in tracks.indices
        where tracks[track].sealedCount > 0
            && parts.contains(where: { $0.id == tracks[track].sealedId })
        {
            tracks[track].sealedCount = 0
        }
        var users = 0
        arena.forEach { _, kind, at in
            guard isChunk(kind) else { return }
            let record = ChunkRecord(at: at)
            guard let part = parts.firstIndex(where: { $0.id == record.timesId }) else { return }
            record.timesId = id
            record.timesOffset += parts[part].start
            users += 1
        }
        return users
    }

    private func placeForTimes(_ bytes: Int, replacing parts: Table<TimesPart>) -> Int? {
        for index in arena.segments.indices {
            let segment = arena.segments[index]
            var free = segment.capacity - segment.used + segment.dead
            for part in parts where Int(part.ref.segment) == index { free += arena.length(part.ref) }
            if free >= bytes { return index }
        }
        return nil
    }

    /// Times `offset` … of a record; false if it is damaged.
    func decodeTimes(
        _ id: UInt32, from offset: Int, into times: UnsafeMutableBufferPointer<Int64>
    ) -> Bool {
        guard let ref = timesRecord(id) else { return false }
        return decodeTimes(at: ref, from: offset, into: times)
    }

    private func decodeTimes(
        at ref: RecordRef, from offset: Int, into times: UnsafeMutableBufferPointer<Int64>
    ) -> Bool {
        let record = TimesRecord(at: arena.pointer(ref))
        guard record.isIntact, record.count >= offset + times.count else { return false }
        var source = ByteSource(record.payload)
        if record.count == times.count { return decode(&source, record.first, into: times) }
        let all = UnsafeMutableBufferPointer<Int64>.allocate(capacity: record.count)
        defer { all.deallocate() }
        guard decode(&source, record.first, into: all) else { return false }
        for position in times.indices { times[position] = all[offset + position] }
        return true
    }

    private func decode(
        _ source: inout ByteSource, _ first: Int64, into times: UnsafeMutableBufferPointer<Int64>
    ) -> Bool {
        do throws(PrecisionError) {
            try TimeBlock.decode(into: times, first: first, from: &source)
            return true
        } catch {
            return false
        }
    }
}
