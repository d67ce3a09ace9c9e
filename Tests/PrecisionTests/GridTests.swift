import Testing

@testable import Precision

@Suite struct GridTests {
    @Test func boundsHoldOnAMillionValues() throws {
        var random = SplitMix(state: 11)
        for (lower, upper) in [(0.0, 1.0), (-40, 85), (1e9, 1e9 + 1), (-1e-9, 1e-9), (-1e300, 1e300)]
        {
            let grid = try #require(Grid(lower: lower, upper: upper))
            for _ in 0..<200_000 {
                let value = Double.random(in: lower...upper, using: &random)
                if let index = grid.index16(of: value) {
                    if (grid.value16(index) - value).magnitude > grid.bound16 {
                        Issue.record("16 bit, \(value)")
                    }
                    let nested = grid.value8(Grid.nested(index))
                    if (nested - value).magnitude > grid.bound8 * (1 + 1e-9) {
                        Issue.record("demoted, \(value)")
                    }
                } else if upper - lower > 1e-6 && upper < 1e6 {
                    Issue.record("no index for \(value)")
                }
                if let index = grid.index8(of: value),
                    (grid.value8(index) - value).magnitude > grid.bound8
                {
                    Issue.record("8 bit, \(value)")
                }
            }
        }
    }

    @Test func outliersAreLargerIntegers() throws {
        let grid = try #require(Grid(lower: 0, upper: 65535))
        #expect(grid.index16(of: 1_000_000) == 1_000_000)
        #expect(grid.index16(of: -7) == -7)
        #expect(grid.value16(1_000_000) == 1_000_000)
        #expect(grid.index8(of: -257) == -1)
        #expect(grid.index16(of: .nan) == nil)
        #expect(grid.index16(of: .infinity) == nil)
        #expect(grid.index8(of: -.infinity) == nil)
        #expect(grid.index16(of: 1e300) == nil)
    }

    @Test func nestedIsTheNearestLine() {
        for index in Int64(-2000)...2000 {
            let nested = Grid.nested(index)
            #expect((index - nested * 257).magnitude <= 128)
        }
    }

    @Test func badFullScalesAreRefused() {
        #expect(Grid(lower: 1, upper: 1) == nil)
        #expect(Grid(lower: 2, upper: 1) == nil)
        #expect(Grid(lower: .nan, upper: 1) == nil)
        #expect(Grid(lower: 0, upper: .infinity) == nil)
        #expect(Grid(lower: -.greatestFiniteMagnitude, upper: .greatestFiniteMagnitude) == nil)
        #expect(Grid(lower: 0, upper: .leastNonzeroMagnitude) == nil)
    }
}
