// A versioned set of parameters, whom it is for, and the signatures that make it one.

import Digest

public enum Profile: UInt8, Sendable, CaseIterable {
    /// Boards: 8 GB, 4 cores, 2400 MHz, no GPU term.
    case pi = 1
    /// The source documents' desktop: 24 GB and 16384 cores of GPU, 128 GB, 32 cores, 5000 MHz.
    case desktop

    public var name: String {
        switch self {
        case .pi: "pi"
        case .desktop: "desktop"
        }
    }
}

/// Whom a set is for. Empty: every device. Else the devices named, and those that carry every label.
public struct Scope: Equatable, Sendable {
    public var devices: [DeviceID]
    public var labels: [Label]

    public init(devices: [DeviceID] = [], labels: [Label] = []) {
        self.devices = devices
        self.labels = labels
    }

    public var isEveryDevice: Bool { devices.isEmpty && labels.isEmpty }

    public func includes(_ device: DeviceID, labels carried: [Label]) -> Bool {
        if isEveryDevice || devices.contains(device) { return true }
        return !labels.isEmpty && labels.allSatisfy { carried.contains($0) }
    }

    /// Device ids in one scope at most: beyond that, labels say it better and an envelope stays small.
    public static let deviceCountMax = 1024
}

public struct ParameterSet: Equatable, Sendable {
    /// Even and growing; version + 1 is kept for the revert of this one. 0: the built-in defaults.
    public var version: UInt64
    public var previousVersion: UInt64
    /// Milliseconds since 1970.
    public var createdMs: Int64
    /// Milliseconds since 1970, 0 for never; enforced only by a device whose clock is trusted.
    public var notAfterMs: Int64
    public var scope: Scope
    public var profile: Profile
    public var values: ParameterValues

    public init(
        version: UInt64, previousVersion: UInt64 = 0, createdMs: Int64 = 0, notAfterMs: Int64 = 0,
        scope: Scope = Scope(), profile: Profile = .pi, values: ParameterValues = ParameterValues()
    ) {
        self.version = version
        self.previousVersion = previousVersion
        self.createdMs = createdMs
        self.notAfterMs = notAfterMs
        self.scope = scope
        self.profile = profile
        self.values = values
    }

    /// Versions lie below: a device that took the largest number could never be pushed to again.
    public static let versionLimit: UInt64 = 1 << 53

    /// What a device runs before it was ever pushed to.
    public static let builtIn = ParameterSet(version: 0)
}

/// A parameter key is named by the first 8 bytes of its fingerprint.
public struct KeyID: Hashable, Sendable {
    public let value: UInt64

    public init(value: UInt64) { self.value = value }
    public init(of key: PublicKey) { value = key.fingerprint.words.0 }
}

/// The parameter keys that are valid, signed by the offline root key.
public struct KeySet: Equatable, Sendable {
    /// Grows with each rotation or revocation; a device accepts no older one.
    public var version: UInt64
    public var keys: [PublicKey]

    public init(version: UInt64, keys: [PublicKey]) {
        self.version = version
        self.keys = keys
    }

    public static let keyCountMax = 16
}

/// What travels to a device: exact payload bytes, so that a signature covers just what is parsed.
public struct Envelope: Equatable, Sendable {
    /// An encoded `ParameterSet`.
    public var payload: [UInt8]
    public var keyID: KeyID
    /// By the parameter key, over `Envelope.domain` ‖ payload.
    public var signature: [UInt8]
    /// An encoded `KeySet`.
    public var keySet: [UInt8]
    public var root: PublicKey
    /// By the root key, over `Envelope.keySetDomain` ‖ keySet.
    public var rootSignature: [UInt8]

    public init(
        payload: [UInt8], keyID: KeyID, signature: [UInt8], keySet: [UInt8], root: PublicKey,
        rootSignature: [UInt8]
    ) {
        self.payload = payload
        self.keyID = keyID
        self.signature = signature
        self.keySet = keySet
        self.root = root
        self.rootSignature = rootSignature
    }

    public static let domain = Array("phi-parameters-1\0".utf8)
    public static let keySetDomain = Array("phi-keyset-1\0".utf8)
    /// 1024 device ids and every parameter stay below it.
    public static let byteCountMax = 32_768
}

/// Why a device doesn't take a set; sent with the next report and shown by `fleet rollout show`.
public enum Refusal: Error, Equatable, Sendable {
    case malformed
    case unknownRoot
    case badKeySetSignature
    case keySetReplayed
    case unknownKey
    case badSignature
    case wrongScope
    case notNewer
    case expired
    case outOfRange(String)

    /// Stable number on the wire.
    public var code: Int {
        switch self {
        case .malformed: 1
        case .unknownRoot: 2
        case .badKeySetSignature: 3
        case .keySetReplayed: 4
        case .unknownKey: 5
        case .badSignature: 6
        case .wrongScope: 7
        case .notNewer: 8
        case .expired: 9
        case .outOfRange: 10
        }
    }

    public var text: String {
        switch self {
        case .malformed: "the envelope can't be read"
        case .unknownRoot: "its root key isn't the one this device was enrolled with"
        case .badKeySetSignature: "the root's signature over the parameter keys is wrong"
        case .keySetReplayed: "its set of parameter keys is older than one seen before"
        case .unknownKey: "its signing key isn't among the parameter keys"
        case .badSignature: "its signature is wrong"
        case .wrongScope: "it is meant for other devices"
        case .notNewer: "its version isn't newer than one seen before (replay)"
        case .expired: "it has expired"
        case .outOfRange(let what): "a value lies outside the hard limits: \(what)"
        }
    }
}
