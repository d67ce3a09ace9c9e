// How many instructions a value costs, by `pool-kernel`: under callgrind for this machine, and under
// qemu with a counting plugin for the device's processor. And how much heap the pool takes beside its
// budget, under massif. A figure that can't be taken says why.

import Foundation
import PoolTrials

struct Instructions {
    /// What is counted, and the figure's goal on aarch64.
    struct Figure {
        var name: String
        var mode: Kernel
        var base: Kernel
        var rows: Int
        var goal: Double?
    }

    /// Rows for what has no end of its own; `life` and `read` end when the budget is full.
    static let rows = 8000
    static let endless = 1_000_000

    static let figures = [
        Figure(name: "pool: append and seal", mode: .append, base: .generate, rows: rows, goal: 200),
        Figure(name: "pool: whole lifetime", mode: .life, base: .generate, rows: endless, goal: 2000),
        Figure(name: "pool: decode, with times", mode: .read, base: .life, rows: endless, goal: nil),
        Figure(name: "Gorilla XOR: encode", mode: .gorillaEncode, base: .collect, rows: rows, goal: nil),
        Figure(name: "Gorilla XOR: decode", mode: .gorillaDecode, base: .gorillaEncode, rows: rows, goal: nil),
        Figure(name: "raw: copy", mode: .copy, base: .collect, rows: rows, goal: nil),
    ]

    /// The program to count, and how a count is taken: answers the instructions of one run.
    struct Counter {
        var processor: String
        var kernel: String
        var count: (_ kernel: String, _ mode: String, _ rows: Int) -> (count: Double, values: Double)?
        /// Why nothing can be counted, and what to do about it.
        var missing: String?
    }

    static func measure(_ counter: Counter) -> [(figure: Figure, perValue: Double?, why: String?)] {
        var known: [String: (count: Double, values: Double)] = [:]
        func count(_ mode: Kernel, _ rows: Int) -> (count: Double, values: Double)? {
            let key = "\(mode.name) \(rows)"
            if let there = known[key] { return there }
            let taken = counter.count(counter.kernel, "\(mode.name)", rows)
            known[key] = taken
            return taken
        }
        return figures.map { figure in
            if let missing = counter.missing { return (figure, nil, missing) }
            // A base that ends by itself has the same number of values; one that doesn't is told.
            guard let whole = count(figure.mode, figure.rows), whole.values > 0,
                let base = count(
                    figure.base,
                    figure.base == .life ? figure.rows : Int(whole.values) / BoardSeries.names.count)
            else { return (figure, nil, "\(counter.processor): the count failed") }
            return (figure, (whole.count - base.count) / whole.values, nil)
        }
    }

    static func callgrind(_ kernel: String) -> Counter {
        let there = Tool.find("valgrind") != nil
        return Counter(
            processor: "x86-64 (callgrind)", kernel: kernel,
            count: { kernel, mode, rows in
                guard let run = Tool.run(
                    "valgrind", ["--tool=callgrind", "--callgrind-out-file=/dev/null", kernel, mode, "\(rows)"])
                else { return nil }
                let line = run.error.split(separator: "\n").last { $0.contains("Collected") }
                guard let count = line?.split(separator: " ").last.flatMap({ Double($0) }) else { return nil }
                return (count, Tool.firstNumber(run.output))
            },
            missing: there ? nil : "no valgrind (hint: apt-get install valgrind)")
    }

    static func qemu(_ kernel: String?, plugin: String?) -> Counter {
        var missing: String?
        if kernel == nil { missing = "no device build of pool-kernel (hint: make bench-pool builds it)" }
        if plugin == nil { missing = "no counting plugin (hint: make bench-pool builds it; it needs a C compiler)" }
        if Tool.find("qemu-aarch64") == nil {
            missing = "no qemu-aarch64 that takes plugins (hint: apt-get install qemu-user)"
        }
        return Counter(
            processor: "aarch64 (qemu)", kernel: kernel ?? "",
            count: { kernel, mode, rows in
                // Of the Pi 4: without it the C library would use what only newer processors have.
                guard let run = Tool.run(
                    "qemu-aarch64", ["-cpu", "cortex-a72", "-plugin", plugin ?? "", kernel, mode, "\(rows)"])
                else { return nil }
                let line = run.error.split(separator: "\n").last { $0.hasPrefix("instructions ") }
                guard let count = line?.split(separator: " ").last.flatMap({ Double($0) }) else { return nil }
                return (count, Tool.firstNumber(run.output))
            },
            missing: missing)
    }

