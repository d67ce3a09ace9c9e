// `pool-bench [--traces FOLDER] [--skip NAME,NAME] [--results FILE.jsonl]`: the tensor pool beside
// Gorilla's XOR, zstd and raw Doubles, on the same values.
// With `--kernel FILE` and `--device-kernel FILE --plugin FILE` (both of pool-kernel, for this machine and
// for the device) it counts instructions and heap as well: `make bench-pool`.
// `pool-bench --steady ROWS [--budget KIB]` runs pools at their budget and nothing else: what they ask of the
// heap, after as many rows of warm-up.

import CMeasure
import Foundation
import PoolReplay
import PoolTrials
import TensorPool

func value(after flag: String) -> String? {
    let arguments = CommandLine.arguments
    guard let index = arguments.firstIndex(of: flag), index + 1 < arguments.count else { return nil }
    return arguments[index + 1]
}

func runSteadily(_ rows: Int, budgetKiB: Int) throws {
    for way in SteadyTrial.Way.allCases {
        var trial = try SteadyTrial(way, budgetBytes: budgetKiB << 10)
        let atStart = cmeasure_allocations()
        try trial.run(rows: rows)
        let afterWarmUp = cmeasure_allocations()
        let gone = trial.gone
        let before = cmeasure_allocations()
        try trial.run(rows: rows)
        let atEnd = cmeasure_allocations()
        let digest = String(try trial.digest(), radix: 16)
        print(
            "\(way.name), \(budgetKiB) KiB: \(trial.gone - gone) values made room for others, "
                + "\(trial.scratchBytes) bytes of scratch, pool \(digest); "
                + "allocations: \(afterWarmUp - atStart) in \(rows) rows, then \(atEnd - before)")
    }
}

if let rows = value(after: "--steady").flatMap({ Int($0) }), rows > 0 {
    try runSteadily(rows, budgetKiB: value(after: "--budget").flatMap { Int($0) } ?? 64)
    exit(0)
}

let skipped = Set((value(after: "--skip") ?? "ROW_ID,reset").split(separator: ",").map(String.init))
let traces =
    value(after: "--traces").map { Traces.load($0, skipping: skipped) }.flatMap { $0.isEmpty ? nil : $0 }
    ?? Traces.synthetic()
var results = Results(path: value(after: "--results"))

for trace in traces {
    print("\n\(trace.name): \(trace.table.rows) rows, \(trace.table.columns.count) columns")
    Results.head()
    let values = trace.table.columns.reduce(0) { $0 + $1.count }
    results.row(trace.name, "raw 64-bit", bits: 64, encode: nil, decode: nil)
    var gorilla = 0
    let start = DispatchTime.now().uptimeNanoseconds
    for column in trace.table.columns { gorilla += Gorilla.encode(column).count }
    let spent = Double(DispatchTime.now().uptimeNanoseconds - start) / Double(values)
    let gorillaBits = Double(gorilla) * 8 / Double(values)
    results.row(trace.name, "Gorilla XOR", bits: gorillaBits, encode: spent, decode: nil)
    for level in [3, 19] {
        let figures = trace.table.columns.compactMap { Zstd.measure($0, level: level) }
        guard figures.count == trace.table.columns.count else {
            results.missing(trace.name, "zstd -\(level)", why: "no zstd on this machine")
            continue
        }
        results.row(
            trace.name, "zstd -\(level)",
            bits: Double(figures.reduce(0) { $0 + $1.bytes }) * 8 / Double(values),
            encode: figures.reduce(0) { $0 + $1.encodeNanosecondsPerValue } / Double(figures.count),
            decode: figures.reduce(0) { $0 + $1.decodeNanosecondsPerValue } / Double(figures.count))
    }
    for (name, bound, goal) in [
        ("pool, exact", ReplayBound.exact, 8.0), ("pool, 10/60/30", .mixed, 15),
        ("pool, 10 % exact, rest FS/510", .bits8, 20),
    ] {
        var options = ReplayOptions()
        options.bound = bound
        var replay = try Replay(trace.table, options)
        let report = try replay.run(
            nanoseconds: { DispatchTime.now().uptimeNanoseconds }, progress: { _, _ in })
        guard report.beyondBound == 0, report.highDegraded == 0 else {
            print("pool-bench: \(name): a value came back wrong")
            exit(1)
        }
        results.row(
            trace.name, name, bits: report.bitsPerValue,
            encode: Double(report.nanosecondsAppending) / Double(report.values),
            decode: Double(report.nanosecondsReading) / Double(report.values),
            goal: trace.name == "synthetic" ? nil : goal, peer: gorillaBits)
    }
}

if let kernel = value(after: "--kernel") {
    print("\nInstructions a value, on the board's synthetic series")
    for counter in [
        Instructions.callgrind(kernel),
        Instructions.qemu(value(after: "--device-kernel"), plugin: value(after: "--plugin")),
    ] {
        let isDevice = counter.processor.hasPrefix("aarch64")
        let counts = Instructions.measure(counter)
        let gorilla = counts.first { $0.figure.mode == .gorillaEncode }?.perValue
        for (figure, perValue, why) in counts {
            let isOurs = figure.name.hasPrefix("pool") && figure.mode != .read
            results.count(
                "\(figure.name), \(counter.processor)", perValue, unit: "instructions a value",
                goal: isDevice ? figure.goal : nil,
                peer: isOurs ? gorilla.map { ("Gorilla XOR: encode", $0) } : nil, why: why)
        }
        for level in [3, 19] {
            let figures = isDevice
                ? (encode: nil, decode: nil, why: "no zstd for aarch64 here") : Instructions.zstd(level: level)
            for (way, perValue) in [("encode", figures.encode), ("decode", figures.decode)] {
                results.count(
                    "zstd -\(level): \(way), \(counter.processor)", perValue, unit: "instructions a value",
                    why: figures.why)
            }
        }
    }
    let heap = Instructions.heapBeyondBudget(kernel)
    results.count(
        "heap beyond the budget, at its peak (massif)", heap.bytes, unit: "bytes", goal: 65_536, why: heap.why)
}
results.write()
