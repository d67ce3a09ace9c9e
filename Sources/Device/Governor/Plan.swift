// What a decision would have written to a managed group: for a question asked without one.

import Model

public enum Plan {
    /// The files of a group on a machine with so many cores, and what each would say; a file that the
    /// decision leaves alone, or gives back, isn't among them. A group that holds memory it can't give
    /// up gets a higher memory.max than this (`CgroupGovernor`).
    public static func writes(
        of decision: Decision, cpuCores: Int
    ) -> [(control: Control, value: String)] {
        // The largest page in use (16 KiB on a Pi 5), to which the ceiling is cut already.
        let targets = Targets(
            decision, cpuCores: cpuCores, pageBytes: 16_384, unreclaimableBytes: 0)
        var writes: [(control: Control, value: String)] = []
        for control in Control.allCases {
            if let value = targets[control] { writes.append((control, value)) }
        }
        return writes
    }
}
