// What the pool works in: kept from one time to the next, so that a pool at its budget, which seals,
// recodes and gives up all the time, asks the heap for nothing. Each list grows to the most that was ever
// needed, and stays.
//
// It stands beside the budget, as what was coded on its way into a record always did: the numbers of the
// largest chunk that was recoded (32 KiB at most), its bytes (`recodeBytesMax`), and lists of what lies
// in the arena, of which a walk over a large pool makes the longest. A pool that was never short of room
// holds the coding of one block, 3 KiB.

import Precision

struct PoolScratch {
    /// A block on its way into the arena: kept while room is made for it, which may recode others.
    var blockValues = ByteSink(reserving: blockBytes)
    var blockTimes = ByteSink(reserving: blockBytes)
    /// An escape for each of 128 integers takes 1360 bytes.
    private static let blockBytes = 1536

    /// A chunk that is being recoded, or times that are being joined: never both.
    var coded = ByteSink()
    var exceptions = ByteSink()
    var runs: [ValueRun] = []
    private var numbers = Table<UInt64>()

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

    /// Heap bytes, without what the allocator adds.
    var heldBytes: Int {
        let sinks = blockValues.capacity + blockTimes.capacity + coded.capacity + exceptions.capacity
        let recoding = numbers.bytes + runs.capacity * MemoryLayout<ValueRun>.stride + members.bytes + parts.bytes
        let walks = times.bytes + ids.bytes + tried.bytes + candidates.bytes + oldest.bytes + chunks.bytes + held.bytes
        return sinks + recoding + walks
    }

    mutating func clearRuns() {
        if !runs.isEmpty { runs.removeAll(keepingCapacity: true) }
    }

    /// Room for a chunk's values or times; what it held before is gone.
    mutating func numbers<Number: BitwiseCopyable>(
        _ count: Int, as type: Number.Type
    ) -> UnsafeMutableBufferPointer<Number> {
        var wanted = TensorPool.blockValues
        while wanted < count { wanted *= 2 }
        numbers.reserve(wanted)
        return UnsafeMutableBufferPointer(start: numbers.memory(as: type), count: count)
    }

    mutating func deallocate() {
        numbers.deallocate()
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
