// A pool across a restart: one byte string of all it holds.
//
//   0xF7, version, varint number of series, for each: id u16, class u8, decimals u8 (255: unknown),
//     lower f64, upper f64, next index, delivered index (varints)
//   varint number of chunks; for each a varint length and the chunk as `ChunkCodec` writes it
//   CRC-32C of all before it, u32
//
// Open buffers are sealed first. A restored pool opens a new retention window, as after any restart.

import Precision

extension PoolState {
    private static let snapshotMagic: UInt8 = 0xF7
    private static let snapshotVersion: UInt8 = 1

    mutating func snapshot() throws(PoolError) -> [UInt8] {
        try sealAll()
        var refs: [(slot: Int, firstIndex: UInt64, ref: RecordRef)] = []
        arena.forEach { ref, kind, at in
            let record = ChunkRecord(at: at)
            guard isChunk(kind), !record.isDamaged else { return }
            refs.append((record.slot, record.firstIndex, ref))
        }
        refs.sort { ($0.firstIndex, $0.slot) < ($1.firstIndex, $1.slot) }
        var chunks: [DeliverableChunk] = []
        for entry in refs {
            if let chunk = export(entry.ref) { chunks.append(chunk) } else { noteDamage(entry.ref) }
        }
        var sink = ByteSink(reserving: arena.liveBytes + arena.liveBytes / 4)
        sink.append8(Self.snapshotMagic)
        sink.append8(Self.snapshotVersion)
        sink.appendVarint(UInt64(series.count))
        for state in series {
            sink.append16(state.declaration.id)
            sink.append8(state.declaration.kind.rawValue)
            sink.append8(state.declaration.decimals ?? 255)
            sink.append64(state.declaration.lower.bitPattern)
            sink.append64(state.declaration.upper.bitPattern)
            sink.appendVarint(state.nextIndex)
            sink.appendVarint(state.deliveredIndex)
        }
        sink.appendVarint(UInt64(chunks.count))
        for chunk in chunks {
            sink.appendVarint(UInt64(chunk.bytes.count))
            sink.append(chunk.bytes)
        }
        sink.append32(sink.bytes.withUnsafeBytes { Checksum.crc32c($0) })
        return sink.bytes
    }

