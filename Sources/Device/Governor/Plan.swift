// What a decision would have written to a managed group: for a question asked without one.

import Actuation
import Model

public enum Plan {
    /// The files of a group on a machine with so many cores and no frequency steps of ours, and what each
    /// would say; a file that the decision leaves alone, or gives back, isn't among them. A group that
    /// holds memory it can't give up gets a higher memory.max than this (`CgroupGovernor`), and
    /// memory.high follows the group's own stalls.
    public static func writes(
        of decision: Decision, cpuCores: Int
    ) -> [(control: Control, value: String)] {
        var split = WorkSplit()
        let targets = Targets(decision, cpuCores: cpuCores, steps: [], intervalS: 1, split: &split)
        var writes: [(control: Control, value: String)] = []
        if let bytes = targets.memoryMaxBytes {
            // The largest page in use (16 KiB on a Pi 5), to which the ceiling is cut already.
            writes.append((.memoryMax, MemoryBounds.text(bytes, pageBytes: 16_384)))
        }
        writes.append((.cpuMax, targets.cpuMax))
        if case .value(let weight) = targets.cpuWeight { writes.append((.cpuWeight, weight)) }
        return writes
    }
}
