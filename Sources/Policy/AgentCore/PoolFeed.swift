// From a sample to the tensor pool: which reading goes to which series, and the pool's account in
// the report's form.

import Model
import Phi
import TensorPool

/// Series ids on the wire. Zones and hwmon readings get theirs as they are first seen, and keep them:
/// the table of names travels with the reports.
public enum SeriesID {
    public static let temperature: UInt16 = 1
    public static let memoryAvailable: UInt16 = 2
    public static let swapUsed: UInt16 = 3
    public static let load: UInt16 = 4
    public static let memoryPressure: UInt16 = 5
    public static let frequency: UInt16 = 6
    public static let factor: UInt16 = 7
    public static let confidence: UInt16 = 8
    public static let busy: UInt16 = 9
    public static let iowait: UInt16 = 10
    public static let zramUsed: UInt16 = 11
    public static let diskRead: UInt16 = 12
    public static let diskWritten: UInt16 = 13
    public static let netReceived: UInt16 = 14
    public static let netSent: UInt16 = 15
    public static let firstSensor: UInt16 = 16
    /// The workload's own, by the order in which they were first appended to.
    public static let firstUser: UInt16 = 1024

    /// Zones and hwmon readings kept as series; a board has fewer.
    static let sensorCountMax = 64
}

struct PoolFeed {
    let pool: TensorPool
    /// The account with the spool on disk.
    let book = SpoolBook()
    private(set) var declared: [UInt16] = []
    /// Values that the pool could not take for another reason than room.
    private(set) var rejected: UInt64 = 0
    /// Sensors by the order in which they were first seen.
    private(set) var sensors: [String] = []
    private var places = SensorPlaces()
    var user = UserSeries()
    private var namesTold = 0
    private var firstMs: Int64?
    private var lastMs: Int64 = 0

    init(budgetBytes: Int) throws(PoolError) {
        pool = try TensorPool(budgetBytes: budgetBytes, settings: Self.settings)
    }

    /// Of the workload's series, those of history may fill 1/φ of the budget, scratch 1/φ², before they
    /// give way first and leave the last eighth to the agent's own.
    private static var settings: PoolSettings {
        var settings = PoolSettings()
        settings.classShares = (1, Phi.resonanceThreshold, Phi.compressionLimit)
        return settings
    }

    /// The pool of the run before, and its series. Without records on disk none holds anything of it.
    init(budgetBytes: Int, restoring kept: Restored, hasRecords: Bool) throws(PoolError) {
        pool = try TensorPool(budgetBytes: budgetBytes, settings: Self.settings, restoring: kept.pool)
        for one in kept.series where pool.nextIndex(of: one.id) != nil {
            declared.append(one.id)
            if hasRecords { book.series.append(one) }
        }
        sensors = kept.names.filter { $0.id < SeriesID.firstUser }.map { $0.name }
        for entry in kept.user { user.add(entry) }
    }

