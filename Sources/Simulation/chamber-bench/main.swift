import ChamberTrials
import Simulation
import Chamber

for board in [HeatBoard.zero2W, .pi4] {
    for interval in [1.0, 10.0] {
        let r = PredictionTrial.run(board, count: 300, ambientC: 40...50, intervalS: interval, seed: 1)
        print(board.name, interval, r.trials, r.tooSoon, r.neverCrossed, r.withinFifth, r.medianError)
    }
}
for board in [HeatBoard.zero2W, .pi4] {
    for ambient in [Ambient.hot, .ramp] {
        func run(_ seed: UInt64, fw: Bool = true) -> HeatRun { HeatRun(board, ambient, durationS: 3600, seed: seed, hasFirmware: fw) }
        func show(_ name: String, _ r: RunResult) { print(board.name, ambient.name, name, "work", r.workShare, "above", r.secondsAbove, "max", r.hottestC, r.forecastErrorC as Any) }
        for i in [1.0, 2, 5, 10] { for s in [true, false] { show("chamber \(i) \(s)", Trial.chamber(run(1), intervalS: i, scalesFrequency: s)) } }
    }
}
