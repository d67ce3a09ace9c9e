// Waiting after errors: exponential, with full jitter applied after the cap, so that a fleet whose
// aggregator comes back doesn't return in one herd.

/// SplitMix64 (Steele, Lea and Flood 2014): small, seeded, good enough to spread requests.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// A whole number in 0…limit.
    mutating func upTo(_ limit: Int64) -> Int64 {
        guard limit > 0 else { return 0 }
        return Int64(next() % UInt64(limit + 1))
    }
}

struct Backoff: Sendable {
    /// Least and most that one wait may be drawn from, ms.
    var baseMs: Int64
    var capMs: Int64
    private(set) var failures = 0

    init(baseMs: Int64, capMs: Int64) {
        self.baseMs = baseMs
        self.capMs = capMs
    }

    mutating func succeeded() { failures = 0 }

    /// The wait after another failure.
    /// - Parameter leastMs: what an authenticated Retry-After asks for; the jitter comes on top.
    mutating func failed(_ random: inout SplitMix64, leastMs: Int64 = 0) -> Int64 {
        failures = min(failures + 1, 32)
        var most = baseMs
        for _ in 1..<max(1, failures) where most < capMs { most = min(capMs, most * 2) }
        return leastMs + random.upTo(most)
    }
}
