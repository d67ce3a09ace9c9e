// What may be changed while a pool runs, and the thresholds in force that follow from it.

import Phi

public struct PoolSettings: Equatable, Sendable {
    /// A value scored at or above this is held exactly and never demoted. Default 1/φ.
    public var exactScore = Phi.resonanceThreshold
    /// A value scored at or below this may go to 8 bits at once when room is short. Default 1/φ².
    public var lowScore = Phi.compressionLimit
    /// 0 (idle temperature) … 1 (soft limit): heat raises both thresholds.
    public var thermalSignal = 0.0
    /// Extra pressure from outside (the decision's memory vote), 0 … 1; it adds to the pool's own.
    public var externalPressure = 0.0
    /// By how much full heat, or a full pool, raises a threshold.
    public var thermalBias = 0.1
    public var pressureBias = 0.1
    /// Room is short from this share of the budget upward, and no longer below `roomEaseShare`.
    public var roomShortShare = 0.5
    public var roomEaseShare = 0.4
    /// Share of the budget each class may fill before its own chunks are the first to give way
    /// (signal, history, scratch). Shares may overlap: an idle class's room is lent out.
    public var classShares: (signal: Double, history: Double, scratch: Double) = (1, 1, 1)
    /// False: 16-bit values stay at 16 bits, even when the pool is full.
    public var demotes = true
    /// Largest share of the values held that demotion may bring to 8 bits.
    public var largestShare8 = 1.0
    /// When full, the pool gives up what is worth least, the oldest first, instead of refusing what is
    /// new: for a device whose pool nobody empties.
    public var isRing = false
    /// Below `coherenceThreshold` (the tensor-harmonic threshold) no room is made ahead.
    public var harmonicCoherence = 1.0
    public var coherenceThreshold = 0.6

    public init() {}

    public static func == (left: PoolSettings, right: PoolSettings) -> Bool {
        left.exactScore == right.exactScore && left.lowScore == right.lowScore
            && left.thermalSignal == right.thermalSignal
            && left.externalPressure == right.externalPressure
            && left.thermalBias == right.thermalBias && left.pressureBias == right.pressureBias
            && left.roomShortShare == right.roomShortShare
            && left.roomEaseShare == right.roomEaseShare
            && left.classShares == right.classShares && left.isRing == right.isRing
            && left.demotes == right.demotes && left.largestShare8 == right.largestShare8
            && left.harmonicCoherence == right.harmonicCoherence
            && left.coherenceThreshold == right.coherenceThreshold
    }

    /// By how much heat and a filling pool raise the thresholds. `fill`: share of the budget in use;
    /// only the part above `roomShortShare` presses.
    @inline(__always)
    func raise(fill: Double) -> Double {
        let own = roomShortShare < 1 ? max(0, (fill - roomShortShare) / (1 - roomShortShare)) : 0
        let pressure = min(1, max(own, externalPressure))
        let heat = min(1, max(0, thermalSignal))
        return heat * thermalBias + pressure * pressureBias
    }

    @inline(__always)
    func exactThreshold(fill: Double) -> Double { min(1, exactScore + raise(fill: fill)) }

    func share(of kind: SeriesClass) -> Double {
        switch kind {
        case .signal: classShares.signal
        case .history: classShares.history
        case .scratch: classShares.scratch
        }
    }
}

/// The thresholds at one moment: the settings' own, raised by heat and by a filling pool.
struct Thresholds {
    var exact: Double
    var low: Double

    init(_ settings: PoolSettings, fill: Double) {
        exact = settings.exactThreshold(fill: fill)
        low = min(exact, settings.lowScore + settings.raise(fill: fill))
    }

    func tier(forScore score: Double, roomIsShort: Bool) -> Tier {
        if score >= exact { return .bits81 }
        return roomIsShort && score <= low ? .bits8 : .bits16
    }
}
