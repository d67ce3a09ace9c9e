// What the operator asked for: which set goes to whom, and how carefully.
//
// A rollout is a value and its steps are pure (see RolloutStep.swift): no clock, no I/O. Who keeps it
// persists what changed; who holds devices' requests answers those that a step released.

import Bytes
import Digest
import Model
import Phi

public struct RolloutID: Hashable, Sendable {
    /// 8 random bytes, shown as 16 hexadecimal digits.
    public let value: UInt64

    public init(value: UInt64) { self.value = value }

    public init?(hex: String) {
        guard let bytes = Hex.decode(hex), bytes.count == 8 else { return nil }
        value = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    public static func random() -> RolloutID {
        RolloutID(value: Digest.random(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    var bytes: [UInt8] {
        stride(from: UInt64(56), through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    public var hex: String { Hex.encode(bytes) }
}

public enum RolloutStrategy: UInt8, Sendable {
    /// A canary, then waves that grow by at most φ².
    case golden = 1
    /// Everybody at once, without soak.
    case all

    public var name: String {
        switch self {
        case .golden: "golden"
        case .all: "all"
        }
    }

    public init?(name: String) {
        switch name {
        case "golden": self = .golden
        case "all": self = .all
        default: return nil
        }
    }
}

/// The first wave of a golden rollout: so many devices, or a share of them.
public enum Canary: Equatable, Sendable {
    case count(Int)
    case percent(Double)

    /// `3` or `5%`; nil for anything else, and for a canary of nobody.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        if bytes.last == 0x25 {
            guard let value = Text.decimal(bytes.dropLast()), value > 0, value <= 100 else { return nil }
            self = .percent(value)
        } else {
            guard let value = Text.integer(bytes[...]), value > 0, value <= 1_000_000 else { return nil }
            self = .count(Int(value))
        }
    }

    public var text: String {
        switch self {
        case .count(let value): "\(value)"
        case .percent(let value): "\(value)%"
        }
    }

    func size(of total: Int) -> Int {
        switch self {
        case .count(let value): max(1, min(total, value))
        case .percent(let share): max(1, min(total, Int((Double(total) * share / 100).rounded(.up))))
        }
    }
}

public struct RolloutPlan: Equatable, Sendable {
    public var id: RolloutID
    public var version: UInt64
    public var scope: Scope
    public var strategy: RolloutStrategy
    public var canary: Canary
    public var soakMs: Int64
    public var author: String
    public var message: String
    public var createdMs: Int64

    public init(
        id: RolloutID, version: UInt64, scope: Scope, strategy: RolloutStrategy,
        canary: Canary = .count(1), soakMs: Int64 = 0, author: String = "",
        message: String = "", createdMs: Int64 = 0
    ) {
        self.id = id
        self.version = version
        self.scope = scope
        self.strategy = strategy
        self.canary = canary
        self.soakMs = soakMs
        self.author = author
        self.message = message
        self.createdMs = createdMs
    }

    /// Sizes of the waves for `total` devices. Golden: each at most floor(previous · φ²), and as φ² is
    /// above 2 at least one more than the one before, but for the last, which takes what is left.
    public func waveSizes(of total: Int) -> [Int] {
        guard strategy == .golden, total > 0 else { return [total] }
        return Self.waveSizes(of: total, from: canary.size(of: total))
    }

    /// The waves of `total` more devices behind a wave of `previous`.
    func waveSizes(of total: Int, after previous: Int) -> [Int] {
        Self.waveSizes(of: total, from: Self.next(max(1, previous)))
    }

    private static func waveSizes(of total: Int, from first: Int) -> [Int] {
        var sizes: [Int] = []
        var next = first
        var left = total
        while left > 0 {
            sizes.append(min(next, left))
            left -= next
            next = Self.next(next)
        }
        return sizes
    }

    private static func next(_ size: Int) -> Int { Int(Double(size) * Phi.expansionLimit) }

    /// Devices by SHA-256(rollout id ‖ device id): unbiased, and reproducible by anyone.
    public func order(_ devices: [DeviceID]) -> [DeviceID] {
        devices.map { (Digest.sha256(id.bytes, $0.bytes).bytes, $0) }
            .sorted { $0.0.lexicographicallyPrecedes($1.0) }
            .map(\.1)
    }
}
