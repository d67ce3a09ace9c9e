// The kernel's word that memory stalls (POLLPRI on a PSI trigger), under a real stall: processes read
// more than their control group may keep, and an agent whose next observation is minutes away looks at once.
//
// It wants root, PSI, and a memory controller of either version of control groups; without them it is skipped,
// and says what is missing.

import Foundation
import Testing

/// A control group with little memory, and processes that thrash in it.
private final class Stall {
    private static let limitBytes = 16 << 20
    private static let fileMiB = 96

    /// What this machine lacks; nil: nothing.
    static let obstacle: String? = {
        guard geteuid() == 0 else { return "not root: no control group can be made" }
        guard total != nil else { return "the kernel has no PSI (/proc/pressure/memory)" }
        guard root != nil else { return "no memory controller can be used here" }
        return nil
    }()

    /// Where groups with a memory limit can be made, and the limit's file.
    private static let root: (folder: String, limit: String)? = {
        let files = FileManager.default
        let unified = "/sys/fs/cgroup"
        if let own = try? String(contentsOfFile: "\(unified)/cgroup.subtree_control", encoding: .utf8),
            own.split(whereSeparator: \.isWhitespace).contains("memory")
        {
            return (unified, "memory.max")
        }
        let legacy = "\(unified)/memory"
        return files.fileExists(atPath: "\(legacy)/memory.limit_in_bytes")
            ? (legacy, "memory.limit_in_bytes") : nil
    }()

    /// µs that some task has stalled on memory, since the boot.
    static var total: UInt64? {
        guard let text = try? String(contentsOfFile: "/proc/pressure/memory", encoding: .utf8),
            let some = text.split(separator: "\n").first, let last = some.split(separator: "=").last
        else { return nil }
        return UInt64(last)
    }

    private let group: String
    private let file: String
    private let process = Process()

    init(_ file: String) throws {
        self.file = file
        let root = try #require(Self.root)
        group = "\(root.folder)/phi-stall-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: group, withIntermediateDirectories: false)
        try "\(Self.limitBytes)".write(toFile: "\(group)/\(root.limit)", atomically: false, encoding: .utf8)
        // Written elsewhere and let go of by the page cache: each read is the group's own to pay.
        let made = try Programs.run(
            "/bin/sh",
            [
                "-c",
                "dd if=/dev/urandom of='\(file)' bs=1M count=\(Self.fileMiB) conv=fsync 2>&1"
                    + " && dd if='\(file)' iflag=nocache count=0 2>&1",
            ])
        #expect(made.status == 0, "\(made.out)")
    }

    func begin() throws {
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c",
            "echo $$ > '\(group)/cgroup.procs' || exit 1; while :; do for i in 1 2 3; do "
                + "cat '\(file)' > /dev/null & done; wait; done",
        ]
        try process.run()
    }

    func end() {
        // The shell first, or it starts others.
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        for _ in 0..<100 {
            let members = (try? String(contentsOfFile: "\(group)/cgroup.procs", encoding: .utf8)) ?? ""
            let numbers = members.split(separator: "\n").compactMap { Int32($0) }
            for number in numbers { kill(number, SIGKILL) }
            if numbers.isEmpty, rmdir(group) == 0 { break }
            usleep(50_000)
        }
        if process.isRunning { process.waitUntilExit() }
        unlink(file)
    }
}

@Suite(.serialized) struct StallTests {
    @Test(.enabled(if: Stall.obstacle == nil, "\(Stall.obstacle ?? "")"))
    func aRealStallWakesTheAgent() throws {
        let fleet = try TestFleet()
        let stall = try Stall(fleet.path("stall"))
        defer { stall.end() }
        try fleet.start(
            "agent-0",
            [
                "phi-agent", "run", "--interval", "1h", "--state-dir", fleet.path("agent-0/state"),
                "--run-dir", fleet.path("agent-0/run"),
            ])
        func observed() -> Double? {
            let text = Data(fleet.text("agent-0/run/decision.json").utf8)
            let json = (try? JSONSerialization.jsonObject(with: text)) as? [String: Any]
            return json?["monotonicMs"] as? Double
        }
        try fleet.eventually(30, "a decision") { observed() != nil }
        let log = fleet.text("agent-0.log")
        #expect(log.contains("stalls by psi-trigger"), "\(log)")
        // As long as nothing stalls it sleeps; one observation an hour may fall into either of two looks.
        // Others may use this machine: then there is nothing to see.
        let before = try #require(Stall.total)
        var wakes = 0
        for _ in 0..<2 {
            let first = observed()
            sleep(4)
            if observed() != first { wakes += 1 }
        }
        if try #require(Stall.total) - before < 10_000 { #expect(wakes <= 1) }
        // Two, since one of them may be the hour's.
        try stall.begin()
        for _ in 1...2 {
            let last = observed()
            // How hard the group stalls is the machine's affair: its disk may be too quick for the trigger.
            var totals: [UInt64] = []
            var dueTurn: Int?
            for turn in 0..<120 where observed() == last {
                usleep(500_000)
                totals.append(Stall.total ?? 0)
                // Twice what the trigger asks for, within its window of 2 s.
                let from = totals.dropLast(4).last
                if dueTurn == nil, let from, totals[turn] - from >= 300_000 { dueTurn = turn + 30 }
                if let dueTurn, turn >= dueTurn { break }
            }
            #expect(dueTurn == nil || observed() != last, "the kernel's account grew, and nobody looked: \(totals)")
            if observed() == last { print("StallTests: no stall here was long enough for the trigger") }
        }
        #expect(try fleet.end("agent-0") == 0)
    }
}
