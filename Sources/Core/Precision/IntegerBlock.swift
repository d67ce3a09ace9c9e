// A block of integers, cheaply: the best of four predictors, then Rice codes or zero runs. This is
// the hot coding, of values (as decimal integers) and of timestamps; the cold one is `Mixture`.
//
//   byte 0: Rice parameter, bit 6: zero runs, bit 7 free
//   byte 1: predictor
//   the first integer as a zigzag varint, then the residuals of the others
//
// All arithmetic wraps, so any Int64 survives, however it jumps.

enum IntegerBlock {
    enum Predictor: UInt8, CaseIterable {
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
            case .none: first
            case .delta: last
            case .deltaOfDelta: last &+ (last &- beforeLast)
            case .averaging: last &- (last &- beforeLast) &>> 1
            }
        }
    }

    /// Residuals are written over the integers, zigzagged. `count` ≥ 1.
    static func encode(
        _ integers: UnsafeMutablePointer<Int64>, count: Int, into sink: inout ByteSink
    ) {
        let (predictor, sum) = bestPredictor(integers, count: count)
        let first = integers[0]
        let zeros = replaceByResiduals(integers, count: count, predictor)
        let runs = zeros * 4 > (count - 1) * 3
        let parameter =
            runs
            ? Rice.parameter(sum: sum &- UInt64(count - 1 - zeros), count: count - 1 - zeros)
            : Rice.parameter(sum: sum, count: count - 1)
        sink.append8(UInt8(parameter) | (runs ? 0x40 : 0))
        sink.append8(predictor.rawValue)
        sink.appendSignedVarint(first)
        let residuals = UnsafeRawPointer(integers + 1).assumingMemoryBound(to: UInt64.self)
        let all = UnsafeBufferPointer(start: residuals, count: count - 1)
        if runs {
            // At most a quarter are not zero; the worst case is an escape for each, and for its run.
            sink.appendBits(atMost: (count / 4 + 1) * 22 + 16) { writer in
                Rice.writeRuns(all, parameter: parameter, to: &writer)
            }
            return
        }
        // The worst case is an escape for each value: in pieces, so that a whole chunk takes no more
        // memory than a block.
        let piece = 128
        sink.appendBits(pieces: (count + piece - 1) / piece, ofAtMost: piece * 11 + 16) { index, writer in
            for value in all[min(all.count, index * piece)..<min(all.count, (index + 1) * piece)] {
                Rice.write(value, parameter: parameter, to: &writer)
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
            for (index, predictor) in Predictor.allCases.enumerated() {
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

    /// The predictor of the least sum of zigzagged residuals; sums saturate, so that jumps over the
    /// whole range of Int64 cannot wrap one into looking small.
    private static func bestPredictor(
        _ integers: UnsafeMutablePointer<Int64>, count: Int
    ) -> (Predictor, UInt64) {
        let first = integers[0]
        var last = first
        var beforeLast = first
        var sums = SIMD4<UInt64>(repeating: 0)
        let cap = SIMD4<UInt64>(repeating: 1 << 52)
        for position in 1..<max(1, count) {
            let value = integers[position]
            let delta = value &- last
            let lastDelta = last &- beforeLast
            let residuals = SIMD4<Int64>(
                value &- first, delta, delta &- lastDelta, delta &+ lastDelta &>> 1)
            let codes = SIMD4<UInt64>(
                truncatingIfNeeded: residuals &<< 1 ^ residuals &>> 63)
            sums = sums &+ codes.replacing(with: cap, where: codes .> cap)
            (beforeLast, last) = (last, value)
        }
        var best = Predictor.delta
        for predictor in Predictor.allCases
        where sums[Int(predictor.rawValue)] < sums[Int(best.rawValue)] {
            best = predictor
        }
        return (best, sums[Int(best.rawValue)])
    }

    /// Answers how many residuals are zero.
    private static func replaceByResiduals(
        _ integers: UnsafeMutablePointer<Int64>, count: Int, _ predictor: Predictor
    ) -> Int {
        let first = integers[0]
        var last = first
        var beforeLast = first
        var zeros = 0
        for position in 1..<max(1, count) {
            let value = integers[position]
            let predicted = predictor.predict(first: first, last: last, beforeLast: beforeLast)
            let code = Rice.zigzag(value &- predicted)
            if code == 0 { zeros += 1 }
            integers[position] = Int64(bitPattern: code)
            (beforeLast, last) = (last, value)
        }
        return zeros
    }
}
