// What a person or a program on the device may want to see beside the decision itself: every named
// metric of the last cycle, and the pool's account. Nothing is computed for it until it is asked for.

public import Chamber
public import Model

extension AgentCore {
    /// The last cycle's metrics; nil before the first.
    public var explanation: Explanation? {
        guard let latest else { return nil }
        return chamber.explain(
            ChamberInput(
                hardware: hardware, sample: latest.sample, signals: latestSignals,
                poolPressure: feed.pressure), latest.decision, keeper.current)
    }

    /// The last cycle's; nil before the first.
    public var latestSample: Sample? { latest?.sample }

    /// The pool's account now. It walks through all that the pool holds: not for every cycle.
    public var poolSummary: PoolSummary { feed.summary }
}
