// The governor in the agent's loop: set up by the options, its doings told in the log.

import AgentCore
import Governor
import Model

extension AgentLoop {
    static func governing(
        _ options: Options, _ job: Job?, _ hardware: HardwareRecord, journal: String
    ) -> GovernorConfiguration {
        var configuration = GovernorConfiguration(
            cgroupRoot: options.cgroupRoot, group: options.group, isDryRun: options.isDryRun,
            journalPath: journal, cpuCores: max(1, hardware.cpuCores))
        configuration.memoryBytes = hardware.memoryBytes
        configuration.sysfsRoot = options.sysfsRoot
        configuration.procfsRoot = options.procfsRoot
        configuration.scalesFrequency = options.scalesFrequency
        configuration.by = options.governBy
        configuration.helperSocket = options.helperSocket
        if let job {
            configuration.group = job.group
            configuration.isOwnGroup = job.group != nil
        }
        return configuration
    }

    /// The mode, and what it lacks: `partial (without memory.max, memory.high)`.
    func reach(of status: ControlStatus) -> String {
        var text = status.mode.name
        guard status.group != nil, !status.missing.isEmpty else { return text }
        for (place, control) in status.missing.enumerated() {
            text += (place == 0 ? " (without " : ", ") + control.file
        }
        return text + ")"
    }

    func tell(_ events: [ControlEvent]) {
        for event in events {
            switch event.outcome {
            case .failed, .foreign: log.write(.warning, event.text)
            default: log.write(event.isRoutine ? .debug : .info, event.text)
            }
        }
    }
}
