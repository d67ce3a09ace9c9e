// The aggregator as one value: start it on a folder, ask where it listens, stop it. The executable and
// the tests use the same.

import HTTPServer
import Ingest
import Model
import Wire

public final class FleetService: Sendable {
    private let lock: FolderLock
    private let core: FleetCore
    private let server: MicroServer
    private let ticker: Worker
    private let tickerStop = Mailbox<Bool>()

    /// How often rollouts are looked at without a report having come, and waits end.
    private static let tickMs = 200

    public init(_ configuration: FleetConfiguration) throws {
        let folder = try DataFolder(configuration.dataPath)
        lock = try FolderLock(configuration.dataPath)
        let core = try FleetCore(configuration, folder)
        let router = Router(
            DeviceRoutes(core).routes + DeviceListRoutes(core).routes + TokenRoutes(core).routes
                + ParameterRoutes(core).routes + RolloutRoutes(core).routes + StateRoutes(core).routes,
            operators: folder.operators, counters: core.counters)
        var tls: MicroServer.TLS?
        if !configuration.isPlain, let certificate = folder.certificate, let key = folder.certificateKey {
            tls = MicroServer.TLS(certificate: certificate, key: key)
        }
        guard tls != nil || configuration.isPlain || MicroServer.isLocal(configuration.listen) else {
            core.stop()
            throw StartFault(
                text: "there is no server.crt in \(configuration.dataPath), and \(configuration.listen) is open to other machines",
                hint: "make certificates with: fleet server init --host NAME; or say that HTTP is meant: --plain")
        }
        do {
            server = try MicroServer(
                listen: configuration.listen, tls: tls, limits: configuration.limits,
                bodyLimit: { Self.bodyRule($0, core) }
            ) { request, responder in router.handle(request, responder) }
        } catch {
            core.stop()
            throw error
        }
        let server = server
        core.server.withLock { $0 = server }
        self.core = core
        guard let ticker = Worker({ [tickerStop] in
            var turn = 0
            while tickerStop.takeAll(withinMs: Self.tickMs) != nil {
                core.committer.tick()
                core.held.expire()
                turn += 1
                if turn % (1000 / Self.tickMs) == 0 { server.cutSlowConnections() }
            }
        }) else {
            throw StartFault(text: "the system gives no thread", hint: "check the limit of processes (ulimit -u)")
        }
        self.ticker = ticker
    }

    /// `https://0.0.0.0:8440`
    public var url: String { "\(server.isEncrypted ? "https" : "http")://\(server.address)" }
    public var port: UInt16 { server.port }
    public var isEncrypted: Bool { server.isEncrypted }

    /// False: any root that vouches for its own keys may push, as far as this server goes. (Devices pin
    /// theirs.)
    public var hasRootFingerprint: Bool { core.folder.rootFingerprint != nil }

    /// What it found at its start, for the log.
    public var summary: String {
        let view = core.registry.view
        let open = view.rollouts.filter { $0.phase.isOpen }.count
        return "\(view.devices.count) devices, \(view.sets.count) parameter sets, \(open) open rollouts"
    }

    /// Accepts nobody any more, answers held requests, commits and answers what arrived, then ends.
    public func stop() {
        tickerStop.close()
        ticker.join()
        server.stop {
            self.core.held.close()
            self.core.stop()
        }
        core.server.withLock { $0 = nil }
        lock.release()
    }

    /// Only a known device's name, or an operator's token, buys more than a small body: whoever hasn't
    /// either gets the answer that they would get with it.
    private static func bodyRule(_ head: HTTPHead, _ core: FleetCore) -> BodyRule {
        switch (head.method, head.path) {
        case ("POST", "/v1/reports"):
            guard let mac = head.authorization.flatMap({ RequestMAC(header: $0) }),
                core.registry.device(mac.device) != nil
            else {
                core.counters.count(.unauthorised)
                return refuse(DeviceRoutes.unknownSender, core)
            }
            return .upTo(Report.byteCountMax)
        // An envelope in hexadecimal, and the words around it.
        case ("POST", "/v1/rollouts"):
            guard core.folder.operators.find(authorization: head.authorization) != nil else {
                return refuse(Router.tokenNeeded, core)
            }
            return .upTo(2 * Envelope.byteCountMax + 16_384)
        case ("POST", _): return .upTo(16_384)
        default: return .upTo(1024)
        }
    }

    private static func refuse(_ response: HTTPResponse, _ core: FleetCore) -> BodyRule {
        core.counters.countResponse(response.status)
        return .refuse(response)
    }
}
