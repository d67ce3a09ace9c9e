// What a spool on disk asks of a pool: runs of values as chunks without sealing anything, where the
// delivery stands, and the way back when what was delivered has to be offered again.
//
// A checkpoint must not seal open buffers: blocks of twelve values would cost what blocks of 128 save.
// So a run is coded anew from what can be read, open buffers included, and the pool stays as it is.

import Precision

/// A chunk's place in its series, read off its first bytes: for whoever files chunks without
/// decoding them. The checksum isn't looked at.
public struct ChunkPlace: Equatable, Sendable {
    public var series: UInt16
    public var firstIndex: UInt64
    public var count: Int
    public var firstTimeMs: Int64
    /// 0 … 1, in steps of 1/65535.
    public var score: Double

    /// The index behind the last value.
    public var end: UInt64 { firstIndex + UInt64(count) }

    /// nil for bytes that don't begin like a chunk of this version.
    public init?(of chunk: [UInt8]) {
        guard chunk.count >= ChunkCodec.leastBytes, chunk[0] == ChunkCodec.magic,
            chunk[1] == ChunkCodec.version
        else { return nil }
        let found: ChunkPlace? = chunk.withUnsafeBytes { raw in
            var source = ByteSource(raw)
            do throws(PrecisionError) {
                _ = try source.read16()
                _ = try source.read8()
                let series = try source.read16()
                let count = Int(try source.read16())
                let first = try source.readVarint()
                let time = Int64(bitPattern: try source.read64())
                _ = try source.read64()
                _ = try source.read64()
                let score = Double(try source.read16()) / ChunkCodec.scoreSteps
                guard count > 0, count <= ChunkLimits.values, first < ChunkLimits.indices else { return nil }
                return ChunkPlace(
                    series: series, firstIndex: first, count: count, firstTimeMs: time, score: score)
            } catch {
                return nil
            }
        }
        guard let found else { return nil }
        self = found
    }

    init(series: UInt16, firstIndex: UInt64, count: Int, firstTimeMs: Int64, score: Double) {
        self.series = series
        self.firstIndex = firstIndex
        self.count = count
        self.firstTimeMs = firstTimeMs
        self.score = score
    }
}

extension TensorPool {
    /// Values in one chunk of `run` at most: it bounds what a record on disk can hold of one series.
    public static let runValuesMax = 1024

    /// Everything below is acknowledged, or was handed to the spill; nil for an unknown series.
    public func deliveredIndex(of series: UInt16) -> UInt64? {
        own(series)?.pointee.deliveredIndex
    }

    /// The index that the next value gets; nil for an unknown series.
    public func nextIndex(of series: UInt16) -> UInt64? {
        own(series)?.pointee.nextIndex
    }

    /// Calls `body` with every series, in the order of their declaration: its id, `deliveredIndex` and `nextIndex`.
    public func forEachSeries(_ body: (_ id: UInt16, _ delivered: UInt64, _ next: UInt64) -> Void) {
        let all = state.series
        for slot in all.indices {
            let one = all.pointer(slot)
            body(one.pointee.declaration.id, one.pointee.deliveredIndex, one.pointee.nextIndex)
        }
    }

    // Of the state's fields the directory alone: asked for as a whole, it would be copied.
    private func own(_ series: UInt16) -> UnsafeMutablePointer<SeriesState>? {
        PoolState.slot(of: series, in: state.series).map { state.series.pointer($0) }
    }

    /// The values of a series from `first` on, open buffer included, as self-describing chunks; the
    /// pool isn't changed. What can't be read any more (evicted, damaged) is left out.
    public func run(of series: UInt16, from first: UInt64) -> [DeliverableChunk] {
        state.run(of: series, from: first)
    }

    /// Takes back the acknowledgement of whatever is still held: the receiver has lost it.
    public func offerAgain() { state.offerAgain() }
}

