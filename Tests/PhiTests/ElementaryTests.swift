import CoreTesting
import Foundation
import Phi
import Testing

/// Against libm, which is itself within 1 ulp.
@Suite struct ElementaryTests {
    /// The worst distance over `count` draws, in ulps of libm's value, forgiving `absolute`.
    private func check(
        _ name: String, _ range: ClosedRange<Double>, ulps: Double, absolute: Double = 0,
        count: Int = 500_000, seed: UInt64 = 1, _ ours: (Double) -> Double,
        _ libm: (Double) -> Double
    ) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<count {
            let x = Double.random(in: range, using: &random)
            let expected = libm(x)
            let distance = abs(ours(x) - expected)
            // A NaN makes the comparison false too.
            if !(distance <= max(ulps * expected.ulp, absolute)) {
                throw Broken("seed \(seed): \(name)(\(x)) = \(ours(x)), libm has \(expected)")
            }
        }
    }

    @Test func exp2IsWithinTwoUlps() throws {
        for range in [-1.0...1, -40...40, -1021...1023.999, -1080 ... -1020] {
            try check("exp2", range, ulps: 2, Phi.exp2, Foundation.exp2)
        }
    }

    @Test func exp2OfWholeNumbersIsExact() {
        for n in -1074...1023 {
            #expect(Phi.exp2(Double(n)) == Double(sign: .plus, exponent: n, significand: 1))
        }
    }

    @Test func exp2AtTheEdges() {
        #expect(Phi.exp2(1024) == .infinity)
        #expect(Phi.exp2(.infinity) == .infinity)
        #expect(Phi.exp2(Double(1024).nextDown).isFinite)
        #expect(Phi.exp2(-1075) == 0)
        #expect(Phi.exp2(-.infinity) == 0)
        #expect(Phi.exp2(Double(-1075).nextUp) == .leastNonzeroMagnitude)
        #expect(Phi.exp2(.greatestFiniteMagnitude) == .infinity)
        #expect(Phi.exp2(-.greatestFiniteMagnitude) == 0)
        #expect(Phi.exp2(.leastNonzeroMagnitude) == 1)
        #expect(Phi.exp2(.nan).isNaN)
    }

    @Test func log2IsWithinTwoUlps() throws {
        for range in [0.5...2, 1.40...1.43, 1 - 1e-6...1 + 1e-6, 1e-3...1e3, 0...1e-300, 0...1e300] {
            try check("log2", range, ulps: 2, Phi.log2, Foundation.log2)
        }
        var random = SeededRandom(seed: 2)
        for _ in 0..<1_000_000 {
            let x = Double(bitPattern: UInt64.random(in: 1..<0x7ff0_0000_0000_0000, using: &random))
            let expected = Foundation.log2(x)
            if !(abs(Phi.log2(x) - expected) <= 2 * expected.ulp) { throw Broken("seed 2: log2(\(x))") }
        }
    }

    @Test func log2OfPowersOfTwoIsExact() {
        for n in -1074...1023 {
            #expect(Phi.log2(Double(sign: .plus, exponent: n, significand: 1)) == Double(n))
        }
    }

    @Test func log2AtTheEdges() {
        #expect(Phi.log2(0) == -.infinity)
        #expect(Phi.log2(-0.0) == -.infinity)
        #expect(Phi.log2(-.leastNonzeroMagnitude).isNaN)
        #expect(Phi.log2(-.infinity).isNaN)
        #expect(Phi.log2(.infinity) == .infinity)
        #expect(Phi.log2(.nan).isNaN)
    }

    @Test func sineAndCosineAreWithinTwoUlps() throws {
        for bound in [0.8, 3.2, 6.3, 100, 1e5] {
            try check("sin", -bound...bound, ulps: 2, absolute: 1e-21, Phi.sin, Foundation.sin)
            try check("cos", -bound...bound, ulps: 2, absolute: 1e-21, Phi.cos, Foundation.cos)
        }
    }

    @Test func sineAndCosineNearTheirZeros() {
        for k in -60_000...60_000 {
            let x = Double(k) * (Double.pi / 2)
            let (s, c) = (Foundation.sin(x), Foundation.cos(x))
            if !(abs(Phi.sin(x) - s) <= max(2 * s.ulp, 1e-21))
                || !(abs(Phi.cos(x) - c) <= max(2 * c.ulp, 1e-21))
            {
                Issue.record("at \(k)·π/2")
            }
        }
        #expect(Phi.sin(0) == 0)
        #expect(Phi.cos(0) == 1)
        #expect(Phi.sin(1e-300) == 1e-300)
    }

    /// Whatever the argument, a sine is a sine.
    @Test func sineAndCosineStayBounded() throws {
        try forSeeds(200_000) { random in
            let x = random.finite()
            for value in [Phi.sin(x), Phi.cos(x)] {
                try hold(abs(value) <= 1, "\(value) at \(x)")
            }
        }
        for x in [1e14, 1e15, 1e16, 1e300, .greatestFiniteMagnitude] {
            #expect(abs(Phi.sin(x)) <= 1 && abs(Phi.cos(x)) <= 1)
        }
        #expect(Phi.sin(.infinity).isNaN && Phi.cos(-.infinity).isNaN)
        #expect(Phi.sin(.nan).isNaN && Phi.cos(.nan).isNaN)
    }
}
