// A block of integers, cheaply: the best of four predictors, then Rice codes or zero runs. This is
// the hot coding, of values (as decimal integers) and of timestamps; the cold one is `Mixture`.
//
//   byte 0: Rice parameter, bit 6: zero runs, bit 7 free
//   byte 1: predictor
//   the first integer as a zigzag varint, then the residuals of the others
//
// All arithmetic wraps, so any Int64 survives, however it jumps.

enum IntegerBlock {
    enum Predictor: UInt8 {
        /// The first integer of the block.
        case none = 0
        case delta = 1
        /// The line through the last two.
        case deltaOfDelta = 2
        /// The mean of the last two: for a noisy level.
        case averaging = 3

        @inline(__always)
        func predict(first: Int64, last: Int64, beforeLast: Int64) -> Int64 {
            switch self {
            case .none: ByFirst.predict(first, last, beforeLast)
            case .delta: ByLast.predict(first, last, beforeLast)
            case .deltaOfDelta: ByLine.predict(first, last, beforeLast)
            case .averaging: ByMean.predict(first, last, beforeLast)
            }
        }
    }

    /// The integers may be gone afterwards. `count` ≥ 1.
    static func encode<Output: ByteOutput>(
        _ integers: UnsafeMutablePointer<Int64>, count: Int, into sink: inout Output
    ) {
        let (predictor, sum) = bestPredictor(integers, count: count)
        // One loop for each predictor: the choice is made once, not for every integer.
        switch predictor {
        case .none: encode(integers, count, ByFirst.self, predictor, sum, into: &sink)
        case .delta: encode(integers, count, ByLast.self, predictor, sum, into: &sink)
        case .deltaOfDelta: encode(integers, count, ByLine.self, predictor, sum, into: &sink)
        case .averaging: encode(integers, count, ByMean.self, predictor, sum, into: &sink)
        }
    }

    private static func encode<Rule: PredictorRule, Output: ByteOutput>(
        _ integers: UnsafeMutablePointer<Int64>, _ count: Int, _ rule: Rule.Type,
        _ predictor: Predictor, _ sum: UInt64, into sink: inout Output
    ) {
        let few = fewResiduals(integers, count: count, rule)
        let parameter =
            few.map { Rice.parameter(sum: sum &- UInt64($0), count: $0) }
            ?? Rice.parameter(sum: sum, count: count - 1)
        sink.append8(UInt8(parameter) | (few == nil ? 0 : 0x40))
        sink.append8(predictor.rawValue)
        sink.appendSignedVarint(integers[0])
        if few == nil, parameter <= Rice.shortParameter {
            append(integers, count, rule, parameter, into: &sink)
        } else {
            replaceByResiduals(integers, count: count, rule)
            let codes = UnsafeRawPointer(integers + 1).assumingMemoryBound(to: UInt64.self)
            append(
                UnsafeBufferPointer(start: codes, count: count - 1), parameter: parameter,
                isRuns: few != nil, into: &sink)
        }
    }

    /// Integers that are coded between one emptying of the writer's buffer and the next. The worst
    /// case is an escape for each; so a whole chunk takes no more memory than a block.
    private static let piece = 64
    private static let pieceBytes = piece * 11 + 16

    /// The usual case: residuals are made and coded in one go.
    @inline(__always)
    private static func append<Rule: PredictorRule, Output: ByteOutput>(
        _ integers: UnsafeMutablePointer<Int64>, _ count: Int, _ rule: Rule.Type,
        _ parameter: UInt64, into sink: inout Output
    ) {
        let first = integers[0]
        var (last, beforeLast) = (first, first)
        let pieces = (count - 1 + piece - 1) / piece
        sink.appendBits(pieces: pieces, ofAtMost: pieceBytes) { index, writer in
            for position in index * piece &+ 1..<min(count, (index + 1) * piece &+ 1) {
                let value = integers[position]
                let predicted = Rule.predict(first, last, beforeLast)
                Rice.writeShort(Rice.zigzag(value &- predicted), parameter: parameter, to: &writer)
                (beforeLast, last) = (last, value)
            }
        }
    }

