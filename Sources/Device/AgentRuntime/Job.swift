// `phi-agent run -- COMMAND`: the command beside the agent. It gets a group of its own where the agent was
// given one to divide, ends with the agent, and the agent with it.

import AgentCore
import Governor
import System

final class Job {
    private let command: [String]
    private let decisionPath: String
    private let socketPath: String?
    private let delegation: Delegation?
    private var workload: Workload?
    private var isEndTold = false

    /// Below the cgroup root; nil where the command runs where we run, ungoverned.
    var group: String? { delegation?.group }

    /// Divides the group that we are in, or says why that can't be done.
    init(_ command: [String], _ options: Options, _ log: Log) {
        self.command = command
        decisionPath = "\(options.runFolder)/decision.json"
        socketPath = options.socketPath
        if options.group != nil {
            log.write(.warning, "--group isn't governed: the command gets a group of its own")
        }
        do throws(Delegation.Fault) {
            let made = try Delegation(cgroupRoot: options.cgroupRoot, procfsRoot: options.procfsRoot)
            if !made.lacking.isEmpty {
                let names = made.lacking.reduce("") { $0 + ($0.isEmpty ? "" : " and ") + $1 }
                log.write(
                    .warning,
                    "\(made.group) is without the controllers \(names): they can't be handed on. "
                        + "hint: \(made.hintOfLack)")
            }
            delegation = made
        } catch {
            log.write(
                .warning, "the command runs without limits (API only): \(error.text). hint: \(error.hint)")
            delegation = nil
        }
    }

    /// Starts it. An exit status where it can't be started.
    func start(_ log: Log) -> Int32? {
        try? Signals.watchChildren()
        let environment = Workload.environment(
            decisionPath: decisionPath, socketPath: socketPath, groupFolder: delegation?.folder)
        do throws(Workload.Fault) {
            let started = try Workload(command, environment: environment, group: delegation?.folder)
            workload = started
            log.write(
                .notice, "started \(command[0]), process \(started.id)\(group.map { ", in \($0)" } ?? "")")
            return nil
        } catch {
            log.write(.error, error.text)
            removeGroup(log)
            return error.status
        }
    }

    /// Hands a signal on. What the terminal sent went to the command as well.
    func pass(_ signal: Signals.Name) {
        switch signal {
        case .terminate: workload?.send(.terminate)
        case .interrupt: workload?.send(.interrupt)
        case .hangUp, .child, .terminalInterrupt: break
        }
    }

    /// True once, when it has ended.
    func hasJustEnded(_ log: Log) -> Bool {
        guard !isEndTold, let end = workload?.end else { return false }
        isEndTold = true
        switch end {
        case .exited(let status): log.write(.notice, "\(command[0]) ended with status \(status)")
        case .killed(let signal): log.write(.notice, "\(command[0]) was ended by signal \(signal)")
        }
        return true
    }

    /// The agent couldn't start: nor does the command.
    func abandon(_ log: Log) { removeGroup(log) }

    /// Waits for the command, however long it takes, and removes its group. The command's exit status.
    func finish(signals: Int32, _ log: Log) -> Int32 {
        guard let workload else { return Workload.statusAgentFailed }
        while workload.end == nil {
            var items = [PollItem(signals)]
            // Signals wake us; the second is for a child whose end was told before we listened.
            _ = try? PollItem.wait(&items, timeoutMs: 1_000)
            while let signal = Signals.next() { pass(signal) }
        }
        _ = hasJustEnded(log)
        removeGroup(log)
        return workload.end?.status ?? Workload.statusAgentFailed
    }

    private func removeGroup(_ log: Log) {
        let left = delegation?.remove() ?? []
        if !left.isEmpty {
            log.write(
                .warning,
                "\(left.count) processes that the command left behind run on, without limits, in \(group ?? "")")
        }
    }
}
