// What all routes share.

import HTTPServer
import Ingest
import Model
import Store
import Synchronization

public enum AggregatorVersion {
    public static let text = "0.1.0"
}

public struct FleetConfiguration: Sendable {
    public var dataPath: String
    public var listen = "127.0.0.1:8440"
    /// HTTP though there are certificates.
    public var isPlain = false
    /// Enrolment over plain HTTP off loopback.
    public var isInsecure = false
    /// /metrics without a token.
    public var hasOpenMetrics = false
    public var silentAfterMs: Int64?
    /// The database was restored from a backup.
    public var isRestored = false
    public var limits = HTTPLimits()
    /// Where the log's lines go.
    public var notice: Notice = { _, _ in }

    public init(dataPath: String) { self.dataPath = dataPath }
}

final class FleetCore: Sendable {
    let configuration: FleetConfiguration
    let folder: DataFolder
    let registry: Registry
    let counters: Counters
    let committer: Committer
    let held: HeldRequests
    let epoch: UInt64
    /// For history, beside the connection that writes.
    let reader: Reader
    /// Set once it listens.
    let server = Mutex<MicroServer?>(nil)

    init(_ configuration: FleetConfiguration, _ folder: DataFolder) throws {
        self.configuration = configuration
        self.folder = folder
        let nowMs = Clock.ledgerMs()
        let store = try FleetStore(
            path: folder.databasePath, nowMs: nowMs, beginsAnew: configuration.isRestored)
        epoch = store.epoch
        let registry = Registry(
            try FleetView(
                restoring: store, masterKey: folder.masterKey,
                silentAfterMs: configuration.silentAfterMs, nowMs: nowMs,
                notice: configuration.notice))
        let counters = Counters()
        let held = HeldRequests(registry: registry, counters: counters)
        let noThread = StartFault(
            text: "the system gives no thread", hint: "check the limit of processes (ulimit -u)")
        guard let reader = Reader(try FleetStore(readingFrom: folder.databasePath)) else { throw noThread }
        self.reader = reader
        let ledger = Ledger(
            store: store, registry: registry, counters: counters, masterKey: folder.masterKey,
            notice: configuration.notice, wake: { held.wake($0) })
        guard let committer = Committer(ledger) else {
            reader.stop()
            throw noThread
        }
        self.registry = registry
        self.counters = counters
        self.held = held
        self.committer = committer
    }

    /// Commits and answers what has arrived, and closes the database.
    func stop() {
        reader.stop()
        committer.stop()
    }

    /// The device with this id or the only one whose id begins so.
    func device(_ text: String, in view: FleetView) throws(Problem) -> KnownDevice {
        let prefix = text.lowercased()
        if let id = DeviceID(hex: prefix), let device = view.devices[id] { return device }
        guard prefix.utf8.count >= 4 else {
            throw Problem(
                status: 422, code: "id", detail: "'\(text)' is too short: 4 digits of an id at least")
        }
        let found = view.devices.values.filter { $0.record.id.hex.hasPrefix(prefix) }
        guard let device = found.first else {
            throw Problem(
                status: 404, code: "device", detail: "no device \(text)",
                hint: "look at: fleet devices list")
        }
        guard found.count == 1 else {
            throw Problem(
                status: 409, code: "ambiguous",
                detail: "\(found.count) devices begin with \(text): "
                    + found.map(\.record.id.hex).sorted().prefix(5).joined(separator: ", "))
        }
        return device
    }
}
