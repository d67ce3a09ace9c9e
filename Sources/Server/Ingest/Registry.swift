// What the server knows of its fleet, in memory: looked up for every request, replaced piece by piece
// by the committer after each commit, never before. Nobody else writes it.

import Model
import Rollout
import Store
import Merge
import Synchronization

/// A device as it stood after the last commit that touched it. Immutable: a new one takes its place.
public final class KnownDevice: Sendable {
    public let record: DeviceRecord
    public let state: DeviceState
    public let reportsStored: Int
    public let chunksStored: Int
    /// Versions that it refused or reverted: not offered to it again.
    public let refused: Set<UInt64>
    /// Derived from the master key once, not for every request.
    public let reportKey: [UInt8]
    /// Between its last two reports: an agent may run at an interval of its own. 0: not known.
    public let spacingMs: Int64

    public init(
        record: DeviceRecord, state: DeviceState, reportsStored: Int, chunksStored: Int,
        refused: Set<UInt64>, reportKey: [UInt8], spacingMs: Int64 = 0
    ) {
        self.record = record
        self.state = state
        self.reportsStored = reportsStored
        self.chunksStored = chunksStored
        self.refused = refused
        self.reportKey = reportKey
        self.spacingMs = spacingMs
    }

    /// By both clocks, whichever passed less: reports that waited in a spool arrive together, and the
    /// first one after an outage is old by the server's. Neighbours of one boot only, and an hour at
    /// most, so that one lost day doesn't make a dead device live for three.
    static func spacingMs(from previous: LiveReport?, to newest: LiveReport?) -> Int64? {
        guard let previous, let newest, previous.position.boot == newest.position.boot,
            previous.position.sequence &+ 1 == newest.position.sequence
        else { return nil }
        let (own, hasOverflowed) = newest.report.instant.monotonicMs
            .subtractingReportingOverflow(previous.report.instant.monotonicMs)
        guard !hasOverflowed else { return nil }
        return min(3_600_000, max(0, min(own, newest.receivedMs - previous.receivedMs)))
    }
}

/// The fleet at one moment.
public struct FleetView: Sendable {
    public var devices: [DeviceID: KnownDevice] = [:]
    public var rollouts: [RolloutState] = []
    public var sets: [UInt64: SetRecord] = [:]
    public var offers = Offers()
    public let startedMs: Int64
    let silentAfterMs: Int64?

    /// - Parameter silentAfterMs: nil: three intervals of the device, by its set or as it reports,
    ///   at least 30 s.
    public init(startedMs: Int64, silentAfterMs: Int64?) {
        self.startedMs = startedMs
        self.silentAfterMs = silentAfterMs
    }

    public func isLive(_ device: KnownDevice, nowMs: Int64) -> Bool {
        guard device.record.status == .accepted, let seen = device.state.lastSeenMs else { return false }
        return nowMs - seen < silenceMs(device)
    }

    public func isLive(_ id: DeviceID, nowMs: Int64) -> Bool {
        devices[id].map { isLive($0, nowMs: nowMs) } ?? false
    }

    /// For rollouts: after this server's own absence a device gets the time to report before it counts
    /// as offline, or a restart would let waves pass that nobody has proven.
    func holdsSlot(_ device: KnownDevice, nowMs: Int64) -> Bool {
        guard device.record.status == .accepted, let seen = device.state.lastSeenMs else { return false }
        return nowMs - max(seen, startedMs) < silenceMs(device)
    }

    private func silenceMs(_ device: KnownDevice) -> Int64 {
        if let silentAfterMs { return silentAfterMs }
        let version = device.state.newest?.report.parameterVersion ?? 0
        let values = sets[version]?.set.values ?? ParameterSet.builtIn.values
        return max(30_000, 3 * Int64(values[.sampleIntervalMs]), 3 * device.spacingMs)
    }

    public var nextVersion: UInt64? { nextVersion(after: sets.keys) }

    /// Even, and newer than all that was ever pushed or that a device runs or judged: after a lost
    /// database a device's floor would refuse what a fresh count begins with. nil: none is left.
    func nextVersion(after pushed: some Sequence<UInt64>) -> UInt64? {
        var newest = pushed.max() ?? 0
        for device in devices.values {
            guard let report = device.state.newest?.report else { continue }
            // What a device claims can't use the numbers up.
            for claimed in [report.parameterVersion, report.applyStatus.version]
            where claimed < ParameterSet.versionLimit / 2 {
                newest = max(newest, claimed)
            }
        }
        let (next, hasOverflowed) = (newest / 2).addingReportingOverflow(1)
        guard !hasOverflowed, next < ParameterSet.versionLimit / 2 else { return nil }
        return next * 2
    }
}

public final class Registry: Sendable {
    private let current: Mutex<FleetView>

    public init(_ view: FleetView) { current = Mutex(view) }

    public var view: FleetView { current.withLock { $0 } }

    public func device(_ id: DeviceID) -> KnownDevice? { current.withLock { $0.devices[id] } }

    /// The set that is due for a device which has `version`.
    public func due(_ id: DeviceID, after version: UInt64) -> Offer? {
        current.withLock { view in
            guard let device = view.devices[id], device.record.status == .accepted else { return nil }
            return view.offers.due(
                id, labels: device.record.labels, refused: device.refused, after: version)
        }
    }

    func update(_ body: (inout FleetView) -> Void) { current.withLock { body(&$0) } }
}
