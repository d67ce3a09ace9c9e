// The command of `phi-agent run -- COMMAND`: started in its group, told where to look, ended with us.

import Bytes
import System

public final class Workload {
    /// 126 and 127 as shells have them, 125 where the agent itself is at fault.
    public static let statusAgentFailed: Int32 = 125
    public static let statusNotRunnable: Int32 = 126
    public static let statusNotFound: Int32 = 127

    public struct Fault: Error, Sendable {
        public let text: String
        public let status: Int32
    }

    /// Whether it was born in its group, or runs without.
    public let isInGroup: Bool
    public let id: Int32
    private let child: ChildProcess

    /// - Parameter group: the folder it is to run in; nil runs it as it is.
    public init(
        _ command: [String], environment: [(name: String, value: String)], group: String?
    ) throws(Fault) {
        do throws(SpawnError) {
            child = try ChildProcess(command, environment: environment, group: group)
        } catch {
            let what = error.stage == .group ? "its group can't be joined" : "it can't be run"
            throw Fault(
                text: "\(command.first ?? ""): \(what): \(error.error.text)",
                status: error.stage != .exec
                    ? Self.statusAgentFailed
                    : error.error.isMissing ? Self.statusNotFound : Self.statusNotRunnable)
        }
        isInGroup = group != nil
        id = child.id
    }

    /// How it ended; nil while it runs.
    public var end: ChildEnd? { child.isRunning ? nil : child.end }

    public func send(_ signal: Signals.Number) { try? child.send(signal) }

    /// What every workload is told: where the decision is, where the agent listens, and how to be woken
    /// when its own group gets short of memory.
    /// https://systemd.io/MEMORY_PRESSURE
    public static func environment(
        decisionPath: String, socketPath: String?, groupFolder: String?
    ) -> [(name: String, value: String)] {
        var variables = [(name: "PHI_DECISION", value: decisionPath)]
        if let socketPath { variables.append((name: "PHI_AGENT_SOCKET", value: socketPath)) }
        // Only where it can be read: a kernel with PSI switched off shows the file, too.
        if let groupFolder, (try? FileSystem.read("\(groupFolder)/memory.pressure", limit: 512)) != nil {
            variables.append((name: "MEMORY_PRESSURE_WATCH", value: "\(groupFolder)/memory.pressure"))
            variables.append((name: "MEMORY_PRESSURE_WRITE", value: Base64.encode(pressureTrigger)))
        }
        return variables
    }

    /// 150 ms of stall in 2 s: a multiple of 2 s needs no privilege. With its NUL, as systemd has it:
    /// the kernel takes the last byte for the end.
    static let pressureTrigger = Array("some 150000 2000000\0".utf8)
}
