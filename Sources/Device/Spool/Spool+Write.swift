// Checkpoints to disk, and what gives way at the byte cap.
//
// Order at the cap: the oldest segment of the lowest class goes first, then the next class, and never a
// higher class for a lower one: then the newcomer itself isn't taken. What goes is counted by class.
// Values of the running stream are still in the pool then: they lost their copy, not their life.

import AgentCore
import Model
import System
import TensorPool

extension Spool {
    /// What the batch would cost the card.
    public func cost(of batch: SpoolBatch) -> Int64 {
        var total: Int64 = 0
        for (kind, part) in parts(of: batch) {
            // Frame and stamp of a record; its names are written with the first one of a segment.
            var bytes = 256
            for index in part { bytes += batch.chunks[index].bytes.count + 4 }
            let known = target(kind, adding: bytes)
            if known == nil || namesWritten != batch.stamp.names.count { bytes += 24 * batch.stamp.names.count }
            total += WriteBudget.append(bytes, at: known.map { segments[$0].bytes } ?? 0)
        }
        return total
    }

    /// What a batch like this would cost if its record were the first of a segment.
    public func firstCost(of batch: SpoolBatch) -> Int64 {
        let bytes = batch.chunks.reduce(256 + 24 * batch.stamp.names.count) { $0 + $1.bytes.count + 4 }
        return WriteBudget.append(bytes, at: 0)
    }

    /// The batch's chunks by record, the dearest first: when the disk fills in the middle, it has them.
    ///
    /// A sync costs a card five blocks, whatever little it holds: two of them every two minutes are more than
    /// the day's budget. So a small batch is one record, which is worth what its dearest chunk is. What
    /// lies in it is counted by its own class when it goes. With the spool half full the classes are
    /// kept apart, so that low ones can give way at the cap and leave the others.
    private func parts(of batch: SpoolBatch) -> [(kind: ValueClass, chunks: [Int])] {
        let bytes = batch.chunks.reduce(0) { $0 + $1.bytes.count }
        if bytes <= Self.mixedBytesMax, usedBytes <= capBytes / 2,
            let dearest = batch.chunks.map({ ValueClass(score: $0.header.score) }).max()
        {
            return [(dearest, Array(batch.chunks.indices))]
        }
        var parts: [(kind: ValueClass, chunks: [Int])] = []
        for kind in ValueClass.allCases.reversed() {
            var rest = batch.chunks.indices.filter { ValueClass(score: batch.chunks[$0].header.score) == kind }[...]
            while !rest.isEmpty { parts.append((kind, take(&rest, batch))) }
        }
        return parts
    }

    /// Appends and syncs. What it answers as stored is on the disk.
    public func write(_ batch: SpoolBatch) -> CheckpointResult {
        trim(batch.stamp)
        var stored = [Bool](repeating: false, count: batch.chunks.count)
        var lost: [LostCopy] = []
        var dropped = ValueCounts()
        var hasFailed = false
        for (kind, part) in parts(of: batch) where !hasFailed {
            var record = record(batch, part, kind)
            var bytes = record.encoded()
            let isRoom = makeRoom(bytes.count, kind, batch.stamp, &lost, &dropped)
            if isRoom, !lost.isEmpty {
                // What lost its copy just now is at risk from here on: the record says so.
                record.stamp.samplesAtRiskMost &+= lost.reduce(0) { $0 &+ UInt64($1.place.count) }
                bytes = record.encoded()
            }
            if isRoom {
                hasFailed = !append(bytes, record)
            } else {
                for index in part {
                    if let place = ChunkPlace(of: batch.chunks[index].bytes) {
                        lost.append(LostCopy(place: place, kind: ValueClass(score: place.score)))
                    }
                }
            }
            if !hasFailed { for index in part { stored[index] = true } }
        }
        if hasFailed, !stored.contains(true), lost.isEmpty, dropped.total == 0 { return .failed }
        if !hasFailed { succeeded() }
        return .stored(stored, lost: lost, dropped: dropped)
    }

    /// As many chunks as one record takes, at least one.
    private func take(_ rest: inout ArraySlice<Int>, _ batch: SpoolBatch) -> [Int] {
        var part: [Int] = []
        var bytes = 0
        while let index = rest.first {
            bytes += batch.chunks[index].bytes.count
            if !part.isEmpty, bytes > SpoolRecord.chunkBytesMax { break }
            part.append(index)
            rest.removeFirst()
        }
        return part
    }

    private func record(_ batch: SpoolBatch, _ part: [Int], _ kind: ValueClass) -> SpoolRecord {
        var stamp = batch.stamp
        // Names once a segment, and when there are new ones.
        let isFirst = target(kind, adding: 0) == nil
        if !isFirst, namesWritten == stamp.names.count {
            stamp.names = []
        } else {
            namesWritten = stamp.names.count
        }
        stamp.acknowledged = stamp.acknowledged.filter { mark in
            part.contains { batch.chunks[$0].header.series == mark.series }
        }
        return SpoolRecord(
            number: nextNumber, kind: kind, stamp: stamp, chunks: part.map { batch.chunks[$0].bytes })
    }

    /// The segment that takes another record of the class.
    private func target(_ kind: ValueClass, adding count: Int) -> Int? {
        segments.lastIndex {
            $0.isOurs && $0.name.kind == kind && $0.bytes + count <= Self.segmentBytes
        }
    }

