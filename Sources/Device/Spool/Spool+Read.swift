// The way back: chunks of earlier streams, and of this one what the pool gave away, oldest first.
//
// What was fetched stays on disk until it is released, after the aggregator's acknowledgement: a crash in
// between sends it again, and the aggregator keeps each sample once.

import AgentCore
import Model
import TensorPool

/// How far a fetch got in a segment: in force once it is released.
struct ReadPlan: Equatable {
    var number: UInt64
    var offset: Int
    /// Nothing in it is wanted any more.
    var isDone: Bool
}

/// A segment's records, and what they say is acknowledged of earlier streams.
struct SegmentContent {
    var records: [(place: SegmentScan.Place, record: SpoolRecord)] = []
    private var acknowledged: [Key: UInt64] = [:]

    private struct Key: Hashable {
        var stream: UInt64
        var series: UInt16
    }

    mutating func add(_ place: SegmentScan.Place, _ record: SpoolRecord) {
        records.append((place, record))
        for mark in record.stamp.acknowledged {
            let key = Key(stream: record.stamp.stream, series: mark.series)
            acknowledged[key] = max(acknowledged[key] ?? 0, mark.end)
        }
    }

    func isAcknowledged(_ stream: UInt64, _ chunk: ChunkPlace) -> Bool {
        chunk.end <= acknowledged[Key(stream: stream, series: chunk.series)] ?? 0
    }
}

extension Spool {
    func content(_ index: Int) -> SegmentContent? {
        guard let bytes = read(index) else { return nil }
        let scan = SegmentScan(bytes)
        var content = SegmentContent()
        var (senseless, senselessBytes) = (0, 0)
        for place in scan.records {
            guard
                let record = SpoolRecord(
                    number: place.number, kind: place.kind, payload: Array(bytes[place.payload]))
            else {
                senseless += 1
                senselessBytes += place.end - place.start
                continue
            }
            if record.stamp.device == device { content.add(place, record) }
        }
        count(
            scan.damaged + senseless + (scan.tornBytes > 0 ? 1 : 0),
            bytes: scan.damagedBytes + senselessBytes + scan.tornBytes, index)
        return content
    }

    /// The oldest chunks that wait, about `maxBytes` of them; empty when there are none.
    public func fetch(maxBytes: Int, _ current: CurrentStream) -> Backlog {
        plan = []
        var backlog = Backlog()
        var used = 0
        for index in segments.indices {
            if segments[index].isCurrent, current.spilled.isEmpty { continue }
            guard let content = content(index) else { continue }
            var step = ReadPlan(
                number: segments[index].name.number, offset: segments[index].readOffset, isDone: true)
            var isFull = false
            for (place, record) in content.records where place.end > segments[index].readOffset {
                let isCurrent = record.stamp.stream == current.stream
                if isCurrent { segments[index].isCurrent = true }
                var wanted: [[UInt8]] = []
                var places: [ChunkPlace?] = []
                var isRetained = false
                for chunk in record.chunks {
                    let place = ChunkPlace(of: chunk)
                    switch Self.judge(place, isCurrent ? current : nil, content, record.stamp.stream) {
                    case .wanted:
                        wanted.append(chunk)
                        places.append(place)
                    case .retained: isRetained = true
                    case .void: break
                    }
                }
                let size = wanted.reduce(0) { $0 + $1.count }
                let hasRoom = backlog.origins.count < ChunkOrigin.countMax - 1
                    && backlog.chunks.count + wanted.count <= Report.chunkCountMax / 2
                if !wanted.isEmpty, !backlog.isEmpty, used + size > maxBytes || !hasRoom {
                    step.isDone = false
                    isFull = true
                    break
                }
                used += size
                backlog.add(wanted, places, record, isCurrent: isCurrent)
                // What the pool still has holds the segment, and with it all behind.
                if isRetained { step.isDone = false }
                if step.isDone { step.offset = place.end }
            }
            plan.append(step)
            if isFull || used >= maxBytes { break }
        }
        // Nothing to wait for: what is void goes at once.
        if backlog.isEmpty { release() }
        return backlog
    }

    /// The last fetch is acknowledged.
    public func release() {
        for step in plan {
            guard let index = segments.firstIndex(where: { $0.name.number == step.number }) else { continue }
            segments[index].readOffset = max(segments[index].readOffset, step.offset)
            // A segment that grew since isn't done.
            if step.isDone, step.offset >= segments[index].bytes || !segments[index].isOurs { remove(index) }
        }
        plan = []
    }

    private enum Fate { case wanted, retained, void }

    private static func judge(
        _ place: ChunkPlace?, _ current: CurrentStream?, _ content: SegmentContent, _ stream: UInt64
    ) -> Fate {
        // Of a format that this program doesn't know: the aggregator may.
        guard let place else { return .wanted }
        guard let current else { return content.isAcknowledged(stream, place) ? .void : .wanted }
        if let run = current.spilled.first(where: { $0.series == place.series }),
            place.firstIndex < run.end, place.end > run.from
        {
            return .wanted
        }
        let done = current.done.first { $0.series == place.series }?.end ?? 0
        return place.end <= done ? .void : .retained
    }
}

extension Backlog {
    fileprivate mutating func add(
        _ wanted: [[UInt8]], _ places: [ChunkPlace?], _ record: SpoolRecord, isCurrent: Bool
    ) {
        guard !wanted.isEmpty else { return }
        for (chunk, place) in zip(wanted, places) {
            chunks.append(chunk)
            if let place { values.add(UInt64(place.count), ValueClass(score: place.score)) }
            if isCurrent, let place { current.append(place) }
        }
        let stamp = record.stamp
        if let last = origins.last, last.stream == stamp.stream, last.kernelBootID == stamp.kernelBootID {
            let index = origins.count - 1
            origins[index].chunkCount += wanted.count
            // A synchronised clock dates best, and a later look is no worse.
            if stamp.instant.isSynced || !last.instant.isSynced { origins[index].instant = stamp.instant }
            if !stamp.names.isEmpty { origins[index].names = stamp.names }
        } else {
            origins.append(
                ChunkOrigin(
                    chunkCount: wanted.count, stream: stamp.stream, kernelBootID: stamp.kernelBootID,
                    instant: stamp.instant, names: stamp.names))
        }
    }
}