extension PoolState {
    func run(of id: UInt16, from first: UInt64) -> [DeliverableChunk] {
        guard let slot = slot(of: id), first < series[slot].nextIndex else { return [] }
        let range = first..<series[slot].nextIndex
        var samples: [PoolSample] = []
        do throws(PoolError) {
            try forEach(series: id, in: range) { samples.append($0) }
        } catch {
            // A damaged chunk: what follows it is worth keeping all the same.
            samples.removeAll(keepingCapacity: true)
            readOpen(slot, range) { samples.append($0) }
        }
        let score = highestScore(slot, from: first)
        var chunks: [DeliverableChunk] = []
        var start = 0
        while start < samples.count {
            var end = start + 1
            while end < samples.count, end - start < TensorPool.runValuesMax,
                samples[end].index == samples[end - 1].index + 1,
                samples[end].errorBound == samples[start].errorBound
            {
                end += 1
            }
            chunks.append(encodeRun(samples[start..<end], slot, score: score))
            start = end
        }
        return chunks
    }

    /// Of all blocks that reach beyond `first`, and of the open buffer.
    private func highestScore(_ slot: Int, from first: UInt64) -> Double {
        var highest = series[slot].open.count > 0 ? min(1, series[slot].open.scoreMax) : 0
        arena.forEach { _, kind, at in
            guard isChunk(kind) else { return }
            let record = ChunkRecord(at: at)
            if record.slot == slot, record.end > first {
                highest = max(highest, Double(record.score) / ChunkCodec.scoreSteps)
            }
        }
        return highest
    }

    private func encodeRun(
        _ samples: ArraySlice<PoolSample>, _ slot: Int, score: Double
    ) -> DeliverableChunk {
        let grid = scales[series[slot].scale]
        var times: [Int64] = []
        var values: [Double] = []
        for sample in samples {
            times.append(sample.timeMs)
            values.append(sample.value)
        }
        var coded = ByteSink(reserving: 64 + 2 * values.count)
        var timeSink = ByteSink(reserving: 16 + times.count)
        times.withUnsafeBufferPointer { TimeBlock.encode($0, cold: false, into: &timeSink) }
        values.withUnsafeBufferPointer {
            _ = ExactBlock.encode($0, hint: Int(series[slot].places), into: &coded)
        }
        // The coding is exact; what the values had lost before stands in the tier.
        let bound = samples.first?.errorBound ?? 0
        var tier = Tier.bits8
        if bound == 0 {
            tier = .bits81
        } else if bound <= Tier.bits16.errorBound(grid) {
            tier = .bits16
        }
        var header = ChunkHeader(
            series: series[slot].declaration.id, kind: series[slot].declaration.kind,
            firstIndex: samples.first?.index ?? 0, count: values.count, firstTimeMs: times[0],
            lastTimeMs: times[times.count - 1], tier: tier, worstTier: tier,
            errorBound: tier.errorBound(grid), score: score, lower: grid.lower, upper: grid.upper, crc: 0)
        let bytes = timeSink.bytes.withUnsafeBytes { times in
            coded.bytes.withUnsafeBytes { values in
                ChunkCodec.encode(&header, isCold: false, times: times, values: values)
            }
        }
        return DeliverableChunk(header: header, bytes: bytes)
    }

    /// Per series back to the start of its last unbroken stretch: runs are acknowledged in index order,
    /// and what lies before a hole can't be followed by what lies behind it.
    mutating func offerAgain() {
        for slot in series.indices {
            var runs: [(first: UInt64, end: UInt64)] = []
            arena.forEach { _, kind, at in
                guard isChunk(kind) else { return }
                let record = ChunkRecord(at: at)
                guard record.slot == slot, !record.isDamaged else { return }
                runs.append((record.firstIndex, record.end))
            }
            runs.sort { $0.first > $1.first }
            var start = series[slot].sealedIndex
            for run in runs {
                guard run.end == start else { break }
                start = run.first
            }
            series[slot].deliveredIndex = min(series[slot].deliveredIndex, start)
        }
    }
}
