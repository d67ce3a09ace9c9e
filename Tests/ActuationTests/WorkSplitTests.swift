import Actuation
import Testing

@Suite struct WorkSplitTests {
    static let pi4 = [0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8]

    @Test(arguments: [1.0, 1.5, 3.0])
    func nothingIsHeldBackAtOneAndAbove(factor: Double) {
        var split = WorkSplit()
        #expect(
            split.setting(factor: factor, steps: Self.pi4, intervalS: 1)
                == .init(step: 12, duty: 1))
    }

    /// Mixed over cycles, the steps are worth the factor's share of the work.
    @Test(arguments: [0.34, 0.5, 0.618, 0.75, 0.832, 0.99])
    func mixedStepsAreWorthTheFactor(factor: Double) {
        var split = WorkSplit()
        var work = 0.0
        for _ in 0..<1_000 {
            let setting = split.setting(factor: factor, steps: Self.pi4, intervalS: 1)
            work += Self.pi4[setting.step] * setting.duty / 1.8
        }
        #expect(abs(work / 1_000 - factor) < 0.002)
    }

    @Test(arguments: [0.1, 0.34, 0.5, 0.618, 0.75, 0.832, 0.99])
    func aLongCycleUsesTheHigherStepForPartOfTheTime(factor: Double) {
        var split = WorkSplit()
        let setting = split.setting(factor: factor, steps: Self.pi4, intervalS: 10)
        #expect(abs(Self.pi4[setting.step] * setting.duty / 1.8 - factor) < 1e-9)
        #expect(setting.step == 0 || Self.pi4[setting.step - 1] < factor * 1.8)
    }

    @Test func belowTheLowestStepCoreTimeDoesTheRest() {
        var split = WorkSplit()
        let setting = split.setting(factor: 0.1, steps: Self.pi4, intervalS: 1)
        #expect(setting.step == 0)
        #expect(abs(setting.duty - 0.3) < 1e-9)
    }

    @Test(arguments: [[], [1.8]])
    func withoutStepsThereIsCoreTimeAlone(steps: [Double]) {
        var split = WorkSplit()
        #expect(
            split.setting(factor: 0.4, steps: steps, intervalS: 1) == .init(step: 0, duty: 0.4))
        #expect(split.setting(factor: -1, steps: steps, intervalS: 1).duty == 0)
    }
}
