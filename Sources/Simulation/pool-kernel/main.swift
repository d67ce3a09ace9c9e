// `pool-kernel MODE ROWS`: one of `Kernel`'s workloads, once; prints how many values went through.
// For counting instructions from outside, on the host and on the device's processor.

import PoolTrials
import System

let arguments = CommandLineArguments.all
let mode = Kernel.allCases.first { mode in
    arguments.count == 3
        && mode.name.withUTF8Buffer { $0.elementsEqual(arguments[1].utf8) }
}
guard let mode, let rows = Int(arguments[2]), rows > 0 else {
    Standard.error("usage: pool-kernel MODE ROWS\n")
    Process.exit(2)
}
do {
    let (values, trace) = try mode.run(rows: rows)
    Standard.output("\(values) values, \(trace & 0xFFFF)\n")
} catch {
    Standard.error("pool-kernel: the pool refused its settings\n")
    Process.exit(1)
}
