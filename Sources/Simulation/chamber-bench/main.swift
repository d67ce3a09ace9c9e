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
