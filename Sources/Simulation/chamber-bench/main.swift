// chamber-bench: the chamber's figures, taken in simulation: `make bench-chamber`.
//
// Prints a table for people and writes bench/results/chamber.jsonl, one figure a line. With
// `--log FILE` it runs a recorded log through the online thermal model instead.

import Bytes
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
} else if arguments.count == 4, arguments[0] == "--trace" {
    let board = arguments[1] == "zero" ? HeatBoard.zero2W : .pi4
    let ambient = arguments[2] == "ramp" ? Ambient.ramp : .hot
    for seed in Comparison.seeds {
        let r = Trial.chamber(HeatRun(board, ambient, durationS: 3600, seed: seed), intervalS: Double(arguments[3]) ?? 1, scalesFrequency: true) { t, c, d, s in
            guard seed == 14 else { return }
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
