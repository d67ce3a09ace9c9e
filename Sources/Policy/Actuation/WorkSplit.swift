// How a factor below 1 is shared between a frequency cap and core time. Pure; the governor writes what
// comes out of it, and the trials in simulation measure it.
//
// A factor below 1 is a share of the machine's work. By core time alone it is that share of all cores
// at the top frequency. With cpufreq the two nearest steps are mixed from cycle to cycle (first-order
// sigma-delta): a step in between costs less heat than the higher one with idle time. Where a cycle is
// long against the die's time constant, mixing would be a ripple, and the higher step is used for part
// of the time.

public struct WorkSplit: Sendable {
    /// Longest cycle in which steps are mixed, s: the fast poles of these boards are 2.4 s and 3.7 s.
    public static let mixedIntervalSMost = 2.0

    public struct Setting: Equatable, Sendable {
        /// Index of the frequency step.
        public var step: Int
        /// Share of all cores' time at that step.
        public var duty: Double

        public init(step: Int, duty: Double) {
            self.step = step
            self.duty = duty
        }
    }

    private var carry = 0.0

    public init() {}

    /// - Parameters:
    ///   - factor: a decision's; 1 and above holds nothing back.
    ///   - steps: the frequencies there are, rising, GHz; a single one (or none) can't be scaled.
    public mutating func setting(factor: Double, steps: [Double], intervalS: Double) -> Setting {
        let top = max(0, steps.count - 1)
        guard factor < 1 else { return Setting(step: top, duty: 1) }
        guard steps.count > 1 else { return Setting(step: top, duty: max(0, factor)) }
        let wanted = max(0, factor) * steps[top]
        let high = steps.firstIndex { $0 >= wanted - 1e-9 } ?? top
        guard intervalS <= Self.mixedIntervalSMost, high > 0 else {
            return Setting(step: high, duty: min(1, wanted / steps[high]))
        }
        let gap = steps[high] - steps[high - 1]
        carry += wanted - steps[high - 1]
        guard carry >= gap else { return Setting(step: high - 1, duty: 1) }
        carry -= gap
        return Setting(step: high, duty: 1)
    }
}