    private func append(_ bytes: [UInt8], _ record: SpoolRecord) -> Bool {
        let (kind, nowMs) = (record.kind, record.stamp.instant.monotonicMs)
        let known = target(kind, adding: bytes.count)
        let index: Int
        if let known {
            index = known
        } else {
            segments.append(
                Segment(
                    name: SegmentName(kind: kind, number: nextNumber), bytes: 0, isOurs: true,
                    isCurrent: true))
            index = segments.count - 1
        }
        nextNumber += 1
        let start = segments[index].bytes
        spentBytes += WriteBudget.append(bytes.count, at: start)
        do throws(Errno) {
            let file = try GrowingFile(path(segments[index].name))
            do throws(Errno) {
                try file.append(bytes)
                try file.sync()
            } catch {
                // Half a record must not lie before the next whole one.
                try? file.truncate(to: start)
                throw error
            }
            if known == nil { try FileSystem.syncFolder(folder) }
        } catch {
            fail(error, "written")
            if start == 0 { remove(index) } else { segments[index].isOurs = false }
            return false
        }
        segments[index].bytes = start + bytes.count
        if segments[index].witness == nil { segments[index].witness = Self.witness(in: record, beyond: []) }
        if let firstAppendMs {
            appendedBytes += Int64(bytes.count)
            lastAppendMs = max(firstAppendMs, nowMs)
        } else {
            // The first one holds what was there before: it says nothing of the rate.
            firstAppendMs = nowMs
            lastAppendMs = nowMs
        }
        return true
    }

    /// False: the newcomer is worth less than all that is there.
    private func makeRoom(
        _ count: Int, _ kind: ValueClass, _ stamp: SpoolStamp, _ lost: inout [LostCopy],
        _ dropped: inout ValueCounts
    ) -> Bool {
        while usedBytes + Int64(count) + Self.blockBytes > capBytes || segments.count >= Self.segmentCountMax {
            guard let victim = victim(atMost: kind) else { return false }
            let worth = segments[victim].name.kind
            let given = giveUp(victim, stamp.stream, &lost)
            dropped.low &+= given.low
            dropped.normal &+= given.normal
            dropped.high &+= given.high
            note(
                .warning,
                "the spool is full (\(capBytes >> 10) KiB): the oldest \(worth.text) values gave way, \(given.total) of "
                    + "earlier runs among them (raise --spool-cap, or bring the aggregator back)")
        }
        return true
    }

    /// The oldest of the lowest class; one that is being forwarded right now only if there is no other.
    private func victim(atMost kind: ValueClass) -> Int? {
        for worth in ValueClass.allCases where worth <= kind {
            let all = segments.indices.filter { segments[$0].name.kind == worth }
            let idle = all.first { index in
                !plan.contains { $0.number == segments[index].name.number }
            }
            if let found = idle ?? all.first { return found }
        }
        return nil
    }

    /// - Returns: values of earlier streams that nobody has now, by their own class.
    private func giveUp(_ index: Int, _ stream: UInt64, _ lost: inout [LostCopy]) -> ValueCounts {
        var given = ValueCounts()
        if let content = content(index) {
            for (place, record) in content.records where place.end > segments[index].readOffset {
                for chunk in record.chunks {
                    guard let chunk = ChunkPlace(of: chunk) else { continue }
                    let kind = ValueClass(score: chunk.score)
                    if record.stamp.stream == stream {
                        lost.append(LostCopy(place: chunk, kind: kind))
                    } else if !content.isAcknowledged(record.stamp.stream, chunk) {
                        given.add(UInt64(chunk.count), kind)
                    }
                }
            }
        }
        remove(index)
        return given
    }

    /// Segments of this stream in which all is acknowledged go. Told by series and index: times are the
    /// workload's word, and may be anything.
    func trim(_ stamp: SpoolStamp) {
        for index in segments.indices.reversed() where segments[index].isCurrent {
            if let witness = segments[index].witness, !Self.isDone(witness, stamp.acknowledged) { continue }
            guard let bytes = read(index) else { continue }
            segments[index].witness = Self.witness(in: bytes, stamp)
            if segments[index].witness == nil { remove(index) }
        }
    }

    private static func isDone(_ mark: SeriesMark, _ done: [SeriesMark]) -> Bool {
        mark.end <= done.first { $0.series == mark.series }?.end ?? 0
    }

    /// From the last record back: what was written last is acknowledged last.
    private static func witness(in bytes: [UInt8], _ stamp: SpoolStamp) -> SeriesMark? {
        for place in SegmentScan(bytes).records.reversed() {
            guard
                let record = SpoolRecord(
                    number: place.number, kind: place.kind, payload: Array(bytes[place.payload])),
                record.stamp.device == stamp.device
            else { continue }
            let isOther = record.stamp.stream != stamp.stream
            if let found = witness(in: record, beyond: isOther ? [] : stamp.acknowledged) { return found }
        }
        return nil
    }

    private static func witness(in record: SpoolRecord, beyond done: [SeriesMark]) -> SeriesMark? {
        for chunk in record.chunks.reversed() {
            // Of a format that this program doesn't know: never void.
            guard let place = ChunkPlace(of: chunk) else { return SeriesMark(series: 0, end: .max) }
            let mark = SeriesMark(series: place.series, end: place.end)
            if !isDone(mark, done) { return mark }
        }
        return nil
    }
}

extension ValueClass {
    var text: StaticString {
        switch self {
        case .low: "low-value"
        case .normal: "normal"
        case .high: "high-value"
        }
    }
}
