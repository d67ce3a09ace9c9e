// What of a decision and of the parameters reaches the pool.

import Model
import Testing

@testable import AgentCore

@Suite struct PoolFeedTests {
    @Test func thresholdsAndCoherenceReachThePool() throws {
        var feed = try PoolFeed(budgetBytes: 64 * 1024)
        var decision = Decision()
        decision.harmonicCoherence = 0.25
        var parameters = ParameterValues()
        parameters[.tensorHarmonicLeast] = 0.75
        parameters[.highValueLeast] = 0.9
        parameters[.lowValueMost] = 0.125
        let instant = Instant(monotonicMs: 1000, wallMs: 1000, isSynced: true)
        feed.take(Sample(instant: instant), decision, Signals(), parameters)
        let settings = feed.pool.settings
        #expect(settings.harmonicCoherence == 0.25)
        #expect(settings.coherenceThreshold == 0.75)
        #expect(settings.exactScore == 0.9)
        #expect(settings.lowScore == 0.125)
    }
}
