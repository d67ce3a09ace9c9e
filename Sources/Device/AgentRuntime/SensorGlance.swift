// What `status` says of identity and sensors: a look of its own, so that no running agent is needed.

import AgentCore
import Model
import Telemetry

enum SensorGlance {
    /// Labelled lines; a line a sensor that is anything but good.
    static func lines(_ options: Options, _ state: AgentState) -> [(label: StaticString, text: String)] {
        let sensors = DeviceSensors(
            roots: SensorRoots(sysfs: options.sysfsRoot, procfs: options.procfsRoot))
        let sample = sensors.sample(at: .now())
        let source = state.serialSource ?? sensors.serials().first?.source ?? .none
        let health = sample.health
        var lines: [(label: StaticString, text: String)] = [
            ("identity", "by \(source.words)"),
            ("sensors", "\(health.known) known, \(health.healthy) good"),
        ]
        for fault in sample.faults { lines.append(("", SensorText.line(fault))) }
        return lines
    }
}