    private static func append<Output: ByteOutput>(
        _ codes: UnsafeBufferPointer<UInt64>, parameter: UInt64, isRuns: Bool,
        into sink: inout Output
    ) {
        if isRuns {
            // At most a quarter are not zero; the worst case is an escape for each, and for its run.
            sink.appendBits(atMost: (codes.count / 4 + 1) * 22 + 16) { writer in
                Rice.writeRuns(codes, parameter: parameter, to: &writer)
            }
            return
        }
        let pieces = (codes.count + piece - 1) / piece
        sink.appendBits(pieces: pieces, ofAtMost: pieceBytes) { index, writer in
            for code in codes[index * piece..<min(codes.count, (index + 1) * piece)] {
                Rice.write(code, parameter: parameter, to: &writer)
            }
        }
    }

    /// About the bytes of a coding, without making it: an upper bound but for a few bytes.
    static func estimate(_ next: (Int) -> Int64, count: Int) -> Int {
        var sums = SIMD4<UInt64>(repeating: 0)
        var zeros = SIMD4<UInt64>(repeating: 0)
        let first = next(0)
        var (last, beforeLast) = (first, first)
        for position in 1..<max(1, count) {
            let value = next(position)
            for index in 0..<4 {
                guard let predictor = Predictor(rawValue: UInt8(index)) else { continue }
                let predicted = predictor.predict(first: first, last: last, beforeLast: beforeLast)
                let code = Rice.zigzag(value &- predicted)
                sums[index] = sums[index] &+ min(code, 1 << 50)
                if code == 0 { zeros[index] += 1 }
            }
            (beforeLast, last) = (last, value)
        }
        var least = Int.max
        for index in 0..<4 {
            let others = count - 1 - Int(zeros[index])
            let isRuns = Int(zeros[index]) * 4 > (count - 1) * 3
            let coded = isRuns ? others : count - 1
            let parameter = Rice.parameter(sum: sums[index], count: coded)
            let bits = Int(sums[index] >> parameter) + coded * (Int(parameter) + 1)
            least = min(least, (bits + (isRuns ? 5 * (others + 1) : 0)) / 8)
        }
        return least + 12
    }

    /// Fills `integers` with exactly `count` values from the whole rest of `source`.
    static func decode(
        _ integers: UnsafeMutablePointer<Int64>, count: Int, from source: inout ByteSource
    ) throws(PrecisionError) {
        let head = try source.read8()
        let parameter = UInt64(head & 0x3F)
        guard head < 0x80, parameter <= Rice.largestParameter,
            let predictor = Predictor(rawValue: try source.read8())
        else { throw .malformed }
        let first = try source.readSignedVarint()
        integers[0] = first
        var reader = BitReader(source.takeRest())
        var last = first
        var beforeLast = first
        if head & 0x40 != 0 {
            let raw = UnsafeMutableRawPointer(integers + 1).assumingMemoryBound(to: UInt64.self)
            let residuals = UnsafeMutableBufferPointer(start: raw, count: count - 1)
            try Rice.readRuns(into: residuals, parameter: parameter, from: &reader)
            for position in 1..<max(1, count) {
                let residual = Rice.unzigzag(UInt64(bitPattern: integers[position]))
                let value =
                    residual
                    &+ predictor.predict(first: first, last: last, beforeLast: beforeLast)
                integers[position] = value
                (beforeLast, last) = (last, value)
            }
            return
        }
        for position in 1..<max(1, count) {
            let residual = Rice.unzigzag(try Rice.read(parameter: parameter, from: &reader))
            let value =
                residual &+ predictor.predict(first: first, last: last, beforeLast: beforeLast)
            integers[position] = value
            (beforeLast, last) = (last, value)
        }
    }

    /// The predictor of the least sum of zigzagged residuals, and that sum.
    private static func bestPredictor(
        _ integers: UnsafeMutablePointer<Int64>, count: Int
    ) -> (Predictor, sum: UInt64) {
        let first = integers[0]
        var sums = ResidualSums()
        let still = SIMD2(repeating: first)
        // A lane that stands at the first integer adds nothing.
        if count > 1 { sums.add(SIMD2(integers[1], first), still, still, first) }
        // Two at once.
        var position = 2
        while position &+ 1 < count {
            let at = UnsafeRawPointer(integers + position)
            sums.add(
                at.loadUnaligned(as: SIMD2<Int64>.self),
                (at - 8).loadUnaligned(as: SIMD2<Int64>.self),
                (at - 16).loadUnaligned(as: SIMD2<Int64>.self), first)
            position &+= 2
        }
        if position < count {
            sums.add(
                SIMD2(integers[position], first), SIMD2(integers[position - 1], first),
                SIMD2(integers[position - 2], first), first)
        }
        return sums.least
    }

