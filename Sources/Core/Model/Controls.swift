// What the agent governs with at a moment, as a report tells of it: beside the control mode, which
// controls there aren't, and the limits in force.

public struct ControlSummary: Equatable, Sendable {
    public struct Limit: Equatable, Sendable {
        /// The file's name: "memory.max", "cpufreq/policy0/scaling_max_freq".
        public var file: String
        public var value: String
        /// What is given back in the end.
        public var original: String

        public init(file: String, value: String, original: String) {
            self.file = file
            self.value = value
            self.original = original
        }

        public static let fileBytesMax = 96
        public static let valueBytesMax = 64
    }

    /// Below the cgroup root; empty: no group.
    public var group = ""
    /// "files", "systemd", "helper", "nobody".
    public var by = ""
    /// Controls that this machine hasn't got, or that the agent may not write.
    public var missing: [String] = []
    public var limits: [Limit] = []

    public init() {}

    public static let groupBytesMax = 256
    public static let byBytesMax = 16
    /// Four of a group, and a frequency cap for each policy of the CPUs.
    public static let countMax = 64
}
