// Programs that the agent starts: the workload of `phi-agent run -- COMMAND`, and systemctl.

import CPosix

/// Why a program couldn't be started.
public struct SpawnError: Error, Equatable, Sendable {
    public enum Stage: Sendable {
        /// No process could be made.
        case fork
        /// It couldn't join its group.
        case group
        /// The program couldn't be run.
        case exec
    }

    public let stage: Stage
    public let error: Errno

    public init(stage: Stage, error: Errno) {
        self.stage = stage
        self.error = error
    }
}

/// How a program ended.
public enum ChildEnd: Equatable, Sendable {
    case exited(Int32)
    case killed(signal: Int32)

    /// As shells have it: the status, or 128 + the signal's number.
    public var status: Int32 {
        switch self {
        case .exited(let status): status
        case .killed(let signal): 128 &+ signal
        }
    }
}

public final class ChildProcess {
    /// Most words and bytes of a command: half of what Linux takes at least.
    /// https://man7.org/linux/man-pages/man2/execve.2.html
    public static let bytesMax = 64 << 10

    public let id: Int32
    /// Once it ended.
    public private(set) var end: ChildEnd?
    /// What it wrote, where that was asked for.
    private var output: Int32 = -1

    /// Starts a program: the first word, searched in PATH, with the others as its arguments.
    /// - Parameters:
    ///   - environment: over this process's own.
    ///   - group: a cgroup v2 folder that it is to run in.
    ///   - capturesOutput: its input is empty, and what it writes is kept (4 KiB of it).
    public init(
        _ command: [String], environment: [(name: String, value: String)] = [],
        group: String? = nil, capturesOutput: Bool = false
    ) throws(SpawnError) {
        let words = Self.joined(command)
        let variables = Self.joined(environment.map { "\($0.name)=\($0.value)" })
        guard let words, let variables, !command.isEmpty,
            words.count + variables.count <= Self.bytesMax
        else { throw SpawnError(stage: .exec, error: .invalid) }
        var folder: Int32 = -1
        var ends: [Int32] = [-1, -1]
        defer {
            if folder >= 0 { _ = cposix_close(folder) }
            if ends[1] >= 0 { _ = cposix_close(ends[1]) }
        }
        if let group {
            folder = group.withCString { cposix_open_directory(CPOSIX_CWD, $0) }
            guard folder >= 0 else { throw SpawnError(stage: .group, error: Errno(code: -folder)) }
        }
        if capturesOutput {
            let made = ends.withUnsafeMutableBufferPointer { cposix_pipe($0.baseAddress) }
            guard made >= 0 else { throw SpawnError(stage: .fork, error: Errno(code: -made)) }
        }
        var stage: Int32 = 0
        let result = words.withUnsafeBufferPointer { words in
            variables.withUnsafeBufferPointer { variables in
                var request = cposix_spawn_request()
                request.arguments = words.baseAddress
                request.argument_count = Int32(clamping: command.count)
                request.environment = variables.baseAddress
                request.environment_count = Int32(clamping: environment.count)
                request.group = folder
                request.output = ends[1]
                return cposix_spawn(&request, &stage)
            }
        }
        guard result > 0 else {
            if ends[0] >= 0 { _ = cposix_close(ends[0]) }
            let at: SpawnError.Stage =
                stage == CPOSIX_SPAWN_GROUP ? .group : stage == CPOSIX_SPAWN_EXEC ? .exec : .fork
            throw SpawnError(stage: at, error: Errno(code: -result))
        }
        id = result
        output = ends[0]
    }

    deinit {
        if output >= 0 { _ = cposix_close(output) }
    }

    /// Whether it runs still. A child that ended is reaped here.
    public var isRunning: Bool {
        guard end == nil else { return false }
        var status: Int32 = 0
        let found = cposix_child_state(id, &status)
        if found == 0 { return true }
        // A child that somebody else reaped has no status to tell.
        if found < 0 { status = 255 }
        end = status >= 256 ? .killed(signal: status - 256) : .exited(status)
        return false
    }

    public func send(_ signal: Signals.Number) throws(Errno) {
        guard end == nil else { throw .gone }
        try checked(cposix_send_signal(id, signal.rawValue))
    }

    /// Waits for the end; kills it after the time. True when it ended by itself.
    public func wait(timeoutMs: Int64) -> Bool {
        let deadline = Clock.boottimeMs + timeoutMs
        var pauseMs: Int64 = 1
        while isRunning {
            guard Clock.boottimeMs < deadline else {
                try? send(.kill)
                while isRunning { Clock.sleep(ms: 1) }
                return false
            }
            Clock.sleep(ms: pauseMs)
            pauseMs = min(20, pauseMs * 2)
        }
        return true
    }

    /// What it has written, at most 4 KiB.
    public func writtenText() -> String {
        guard output >= 0 else { return "" }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBufferPointer {
            cposix_read(output, $0.baseAddress, $0.count)
        }
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    /// Nil where a word holds a NUL.
    private static func joined(_ words: [String]) -> [CChar]? {
        var bytes: [CChar] = []
        for word in words {
            for byte in word.utf8 {
                guard byte != 0 else { return nil }
                bytes.append(CChar(bitPattern: byte))
            }
            bytes.append(0)
        }
        // Never without an address.
        if bytes.isEmpty { bytes.append(0) }
        return bytes
    }
}

extension Signals {
    /// What can be sent to a child.
    public enum Number: Sendable {
        case hangUp
        case interrupt
        case kill
        case terminate

        var rawValue: Int32 {
            switch self {
            case .hangUp: CPOSIX_SIGHUP
            case .interrupt: CPOSIX_SIGINT
            case .kill: CPOSIX_SIGKILL
            case .terminate: CPOSIX_SIGTERM
            }
        }
    }
}
