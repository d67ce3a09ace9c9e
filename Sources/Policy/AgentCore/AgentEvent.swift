// What happens to an agent, and what it wants done about it.
//
// AgentCore decides and performs nothing: the runtime feeds events, with the instant at which they
// happened, and performs the actions in order. So a test, or a simulation of a thousand agents,
// drives the very code that runs on a board.

import Model

/// How a request to the aggregator ended.
public enum LinkResult: Sendable {
    /// A reply. It counts only where `isAuthentic`: its MAC was right.
    case reply(status: Int, body: [UInt8], isAuthentic: Bool, retryAfterS: Int?)
    /// None, with the reason.
    case failed(String)
}

public enum AgentEvent: Sendable {
    /// The first event: begin.
    case start
    /// A deadline asked for has come, or none has: harmless at any time.
    case tick
    case observed(Sample, HardwareRecord, Signals)
    /// The answer to `.persist`, for the caller's last request of it.
    case persisted(Bool)
    case enrolEnded(LinkResult)
    case reportEnded(LinkResult)
    case holdEnded(LinkResult)
    /// Something happened that is worth looking at early, such as a stall of memory. Harmless at any
    /// time and rate: looks are held apart by `AgentCore.nudgeLeastMs`.
    case nudge
    /// A workload asks over the local socket; `.answer` follows at once, for the same client.
    case local(LocalRequest, client: UInt64)
    /// The answer to `.checkpoint`.
    case checkpointed(CheckpointResult)
    /// The answer to `.fetchBacklog`.
    case backlog(Backlog)
    /// End: deliver what can be delivered, then finish.
    case stop
}

public enum LogLevel: UInt8, Sendable {
    // The numbers of syslog.
    case error = 3
    case warning = 4
    case notice = 5
    case info = 6
    case debug = 7
}

public enum AgentAction: Sendable {
    /// Read the sensors; `.observed` follows.
    case observe
    /// Write the state durably; `.persisted` follows.
    case persist(AgentState)
    /// Apply the decision and publish it.
    case govern(Decision, ParameterSet)
    /// POST /v1/enroll.
    case enrol([UInt8])
    /// POST /v1/reports with these exact bytes.
    case report([UInt8])
    /// GET /v1/parameters, held for up to `waitS`.
    case hold(afterVersion: UInt64, waitS: Int)
    case cancelHold
    case answer(LocalAnswer, client: UInt64)
    /// Write what the batch holds to disk, synced; `.checkpointed` follows.
    case checkpoint(SpoolBatch)
    /// Read the oldest of what waits on disk; `.backlog` follows.
    case fetchBacklog(maxBytes: Int, CurrentStream)
    /// What was fetched last has arrived: it may go.
    case releaseBacklog
    /// Keep a snapshot over a restart, if the write budget allows.
    case keep(KeptThing, [UInt8])
    case log(LogLevel, String)
    /// Nothing is left to be done: restore what was governed, and end.
    case finish(failed: Bool)
}
