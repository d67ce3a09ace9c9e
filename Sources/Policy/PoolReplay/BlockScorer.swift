// The value of a period, when no column says it: its volatility against what has been before.
//
// A block of 128 values has a volatility, the root of the mean squared step. Its score is its rank
// among the blocks of the same column so far (0 … 1, causal: nothing later is looked at), stretched
// so that a wanted share of blocks lies above 1/φ. Volatility drifts, so the rank that counts as
// high follows the share realised so far.

import Phi

struct BlockScorer {
    private var history: [Double] = []
    private var highBlocks = 0
    private let exactShare: Double
    /// Blocks before a rank means anything.
    private static let warmUp = 10
    /// How strongly a share above or below the wanted one moves the rank.
    private static let gain = 4.0

    init(exactShare: Double) { self.exactShare = exactShare }

    var blocks: Int { history.count }

    /// The score of the next block, given the values before it (or NaN).
    mutating func score(_ values: ArraySlice<Double>, after previous: Double) -> Double {
        let volatility = Self.volatility(values, after: previous)
        var below = 0
        for other in history where other < volatility { below += 1 }
        let known = history.count
        let rank = known == 0 ? 0 : Double(below) / Double(known)
        history.append(volatility)
        let realised = known == 0 ? exactShare : Double(highBlocks) / Double(known)
        let cut = max(0, min(1, 1 - exactShare + (realised - exactShare) * Self.gain))
        let isHigh = exactShare >= 1 || (exactShare > 0 && known >= Self.warmUp && rank >= cut)
        if isHigh { highBlocks += 1 }
        // Low ranks spread over 0 … 1/φ, high ones over 1/φ … 1.
        let high = 1 / Phi.ratio
        if isHigh { return high + (1 - high) * rank }
        return min(high * 0.999, rank * high * 0.999)
    }

    private static func volatility(_ values: ArraySlice<Double>, after previous: Double) -> Double {
        var last = previous
        var sum = 0.0
        var count = 0.0
        for value in values where value.isFinite {
            if last.isFinite {
                let step = (value - last).magnitude
                if step < 1e150 {
                    sum += step * step
                    count += 1
                }
            }
            last = value
        }
        return count == 0 ? 0 : (sum / count).squareRoot()
    }
}
