// A real stall of memory: processes that read more than their control group may keep. And what the kernel
// says of it, without a read of /proc/pressure/memory: that would take the agent's events away.

import Foundation
import Synchronization
import System
import Testing

/// A control group with little memory, and processes that thrash in it.
final class RealStall {
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

    /// µs that some task has stalled on memory, since the boot. Not while a trigger is waited for.
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

    /// Three shells that each read the file over and over. None of them waits for a job: a test's thread
    /// has SIGCHLD blocked, whatever it starts inherits that, and dash's `wait` then sleeps for ever.
    func begin() throws {
        let read = "while :; do cat '\(file)' > /dev/null; done"
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c", "echo $$ > '\(group)/cgroup.procs' || exit 1; (\(read)) & (\(read)) & \(read)",
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

/// A trigger like the agent's: where it fires, the agent's does.
struct StallWitness: ~Copyable {
    private let trigger: Trigger
    private(set) var events = 0

    init() throws(Errno) { trigger = try Trigger("/proc/pressure/memory", "some 150000 2000000\n") }

    /// Waits for an event or for the time to pass.
    mutating func wait(ms: Int) throws(Errno) {
        var items = [PollItem(trigger.descriptor, .priority)]
        try PollItem.wait(&items, timeoutMs: ms)
        if items[0].ready.contains(.priority) { events += 1 }
    }
}

/// Reads the kernel's account of stalls all the time, in a thread of its own.
final class StallReader: Sendable {
    private let isOver = Atomic(false)

    init() {
        Thread.detachNewThread { [self] in
            while !isOver.load(ordering: .relaxed) {
                _ = RealStall.total
                usleep(5_000)
            }
        }
    }

    func end() { isOver.store(true, ordering: .relaxed) }
}
