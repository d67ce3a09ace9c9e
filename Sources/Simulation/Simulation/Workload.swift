// What a board has to do: phases of changing demand for cores and memory, as a batch job would make.

public struct Workload: Sendable {
    /// Cores wanted, 0…cores.
    public private(set) var coresWanted = 0.0
    /// Memory wanted, as a share of the board's.
    public private(set) var memoryShareWanted = 0.2
    /// Memory it holds, as a share of the board's.
    public private(set) var memoryShare = 0.2
    private let cores: Double
    private var phaseLeftS = 0.0

    public init(cores: Int) { self.cores = Double(cores) }

    /// Phases last 20–120 s: long against the die's time constant, short against the board's.
    public mutating func step(
        seconds: Double, memoryShareLimit: Double, _ random: inout SeededRandom
    ) {
        phaseLeftS -= seconds
        if phaseLeftS <= 0 {
            phaseLeftS = random.uniform(20...120)
            // A third of the phases idle, the others ask for one core up to all.
            coresWanted = random.uniform() < 0.33 ? 0.1 : random.uniform(1...cores)
            memoryShareWanted = random.uniform(0.1...0.75)
        }
        // Memory is filled and let go of over some ten seconds; a limit takes it back at once.
        memoryShare += (memoryShareWanted - memoryShare) * lagShare(seconds: seconds, tau: 12)
        memoryShare = min(memoryShare, memoryShareLimit)
    }
}
