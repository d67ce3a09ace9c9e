// What a workload may ask of the agent, and what it is told: the meaning of the local API, without
// its text, its socket and its clients, which are LocalAPI's.
//
// Times are milliseconds since 1970 here. Inside, every series' times count from the boot, so that a
// clock that is set later doesn't tear a series apart; `LocalDesk` turns one into the other.

import Model
import TensorPool

public enum LocalRequest: Equatable, Sendable {
    /// What the workload says of its present period; what it leaves out stays as it was.
    case signal(Signals)
    case append(LocalAppend)
    case read(LocalRead)
    case series
    case status
}

public struct LocalAppend: Equatable, Sendable {
    /// Values in one request at most: two blocks of the pool. More would only hold up the loop.
    public static let valuesMax = 256

    public var name: [UInt8]
    public var values: [Double]
    /// How much they are worth, 0…1; nil: as much as the present period.
    public var score: Double?
    /// Of the first value; nil: now.
    public var timeMs: Int64?
    /// From one value to the next.
    public var stepMs: Int64 = 0
    /// For a series that is new; an old one can't change it.
    public var kind: SeriesClass?
    /// Full scale, for a series that is new; nil: learned from its values.
    public var lower: Double?
    public var upper: Double?

    public init(name: [UInt8], values: [Double]) {
        self.name = name
        self.values = values
    }
}

public struct LocalRead: Equatable, Sendable {
    /// Values in one answer, unless asked otherwise, and at most: 512 of them are some 20 KB of text.
    public static let limitDefault = 100
    public static let limitMax = 512

    public var name: [UInt8]
    public var fromMs: Int64?
    public var toMs: Int64?
    /// Only values before this index: goes on where an earlier answer ended.
    public var before: UInt64?
    public var limit = limitDefault

    public init(name: [UInt8]) { self.name = name }
}

public enum LocalAnswer: Sendable {
    /// The signal is in force.
    case noted
    case appended(LocalReceipt)
    case values(LocalValues)
    case series([LocalSeries])
    case status(LocalStatus)
    case refused(LocalRefusal)
}

public struct LocalReceipt: Equatable, Sendable {
    public var name: [UInt8]
    /// Values taken: all of them.
    public var count: Int
    /// They will never lose precision.
    public var isExact: Bool
    /// The score they were taken at.
    public var score: Double
    /// Index in the series of the next value.
    public var nextIndex: UInt64
}

public struct LocalValues: Equatable, Sendable {
    public var name: [UInt8]
    /// By index; times are the caller's.
    public var samples: [PoolSample]
    /// There may be older ones that fit the question, before this index.
    public var before: UInt64?
}

public struct LocalSeries: Equatable, Sendable {
    public var id: UInt16
    public var name: [UInt8]
    public var kind: SeriesClass
    /// The agent's own: can be read, not appended to.
    public var isOwn: Bool
    /// Indices from the oldest value held to the next.
    public var indices: Range<UInt64>
    public var refused: UInt64
    public var lower: Double
    public var upper: Double
}

public struct LocalStatus: Sendable {
    public var agentVersion: String
    public var device: DeviceID
    public var boot: UInt64
    public var isEnrolled: Bool
    /// Attempts to report that failed in a row; 0: the aggregator answers, or hasn't been asked.
    public var failuresInARow: Int
    public var parameters: ApplyStatus
    public var parameterVersion: UInt64
    public var controlMode: ControlMode
    public var intervalMs: Int64
    public var samplesTaken: UInt64
    public var pool: PoolSummary
    public var undeliveredValues: UInt64
    /// In force now, from the socket or the file.
    public var signals: Signals
    /// Since the start.
    public var signalsTaken: UInt64
    public var earlyObservations: UInt64
    public var seriesCount: Int
    public var valuesAppended: UInt64
    public var valuesRefused: UInt64
}
