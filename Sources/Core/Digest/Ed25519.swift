// Ed25519 (RFC 8032) over libcrypto: device identities, root and parameter keys.

import CCrypto

import Bytes

public struct PublicKey: Hashable, Sendable {
    /// 32 bytes.
    public let bytes: [UInt8]

    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    public init?(hex: String) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes)
    }

    public var hex: String { Hex.encode(bytes) }

    /// SHA-256 of the key, by which it is named and pinned.
    public var fingerprint: Digest32 { Digest.sha256(bytes) }

    public func isValid(signature: [UInt8], over message: [UInt8]) -> Bool {
        signature.count == 64
            && ccrypto_ed25519_verify(bytes, message, message.count, signature) == 1
    }
}

public struct PrivateKey: Sendable {
    /// The 32-byte seed; whoever holds it is the signer.
    public let seed: [UInt8]
    public let publicKey: PublicKey

    public init?(seed: [UInt8]) {
        guard seed.count == 32 else { return nil }
        var key = [UInt8](repeating: 0, count: 32)
        guard ccrypto_ed25519_public(seed, &key) == 1, let publicKey = PublicKey(key) else {
            return nil
        }
        self.seed = seed
        self.publicKey = publicKey
    }

    public static func generate() -> PrivateKey {
        guard let key = PrivateKey(seed: Digest.random(32)) else {
            preconditionFailure("libcrypto has no Ed25519")
        }
        return key
    }

    /// 64 bytes. Deterministic (RFC 8032): the same message gives the same signature.
    public func signature(over message: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 64)
        guard ccrypto_ed25519_sign(seed, message, message.count, &signature) == 1 else {
            preconditionFailure("libcrypto has no Ed25519")
        }
        return signature
    }
}
