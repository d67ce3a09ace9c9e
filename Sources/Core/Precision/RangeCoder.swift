// The range coder of cold chunks: a carryless coder (Subbotin 1999) over 64 bits, for symbols given
// as an interval of a total of 2^30. The range never falls below 2^40, so that rounding costs at
// most 1/1024 of a symbol's share.

struct RangeEncoder {
    static let totalBits: UInt64 = 30
    fileprivate static let top: UInt64 = 1 << 56
    fileprivate static let bottom: UInt64 = 1 << 40

    private var low: UInt64 = 0
    private var range = UInt64.max
    /// The caller's, until `finish`; what the coder appends begins at `start`.
    private var sink = ByteSink()
    private let start: Int

    /// Appends to the sink, which is empty until `finish` gives it back.
    init(taking sink: inout ByteSink) {
        start = sink.count
        swap(&self.sink, &sink)
    }

    /// A symbol that takes [from, to) of 2^30, from < to.
    @inline(__always)
    mutating func encode(from: UInt64, to: UInt64) {
        let unit = range >> Self.totalBits
        low &+= unit &* from
        range = unit &* (to &- from)
        normalise()
    }

    /// `count` bits (0…64) that nothing is known of.
    mutating func encodePlain(_ value: UInt64, bits count: UInt64) {
        var left = count
        while left > 0 {
            let piece = min(16, left)
            left -= piece
            let unit = range >> piece
            low &+= unit &* ((value >> left) & ((1 << piece) - 1))
            range = unit
            normalise()
        }
    }

    @inline(__always)
    private mutating func normalise() {
        while true {
            if (low ^ (low &+ range)) >= Self.top {
                // The top byte is not settled. Where the range has grown too small for that to
                // change soon, cut it at the next multiple of 2^40.
                if range >= Self.bottom { return }
                range = (0 &- low) & (Self.bottom - 1)
            }
            sink.append8(UInt8(truncatingIfNeeded: low >> 56))
            low <<= 8
            range <<= 8
        }
    }

    /// Gives the sink back, with no more of the final state than a decoder needs that reads zeros after the
    /// end.
    mutating func finish(into caller: inout ByteSink) {
        for kept in UInt64(0)...8 {
            let mask: UInt64 = kept == 0 ? .max : kept == 8 ? 0 : .max >> (8 * kept)
            let (sum, overflow) = low.addingReportingOverflow(mask)
            let value = sum & ~mask
            if !overflow, value - low < range {
                for index in 0..<kept {
                    sink.append8(UInt8(truncatingIfNeeded: value >> (56 - 8 * index)))
                }
                break
            }
        }
        while sink.count > start, sink.bytes.last == 0 { sink.removeLast(1) }
        swap(&sink, &caller)
    }
}

struct RangeDecoder {
    private var source: UnsafeRawBufferPointer
    private var position = 0
    private var low: UInt64 = 0
    private var range = UInt64.max
    private var code: UInt64 = 0
    private var unit: UInt64 = 1

    init(_ bytes: UnsafeRawBufferPointer) {
        source = bytes
        for _ in 0..<8 { code = code << 8 | next() }
    }

    /// Zeros follow the end: the encoder leaves them out.
    @inline(__always)
    private mutating func next() -> UInt64 {
        guard position < source.count else { return 0 }
        defer { position += 1 }
        return UInt64(source[position])
    }

    /// Where in the 2^30 the next symbol lies; `remove` must follow.
    @inline(__always)
    mutating func peek() -> UInt64 {
        unit = range >> RangeEncoder.totalBits
        return min((code &- low) / unit, (1 << RangeEncoder.totalBits) - 1)
    }

    @inline(__always)
    mutating func remove(from: UInt64, to: UInt64) {
        low &+= unit &* from
        range = unit &* (to &- from)
        normalise()
    }

    mutating func decodePlain(bits count: UInt64) -> UInt64 {
        var value: UInt64 = 0
        var left = count
        while left > 0 {
            let piece = min(16, left)
            left -= piece
            unit = range >> piece
            let part = min((code &- low) / unit, (1 << piece) - 1)
            value = value << piece | part
            low &+= unit &* part
            range = unit
            normalise()
        }
        return value
    }

    @inline(__always)
    private mutating func normalise() {
        while true {
            if (low ^ (low &+ range)) >= RangeEncoder.top {
                if range >= RangeEncoder.bottom { return }
                range = (0 &- low) & (RangeEncoder.bottom - 1)
            }
            code = code << 8 | next()
            low <<= 8
            range <<= 8
        }
    }
}