    /// Into a pool without series.
    mutating func restore(_ bytes: UnsafeRawBufferPointer) throws(PoolError) {
        guard bytes.count > 8, bytes[0] == Self.snapshotMagic else {
            throw .corruptChunk(.notAChunk)
        }
        guard bytes[1] == Self.snapshotVersion else {
            throw .corruptChunk(.unknownVersion(bytes[1]))
        }
        let body = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)])
        let crc = UInt32(
            littleEndian: bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self))
        guard crc == Checksum.crc32c(body) else { throw .corruptChunk(.checksum) }
        var source = ByteSource(body)
        var delivered: [UInt64] = []
        do throws(PrecisionError) { _ = try source.read16() } catch {
            throw .corruptChunk(.malformed(error))
        }
        let seriesCount = try number(&source)
        guard seriesCount <= UInt64(TensorPool.seriesLimit) else { throw .tooManySeries }
        for _ in 0..<seriesCount { delivered.append(try restoreSeries(&source)) }
        let chunkCount = try number(&source)
        for _ in 0..<chunkCount {
            let length = try number(&source)
            guard length <= UInt64(source.remaining) else {
                throw .corruptChunk(.malformed(.truncated))
            }
            do throws(PrecisionError) {
                var piece = try source.readSlice(Int(length))
                try insert(piece.takeRest())
            } catch {
                throw .corruptChunk(.malformed(error))
            }
        }
        for slot in series.indices { series[slot].deliveredIndex = delivered[slot] }
        findHoles()
        openWindow()
    }

    private func number(_ source: inout ByteSource) throws(PoolError) -> UInt64 {
        do throws(PrecisionError) { return try source.readVarint() } catch {
            throw .corruptChunk(.malformed(error))
        }
    }

    private mutating func restoreSeries(_ source: inout ByteSource) throws(PoolError) -> UInt64 {
        do throws(PrecisionError) {
            let id = try source.read16()
            guard let kind = SeriesClass(rawValue: try source.read8()) else { throw .malformed }
            let decimals = try source.read8()
            let lower = Double(bitPattern: try source.read64())
            let upper = Double(bitPattern: try source.read64())
            let next = try source.readVarint()
            let delivered = try source.readVarint()
            guard next < ChunkLimits.indices, delivered <= next, slot(of: id) == nil,
                Grid(lower: lower, upper: upper) != nil
            else { throw .malformed }
            let declaration = SeriesDeclaration(
                id: id, kind: kind, lower: lower, upper: upper,
                decimals: decimals == 255 ? nil : decimals)
            do throws(PoolError) { try declare(declaration) } catch { throw .tooLarge }
            series[series.count - 1].sealedIndex = next
            return delivered
        } catch {
            throw .corruptChunk(.malformed(error))
        }
    }

    /// A chunk in its wire form becomes a record. One that finds no room is given up, and counted:
    /// a restart with a smaller budget keeps what fits, the oldest first.
    private mutating func insert(_ raw: UnsafeRawBufferPointer) throws(PrecisionError) {
        let decoded: DecodedChunk
        do throws(ChunkFault) { decoded = try ChunkCodec.decode(raw) } catch { throw .malformed }
        let header = decoded.header
        guard let slot = slot(of: header.series),
            header.firstIndex + UInt64(header.count) <= series[slot].nextIndex,
            let grid = Grid(lower: header.lower, upper: header.upper)
        else { throw .malformed }
        let values = UnsafeRawBufferPointer(rebasing: raw[decoded.valuesRange])
        let bytes = ChunkRecord.bytes(payload: values.count)
        guard let (timesId, offset) = timesFor(decoded, raw) else {
            counts.refused += UInt64(header.count)
            return
        }
        let kind: RecordKind = decoded.isCold ? .cold : .hot
        guard let ref = allocate(bytes, kind) else {
            if let times = timesRecord(timesId) { releaseTimes(times) }
            counts.refused += UInt64(header.count)
            return
        }
        let record = ChunkRecord(at: arena.pointer(ref))
        record.clearFlags()
        record.tier = header.tier
        record.worstTier = header.worstTier
        record.kind = header.kind
        record.slot = slot
        record.count = header.count
        record.timesId = timesId
        record.timesOffset = offset
        record.score = ChunkCodec.scoreIndex(header.score)
        // What was taken as high is exact for ever; a hot block's own score says whether it was.
        record.highValues = !decoded.isCold && header.score >= settings.exactScore ? header.count : 0
        record.scale = restoredScale(grid)
        record.firstIndex = header.firstIndex
        record.setPayload(Array(values))
        record.seal()
        series[slot].bytes += record.length
        if kind == .hot { series[slot].hotBlocks += 1 }
    }

    private mutating func restoredScale(_ grid: Grid) -> Int {
        if let known = scales.firstIndex(of: grid) { return known }
        return append(grid)
    }

    /// A record with these times, shared with a chunk that has the same; with one user more.
    private mutating func timesFor(
        _ decoded: DecodedChunk, _ raw: UnsafeRawBufferPointer
    ) -> (UInt32, Int)? {
        let coded = UnsafeRawBufferPointer(rebasing: raw[decoded.timesRange])
        var known: UInt32?
        arena.forEach { _, kind, at in
            guard kind == .times else { return }
            let record = TimesRecord(at: at)
            if record.first == decoded.header.firstTimeMs, record.count == decoded.header.count,
                record.payload.elementsEqual(coded)
            {
                known = record.id
                record.users += 1
            }
        }
        if let known { return (known, 0) }
        guard let ref = allocate(TimesRecord.bytes(payload: coded.count), .times) else { return nil }
        let id = newTimesId()
        fillTimes(
            ref, id: id, Array(coded), count: decoded.header.count,
            (decoded.header.firstTimeMs, decoded.header.lastTimeMs))
        TimesRecord(at: arena.pointer(ref)).users = 1
        return (id, 0)
    }
}
