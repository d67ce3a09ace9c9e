// `pool-kernel MODE ROWS`: one of `Kernel`'s workloads, once; prints how many values went through. Or, with
// `steady-` before it, one of `SteadyTrial`'s at the least budget; prints how many values made room for others.
// For counting instructions and calls to the heap from outside, on the host and on the device's processor.

import PoolTrials
import System

let arguments = CommandLineArguments.all
guard arguments.count == 3, let rows = Int(arguments[2]), rows > 0 else {
    Standard.error("usage: pool-kernel MODE ROWS\n")
    Process.exit(2)
}

func isMode(_ name: StaticString, _ prefix: StaticString = "") -> Bool {
    var rest = arguments[1].utf8[...]
    let begins = prefix.withUTF8Buffer { rest.starts(with: $0) }
    rest = rest.dropFirst(prefix.utf8CodeUnitCount)
    return begins && name.withUTF8Buffer { rest.elementsEqual($0) }
}

do {
    if let mode = Kernel.allCases.first(where: { isMode($0.name) }) {
        let (values, trace) = try mode.run(rows: rows)
        Standard.output("\(values) values, \(trace & 0xFFFF)\n")
    } else if let way = SteadyTrial.Way.allCases.first(where: { isMode($0.name, "steady-") }) {
        var trial = try SteadyTrial(way, budgetBytes: 64 << 10)
        try trial.run(rows: rows)
        Standard.output("\(trial.gone) values, \(try trial.digest() & 0xFFFF)\n")
    } else {
        Standard.error("pool-kernel: no such mode\n")
        Process.exit(2)
    }
} catch {
    Standard.error("pool-kernel: the pool refused its settings\n")
    Process.exit(1)
}
