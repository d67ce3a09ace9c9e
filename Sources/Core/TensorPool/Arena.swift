// The pool's memory: segments of up to 64 KiB, taken from the heap when first needed and never
// beyond a limit. Records lie in a segment one behind the other; each begins with its length, so a
// segment can be walked, and the records themselves are the directory. A freed record stays as a
// dead one until its segment is slid together. Only `PoolState` holds references to records, and
// it is told of every move.
//
//   record: u16 length (a multiple of 8, header included), u8 kind, then what the kind says

struct RecordRef: Equatable {
    var segment: UInt16
    var offset: UInt16
}

enum RecordKind: UInt8 {
    case dead = 0
    /// A sealed block, losslessly coded (`ExactBlock`), that may be compacted.
    case hot = 1
    /// The same, but compaction did not make it smaller; at 8 bits it may yet.
    case settled = 2
    /// Up to 4096 values (`ColdBlock`).
    case cold = 3
    /// The times of one or more sealed blocks or chunks.
    case times = 4
    /// Values of an open buffer, plain.
    case open = 5
    /// Times of open buffers, plain.
    case track = 6
    /// A sealed block that nothing makes smaller.
    case kept = 7
}

struct Arena {
    struct Segment {
        var base: UnsafeMutableRawPointer
        var capacity: Int
        /// Offset behind the last record.
        var used = 0
        /// Bytes of dead records below `used`.
        var dead = 0
    }

    /// Below 64 KiB, so that offsets and lengths are 16 bits, by what an allocator adds.
    static let segmentBytes = 65_536 - 32
    /// The most that an allocator adds to a block whose size is a multiple of 16: its size word rounded
    /// to 16, and 16 more where what a free block would leave is too small to be a block (glibc: under 32).
    static let allocatorBytes = 32
    /// Smaller segments would be mostly unusable ends.
    static let leastSegmentBytes = 2048

    private(set) var segments: [Segment] = []
    /// Heap bytes held, the allocator's share included.
    private(set) var heldBytes = 0
    /// Bytes of records in use.
    private(set) var liveBytes = 0

    static func rounded(_ bytes: Int) -> Int { (bytes + 7) & ~7 }

    /// A record behind the last one of a segment, or in a new segment if `limit` allows; nil if
    /// only sliding could help.
    mutating func allocate(_ bytes: Int, _ kind: RecordKind, limit: Int) -> RecordRef? {
        for index in segments.indices
        where segments[index].capacity - segments[index].used >= bytes {
            return place(bytes, kind, in: index)
        }
        let size = min(Self.segmentBytes, (limit - heldBytes - Self.allocatorBytes) & ~15)
        guard size >= max(bytes, Self.leastSegmentBytes), segments.count < Int(UInt16.max) else {
            return nil
        }
        segments.append(
            Segment(base: .allocate(byteCount: size, alignment: 16), capacity: size))
        heldBytes += size + Self.allocatorBytes
        return place(bytes, kind, in: segments.count - 1)
    }

    mutating func place(_ bytes: Int, _ kind: RecordKind, in segment: Int) -> RecordRef {
        let offset = segments[segment].used
        let at = segments[segment].base + offset
        at.storeBytes(of: UInt16(bytes), as: UInt16.self)
        at.storeBytes(of: kind.rawValue, toByteOffset: 2, as: UInt8.self)
        segments[segment].used += bytes
        liveBytes += bytes
        return RecordRef(segment: UInt16(segment), offset: UInt16(offset))
    }

    @inline(__always)
    func pointer(_ ref: RecordRef) -> UnsafeMutableRawPointer {
        segments[Int(ref.segment)].base + Int(ref.offset)
    }

    func length(_ ref: RecordRef) -> Int {
        Int(pointer(ref).load(as: UInt16.self))
    }

    func kind(_ ref: RecordRef) -> RecordKind {
        RecordKind(rawValue: pointer(ref).load(fromByteOffset: 2, as: UInt8.self)) ?? .dead
    }

    mutating func free(_ ref: RecordRef) {
        let bytes = length(ref)
        pointer(ref).storeBytes(of: 0, toByteOffset: 2, as: UInt8.self)
        segments[Int(ref.segment)].dead += bytes
        liveBytes -= bytes
    }

    /// Gives back the end of a record; what remains is `bytes` long.
    mutating func shrink(_ ref: RecordRef, to bytes: Int, _ kind: RecordKind) {
        let old = length(ref)
        let at = pointer(ref)
        at.storeBytes(of: kind.rawValue, toByteOffset: 2, as: UInt8.self)
        guard bytes < old else { return }
        at.storeBytes(of: UInt16(bytes), as: UInt16.self)
        liveBytes -= old - bytes
        if Int(ref.offset) + old == segments[Int(ref.segment)].used {
            segments[Int(ref.segment)].used -= old - bytes
            return
        }
        let rest = at + bytes
        rest.storeBytes(of: UInt16(old - bytes), as: UInt16.self)
        rest.storeBytes(of: 0, toByteOffset: 2, as: UInt8.self)
        segments[Int(ref.segment)].dead += old - bytes
    }

    /// Slides the live records of a segment together; `moved` hears (kind, record, new place).
    mutating func slide(
        _ segment: Int, _ moved: (RecordKind, UnsafeMutableRawPointer, RecordRef) -> Void
    ) {
        let base = segments[segment].base
        var from = 0
        var to = 0
        while from < segments[segment].used {
            let bytes = Int((base + from).load(as: UInt16.self))
            let raw = (base + from).load(fromByteOffset: 2, as: UInt8.self)
            if let kind = RecordKind(rawValue: raw), kind != .dead {
                if from != to {
                    (base + to).copyMemory(from: base + from, byteCount: bytes)
                    moved(
                        kind, base + to,
                        RecordRef(segment: UInt16(segment), offset: UInt16(to)))
                }
                to += bytes
            }
            from += bytes
        }
        segments[segment].used = to
        segments[segment].dead = 0
    }

    /// Calls `body` with every live record. The body may free or shrink records, not add any.
    func forEach(_ body: (RecordRef, RecordKind, UnsafeMutableRawPointer) -> Void) {
        for (index, segment) in segments.enumerated() {
            var offset = 0
            while offset < segment.used {
                let at = segment.base + offset
                let bytes = Int(at.load(as: UInt16.self))
                if let kind = RecordKind(
                    rawValue: at.load(fromByteOffset: 2, as: UInt8.self)), kind != .dead
                {
                    body(RecordRef(segment: UInt16(index), offset: UInt16(offset)), kind, at)
                }
                offset += bytes
            }
        }
    }

    /// Gives the last segments back while they are empty and the arena lies above `limit`.
    mutating func release(above limit: Int) {
        while heldBytes > limit, let last = segments.last, last.used == last.dead {
            last.base.deallocate()
            heldBytes -= last.capacity + Self.allocatorBytes
            segments.removeLast()
        }
    }

    mutating func deallocateAll() {
        for segment in segments { segment.base.deallocate() }
        segments = []
        (heldBytes, liveBytes) = (0, 0)
    }
}
