import Foundation
import Phi
import Testing

@Suite struct ConstantsTests {
    /// The literals carry more digits than a Double holds: the compiler rounds them to the nearest.
    @Test func constantsAreTheNearestDoubles() {
        #expect(Phi.ratio == 1.618033988749894848204586834365638117720)
        #expect(Phi.resonanceThreshold == 0.618033988749894848204586834365638117720)
        #expect(Phi.efficiencyTarget == 0.618033988749894848204586834365638117720)
        #expect(Phi.compressionLimit == 0.381966011250105151795413165634361882280)
        #expect(Phi.expansionLimit == 2.618033988749894848204586834365638117720)
        #expect(Phi.log2Ratio == 0.694241913630617301738790266898595222563)
        #expect(Phi.twoPi == 6.283185307179586476925286766559005768394)
    }

    @Test func constantsFollowFromOneAnother() {
        #expect(abs(Phi.ratio * Phi.ratio - Phi.ratio - 1) <= 1e-15)
        #expect(Phi.expansionLimit == Phi.ratio + 1)
        #expect(abs(Phi.compressionLimit * Phi.expansionLimit - 1) <= 1e-15)
        #expect(abs(Phi.compressionLimit + Phi.resonanceThreshold - 1) <= 1e-15)
    }

    @Test func powersOfPhi() {
        #expect(Phi.power(0) == 1)
        for (exponent, value) in [
            (1.0, Phi.ratio), (2, Phi.expansionLimit), (-1, Phi.resonanceThreshold),
            (-2, Phi.compressionLimit), (0.5, Phi.ratio.squareRoot()),
        ] {
            #expect(abs(Phi.power(exponent) - value) <= 2 * value.ulp)
            #expect(abs(Phi.logarithm(value) - exponent) <= 1e-15)
        }
        #expect(Phi.power(-.infinity) == 0)
        #expect(Phi.power(.infinity) == .infinity)
        #expect(Phi.power(.nan).isNaN)
        #expect(Phi.logarithm(0) == -.infinity)
        #expect(Phi.logarithm(-1).isNaN)
    }

    @Test func clampHoldsEverything() {
        #expect(clamp(0.5, 0...1) == 0.5)
        #expect(clamp(-1, 0...1) == 0)
        #expect(clamp(2, 0...1) == 1)
        #expect(clamp(0, 0...1) == 0)
        #expect(clamp(1, 0...1) == 1)
        #expect(clamp(.infinity, 0...1) == 1)
        #expect(clamp(-.infinity, 0...1) == 0)
        // No limit is passed by a NaN.
        #expect(clamp(.nan, 0.25...1) == 0.25)
        #expect(clamp(-.nan, 0.25...1) == 0.25)
        #expect(clamp(.signalingNaN, 3...3) == 3)
        #expect(clamp(7, 3...3) == 3)
    }
}
