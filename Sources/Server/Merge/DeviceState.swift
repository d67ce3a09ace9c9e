// What is known of a device from its reports, as a join-semilattice over (boot, sequence): merging is
// commutative, associative and idempotent, so it doesn't matter which aggregator took which report, in
// which order, or how often.
//
// Nothing here is a count: counts don't join. How many reports are stored is the store's to say.

import Digest
import Model

/// The newest report, without its chunks: what "now" means for a device.
public struct LiveReport: Equatable, Sendable {
    public var position: Position
    public var head: Digest32
    public var receivedMs: Int64
    public var report: Report

    public init(position: Position, head: Digest32, receivedMs: Int64, report: Report) {
        self.position = position
        self.head = head
        self.receivedMs = receivedMs
        self.report = report
        self.report.chunks = []
    }
}

/// Something of a device's history that isn't here, or doesn't fit.
public struct Gap: Hashable, Sendable {
    public enum Kind: UInt8, Sendable, Comparable {
        case restart = 1
        case sequence
        case chain

        public var name: String {
            switch self {
            case .restart: "restart"
            case .sequence: "sequence"
            case .chain: "chain"
            }
        }

        public static func < (a: Kind, b: Kind) -> Bool { a.rawValue < b.rawValue }
    }

    /// One gap for one kind and place, however often it is found.
    public struct Key: Hashable, Comparable, Sendable {
        public var position: Position
        public var kind: Kind

        public init(position: Position, kind: Kind) {
            self.position = position
            self.kind = kind
        }

        public static func < (a: Key, b: Key) -> Bool {
            a.position != b.position ? a.position < b.position : a.kind < b.kind
        }
    }

    public var previousBoot: UInt64
    /// nil where nobody knows.
    public var samplesLost: UInt64?
    /// Time between the reports on both sides; nil where one of them isn't known.
    public var seconds: Double?
    public var detectedMs: Int64
    /// The most that can have been lost, where the number isn't known; nil where that isn't either.
    public var samplesLostMost: UInt64?

    public init(
        previousBoot: UInt64, samplesLost: UInt64?, seconds: Double?, detectedMs: Int64,
        samplesLostMost: UInt64? = nil
    ) {
        self.samplesLostMost = samplesLostMost
        self.previousBoot = previousBoot
        self.samplesLost = samplesLost
        self.seconds = seconds
        self.detectedMs = detectedMs
    }
}

extension Gap {
    /// A total order, so that whoever joins two accounts keeps the same one.
    fileprivate var rank: (Int64, UInt64, UInt64, UInt64, Double) {
        (detectedMs, previousBoot, samplesLost ?? .max, samplesLostMost ?? .max, seconds ?? .infinity)
    }
}

public struct DeviceState: Equatable, Sendable {
    public var newest: LiveReport?
    public var lastSeenMs: Int64?
    public var spans = ReportSpans()
    public private(set) var gaps: [Gap.Key: Gap] = [:]
    public private(set) var forks: Set<Position> = []

    /// Gaps and forks kept for display; older ones stay in the database.
    public static let gapCountMax = 64

    public init() {}

    /// As it is restored from a database.
    public init(
        newest: LiveReport?, lastSeenMs: Int64?, spans: ReportSpans, gaps: [Gap.Key: Gap],
        forks: Set<Position>
    ) {
        self.newest = newest
        self.lastSeenMs = lastSeenMs
        self.spans = spans
        self.gaps = gaps
        self.forks = forks
    }

    public mutating func join(_ other: DeviceState) {
        spans.join(other.spans)
        if let theirs = other.newest, isNewer(theirs) { newest = theirs }
        if let seen = other.lastSeenMs { see(seen) }
        for (key, gap) in other.gaps { add(gap, at: key) }
        for fork in other.forks { addFork(fork) }
    }

    public mutating func see(_ ms: Int64) { lastSeenMs = max(lastSeenMs ?? ms, ms) }

    public mutating func addFork(_ position: Position) {
        forks.insert(position)
        if forks.count > Self.gapCountMax, let oldest = forks.min() { forks.remove(oldest) }
    }

    /// Of two accounts of one gap the earlier found one stands.
    mutating func add(_ gap: Gap, at key: Gap.Key) {
        if let known = gaps[key], known.rank <= gap.rank { return }
        gaps[key] = gap
        if gaps.count > Self.gapCountMax, let oldest = gaps.keys.min() { gaps[oldest] = nil }
    }

    /// Gaps as they stand: a hole that late reports have filled is none any more.
    public var openGaps: [(key: Gap.Key, gap: Gap)] {
        gaps.filter { $0.key.kind != .sequence || spans.hole(before: $0.key.position) != nil }
            .sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// By position; the head decides between two that claim one place, so that all agree.
    private func isNewer(_ other: LiveReport) -> Bool {
        guard let newest else { return true }
        if newest.position != other.position { return newest.position < other.position }
        if newest.head != other.head {
            return newest.head.bytes.lexicographicallyPrecedes(other.head.bytes)
        }
        // The same report: when it first arrived.
        return other.receivedMs < newest.receivedMs
    }
}

extension DeviceState {
    /// Takes in one report that is new to the store.
    /// - Returns: the gaps it brought to light.
    public mutating func absorb(
        _ report: Report, head: Digest32, receivedMs: Int64
    ) -> [(key: Gap.Key, gap: Gap)] {
        let position = Position(boot: report.boot, sequence: report.sequence)
        let before = newest
        let breaksBefore = spans.breaks
        spans.insert(
            position, of: report.device, previousHead: report.previousHead, head: head)
        see(receivedMs)
        let live = LiveReport(position: position, head: head, receivedMs: receivedMs, report: report)
        if isNewer(live) { newest = live }

        var found: [(key: Gap.Key, gap: Gap)] = []
        let seconds = before.map { Double(receivedMs - $0.receivedMs) / 1000 }
        func find(
            _ kind: Gap.Kind, _ position: Position, _ previousBoot: UInt64, _ lost: UInt64?,
            most: UInt64? = nil
        ) {
            let gap = Gap(
                previousBoot: previousBoot, samplesLost: lost, seconds: seconds,
                detectedMs: receivedMs, samplesLostMost: most)
            found.append((Gap.Key(position: position, kind: kind), gap))
        }
        // A clean end that lost nothing leaves no gap. A kill that lost nothing is one, of no samples.
        if let restart = report.gap, !(restart.wasClean && restart.samplesLost == 0) {
            find(
                .restart, position, restart.previousBoot, restart.samplesLost,
                most: restart.samplesLostMost)
        }
        if spans.hole(before: position) != nil { find(.sequence, position, report.boot, nil) }
        for broken in spans.breaks where !breaksBefore.contains(broken) {
            find(.chain, broken, broken.boot, nil)
        }
        for (key, gap) in found { add(gap, at: key) }
        return found
    }
}
