// What a decision cycle may cost, held on the program as it is built for use: a debug build boxes and
// copies what an optimised one doesn't.

import Foundation
import Testing

@Suite struct CycleCostTests {
    @Test(arguments: [0, 4])
    func aDecisionCycleAllocatesNothingAfterWarmUp(steps: Int) throws {
        let bench = Programs.root.appending(path: ".build/release/chamber-bench").path
        try #require(FileManager.default.fileExists(atPath: bench), "make build makes \(bench)")
        let run = try Programs.run(bench, ["--cycles", "2048", "--steps", "\(steps)"])
        #expect(run.status == 0, "\(run.err)")
        let line = try #require(run.out.split(separator: "\n").last)
        // The counter counts: setting up did allocate.
        #expect(!line.hasPrefix("allocations: 0 in"), "\(line)")
        #expect(line.hasSuffix("then 0"), "\(line)")
    }

    /// All of the device's agent's cycle, decision.json and the pool's account included, in the build that
    /// ships: counted by the emulator that runs it. At the standard interval each cycle draws up an
    /// account; here one in ten does.
    @Test func noSteadyCycleOfTheAgentAllocates() throws {
        let counted = try CountedAgent()
        defer { counted.end() }
        let first = try counted.cycle()
        // The counter counts: starting did allocate.
        #expect(first.allocations > 1000)
        var before = first
        var cycles: [CountedAgent.Counts] = []
        var withAccount: [CountedAgent.Counts] = []
        for turn in 0..<48 {
            let account = counted.account
            let after = try counted.cycle()
            // Warm: lists and texts have found their size.
            if turn >= 20 {
                cycles.append(after - before)
                if counted.account != account { withAccount.append(after - before) }
            }
            before = after
        }
        #expect(withAccount.count >= 2)
        #expect(cycles.allSatisfy { $0.allocations == 0 }, "\(cycles)")
        // On a machine with few sensors; each more is a read and its parsing.
        let files = UInt64(counted.sensorFiles)
        func middle(_ figure: KeyPath<CountedAgent.Counts, UInt64>) -> UInt64 {
            cycles.map { $0[keyPath: figure] }.sorted()[cycles.count / 2]
        }
        #expect(middle(\.systemCalls) <= 16 + 2 * files, "\(cycles)")
        #expect(middle(\.instructions) <= 60_000 + 4_000 * files, "\(cycles)")
        #expect(withAccount.allSatisfy { $0.instructions <= 150_000 + 4_000 * files }, "\(withAccount)")
    }

    /// What comes once a minute, and once in 128 samples: the look at the hardware and through the tree, and
    /// the full blocks of all series, which are coded. Not counted is what the pool's arena takes, up to its
    /// budget: a segment, which is one block, and with it the list of segments may grow. (An aligned block
    /// counts twice.)
    @Test func neitherALookNorAFullBlockAllocates() throws {
        let counted = try CountedAgent(timeScale: 40)
        defer { counted.end() }
        // Of cycles that follow each other fast some are missed: then there were more.
        var last = try counted.cycle()
        for _ in 0..<20 { last = try counted.cycle() }
        #expect(last.allocations > 1000)
        let (startMs, heldBytes) = (counted.lastMs, counted.heldBytes)
        var steps: [CountedAgent.Counts] = []
        while steps.count < 400 || counted.lastMs - startMs < 200_000 {
            let next = try counted.cycle()
            steps.append(next - last)
            last = next
        }
        // An account that knows of all that was taken.
        let account = counted.account
        while counted.account == account { _ = try counted.cycle() }
        let segments = (counted.heldBytes - heldBytes + 32_768) / 65_536
        let dear = steps.filter { $0.allocations > 0 }
        #expect(dear.count <= segments, "\(dear) of \(steps.count) cycles, \(segments) segments")
        #expect(dear.allSatisfy { $0.allocations <= 4 }, "\(dear)")
    }

    /// A pool that has reached its budget seals, recodes, and gives up or evicts with every block.
    @Test func aPoolAtItsBudgetAllocatesNothing() throws {
        let bench = Programs.root.appending(path: ".build/release/pool-bench").path
        try #require(FileManager.default.fileExists(atPath: bench), "make build makes \(bench)")
        let run = try Programs.run(bench, ["--steady", "40000"])
        #expect(run.status == 0, "\(run.err)")
        let lines = run.out.split(separator: "\n")
        #expect(lines.count == 3)
        for line in lines {
            #expect(!line.contains(": 0 values made room"), "\(line)")
            #expect(!line.contains("allocations: 0 in"), "\(line)")
            #expect(line.hasSuffix("then 0"), "\(line)")
        }
    }
}

