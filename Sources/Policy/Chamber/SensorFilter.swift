// One sensor's error correction: median of five, Hampel rejection, EWMA, and notice of a sensor that
// is stuck.
//
// A reading further from the median of the last five than 3 scaled MADs is a spike and is replaced by
// the median; the MAD has the sensor's step as its floor, since a quantised sensor at rest has none.
// A true jump is believed once it is the median itself: at the third reading. A steady ramp passes
// unhindered, because its MAD grows with it.
//
// Hampel, F. R.: The influence curve and its role in robust estimation, JASA 69 (1974).

import Phi

public struct SensorFilter: Sendable {
    /// Makes the MAD of normal noise its standard deviation.
    static let madScale = 1.4826
    static let rejectionScale = 3.0
    /// Time constant of the EWMA, s.
    static let smoothingTauS = 5.0

    /// The sensor's quantisation step, in its unit.
    private let step: Double
    // The last five, oldest first, and how many there are.
    private var a = 0.0
    private var b = 0.0
    private var c = 0.0
    private var d = 0.0
    private var e = 0.0
    private var count = 0
    private var lastMs: Int64 = 0
    /// Median, Hampel and EWMA together; nil before the first reading.
    public private(set) var value: Double?
    /// Median and Hampel alone, for what mustn't wait for the EWMA.
    public private(set) var corrected: Double?
    /// The reading itself where it was believed, else nil.
    public private(set) var accepted: Double?
    /// Readings rejected since the start.
    public private(set) var rejections: UInt64 = 0

    public init(step: Double) { self.step = step }

    /// Takes a reading and gives the corrected value. A reading that is no number changes nothing.
    @discardableResult
    public mutating func note(_ reading: Double, nowMs: Int64) -> Double? {
        accepted = nil
        guard reading.isFinite else { return value }
        (a, b, c, d, e) = (b, c, d, e, reading)
        count = min(5, count + 1)
        let middle = median()
        let deviation = max(medianDeviation(from: middle), step)
        let isBelieved = abs(reading - middle) <= Self.rejectionScale * Self.madScale * deviation
        let corrected = isBelieved ? reading : middle
        self.corrected = corrected
        if isBelieved { accepted = reading } else { rejections &+= 1 }
        if let before = value, nowMs > lastMs {
            let elapsedS = Double(nowMs - lastMs) / 1000
            value = before + (corrected - before) * elapsedS / (Self.smoothingTauS + elapsedS)
        } else if value == nil {
            value = corrected
        }
        lastMs = max(lastMs, nowMs)
        return value
    }

    private func median() -> Double {
        switch count {
        case 5: Self.median(a, b, c, d, e)
        case 4: Self.median(b, b, c, d, e)
        case 3: Self.median(c, c, d, e, e)
        default: e
        }
    }

    private func medianDeviation(from middle: Double) -> Double {
        guard count >= 3 else { return .infinity }
        let three = (abs(c - middle), abs(d - middle), abs(e - middle))
        guard count == 5 else { return max(three.0, max(three.1, three.2)) }
        return Self.median(abs(a - middle), abs(b - middle), three.0, three.1, three.2)
    }

    /// Of five, without a sort: the greater of the two lesser pairs' minima is not the median, and so on.
    static func median(_ a: Double, _ b: Double, _ c: Double, _ d: Double, _ e: Double) -> Double {
        // The least and the greatest of {a,b,c,d} can't be the median of five.
        let low = max(min(a, b), min(c, d))
        let high = min(max(a, b), max(c, d))
        // The median of what remains: low, high, e.
        return max(min(low, high), min(max(low, high), e))
    }
}

/// A sensor that shows one and the same reading while the model, proven until then, says that the
/// temperature must have moved. A quantised sensor at rest repeats itself, so repetition alone proves
/// nothing.
struct StuckDetector: Sendable {
    /// Readings without a change before the question is asked.
    static let readingsLeast = 10
    /// Least span of the model's course meanwhile, °C: several steps of any sensor in use.
    static let movedLeastC = 4.0

    private var last: Int?
    private var same = 0
    private var lowC = 0.0
    private var highC = 0.0
    private var outlook: ThermalOutlook?
    private(set) var isStuck = false

    /// - Parameters:
    ///   - outlook: the model's at the reading before, nil while it isn't proven.
    ///   - load: the heat share since the reading before.
    mutating func note(milliC: Int, outlook fresh: ThermalOutlook?, load: Double, elapsedS: Double) {
        guard last == milliC else {
            last = milliC
            same = 0
            isStuck = false
            // The model's is of the reading before.
            outlook = fresh
            outlook?.advance(seconds: elapsedS, load: load)
            lowC = outlook?.nowC ?? 0
            highC = lowC
            return
        }
        same += 1
        // The course is carried on from the last reading that moved: the model itself would by and
        // by learn to believe a stuck sensor.
        guard outlook != nil else { return }
        outlook?.advance(seconds: elapsedS, load: load)
        let nowC = outlook?.nowC ?? 0
        lowC = min(lowC, nowC)
        highC = max(highC, nowC)
        if same >= Self.readingsLeast, highC - lowC >= Self.movedLeastC { isStuck = true }
    }
}
