// What an agent is started with, beside its state.

public struct AgentConfiguration: Sendable {
    public var agentVersion: String
    /// Secret half of an enrolment token, for a device that isn't enrolled.
    public var token: String?
    public var kernelBootID: String
    /// Replaces the parameter `intervals.sampleMs` where set: for trials and tests.
    public var sampleIntervalMs: Int64?
    /// Time between checkpoints to disk; nil: nothing is spooled.
    public var checkpointMs: Int64?
    /// No aggregator is set: nobody empties the pool, and what is new is worth more than what is old.
    public var isAlone: Bool

    public init(
        agentVersion: String, token: String?, kernelBootID: String, sampleIntervalMs: Int64?,
        checkpointMs: Int64? = nil, isAlone: Bool = false
    ) {
        self.checkpointMs = checkpointMs
        self.isAlone = isAlone
        self.agentVersion = agentVersion
        self.token = token
        self.kernelBootID = kernelBootID
        self.sampleIntervalMs = sampleIntervalMs
    }
}
