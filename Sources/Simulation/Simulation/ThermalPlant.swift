// How a board heats: two first-order poles above its idle temperature, the die (seconds) and the
// board or heatsink (minutes). One exponential alone is clearly worse.
//
// The figures are fitted to published logs of single boards, with the ambient temperature unknown:
// good for closing a control loop in a demonstration or a test, not for a claim about your board.
// Cooling follows the same poles here; measured boards cool a little differently.

public struct ThermalProfile: Sendable {
    public struct Pole: Sendable {
        /// Rise at full load in the end, °C.
        public var riseC: Double
        /// Time constant, s.
        public var tauS: Double
    }

    public var idleC: Double
    public var fast: Pole
    public var slow: Pole

    /// Where the temperature ends at full load, °C.
    public var fullLoadC: Double { idleC + fast.riseC + slow.riseC }

    public static let zero2WBare = ThermalProfile(
        idleC: 38.4, fast: Pole(riseC: 8.7, tauS: 2.4), slow: Pole(riseC: 24.9, tauS: 126))
    public static let zero2WHeatsink = ThermalProfile(
        idleC: 32.2, fast: Pole(riseC: 5.1, tauS: 8), slow: Pole(riseC: 21.4, tauS: 528))
    public static let pi4Bare = ThermalProfile(
        idleC: 46.7, fast: Pole(riseC: 9.3, tauS: 3.7), slow: Pole(riseC: 16.1, tauS: 95))
    public static let pi4Heatsink = ThermalProfile(
        idleC: 46.9, fast: Pole(riseC: 4.3, tauS: 0.6), slow: Pole(riseC: 16.2, tauS: 185))
}

public struct ThermalPlant: Sendable {
    public let profile: ThermalProfile
    /// How much warmer than in the published logs the surroundings are, °C.
    public var ambientOffsetC: Double
    private var fastC = 0.0
    private var slowC = 0.0

    public init(_ profile: ThermalProfile, ambientOffsetC: Double = 0) {
        self.profile = profile
        self.ambientOffsetC = ambientOffsetC
    }

    /// The die's temperature, °C, without a sensor's noise.
    public var temperatureC: Double { profile.idleC + ambientOffsetC + fastC + slowC }

    /// `load` is the heat produced, as a share of what full load produces. Exact for a constant load,
    /// so the length of a step doesn't change the course.
    public mutating func step(seconds: Double, load: Double) {
        fastC += (load * profile.fast.riseC - fastC) * lagShare(seconds: seconds, tau: profile.fast.tauS)
        slowC += (load * profile.slow.riseC - slowC) * lagShare(seconds: seconds, tau: profile.slow.tauS)
    }

    /// What the SoC's sensor shows, m°C: noise of 0.31 °C, in steps of 0.538 °C.
    public func sensorMilliC(_ random: inout SeededRandom) -> Int {
        let stepC = 0.538
        let steps = ((temperatureC + 0.31 * random.normal()) / stepC).rounded()
        return Int((steps * stepC * 1000).rounded())
    }
}
