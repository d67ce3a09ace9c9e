// The local API in the agent's loop. Without it the agent does everything else all the same: a
// socket that can't be made is told and costs nothing more.

import AgentCore
import Governor
import LocalAPI
import Model
import System

/// A decision as it was applied; its line is written only when someone is there to read it.
struct LocalDecision {
    let decision: Decision
    let instant: Instant
    let parameterVersion: UInt64
    let events: [ControlEvent]
    let status: ControlStatus

    init(
        _ decision: Decision, _ status: ControlStatus, _ instant: Instant, _ parameterVersion: UInt64,
        _ events: [ControlEvent]
    ) {
        self.decision = decision
        self.status = status
        self.instant = instant
        self.parameterVersion = parameterVersion
        self.events = events
    }

    var line: [UInt8] {
        DecisionFile.json(
            decision, mode: status.mode, at: instant, parameterVersion: parameterVersion, events: events,
            status: status)
    }
}

extension AgentLoop {
    /// nil where it is switched off, or can't be.
    static func openLocalAPI(_ options: Options, _ log: Log) -> LocalServer? {
        guard let path = options.socketPath else { return nil }
        do throws(LocalFault) {
            var group: UInt32?
            if let name = options.socketGroup { group = try UserGroup.id(of: name) }
            return try LocalServer(path: path, group: group)
        } catch {
            log.write(.error, "the local API is off: \(error.text) (\(error.hint))")
            return nil
        }
    }

    /// Whatever clients have asked for since the last turn.
    /// - Parameter areWaiting: the server's descriptor was ready; else nobody has come or gone.
    func serveClients(areWaiting: Bool) {
        guard let local, areWaiting || !local.isAlone else { return }
        local.poll(nowMs: Clock.boottimeMs)
        publishWhereWanted()
        while let (request, client) = local.next() { feed(.local(request, client: client)) }
        for note in local.takeNotes() { log.write(.info, note) }
    }

    func tellClients(_ decision: LocalDecision) {
        guard let local else { return }
        localDecision = decision
        local.noteNewDecision()
        publishWhereWanted()
    }

    private func publishWhereWanted() {
        guard let local, local.wantsDecision, let localDecision else { return }
        local.publish(localDecision.line, nowMs: Clock.boottimeMs)
    }
}
