// From the database back to memory: what a server knows when it starts.

import Merge
import Model
import Rollout
import Store
import Wire

extension FleetView {
    public init(
        restoring store: FleetStore, masterKey: [UInt8], silentAfterMs: Int64?, nowMs: Int64,
        notice: Notice = { _, _ in }
    ) throws(StoreFault) {
        self.init(startedMs: nowMs, silentAfterMs: silentAfterMs)
        let live = try store.liveRows()
        let gaps = try store.gaps()
        let forks = try store.forks()
        let refusals = try store.refusals()
        for record in try store.devices() {
            let row = live[record.number]
            /// A report that can't be read costs the device its present, not the fleet its server.
            func report(_ position: Position) throws(StoreFault) -> LiveReport? {
                do throws(StoreFault) {
                    guard let stored = try store.report(device: record.number, position) else { return nil }
                    return LiveReport(
                        position: position, head: stored.sealed.head,
                        receivedMs: min(stored.receivedMs, nowMs), report: stored.sealed.report)
                } catch .unreadable(let what) {
                    notice(.warning, "device \(record.id.hex): \(what) can't be read and is passed over")
                    return nil
                }
            }
            let newest = try row.flatMap { row throws(StoreFault) in try report(row.position) }
            var spacingMs: Int64?
            if let newest, newest.position.sequence > 1 {
                var position = newest.position
                position.sequence -= 1
                spacingMs = KnownDevice.spacingMs(from: try report(position), to: newest)
            }
            let state = DeviceState(
                // A clock that stood ahead when the row was written would keep a dead device live.
                newest: newest, lastSeenMs: row.map { min($0.lastSeenMs, nowMs) },
                spans: row?.spans ?? ReportSpans(),
                gaps: gaps[record.number] ?? [:], forks: forks[record.number] ?? [])
            devices[record.id] = KnownDevice(
                record: record, state: state, reportsStored: row?.reportsStored ?? 0,
                chunksStored: row?.chunksStored ?? 0, refused: refusals[record.number] ?? [],
                reportKey: ReportKey.derive(
                    master: masterKey, device: record.id, counter: record.keyCounter), spacingMs: spacingMs ?? 0)
        }
        for set in try store.sets() { sets[set.version] = set }
        let scopes = sets.mapValues(\.set.scope)
        rollouts = try store.rollouts { scopes[$0] }
        for index in rollouts.indices { rollouts[index].hold(to: nowMs) }
        let envelopes = sets.mapValues(\.envelope)
        offers = Offers(rollouts) { envelopes[$0] }
    }
}
