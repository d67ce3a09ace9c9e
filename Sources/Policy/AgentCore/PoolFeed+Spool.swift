// The pool's side of store and forward: what a checkpoint has to hold, and the pool's way over a restart.

import Bytes
import Model
import TensorPool
import Wire

extension PoolFeed {
    /// Values that are neither acknowledged nor in a record, as chunks; the pool stays as it is.
    func unspooled() -> [DeliverableChunk] {
        var chunks: [DeliverableChunk] = []
        for id in declared {
            let from = max(book.spooled(id), pool.deliveredIndex(of: id) ?? 0)
            chunks += pool.run(of: id, from: from)
        }
        return chunks
    }

    /// What is acknowledged of each series. What the pool gave away counts only once it was forwarded.
    var marks: [SeriesMark] {
        declared.map { id in
            let delivered = pool.deliveredIndex(of: id) ?? 0
            let one = book.series.first { $0.id == id }
            guard let one, one.spilledFrom < one.spilledEnd else { return SeriesMark(series: id, end: delivered) }
            return SeriesMark(series: id, end: min(delivered, one.spilledFrom))
        }
    }

    /// Of the agent's own the series that is worst off: a sample counts when any of its values is at risk.
    /// A workload's values are samples of their own, each.
    var atRisk: AtRisk {
        var own = AtRisk()
        var all = AtRisk()
        pool.forEachSeries { id, delivered, next in
            let (spooled, unbacked) = book.backing(of: id)
            let fresh = next - min(next, max(spooled, delivered))
            // Their copies went at the cap.
            let bareEnd = min(unbacked, spooled)
            let bare = bareEnd - min(delivered, bareEnd)
            if id >= SeriesID.firstUser {
                all.unrecorded += fresh
                all.bare += bare
            } else {
                own.unrecorded = max(own.unrecorded, fresh)
                own.bare = max(own.bare, bare)
            }
        }
        all.unrecorded += own.unrecorded
        all.bare += own.bare
        return all
    }

    /// The aggregator lost what it had acknowledged. What is held is offered again; no record holds it.
    mutating func offerAgain() {
        for id in declared {
            let before = pool.deliveredIndex(of: id) ?? 0
            let at = book.index(id)
            book.series[at].unbacked = max(book.series[at].unbacked, min(before, book.series[at].spooled))
        }
        pool.offerAgain()
    }

    // MARK: Over a restart

    /// All of the pool and its account with the spool; nil where it can't be had.
    ///
    /// It holds for one boot of the kernel: its times are CLOCK_BOOTTIME's. After a reboot what was not
    /// delivered comes from the spool.
    func snapshot(stream: UInt64, kernelBootID: String) -> [UInt8]? {
        guard let bytes = try? pool.snapshot() else { return nil }
        var writer = ProtoWriter(reserving: bytes.count + 1024)
        writer.unsigned(1, stream)
        writer.string(2, kernelBootID, upTo: 64)
        for name in allNames { writer.message(3, name.encoded()) }
        for id in declared {
            var inner = ProtoWriter()
            inner.unsigned(1, UInt64(id))
            if let one = book.series.first(where: { $0.id == id }) {
                inner.unsigned(2, one.spooled)
                inner.unsigned(3, one.unbacked)
                inner.unsigned(4, one.spilledFrom)
                inner.unsigned(5, one.spilledEnd)
            }
            writer.message(4, inner)
        }
        writer.data(5, bytes)
        for entry in user.entries { writer.message(6, entry.encoded()) }
        return writer.bytes
    }

    struct Restored {
        var stream: UInt64 = 0
        var kernelBootID = ""
        var names: [SeriesName] = []
        var series: [SpoolBook.Series] = []
        var pool: [UInt8] = []
        /// The workload's series, by their ids.
        var user: [UserSeries.Entry] = []

        init(decoding bytes: [UInt8]) throws(WireFault) {
            var reader = ProtoReader(bytes)
            while let field = try reader.next() {
                switch field.number {
                case 1: stream = try reader.unsigned(field)
                case 2: kernelBootID = try reader.string(field, upTo: 64)
                case 3:
                    guard names.count < SeriesName.countMax else {
                        throw .tooLong(field: 3, limit: SeriesName.countMax)
                    }
                    names.append(try SeriesName(decoding: try reader.message(field)))
                case 4:
                    guard series.count < TensorPool.seriesLimit else {
                        throw .tooLong(field: 4, limit: TensorPool.seriesLimit)
                    }
                    series.append(try SpoolBook.Series(decoding: try reader.message(field)))
                case 5: pool = try reader.data(field, upTo: bytes.count)
                case 6:
                    guard user.count < UserSeries.countMax else {
                        throw .tooLong(field: 6, limit: UserSeries.countMax)
                    }
                    user.append(
                        try UserSeries.Entry(
                            decoding: try reader.message(field), id: UserSeries.id(user.count)))
                default: break
                }
            }
            guard stream > 0, stream < 1 << 62 else { throw .outOfRange(field: 1) }
        }
    }
}

extension SpoolBook.Series {
    fileprivate init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(id: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: id = UInt16(truncatingIfNeeded: try reader.int(field, upTo: 65_535))
            case 2: spooled = try reader.unsigned(field)
            case 3: unbacked = try reader.unsigned(field)
            case 4: spilledFrom = try reader.unsigned(field)
            case 5: spilledEnd = try reader.unsigned(field)
            default: break
            }
        }
        guard spilledFrom <= spilledEnd, spilledEnd <= spooled || spilledEnd == 0 else {
            throw .outOfRange(field: 4)
        }
        // Indices of a series: sums of them are far from the end of the numbers.
        guard spooled <= ChunkLimits.indices, unbacked <= ChunkLimits.indices else {
            throw .outOfRange(field: 2)
        }
    }
}

extension UserSeries.Entry {
    fileprivate func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.data(1, name)
        writer.unsigned(2, UInt64(declaration.kind.rawValue))
        writer.double(3, declaration.lower)
        writer.double(4, declaration.upper)
        writer.double(5, low)
        writer.double(6, high)
        writer.bool(7, isScaleFixed)
        writer.unsigned(8, rescales)
        writer.bool(9, isOrdered)
        return writer
    }

    /// Its counts begin anew: they are of one run.
    fileprivate init(decoding message: ProtoReader, id: UInt16) throws(WireFault) {
        var reader = message
        var name: [UInt8] = []
        var kind = SeriesClass.signal
        var (lower, upper, low, high) = (0.0, 0.0, 0.0, 0.0)
        var isFixed = false
        var isOrdered = false
        var rescales = 0
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try reader.data(field, upTo: SeriesAlphabet.bytesMax)
            case 2:
                let raw = UInt8(truncatingIfNeeded: try reader.int(field, upTo: 255))
                guard let known = SeriesClass(rawValue: raw) else { throw .outOfRange(field: 2) }
                kind = known
            case 3: lower = try reader.finite(field)
            case 4: upper = try reader.finite(field)
            case 5: low = try reader.double(field)
            case 6: high = try reader.double(field)
            case 7: isFixed = try reader.bool(field)
            case 8: rescales = try reader.int(field, upTo: UserSeries.rescalesMax)
            case 9: isOrdered = try reader.bool(field)
            default: break
            }
        }
        guard SeriesAlphabet.isName(name[...]), upper > lower else { throw .outOfRange(field: 1) }
        self.init(
            name: name, declaration: SeriesDeclaration(id: id, kind: kind, lower: lower, upper: upper),
            low: low, high: high, isScaleFixed: isFixed)
        self.rescales = rescales
        self.isOrdered = isOrdered
    }
}
