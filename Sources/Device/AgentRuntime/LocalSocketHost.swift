// The local API in the agent's loop. Without it the agent does everything else all the same: a
// socket that can't be made is told and costs nothing more.

import AgentCore
import LocalAPI
import System

extension AgentLoop {
    /// nil where it is switched off, or can't be.
    static func openLocalAPI(_ options: Options, _ log: Log) -> LocalServer? {
        guard let path = options.socketPath else { return nil }
        do throws(LocalFault) {
            let group = try options.socketGroup.map { name throws(LocalFault) in
                try UserGroup.id(of: name)
            }
            return try LocalServer(path: path, group: group)
        } catch {
            log.write(.error, "the local API is off: \(error.text) (\(error.hint))")
            return nil
        }
    }

    /// Whatever clients have asked for since the last turn.
    func serveClients() {
        guard let local else { return }
        local.poll(nowMs: Clock.boottimeMs)
        while let (request, client) = local.next() { feed(.local(request, client: client)) }
        for note in local.takeNotes() { log.write(.info, note) }
    }
}
