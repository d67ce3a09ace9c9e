// A made-up group of processes for the law: how much it wants, how it waits under a limit.

import Actuation

let mebi = 1_048_576.0

/// What the kernel would count, in a coarse model: a limit below the working set costs a stall that
/// grows with what is missing; memory beyond the working set is cache that nobody misses.
struct GroupPlant {
    /// What the tasks touch all the time, bytes.
    var hotBytes: Double
    /// Never touched again.
    var coldBytes: Double = 0
    /// Of all that, what can't be given back.
    var unreclaimableBytes: Double = 0
    /// A leak: bytes that can't be given back, by second.
    var leakBytesPerS: Double = 0
    /// Tasks beside the one that allocates: they work on while it waits.
    var hasOtherTasks = false
    /// These sleep between two pieces of work: while they do, all tasks that want to run wait.
    var othersMostlySleep = false
    var reserveBytes: Double = 4 * mebi
    var ceilingBytes: Double = 300 * mebi

    private(set) var nowMs: Int64 = 0
    private(set) var someMicros = 0.0
    private(set) var fullMicros = 0.0
    private(set) var cpuMicros = 0.0
    /// Seconds in which the group's work went on.
    private(set) var workedS = 0.0
    /// The longest time without any work, s.
    private(set) var longestStandstillS = 0.0
    private var standstillS = 0.0
    private var roomBytes = Double.infinity

    init(hotBytes: Double) { self.hotBytes = hotBytes }

    var wantedBytes: Double { hotBytes + coldBytes }
    /// What is in memory of that: the rest is reclaimed.
    var currentBytes: Double { max(unreclaimableBytes, min(wantedBytes, roomBytes)) }

    /// A quarter of a second under `limit`.
    mutating func run(limit: Double?) {
        let seconds = 0.25
        nowMs += 250
        let room = limit ?? .infinity
        roomBytes = room
        var waits = 0.0
        if leakBytesPerS > 0 {
            let grown = min(leakBytesPerS * seconds, max(0, room - wantedBytes))
            waits = 1 - grown / (leakBytesPerS * seconds)
            hotBytes += grown
            unreclaimableBytes += grown
        }
        if room < hotBytes { waits = max(waits, min(1, (hotBytes - room) / hotBytes * 4)) }
        coldBytes = max(0, min(coldBytes, room - hotBytes))
        someMicros += waits * seconds * 1e6
        if !hasOtherTasks { fullMicros += waits * seconds * 1e6 }
        if othersMostlySleep { fullMicros += waits * seconds * 0.8 * 1e6 }
        cpuMicros += ((1 - waits) * 0.3 + (hasOtherTasks ? 0.3 : 0)) * seconds * 1e6
        workedS += (hasOtherTasks ? 1 : 1 - waits) * seconds
        standstillS = hasOtherTasks || waits < 0.99 ? 0 : standstillS + seconds
        longestStandstillS = max(longestStandstillS, standstillS)
    }

    func reading(hasPressure: Bool = true) -> SenpaiLaw.Reading {
        SenpaiLaw.Reading(
            nowMs: nowMs, someMicros: UInt64(someMicros), fullMicros: hasPressure ? UInt64(fullMicros) : nil,
            cpuMicros: UInt64(cpuMicros), currentBytes: UInt64(currentBytes),
            swappedBytes: UInt64(wantedBytes - min(wantedBytes, currentBytes)), floorBytes: UInt64(unreclaimableBytes + reserveBytes),
            ceilingBytes: UInt64(ceilingBytes))
    }
}

/// The loop as the agent runs it: the law is asked when it wants to be.
struct Loop {
    var plant: GroupPlant
    var law = SenpaiLaw()
    var hasPressure = true
    private(set) var moves: [SenpaiLaw.Move] = []
    private var nextMs: Int64 = 0
    /// Cycles of the agent, between which the law may ask for more.
    var cycleMs: Int64 = 1_000

    init(_ plant: GroupPlant) { self.plant = plant }

    mutating func run(seconds: Double, _ each: (inout Loop) -> Void = { _ in }) {
        for _ in 0..<Int(seconds * 4) {
            plant.run(limit: law.limitBytes)
            if plant.nowMs >= nextMs {
                let move = law.step(plant.reading(hasPressure: hasPressure))
                if move != .held { moves.append(move) }
                nextMs = plant.nowMs + (law.nextLookMs ?? cycleMs)
            }
            each(&self)
        }
    }
}