    /// zstd on the same values as raw Doubles, under callgrind: the difference to an empty file.
    static func zstd(level: Int) -> (encode: Double?, decode: Double?, why: String?) {
        guard let program = Tool.find("zstd") else {
            return (nil, nil, "no zstd (hint: apt-get install zstd)")
        }
        guard Tool.find("valgrind") != nil else {
            return (nil, nil, "no valgrind (hint: apt-get install valgrind)")
        }
        let stem = NSTemporaryDirectory() + "pool-bench-\(ProcessInfo.processInfo.processIdentifier)-zstd"
        let names = ["raw", "none", "raw.zst", "none.zst", "back"].map { "\(stem).\($0)" }
        defer { for name in names { try? FileManager.default.removeItem(atPath: name) } }
        var board = BoardSeries()
        var row = [Double](repeating: 0, count: BoardSeries.names.count)
        var columns: [[Double]] = row.map { _ in [] }
        for _ in 0..<rows {
            board.next(into: &row)
            for id in row.indices { columns[id].append(row[id]) }
        }
        let values = columns.flatMap { $0 }
        guard FileManager.default.createFile(atPath: names[0], contents: values.withUnsafeBytes { Data($0) }),
            FileManager.default.createFile(atPath: names[1], contents: nil)
        else { return (nil, nil, "no room for a temporary file") }
        func count(_ arguments: [String]) -> Double? {
            let run = Tool.run(
                "valgrind",
                ["--tool=callgrind", "--callgrind-out-file=/dev/null", program, "-q", "-f", "--single-thread"]
                    + arguments)
            let line = run?.error.split(separator: "\n").last { $0.contains("Collected") }
            return line?.split(separator: " ").last.flatMap { Double($0) }
        }
        func perValue(_ some: Double?, _ none: Double?) -> Double? {
            guard let some, let none else { return nil }
            return (some - none) / Double(values.count)
        }
        let encode = perValue(
            count(["-\(level)", names[0], "-o", names[2]]), count(["-\(level)", names[1], "-o", names[3]]))
        let decode = perValue(
            count(["-d", names[2], "-o", names[4]]), count(["-d", names[3], "-o", names[4]]))
        return (encode, decode, encode == nil || decode == nil ? "zstd failed under callgrind" : nil)
    }

    /// Bytes of heap at the peak of a whole life, less the budget and less what the process takes
    /// before there is a pool.
    static func heapBeyondBudget(_ kernel: String) -> (bytes: Double?, why: String?) {
        guard Tool.find("valgrind") != nil else {
            return (nil, "no valgrind (hint: apt-get install valgrind)")
        }
        guard let life = peak(kernel, .life, endless), let idle = peak(kernel, .generate, 100) else {
            return (nil, "massif failed")
        }
        return (life - idle - Double(Kernel.lifeBudgetBytes), nil)
    }

    private static func peak(_ kernel: String, _ mode: Kernel, _ rows: Int) -> Double? {
        let file = NSTemporaryDirectory() + "pool-bench-\(ProcessInfo.processInfo.processIdentifier).massif"
        defer { try? FileManager.default.removeItem(atPath: file) }
        guard Tool.run(
            "valgrind",
            ["--tool=massif", "--peak-inaccuracy=0.0", "--massif-out-file=\(file)", kernel, "\(mode.name)", "\(rows)"]
        ) != nil, let text = try? String(contentsOfFile: file, encoding: .utf8) else { return nil }
        var most = 0.0
        var heap = 0.0
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=")
            guard parts.count == 2, let value = Double(parts[1]) else { continue }
            if parts[0] == "mem_heap_B" { heap = value }
            // What the allocator adds comes right behind.
            if parts[0] == "mem_heap_extra_B" { most = max(most, heap + value) }
        }
        return most > 0 ? most : nil
    }
}

/// Programs beside us.
enum Tool {
    static func find(_ name: String) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Nil where it can't be started or fails.
    static func run(_ name: String, _ arguments: [String]) -> (output: String, error: String)? {
        guard let path = find(name) else { return nil }
        let stem = NSTemporaryDirectory() + "pool-bench-\(ProcessInfo.processInfo.processIdentifier)"
        defer {
            try? FileManager.default.removeItem(atPath: stem + ".out")
            try? FileManager.default.removeItem(atPath: stem + ".err")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        // Files, not pipes: a pipe that nobody drains stops the process.
        guard FileManager.default.createFile(atPath: stem + ".out", contents: nil),
            FileManager.default.createFile(atPath: stem + ".err", contents: nil),
            let out = FileHandle(forWritingAtPath: stem + ".out"),
            let err = FileHandle(forWritingAtPath: stem + ".err")
        else { return nil }
        process.standardOutput = out
        process.standardError = err
        guard (try? process.run()) != nil else { return nil }
        process.waitUntilExit()
        guard process.terminationStatus == 0,
            let output = try? String(contentsOfFile: stem + ".out", encoding: .utf8),
            let error = try? String(contentsOfFile: stem + ".err", encoding: .utf8)
        else { return nil }
        return (output, error)
    }

    static func firstNumber(_ text: String) -> Double {
        text.split(separator: " ").first.flatMap { Double($0) } ?? 0
    }
}
