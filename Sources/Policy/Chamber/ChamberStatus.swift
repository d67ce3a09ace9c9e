// What the chamber knows beside its decision: for a status page, a trial, or a curious operator.

import Digest
import Model
import Phi

public struct ChamberStatus: Equatable, Sendable {
    /// The corrected temperature, °C.
    public var temperatureC: Double?
    /// Seconds until the soft limit is reached with the heat held as it is; nil if it isn't in sight.
    public var secondsToSoftLimit: Double?
    /// Work share that heat allows, by the proven model: 1 and more holds nothing back.
    public var heatShare: Double?
    /// The fitted two-pole model; nil before there is one.
    public var thermalFit: ThermalModel.Fit?
    /// Mean error of the forecast 30 s ahead, °C; nil before the first was judged.
    public var forecastErrorC: Double?
    /// Entropy estimated from the board's activity, 0…1; nil before enough was seen.
    public var estimatedEntropy: Double?
    /// ψ: the last input came out of time, and an early observation is called for.
    public var wantsEarlyObservation: Bool
    public var isSensorStuck: Bool
    /// Readings taken for spikes.
    public var rejectedReadings: UInt64
    /// Slots with learned weights.
    public var learnedSlots: Int
    public var chainHead: Digest32
}

extension Chamber {
    public var status: ChamberStatus { status(softLimitC: Parameter.softLimitC.description.standard) }

    public func status(softLimitC: Double) -> ChamberStatus {
        ChamberStatus(
            temperatureC: filter.value, secondsToSoftLimit: forecast.secondsTo(softLimitC),
            heatShare: heatShare, thermalFit: forecast.model.fit,
            forecastErrorC: forecast.aheadErrorC, estimatedEntropy: activity.value,
            wantsEarlyObservation: timing.isTriggered, isSensorStuck: stuck.isStuck,
            rejectedReadings: filter.rejections, learnedSlots: learned.slots.live,
            chainHead: chainHead)
    }
}
