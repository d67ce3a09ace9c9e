// What the pool works in: kept from one time to the next, so that a pool at its budget, which seals,
// recodes and gives up all the time, asks the heap for nothing. Most of it is taken at the start; a list that
// has to grow, in a pool of a large budget or of many short blocks, stays as large as it was ever needed.
//
// It stands beside the budget, as what was coded on its way into a record always did: the bytes of a chunk
// that is recoded (`recodeBytesMax`) and of a block that is sealed, and lists of what lies in the arena, of
// which a walk over a large pool makes the longest. The numbers of a chunk lie on the stack (`ChunkNumbers`).

import Precision

struct PoolScratch {
    /// A block on its way into the arena: kept while room is made for it, which may recode others.
    var blockValues = ByteSink(reserving: blockBytes)
    var blockTimes = ByteSink(reserving: blockBytes)
    /// An escape for each of 128 integers takes 1360 bytes.
    private static let blockBytes = 1536

    /// A chunk that is being recoded, or times that are being joined: never both.
    var coded = ByteSink(reserving: PoolState.recodeBytesMax)
    var exceptions = ByteSink(reserving: 3072)
    var runs: [ValueRun] = []

    /// Sealed records of one series, as `PoolState.members` last found them.
    var members = Table<SealedRun>()
    /// Records of times that are being joined.
    var parts = Table<TimesPart>()
    /// Entries of a `TimesIndex`, and the ids that were asked for. Records of many short blocks are thousands:
    /// what these lists hold of each is where it lies and no more.
    var times = Table<RecordRef>()
    var ids = Table<UInt32>()
    /// Series whose compaction was tried in vain.
    var tried = Table<Int>()
    /// What would be given up, series by series.
    var candidates = Table<PoolState.Candidate?>()
    /// The oldest of what is delivered.
    var oldest = Table<PoolState.Delivered>()
    /// All chunks, by series and index.
    var chunks = Table<RecordRef>()
    /// Values in open buffers, track by track.
    var held = Table<Int>()

    /// Takes what a pool of the default budget comes to need, and writes to the larger part: memory that is
    /// first touched when the pool is full would look like a leak, and be missing in what was measured before.
    init() {
        for _ in 0..<PoolState.recodeBytesMax { coded.append8(0) }
        coded.removeAll()
        runs.reserveCapacity(32)
        members.reserve(64)
        parts.reserve(32)
        times.reserve(64)
        ids.reserve(32)
        tried.reserve(8)
        candidates.reserve(32)
        oldest.reserve(8)
    }

    /// Heap bytes, without what the allocator adds.
    var heldBytes: Int {
        let sinks = blockValues.capacity + blockTimes.capacity + coded.capacity + exceptions.capacity
        let recoding = runs.capacity * MemoryLayout<ValueRun>.stride + members.bytes + parts.bytes
        let walks = times.bytes + ids.bytes + tried.bytes + candidates.bytes + oldest.bytes + chunks.bytes + held.bytes
        return sinks + recoding + walks
    }

    mutating func clearRuns() {
        if !runs.isEmpty { runs.removeAll(keepingCapacity: true) }
    }

    mutating func deallocate() {
        members.deallocate()
        parts.deallocate()
        times.deallocate()
        ids.deallocate()
        tried.deallocate()
        candidates.deallocate()
        oldest.deallocate()
        chunks.deallocate()
        held.deallocate()
    }
}
