// From the database back to memory: what a server knows when it starts.

import Merge
import Model
import Rollout
import Store
import Wire

extension FleetView {
    public init(
        restoring store: FleetStore, masterKey: [UInt8], silentAfterMs: Int64?, nowMs: Int64
    ) throws(StoreFault) {
        self.init(startedMs: nowMs, silentAfterMs: silentAfterMs)
        let live = try store.liveRows()
        let gaps = try store.gaps()
        let forks = try store.forks()
        let refusals = try store.refusals()
        for record in try store.devices() {
            let row = live[record.number]
            var newest: LiveReport?
            if let row, let stored = try store.report(device: record.number, row.position) {
                newest = LiveReport(
                    position: row.position, head: stored.sealed.head, receivedMs: stored.receivedMs,
                    report: stored.sealed.report)
            }
            let state = DeviceState(
                newest: newest, lastSeenMs: row?.lastSeenMs, spans: row?.spans ?? ReportSpans(),
                gaps: gaps[record.number] ?? [:], forks: forks[record.number] ?? [])
            devices[record.id] = KnownDevice(
                record: record, state: state, reportsStored: row?.reportsStored ?? 0,
                chunksStored: row?.chunksStored ?? 0, refused: refusals[record.number] ?? [],
                reportKey: ReportKey.derive(
                    master: masterKey, device: record.id, counter: record.keyCounter))
        }
        for set in try store.sets() { sets[set.version] = set }
        let scopes = sets.mapValues(\.set.scope)
        rollouts = try store.rollouts { scopes[$0] }
        let envelopes = sets.mapValues(\.envelope)
        offers = Offers(rollouts) { envelopes[$0] }
    }
}
