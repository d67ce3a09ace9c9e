// An agent without an aggregator: its pool is a ring.

import Model
import TensorPool
import Testing

@testable import AgentCore

@Suite struct AloneTests {
    private static let smallBytes = 96 * 1024

    private func fill(_ bench: AgentBench, _ rounds: Int) throws -> Int {
        var random = SplitMix64(seed: 5)
        var refused = 0
        for _ in 0..<rounds {
            let values = (0..<256).map { _ in Double(random.next() >> 11) / 9_007_199_254_740_992 }
            let answer = bench.append("noise", values, score: 0.3)
            if answer?.receipt == nil { refused += 1 }
            bench.run(ms: 1_000)
        }
        return refused
    }

    @Test func whatIsNewIsTakenWhateverHasToGo() throws {
        let bench = try AgentBench(enrolled: false, isAlone: true)
        bench.start()
        bench.run(ms: 1_000)
        try bench.core.feed.setBudget(bytes: Self.smallBytes)
        #expect(try fill(bench, 420) == 0)
        let pool = bench.core.poolSummary
        #expect(pool.refused == 0 && pool.dropped.low > 0 && pool.dropped.high == 0)
        #expect(pool.heldBytes <= UInt64(Self.smallBytes))
        // The workload's low values went, and not one of the agent's own, which are of normal value.
        #expect(pool.dropped.normal == 0)
        let memory = bench.core.feed.pool.indices(of: SeriesID.memoryAvailable)
        #expect(memory?.lowerBound == 0)
        #expect(bench.logs.filter { $0.contains("give way from now on") }.count == 1)
        guard case .status(let status) = bench.ask(.status) else { throw AgentBench.NotAnswered() }
        #expect(status.pool.dropped == pool.dropped)
        // An aggregator is named: from now on nothing is given up that it could still get.
        bench.core.reconfigure(
            token: nil, root: nil, sampleIntervalMs: 1_000, isAlone: false,
            at: Instant(monotonicMs: bench.nowMs, wallMs: bench.wallMs, isSynced: true))
        let before = bench.core.poolSummary.dropped
        #expect(try fill(bench, 40) > 0)
        #expect(bench.core.poolSummary.dropped == before)
    }

    @Test func withAnAggregatorNothingIsGivenUp() throws {
        let bench = try AgentBench()
        bench.answers = nil
        bench.start()
        bench.run(ms: 1_000)
        try bench.core.feed.setBudget(bytes: Self.smallBytes)
        #expect(try fill(bench, 420) > 0)
        #expect(bench.core.poolSummary.dropped.total == 0)
    }
}
