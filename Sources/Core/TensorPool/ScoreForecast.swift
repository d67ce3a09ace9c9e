// Foresight: each series' scores, block by block, smoothed with a trend (Holt). When the next block
// is expected to be of high value while the last was not, room is made before it comes.

struct ScoreForecast {
    private static let levelRate: Float = 0.5
    private static let trendRate: Float = 0.3
    private(set) var level: Float = 0
    private(set) var trend: Float = 0

    /// The score expected of the next block.
    var expected: Float { level + trend }

    mutating func observe(_ score: Float) {
        let before = level
        level = Self.levelRate * score + (1 - Self.levelRate) * (level + trend)
        trend = Self.trendRate * (level - before) + (1 - Self.trendRate) * trend
    }
}

extension PoolState {
    /// Room for a few exact blocks: as much as one costs when nothing codes well.
    private static let bytesAhead = 4 * TensorPool.blockValues * 8

    /// After a block of `score` was sealed.
    mutating func lookAhead(_ slot: Int, score: Double) {
        let exact = Float(thresholds().exact)
        let wasExpected = series[slot].forecast.expected >= exact
        series[slot].forecast.observe(Float(score))
        guard settings.harmonicCoherence >= settings.coherenceThreshold,
            series[slot].forecast.expected >= exact, !wasExpected || Float(score) < exact
        else { return }
        var made = false
        while budgetBytes - fixedBytes - arena.liveBytes < Self.bytesAhead {
            guard let more = try? makeSomeRoom(sparing: slot), more else { break }
            made = true
        }
        if made { counts.roomMadeAhead += 1 }
    }
}
