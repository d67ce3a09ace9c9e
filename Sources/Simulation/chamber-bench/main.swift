// chamber-bench: the chamber's figures, taken in simulation: `make bench-chamber`.
//
// Prints a table for people and writes bench/results/chamber.jsonl, one figure a line. With
// `--log FILE` it runs a recorded log through the online thermal model instead.

import Bytes
import CMeasure
import ChamberTrials
import Phi
import Simulation
import System

let help = """
    usage: chamber-bench [--out FILE] [--plot FILE.svg] [--counts FILE]
               the comparison, the prediction trials, the regret table, and what a decision cycle costs,
               by the counts that toolchains/count-cycles.sh took
           chamber-bench --log FILE       a recorded log (CSV) through the online thermal model
           chamber-bench --cycles N [--steps M]
               N decision cycles and nothing else, with M thermal steps each: for counting instructions;
               it tells how often the heap was asked for memory meanwhile, after warm-up

    columns of a log: time_ms or time_s, temperature_milli_c or temperature_c, busy_share or load;
    optional: cores, frequency_khz, frequency_max_khz. An empty field is "no data".

    """

func fail(_ text: String, _ status: Int32) -> Never {
    Standard.error("chamber-bench: \(text)\n")
    Process.exit(status)
}

func read(_ path: String) -> [UInt8] {
    do throws(Errno) {
        return try FileSystem.read(path, limit: 256 << 20)
    } catch {
        fail("\(path): \(error.text)", 1)
    }
}

func readLog(_ path: String) {
    do throws(ThermalLogError) {
        Standard.output(ThermalLog.run(try ThermalLog.rows(read(path))).page)
    } catch {
        fail("\(path):\(error.line): \(error.text)", 1)
    }
}

func bench(_ options: [String: String]) {
    var report = BenchReport()
    report.compare()
    report.compareHeldOut()
    report.predict()
    report.learn()
    report.cost(options["--counts"].map { read($0) })
    report.allocate()
    if let out = options["--out"] { write(report.lines, out) }
    if let plot = options["--plot"] { write(report.picture, plot) }
}

func write(_ text: String, _ path: String) {
    do throws(Errno) {
        try FileSystem.replace(path, with: Array(text.utf8))
    } catch {
        fail("\(path): \(error.text)", 1)
    }
}

func turn(_ options: [String: String]) {
    guard let count = options["--cycles"].flatMap({ Int($0) }), count > 0,
        let steps = Int(options["--steps"] ?? "0"), steps >= 0
    else { fail("--cycles and --steps are whole numbers", 2) }
    var trial = CycleTrial(steps: steps)
    let atStart = cmeasure_allocations()
    trial.run(cycles: CycleTrial.warmUp)
    let afterWarmUp = cmeasure_allocations()
    trial.run(cycles: count)
    let atEnd = cmeasure_allocations()
    Standard.output("\(count) cycles, factors \(Decimal.fixed(trial.sum, decimals: 3))\n")
    Standard.output("allocations: \(afterWarmUp - atStart) in \(CycleTrial.warmUp) cycles of warm-up, then \(atEnd - afterWarmUp)\n")
}

let arguments = Array(CommandLine.arguments.dropFirst())
var options: [String: String] = [:]
if arguments.contains("--help") {
    Standard.output(help)
    Process.exit(0)
}
let known = [["--out", "--plot", "--counts"], ["--log"], ["--cycles", "--steps"]]
for index in stride(from: 0, to: arguments.count, by: 2) {
    guard index + 1 < arguments.count else { fail("\(arguments[index]) wants a value; see --help", 2) }
    options[arguments[index]] = arguments[index + 1]
}
guard known.contains(where: { group in options.keys.allSatisfy { group.contains($0) } }) else {
    Standard.error(help)
    Process.exit(2)
}
if let log = options["--log"] {
    readLog(log)
} else if options["--cycles"] != nil {
    turn(options)
} else {
    bench(options)
}
