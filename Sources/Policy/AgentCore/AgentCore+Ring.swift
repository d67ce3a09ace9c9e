// An agent without an aggregator: its pool is a ring (`PoolState+Ring`), and says so once it has to be.

import TensorPool

extension AgentCore {
    mutating func noteRing(_ actions: inout [AgentAction]) {
        guard !hasToldRing, feed.pool.dropped.total > 0 else { return }
        hasToldRing = true
        actions.append(
            .log(
                .notice,
                "the pool is full and no aggregator empties it: the oldest values of the least worth give way "
                    + "from now on (pool.dropped in decision.json counts them)"))
    }
}
