// chamber-bench: the chamber's figures, taken in simulation: `make bench-chamber`.
//
// Prints a table for people and writes bench/results/chamber.jsonl, one figure a line. With
// `--log FILE` it runs a recorded log through the online thermal model instead.

import Bytes
import Chamber
import ChamberTrials
import Phi
import Simulation
import System

let help = """
    usage: chamber-bench [--out FILE]     the comparison, the prediction trials, the regret table
           chamber-bench --log FILE       a recorded log (CSV) through the online thermal model

    columns of a log: time_ms or time_s, temperature_milli_c or temperature_c, busy_share or load;
    optional: cores, frequency_khz, frequency_max_khz

    """

func fail(_ text: String, _ status: Int32) -> Never {
    Standard.error("chamber-bench: \(text)\n")
    Process.exit(status)
}

func readLog(_ path: String) {
    do throws(Errno) {
        let bytes = try FileSystem.read(path, limit: 256 << 20)
        do throws(ThermalLogError) {
            let result = ThermalLog.run(try ThermalLog.rows(bytes))
            Standard.output(LogPage.text(result))
        } catch {
            fail("\(path):\(error.line): \(error.text)", 1)
        }
    } catch {
        fail("\(path): \(error.text)", 1)
    }
}

var arguments = Array(CommandLine.arguments.dropFirst())
var out: String?
if arguments.contains("--help") {
    Standard.output(help)
} else if arguments.count == 2, arguments[0] == "--log" {
    readLog(arguments[1])
} else if arguments.count >= 3, arguments[0] == "--eval" {
    let n = UInt64(arguments[1]) ?? 5
    let interval = Double(arguments[2]) ?? 1
    var line = ""
    for board in [HeatBoard.zero2W, .pi4] {
        for ambient in [Ambient.hot, .ramp, Ambient(name: "a", fromC: 50, toC: 50), Ambient(name: "b", fromC: 35, toC: 55), Ambient(name: "c", fromC: 50, toC: 35), Ambient(name: "d", fromC: 40, toC: 40)] {
            var s = 0.0, m = 0.0, w = 0.0, h = 0.0
            for seed in 100..<(100 + n) {
                let r = Trial.chamber(HeatRun(board, ambient, durationS: 3600, seed: seed), intervalS: interval, stepS: interval > 2 ? 2 : nil, scalesFrequency: true)
                s += r.secondsAbove / Double(n); m = max(m, r.secondsAbove); w += r.workShare / Double(n); h = max(h, r.hottestC)
            }
            let best = BestSchedule.ride(HeatRun(board, ambient, durationS: 3600, seed: 0, hasFirmware: false)).workShare
            line += "\(board.name) \(Int(ambient.fromC))-\(Int(ambient.toC)): \(Decimal.fixed(s, decimals: 1))/\(Decimal.fixed(m, decimals: 1)) \(Decimal.fixed(100 * w / best, decimals: 2)) \(Decimal.fixed(h, decimals: 2))  "
        }
        line += "\n"
    }
    print(line)
} else if arguments.count >= 3, arguments[0] == "--pred" {
    for board in [HeatBoard.zero2W, .pi4] {
        let result = PredictionTrial.run(board, count: Int(arguments[1]) ?? 400, ambientC: 40...50, intervalS: Double(arguments[2]) ?? 1, stepS: arguments.count > 3 ? Double(arguments[3]) : nil, seed: 7)
        print(board.name, result.withinFifth, result.medianError)
    }
} else if arguments.count == 4, arguments[0] == "--trace" {
    let board = arguments[1] == "zero" ? HeatBoard.zero2W : .pi4
    let ambient = arguments[2] == "ramp" ? Ambient.ramp : arguments[2] == "b" ? Ambient(name: "b", fromC: 35, toC: 55) : .hot
    for seed in 100...109 as ClosedRange<UInt64> {
        let r = Trial.chamber(HeatRun(board, ambient, durationS: 3600, seed: seed), intervalS: Double(arguments[3]) ?? 1, scalesFrequency: true) { t, c, d, s in
            guard seed == 103 else { return }
            let f = s.thermalFit
            print(Int(t), Decimal.fixed(c, decimals: 2), Decimal.fixed(d.factor, decimals: 3), Decimal.fixed(s.heatShare ?? -1, decimals: 3), Decimal.fixed(s.forecastErrorC ?? -1, decimals: 2), "b", Decimal.fixed(f?.baseC ?? 0, decimals: 2), "f", Decimal.fixed(f?.fastRiseC ?? 0, decimals: 2), Decimal.fixed(f?.fastTauS ?? 0, decimals: 1), "s", Decimal.fixed(f?.slowRiseC ?? 0, decimals: 2), Decimal.fixed(f?.slowTauS ?? 0, decimals: 0))
        }
        print("#", seed, r.secondsAbove, r.workShare, r.hottestC)
    }
} else if arguments.count == 2, arguments[0] == "--cycles", let count = Int(arguments[1]), count > 0 {
    var trial = CycleTrial()
    trial.run(cycles: count)
    Standard.output("\(count) cycles, factors \(Decimal.fixed(trial.sum, decimals: 3))\n")
} else if arguments.isEmpty || (arguments.count == 2 && arguments[0] == "--out") {
    var report = BenchReport()
    report.compare()
    report.predict()
    report.learn()
    if arguments.count == 2 {
        do throws(Errno) {
            try FileSystem.replace(arguments[1], with: Array(report.lines.utf8))
        } catch {
            fail("\(arguments[1]): \(error.text)", 1)
        }
    }
} else {
    Standard.error(help)
    Process.exit(2)
}