    mutating func take(
        _ sample: Sample, _ decision: Decision, _ signals: Signals, _ parameters: ParameterValues
    ) {
        configure(decision, parameters)
        let timeMs = sample.instant.monotonicMs
        if firstMs == nil { firstMs = timeMs }
        lastMs = timeMs
        // Without a word from the workload a period is of neutral value.
        let score = clamp(signals.value ?? parameters[.valueNeutral], 0...1)
        func add(
            _ id: UInt16, _ value: Double?, _ lower: Double, _ upper: Double, _ decimals: UInt8?
        ) {
            guard let value else { return }
            put(
                SeriesDeclaration(
                    id: id, kind: .signal, lower: lower, upper: upper, decimals: decimals),
                timeMs, value, score)
        }
        let kibibyte = 1024.0
        add(SeriesID.temperature, sample.temperatureMilliC.map { Double($0) / 1000 }, -40, 125, 3)
        if let memory = sample.memory {
            let total = max(1, Double(memory.totalBytes) / kibibyte)
            add(SeriesID.memoryAvailable, Double(memory.availableBytes) / kibibyte, 0, total, 0)
            if memory.swapTotalBytes > 0 {
                let used = memory.swapTotalBytes - min(memory.swapTotalBytes, memory.swapFreeBytes)
                add(
                    SeriesID.swapUsed, Double(used) / kibibyte, 0,
                    Double(memory.swapTotalBytes) / kibibyte, 0)
            }
        }
        add(SeriesID.load, sample.load?.one, 0, 16, 2)
        add(SeriesID.memoryPressure, sample.pressure?.memorySomePercent, 0, 100, 2)
        if let frequency = sample.frequency {
            add(
                SeriesID.frequency, Double(frequency.currentKHz) / 1000, 0,
                max(1, Double(frequency.maximumKHz) / 1000), 3)
        }
        add(SeriesID.factor, decision.factor, 0, 3, nil)
        add(SeriesID.confidence, decision.confidence.value, 0, 1, nil)
        add(SeriesID.busy, sample.busyShare.map { Self.percent($0) }, 0, 100, 1)
        add(SeriesID.iowait, sample.iowaitShare.map { Self.percent($0) }, 0, 100, 1)
        if let zram = sample.zram {
            let most = max(1, Double(sample.memory?.totalBytes ?? zram.diskBytes) / kibibyte)
            add(SeriesID.zramUsed, Double(zram.usedBytes) / kibibyte, 0, most, 0)
        }
        // Whole bytes a second; the scale is that of an SD card and a slow link, and a value beyond
        // it is kept all the same.
        let traffic = 10_000_000.0
        add(SeriesID.diskRead, sample.disk?.readBytesPerS?.rounded(), 0, traffic, 0)
        add(SeriesID.diskWritten, sample.disk?.writtenBytesPerS?.rounded(), 0, traffic, 0)
        add(SeriesID.netReceived, sample.network?.receivedBytesPerS?.rounded(), 0, traffic, 0)
        add(SeriesID.netSent, sample.network?.sentBytesPerS?.rounded(), 0, traffic, 0)
        if !places.fit(sample) { places = sensorPlaces(sample) }
        for (zone, id) in zip(sample.zones, places.zoneIDs) {
            guard let id else { continue }
            add(id, zone.temperatureMilliC.map { Double($0) / 1000 }, -40, 125, 3)
        }
        for (reading, id) in zip(sample.hwmon, places.hwmonIDs) {
            guard let id else { continue }
            let (lower, upper) = Self.fullScale(reading.kind)
            add(id, reading.value, lower, upper, 3)
        }
    }

    /// Tenths of a percent are as much as a tick's count is good for.
    private static func percent(_ share: Double) -> Double { (share * 1000).rounded() / 10 }

    /// Names that the aggregator hasn't acknowledged yet.
    var namesToTell: [SeriesName] {
        sensors.indices.dropFirst(namesTold).map {
            SeriesName(id: SeriesID.firstSensor + UInt16($0), name: sensors[$0])
        } + user.namesToTell
    }

    /// All names of this pool's series.
    var allNames: [SeriesName] {
        sensors.indices.map {
            SeriesName(id: SeriesID.firstSensor + UInt16($0), name: sensors[$0])
        } + user.names
    }

    mutating func noteDeclared(_ id: UInt16) { declared.append(id) }

    mutating func noteNamesTold(_ names: [SeriesName]) {
        user.noteTold(names)
        if let last = names.last(where: { $0.id < SeriesID.firstUser }) {
            namesTold = max(namesTold, Int(last.id) - Int(SeriesID.firstSensor) + 1)
        }
    }

    /// The series of a sample's sensors. Made anew only when a sensor comes or goes: a steady cycle
    /// builds no names.
    private mutating func sensorPlaces(_ sample: Sample) -> SensorPlaces {
        var places = SensorPlaces(of: sample)
        var taken: [UInt16] = []
        // Two sensors of one name, such as two disks of one kind, are two series.
        func free(_ name: String) -> UInt16? {
            for copy in 1...SeriesID.sensorCountMax {
                let id = sensorID(copy == 1 ? name : "\(name) #\(copy)")
                guard let id, taken.contains(id) else {
                    if let id { taken.append(id) }
                    return id
                }
            }
            return nil
        }
        places.zoneIDs = sample.zones.map { free("zone \($0.name)") }
        places.hwmonIDs = sample.hwmon.map {
            free("hwmon \($0.chip) \($0.label)\($0.kind == .alarm ? " alarm" : "")")
        }
        return places
    }
    mutating func noteRejected(_ count: UInt64) { rejected += count }

    private mutating func sensorID(_ name: String) -> UInt16? {
        if let known = sensors.firstIndex(of: name) {
            return SeriesID.firstSensor + UInt16(known)
        }
        guard sensors.count < SeriesID.sensorCountMax else { return nil }
        sensors.append(name)
        return SeriesID.firstSensor + UInt16(sensors.count - 1)
    }

    /// A new budget opens a new retention window, and with it a new rate.
    mutating func setBudget(bytes: Int) throws(PoolError) {
        try pool.setBudget(bytes: bytes)
        firstMs = firstMs == nil ? nil : lastMs
    }

