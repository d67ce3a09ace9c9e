// What reports brought to light: gaps, forks, and sets that a device turned down.

import Digest
import Merge
import Model

extension FleetStore {
    public func add(_ gap: Gap, at key: Gap.Key, device: Int64) throws(StoreFault) {
        try database.run(
            "INSERT OR IGNORE INTO gaps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                .integer(device), .integer(key.position.boot), .integer(key.position.sequence),
                .integer(Int64(key.kind.rawValue)), .integer(gap.previousBoot),
                gap.samplesLost.map { .integer($0) } ?? .null, gap.seconds.map { .real($0) } ?? .null,
                .integer(gap.detectedMs), gap.samplesLostMost.map { .integer($0) } ?? .null,
            ])
    }

    /// The newest gaps of every device, as many as a state keeps.
    public func gaps() throws(StoreFault) -> [Int64: [Gap.Key: Gap]] {
        var found: [Int64: [Gap.Key: Gap]] = [:]
        let rows = try database.query(
            "SELECT * FROM gaps ORDER BY device, boot DESC, sequence DESC"
        ) { row throws(StoreFault) in
            guard let kind = Gap.Kind(rawValue: UInt8(clamping: row.integer(3))) else {
                throw .corrupt("gap")
            }
            let position = Position(boot: row.unsigned(1), sequence: row.unsigned(2))
            return (
                row.integer(0), Gap.Key(position: position, kind: kind),
                Gap(
                    previousBoot: row.unsigned(4), samplesLost: row.isNull(5) ? nil : row.unsigned(5),
                    seconds: row.isNull(6) ? nil : row.real(6), detectedMs: row.integer(7),
                    samplesLostMost: row.isNull(8) ? nil : row.unsigned(8))
            )
        }
        for (device, key, gap) in rows
        where found[device, default: [:]].count < DeviceState.gapCountMax {
            found[device, default: [:]][key] = gap
        }
        return found
    }

    /// The newest forks of a device are kept, as many as a state keeps.
    public func addFork(
        device: Int64, _ position: Position, head: Digest32, nowMs: Int64
    ) throws(StoreFault) {
        try database.run(
            "INSERT OR IGNORE INTO forks VALUES (?, ?, ?, ?, ?)",
            [
                .integer(device), .integer(position.boot), .integer(position.sequence),
                .blob(head.bytes), .integer(nowMs),
            ])
        try database.run(
            """
            DELETE FROM forks WHERE device = ?1 AND (boot, sequence, head) NOT IN (
              SELECT boot, sequence, head FROM forks WHERE device = ?1
              ORDER BY boot DESC, sequence DESC, head DESC LIMIT ?2)
            """, [.integer(device), .integer(DeviceState.gapCountMax)])
    }

    public func forks() throws(StoreFault) -> [Int64: Set<Position>] {
        var found: [Int64: Set<Position>] = [:]
        for (device, position) in try database.query(
            "SELECT device, boot, sequence FROM forks", [],
            { ($0.integer(0), Position(boot: $0.unsigned(1), sequence: $0.unsigned(2))) })
        {
            found[device, default: []].insert(position)
        }
        return found
    }

    public func addRefusal(
        device: Int64, _ status: ApplyStatus, nowMs: Int64
    ) throws(StoreFault) {
        try database.run(
            "INSERT OR IGNORE INTO refusals VALUES (?, ?, ?, ?, ?)",
            [
                .integer(device), .integer(status.version), .integer(Int64(status.phase.rawValue)),
                .text(status.reason), .integer(nowMs),
            ])
    }

    public func refusals() throws(StoreFault) -> [Int64: Set<UInt64>] {
        var found: [Int64: Set<UInt64>] = [:]
        for (device, version) in try database.query(
            "SELECT device, version FROM refusals", [], { ($0.integer(0), $0.unsigned(1)) })
        {
            found[device, default: []].insert(version)
        }
        return found
    }
}
