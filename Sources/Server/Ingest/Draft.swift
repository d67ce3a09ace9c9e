// What a batch has changed so far, over what the registry holds. It becomes the registry's truth after
// the commit, or is dropped with the transaction: memory never runs ahead of the disk.

import Merge
import Model
import Rollout
import Store

struct DeviceDraft {
    var record: DeviceRecord
    var state = DeviceState()
    var reportsStored = 0
    var chunksStored = 0
    var refused: Set<UInt64> = []
    var reportKey: [UInt8]
    var spacingMs: Int64 = 0
    var hasNewState = false

    init(record: DeviceRecord, reportKey: [UInt8]) {
        self.record = record
        self.reportKey = reportKey
    }

    init(_ device: KnownDevice) {
        record = device.record
        state = device.state
        reportsStored = device.reportsStored
        chunksStored = device.chunksStored
        refused = device.refused
        reportKey = device.reportKey
        spacingMs = device.spacingMs
    }

    var known: KnownDevice {
        KnownDevice(
            record: record, state: state, reportsStored: reportsStored, chunksStored: chunksStored,
            refused: refused, reportKey: reportKey, spacingMs: spacingMs)
    }
}

struct Draft {
    var devices: [DeviceID: DeviceDraft] = [:]
    var rollouts: [RolloutState]
    var sets: [UInt64: SetRecord]
    /// Rollouts changed: the offers have to be worked out anew.
    var hasNewRollouts = false
    /// Members changed without a change of what is offered.
    var hasNewMembers = false
    /// Devices whose held requests may now have an answer.
    var released: Set<DeviceID> = []
}
