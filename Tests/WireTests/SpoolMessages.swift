// Store and forward, as random messages and as protoc must read them.

import CoreTesting
import Model

extension Expected {
    mutating func seriesName(_ name: SeriesName) {
        number("id", name.id)
        text("name", name.name)
    }

    mutating func origin(_ origin: ChunkOrigin) {
        number("chunk_count", origin.chunkCount)
        number("stream", origin.stream)
        text("kernel_boot_id", origin.kernelBootID)
        instant("instant", origin.instant)
        for name in origin.names { message("names") { $0.seriesName(name) } }
    }

    mutating func spool(_ spool: SpoolSummary) {
        number("used_bytes", spool.usedBytes)
        number("cap_bytes", spool.capBytes)
        number("segments", spool.segments)
        message("dropped") {
            $0.number("low", spool.dropped.low)
            $0.number("normal", spool.dropped.normal)
            $0.number("high", spool.dropped.high)
        }
        number("damaged_records", spool.damagedRecords)
        number("torn_bytes", spool.tornBytes)
        number("write_left_bytes", spool.writeLeftBytes)
        number("write_budget_bytes", spool.writeBudgetBytes)
        number("checkpoint_ms", spool.checkpointMs)
        number("samples_at_risk", spool.samplesAtRisk)
        double("endurance_hours", spool.enduranceHours)
        text("fault", spool.fault)
    }
}

extension SeededRandom {
    mutating func seriesNames() -> [SeriesName] {
        (0..<below(3)).map { _ in SeriesName(id: UInt16(below(65_536)), name: text(upTo: 160)) }
    }

    mutating func origins() -> [ChunkOrigin] {
        (0..<below(4)).map { _ in
            ChunkOrigin(
                chunkCount: below(1_025), stream: 1 + wide() >> 3, kernelBootID: text(upTo: 64),
                instant: instant(), names: seriesNames())
        }
    }

    mutating func spoolSummary() -> SpoolSummary {
        var spool = SpoolSummary()
        spool.usedBytes = wide()
        spool.capBytes = wide()
        spool.segments = wide()
        spool.dropped = ValueCounts(low: wide(), normal: wide(), high: wide())
        spool.damagedRecords = wide()
        spool.tornBytes = wide()
        spool.writeLeftBytes = int64()
        spool.writeBudgetBytes = wide()
        spool.checkpointMs = wide()
        spool.samplesAtRisk = wide()
        spool.enduranceHours = abs(finite())
        spool.fault = text(upTo: 160)
        return spool
    }
}
