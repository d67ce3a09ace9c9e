// Learning put to the test: a stream whose best expert changes, the slot learner of the product on it,
// and the best fixed expert of each segment to compare with (for a loss that is linear in the weights,
// the best fixed weights are one expert).
//
// The bound is that of fixed share for K segments in T rounds, N experts, rate η, share α
// (Herbster and Warmuth 1998, theorem for losses in [0,1]; Cesa-Bianchi and Lugosi 2006, cor. 5.1):
//
//     regret ≤ (K·ln N + (K−1)·ln(1/α) + (T−K)·ln(1/(1−α))) / η + η·T/8

import Chamber
import Phi
import Simulation

public struct RegretResult: Sendable {
    public let rounds: Int
    public let segments: Int
    /// Summed losses.
    public let learner: Double
    public let bestPerSegment: Double
    public let bestFixed: Double
    public let uniform: Double
    public let bound: Double
    /// The regret after each round so far, against the best expert of each segment so far.
    public let course: [Double]

    public var regret: Double { learner - bestPerSegment }
}

public enum RegretTrial {
    /// - Parameters:
    ///   - lead: how much less the segment's best expert loses than the others, on average.
    public static func run(
        segments: Int, roundsEach: Int, lead: Double, seed: UInt64
    ) -> RegretResult {
        var random = SeededRandom(seed: seed)
        var learner = SlotLearner()
        var learned = 0.0
        var bestPerSegment = 0.0
        var uniform = 0.0
        var totals = [0.0, 0.0, 0.0, 0.0]
        var good = 0
        var course: [Double] = []
        for _ in 0..<segments {
            good = (good + 1 + Int(random.uniform() * 3)) % 4
            var inSegment = [0.0, 0.0, 0.0, 0.0]
            for _ in 0..<roundsEach {
                var losses = [0.0, 0.0, 0.0, 0.0]
                for expert in 0..<4 {
                    let middle = expert == good ? 0.5 - lead : 0.5
                    losses[expert] = clamp(middle + 0.4 * (random.uniform() - 0.5), 0...1)
                    inSegment[expert] += losses[expert]
                    totals[expert] += losses[expert]
                    uniform += losses[expert] / 4
                }
                let p = learner.distribution(7)
                learned += p.0 * losses[0] + p.1 * losses[1] + p.2 * losses[2] + p.3 * losses[3]
                learner.learn(7, losses: (losses[0], losses[1], losses[2], losses[3]))
                course.append(learned - bestPerSegment - (inSegment.min() ?? 0))
            }
            bestPerSegment += inSegment.min() ?? 0
        }
        let rounds = segments * roundsEach
        return RegretResult(
            rounds: rounds, segments: segments, learner: learned, bestPerSegment: bestPerSegment,
            bestFixed: totals.min() ?? 0, uniform: uniform,
            bound: bound(rounds: rounds, segments: segments), course: course)
    }

    public static func bound(rounds: Int, segments: Int) -> Double {
        func ln(_ x: Double) -> Double { Phi.log2(x) * 0.6931471805599453 }
        let k = Double(segments)
        let t = Double(rounds)
        let alpha = SlotLearner.share
        let price = k * ln(4) + (k - 1) * ln(1 / alpha) + (t - k) * ln(1 / (1 - alpha))
        return price / SlotLearner.learningRate + SlotLearner.learningRate * t / 8
    }
}