    /// How many residuals are not zero, if that is less than a quarter of them: then they are coded
    /// as runs. Where they are more, that shows early.
    @inline(__always)
    private static func fewResiduals<Rule: PredictorRule>(
        _ integers: UnsafeMutablePointer<Int64>, count: Int, _ rule: Rule.Type
    ) -> Int? {
        let first = integers[0]
        var (last, beforeLast) = (first, first)
        var others = 0
        for position in 1..<max(1, count) {
            let value = integers[position]
            if value != Rule.predict(first, last, beforeLast) {
                others &+= 1
                if others &* 4 >= count &- 1 { return nil }
            }
            (beforeLast, last) = (last, value)
        }
        return count > 1 ? others : nil
    }

    /// Writes the zigzagged residuals over all integers but the first.
    @inline(__always)
    private static func replaceByResiduals<Rule: PredictorRule>(
        _ integers: UnsafeMutablePointer<Int64>, count: Int, _ rule: Rule.Type
    ) {
        let first = integers[0]
        var (last, beforeLast) = (first, first)
        for position in 1..<max(1, count) {
            let value = integers[position]
            let predicted = Rule.predict(first, last, beforeLast)
            integers[position] = Int64(bitPattern: Rice.zigzag(value &- predicted))
            (beforeLast, last) = (last, value)
        }
    }
}

/// What `IntegerBlock.Predictor` has names for; as types, so that each has loops of its own.
private protocol PredictorRule {
    static func predict(_ first: Int64, _ last: Int64, _ beforeLast: Int64) -> Int64
}

private enum ByFirst: PredictorRule {
    @inline(__always)
    static func predict(_ first: Int64, _ last: Int64, _ beforeLast: Int64) -> Int64 { first }
}

private enum ByLast: PredictorRule {
    @inline(__always)
    static func predict(_ first: Int64, _ last: Int64, _ beforeLast: Int64) -> Int64 { last }
}

private enum ByLine: PredictorRule {
    @inline(__always)
    static func predict(_ first: Int64, _ last: Int64, _ beforeLast: Int64) -> Int64 {
        last &+ (last &- beforeLast)
    }
}

private enum ByMean: PredictorRule {
    @inline(__always)
    static func predict(_ first: Int64, _ last: Int64, _ beforeLast: Int64) -> Int64 {
        last &- (last &- beforeLast) &>> 1
    }
}

/// Sums of zigzagged residuals for each predictor, in two lanes. A residual counts as 2^52 at most,
/// so that jumps over the whole range of Int64 cannot wrap a sum into looking small.
private struct ResidualSums {
    private var none = SIMD2<UInt64>(repeating: 0)
    private var delta = SIMD2<UInt64>(repeating: 0)
    private var deltaOfDelta = SIMD2<UInt64>(repeating: 0)
    private var averaging = SIMD2<UInt64>(repeating: 0)

    @inline(__always)
    mutating func add(
        _ value: SIMD2<Int64>, _ last: SIMD2<Int64>, _ beforeLast: SIMD2<Int64>, _ first: Int64
    ) {
        let step = value &- last
        let lastStep = last &- beforeLast
        none &+= Self.code(value &- SIMD2(repeating: first))
        delta &+= Self.code(step)
        deltaOfDelta &+= Self.code(step &- lastStep)
        averaging &+= Self.code(step &+ lastStep &>> 1)
    }

    @inline(__always)
    private static func code(_ residual: SIMD2<Int64>) -> SIMD2<UInt64> {
        let cap = SIMD2<UInt64>(repeating: 1 << 52)
        let code = SIMD2<UInt64>(truncatingIfNeeded: residual &<< 1 ^ residual &>> 63)
        return code.replacing(with: cap, where: code .> cap)
    }

    /// Of equal ones, the last step's, then the first in their order.
    var least: (IntegerBlock.Predictor, sum: UInt64) {
        var best = (IntegerBlock.Predictor.delta, sum: delta.wrappedSum())
        func consider(_ predictor: IntegerBlock.Predictor, _ lanes: SIMD2<UInt64>) {
            if lanes.wrappedSum() < best.sum { best = (predictor, lanes.wrappedSum()) }
        }
        consider(.none, none)
        consider(.deltaOfDelta, deltaOfDelta)
        consider(.averaging, averaging)
        return best
    }
}
