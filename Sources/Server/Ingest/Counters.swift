// What the server counts of its own work, for /metrics.

import Synchronization

/// What became of a request to POST /v1/reports.
public enum ReportResult: Int, CaseIterable, Sendable {
    case accepted
    case repeated
    case fork
    case malformed
    case unauthorised
    case forbidden
    case overloaded
    case failed

    public var name: String {
        switch self {
        case .accepted: "accepted"
        case .repeated: "repeat"
        case .fork: "fork"
        case .malformed: "malformed"
        case .unauthorised: "unauthorised"
        case .forbidden: "forbidden"
        case .overloaded: "overloaded"
        case .failed: "failed"
        }
    }
}

public enum EnrolmentResult: Int, CaseIterable, Sendable {
    case accepted
    case pending
    case badToken
    case otherKey
    case malformed
    case insecure
    case failed

    public var name: String {
        switch self {
        case .accepted: "accepted"
        case .pending: "pending"
        case .badToken: "bad_token"
        case .otherKey: "other_key"
        case .malformed: "malformed"
        case .insecure: "insecure"
        case .failed: "failed"
        }
    }
}

/// Upper bounds in seconds, and how many fell below each: as Prometheus counts.
public struct Histogram: Sendable {
    /// From a commit on a fast disk without a queue to one on an SD card that is busy.
    public static let boundsS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
    public private(set) var buckets = [Int](repeating: 0, count: boundsS.count)
    public private(set) var count = 0
    public private(set) var sumS = 0.0

    public init() {}

    public mutating func observe(_ seconds: Double) {
        for index in Self.boundsS.indices where seconds <= Self.boundsS[index] { buckets[index] += 1 }
        count += 1
        sumS += seconds
    }
}

public final class Counters: Sendable {
    private let reports = Mutex([Int](repeating: 0, count: ReportResult.allCases.count))
    private let enrolments = Mutex([Int](repeating: 0, count: EnrolmentResult.allCases.count))
    private let responses = Mutex<[Int: Int]>([:])
    private let commits = Mutex(Histogram())
    public let chunks = Atomic<Int>(0)
    /// In chunks: new here, and here already.
    public let samples = Atomic<Int>(0)
    public let repeatedSamples = Atomic<Int>(0)
    public let chainBreaks = Atomic<Int>(0)
    public let envelopes = Atomic<Int>(0)
    public let commitFailures = Atomic<Int>(0)
    /// The last commit failed.
    public let isFailing = Atomic<Bool>(false)

    public init() {}

    public func count(_ result: ReportResult) { reports.withLock { $0[result.rawValue] += 1 } }
    public func count(_ result: EnrolmentResult) { enrolments.withLock { $0[result.rawValue] += 1 } }
    public func countResponse(_ status: Int) { responses.withLock { $0[status, default: 0] += 1 } }
    public func observeCommit(_ seconds: Double) { commits.withLock { $0.observe(seconds) } }

    public func value(_ result: ReportResult) -> Int { reports.withLock { $0[result.rawValue] } }
    public func value(_ result: EnrolmentResult) -> Int { enrolments.withLock { $0[result.rawValue] } }
    public var responsesByStatus: [(status: Int, count: Int)] {
        responses.withLock { $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }
    public var commitSeconds: Histogram { commits.withLock { $0 } }
}