/// The device's agent in an emulator that counts; see Tests/Lab/src/count.c.
private final class CountedAgent {
    struct Counts: CustomStringConvertible {
        var instructions: UInt64
        var systemCalls: UInt64
        var allocations: UInt64

        static func - (a: Counts, b: Counts) -> Counts {
            Counts(
                instructions: a.instructions &- b.instructions, systemCalls: a.systemCalls &- b.systemCalls,
                allocations: a.allocations &- b.allocations)
        }

        var description: String {
            "\(instructions) instructions, \(systemCalls) system calls, \(allocations) allocations"
        }
    }

    /// The one that loads plugins.
    private static let emulator = "/usr/bin/qemu-aarch64"
    private static let allocators: Set<Substring> = [
        "malloc", "calloc", "realloc", "memalign", "posix_memalign", "aligned_alloc",
    ]

    private let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    private let process = Process()
    private let addresses: [Substring]
    /// After decision.json is written, until the cycle is over.
    private let workMicros: UInt32
    /// The agent's time of the last cycle seen.
    private(set) var lastMs = 0
    /// What the pool's account of the last cycle says it has taken: another figure, another account.
    private(set) var account = 0
    private(set) var heldBytes = 0

    /// - Parameter timeScale: a second between two cycles is so many times as short.
    init(timeScale: Int = 10) throws {
        workMicros = UInt32(200_000 / timeScale)
        let agent = Programs.deviceAgent
        let map = agent.appendingPathExtension("map")
        for needed in [agent.path, map.path, Self.emulator] {
            try #require(
                FileManager.default.fileExists(atPath: needed), "\(needed): make setup and make device make it")
        }
        addresses = try Self.addresses(map)
        try #require(!addresses.isEmpty)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let counter = folder.appending(path: "count.so")
        let source = Programs.root.appending(path: "Tests/Lab/src/count.c").path
        let made = try Programs.run(
            "/usr/bin/env", ["clang", "-O2", "-shared", "-fPIC", "-o", counter.path, source])
        try #require(made.status == 0, "\(made.err)")
        process.executableURL = URL(filePath: Self.emulator)
        process.arguments = [
            "-plugin", "\(counter.path),out=\(counts.path)" + addresses.map { ",at=\($0)" }.joined(),
            agent.path, "run", "--state-dir", folder.appending(path: "state").path,
            "--run-dir", folder.appending(path: "run").path,
            // Each cycle writes decision.json where they are a second apart.
            "--interval", "1s", "--time-scale", "\(timeScale)",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    func end() {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    /// What the agent holds open under /proc and /sys: what it reads, and a few more.
    var sensorFiles: Int {
        let held = "/proc/\(process.processIdentifier)/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: held)) ?? []
        return names.count { name in
            let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(held)/\(name)")) ?? ""
            return target.hasPrefix("/proc/") || target.hasPrefix("/sys/")
        }
    }

    private var counts: URL { folder.appending(path: "counts") }

    /// The counters after the next cycle: decision.json is its last work but one.
    func cycle() throws -> Counts {
        let file = folder.appending(path: "run/decision.json")
        // So many looks, not so much time: on a busy machine much time may pass between two of them. And
        // asleep, not awaiting: a task would wait for its turn among all tests, for some cycles.
        for _ in 0..<12_000 {
            let json = (try? Data(contentsOf: file)).flatMap {
                try? JSONSerialization.jsonObject(with: $0) as? [String: Any]
            }
            if let ms = json?["monotonicMs"] as? Int, ms != lastMs {
                lastMs = ms
                let pool = json?["pool"] as? [String: Any]
                account = pool?["valuesAdmitted"] as? Int ?? 0
                heldBytes = pool?["heldBytes"] as? Int ?? 0
                usleep(workMicros)
                return try read()
            }
            usleep(5_000)
        }
        throw CocoaError(.fileReadUnknown)
    }

    private func read() throws -> Counts {
        let words = try Data(contentsOf: counts).withUnsafeBytes { Array($0.bindMemory(to: UInt64.self)) }
        try #require(words.count >= 2 + addresses.count)
        return Counts(
            instructions: words[0], systemCalls: words[1],
            allocations: words[2..<2 + addresses.count].reduce(0, +))
    }

    /// Where the allocating functions begin, from the linker's map.
    private static func addresses(_ map: URL) throws -> [Substring] {
        var found: Set<Substring> = []
        for line in String(decoding: try Data(contentsOf: map), as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            if words.count == 5, allocators.contains(words[4]) { found.insert(words[0]) }
        }
        return found.sorted()
    }
}