    /// Closes what is open, so that it can be delivered; what has no room stays open.
    mutating func seal() {
        do { try pool.sealAll() } catch { rejected += 1 }
    }

    func undelivered(maxBytes: Int) -> [DeliverableChunk] {
        (try? pool.undelivered(maxBytes: maxBytes)) ?? []
    }

    func acknowledge(_ refs: [ChunkRef]) {
        for ref in refs { pool.markDelivered(ref) }
    }

    var undeliveredValues: UInt64 { pool.undeliveredValues }

    /// Samples of which some value is sealed and not delivered. It encodes the backlog: for the end.
    var undeliveredSamples: UInt64 {
        var bySeries: [UInt16: UInt64] = [:]
        for chunk in undelivered(maxBytes: Int.max) {
            bySeries[chunk.ref.series, default: 0] += UInt64(chunk.ref.count)
        }
        var own: UInt64 = 0
        var workload: UInt64 = 0
        for (id, count) in bySeries {
            if id >= SeriesID.firstUser { workload += count } else { own = max(own, count) }
        }
        return own + workload
    }

    /// How far the pool presses for lower tiers, 0…1: its fill beyond the share where room is short.
    var pressure: Double {
        let short = pool.settings.roomShortShare
        return short < 1 ? clamp((pool.fill - short) / (1 - short), 0...1) : 0
    }

    /// The account at this moment, with the hours that the baseline and this pool last at the rate
    /// seen so far.
    var summary: PoolSummary {
        let account = pool.account
        var summary = PoolSummary()
        summary.budgetBytes = UInt64(max(0, account.budgetBytes))
        summary.heldBytes = UInt64(max(0, account.heldBytes))
        summary.valuesAdmitted = account.valuesAdmitted
        summary.bytesNeeded = account.bytesNeeded
        summary.highValueCount = account.highValueCount
        summary.highValueDegraded = account.highValueDegraded
        summary.worstErrorBound = account.worstErrorBoundFraction
        summary.share81 = account.share81
        summary.share16 = account.share16
        summary.share8 = account.share8
        summary.refused = account.refused + rejected
        summary.dropped = ValueCounts(
            low: account.dropped.low, normal: account.dropped.normal, high: account.dropped.high)
        guard let extension81 = account.extension81, let extension64 = account.extension64 else {
            return summary
        }
        summary.extension81 = extension81
        summary.extension64 = extension64
        switch account.basis {
        case .noData: summary.basis = .noData
        case .projected: summary.basis = .projected
        case .atLeast: summary.basis = .atLeast
        case .measured: summary.basis = .measured
        }
        if let firstMs, lastMs > firstMs, account.valuesAdmitted > 0 {
            let hours = Double(lastMs - firstMs) / 3_600_000
            let valuesPerHour = Double(account.valuesAdmitted) / hours
            summary.baselineHours = Double(account.budgetBytes) / 8 / valuesPerHour
            summary.runtimeHours = summary.baselineHours * extension64
        }
        return summary
    }

    private func configure(_ decision: Decision, _ parameters: ParameterValues) {
        pool.settings.exactScore = parameters[.highValueLeast]
        pool.settings.lowScore = parameters[.lowValueMost]
        let strength = parameters[.thermalStrength]
        pool.settings.thermalSignal =
            strength > 0 ? clamp(-decision[.thermal].exponent / strength, 0...1) : 0
        pool.settings.externalPressure = decision.triggers.contains(.memoryPressure) ? 1 : 0
        pool.settings.harmonicCoherence = decision.harmonicCoherence
        pool.settings.coherenceThreshold = parameters[.tensorHarmonicLeast]
    }

    private mutating func put(
        _ series: SeriesDeclaration, _ timeMs: Int64, _ value: Double, _ score: Double
    ) {
        do throws(PoolError) {
            do throws(PoolError) {
                try pool.append(series: series.id, timeMs: timeMs, value: value, score: score)
            } catch {
                guard case .unknownSeries = error else { throw error }
                try pool.declare(series)
                declared.append(series.id)
                try pool.append(series: series.id, timeMs: timeMs, value: value, score: score)
            }
        } catch {
            // A full pool counts the values it refuses; what it never knew is ours to count.
            if case .full = error, declared.contains(series.id) { return }
            rejected += 1
        }
    }

    private static func fullScale(_ kind: HwmonKind) -> (Double, Double) {
        switch kind {
        case .temperature: (-40, 125)
        case .fan: (0, 10_000)
        case .voltage: (0, 24)
        case .alarm: (0, 1)
        case .power: (0, 100)
        }
    }
}
