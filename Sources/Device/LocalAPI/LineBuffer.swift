// Bytes in, lines out. It holds one line at most; of one that is too long it keeps nothing, tells of
// it once, and goes on behind its end.

struct LineBuffer {
    enum Line: Equatable {
        case whole(ArraySlice<UInt8>)
        case tooLong
    }

    private(set) var bytes: [UInt8] = []
    private var start = 0
    /// Within a line that is too long: bytes of it so far.
    private(set) var skipped = 0

    /// What may be added now.
    var room: Int { LocalLimits.lineBytesMax + 1 - (bytes.count - start) }

    /// Holds a line that hasn't ended.
    var isWithinLine: Bool { start < bytes.count || skipped > 0 }

    /// Lets `fill` append what came.
    mutating func fill<Failure: Error>(
        _ fill: (inout [UInt8], Int) throws(Failure) -> Int?
    ) throws(Failure) -> Int? {
        if start > 0 {
            bytes.removeFirst(start)
            start = 0
        }
        return try fill(&bytes, room)
    }

    mutating func next() -> Line? {
        if let end = bytes[start...].firstIndex(of: 0x0a) {
            let line = bytes[start..<end]
            start = end + 1
            if skipped > 0 {
                skipped = 0
                return next()
            }
            return .whole(line)
        }
        guard bytes.count - start > LocalLimits.lineBytesMax || skipped > 0 else { return nil }
        let isFirst = skipped == 0
        skipped += bytes.count - start
        bytes.removeAll(keepingCapacity: true)
        start = 0
        return isFirst ? .tooLong : nil
    }

    /// The bytes behind the last newline, at the stream's end: a line whose newline was forgotten.
    mutating func rest() -> ArraySlice<UInt8>? {
        guard start < bytes.count, skipped == 0 else { return nil }
        defer { start = bytes.count }
        return bytes[start...]
    }
}
