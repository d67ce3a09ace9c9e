// SHA-256, HMAC-SHA256 and HKDF over libcrypto, and the 32-byte value they give.

import CCrypto

import Bytes

/// A SHA-256 digest or MAC: four words in a row, no heap.
public struct Digest32: Hashable, Sendable {
    /// The digest's bytes 0…31, each word big-endian, so that comparing words compares bytes.
    public let words: (UInt64, UInt64, UInt64, UInt64)

    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        func word(_ at: Int) -> UInt64 {
            var value: UInt64 = 0
            for index in at..<at + 8 { value = value << 8 | UInt64(bytes[index]) }
            return value
        }
        words = (word(0), word(8), word(16), word(24))
    }

    public static let zero = Digest32(words: (0, 0, 0, 0))

    fileprivate init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    public var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(32)
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                result.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return result
    }

    public var hex: String { Hex.encode(bytes) }

    /// The digest as 256 bits: byte `index`, 0…31.
    public func byte(_ index: Int) -> UInt8 {
        let word =
            switch index >> 3 {
            case 0: words.0
            case 1: words.1
            case 2: words.2
            default: words.3
            }
        return UInt8(truncatingIfNeeded: word >> UInt64(8 * (7 - index & 7)))
    }

    /// Equality whose duration doesn't depend on where two MACs differ.
    public func equalsInConstantTime(_ other: Digest32) -> Bool {
        let difference =
            (words.0 ^ other.words.0) | (words.1 ^ other.words.1) | (words.2 ^ other.words.2)
            | (words.3 ^ other.words.3)
        return difference == 0
    }

    public static func == (a: Digest32, b: Digest32) -> Bool {
        a.words.0 == b.words.0 && a.words.1 == b.words.1 && a.words.2 == b.words.2
            && a.words.3 == b.words.3
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

public enum Digest {
    /// SHA-256 over the parts in order, as if they were one message.
    public static func sha256(_ first: [UInt8], _ second: [UInt8] = [], _ third: [UInt8] = [])
        -> Digest32
    {
        withParts(first, second, third) { parts in digest { ccrypto_sha256(parts, 3, $0) } }
    }

    /// SHA-256 of a message that never saw the heap.
    public static func sha256(_ message: ShortMessage) -> Digest32 {
        withUnsafeBytes(of: message.words) { bytes in
            var part = ccrypto_part(
                bytes: bytes.bindMemory(to: UInt8.self).baseAddress, count: message.count)
            return digest { ccrypto_sha256(&part, 1, $0) }
        }
    }

    /// SHA-256 of `bytes[range]`.
    public static func sha256(_ bytes: [UInt8], range: Range<Int>) -> Digest32 {
        sha256(Array(bytes[range]))
    }

    /// HMAC-SHA256 over the parts in order.
    public static func hmac(
        key: [UInt8], _ first: [UInt8], _ second: [UInt8] = [], _ third: [UInt8] = []
    ) -> Digest32 {
        withParts(first, second, third) { parts in
            digest { ccrypto_hmac_sha256(key, key.count, parts, 3, $0) }
        }
    }

    /// HKDF-SHA256 (RFC 5869), 32 bytes.
    public static func hkdf(key: [UInt8], salt: [UInt8], info: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        let done = ccrypto_hkdf_sha256(
            key, key.count, salt, salt.count, info, info.count, &out, out.count)
        precondition(done == 1, "libcrypto has no HKDF")
        return out
    }

    public static func random(_ count: Int) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: count)
        // A process without randomness must not go on to mint keys.
        precondition(ccrypto_random(&out, count) == 1, "the system gives no random bytes")
        return out
    }

    public static var libraryVersion: String { String(cString: ccrypto_version()) }

    private static func withParts(
        _ a: [UInt8], _ b: [UInt8], _ c: [UInt8],
        _ body: (UnsafePointer<ccrypto_part>) -> Digest32
    ) -> Digest32 {
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                c.withUnsafeBufferPointer { c in
                    let parts: InlineArray<3, ccrypto_part> = [
                        ccrypto_part(bytes: a.baseAddress, count: a.count),
                        ccrypto_part(bytes: b.baseAddress, count: b.count),
                        ccrypto_part(bytes: c.baseAddress, count: c.count),
                    ]
                    return parts.span.withUnsafeBufferPointer {
                        guard let first = $0.baseAddress else { failed() }
                        return body(first)
                    }
                }
            }
        }
    }

    /// The 32 bytes that `write` puts where it is shown.
    private static func digest(_ write: (UnsafeMutablePointer<UInt8>) -> Int32) -> Digest32 {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let done = withUnsafeMutableBytes(of: &words) { bytes in
            bytes.bindMemory(to: UInt8.self).baseAddress.map(write) ?? 0
        }
        guard done == 1 else { failed() }
        return Digest32(
            words: (
                words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian
            ))
    }

    /// libcrypto refuses SHA-256 only when it could not be initialised at all: no way to go on.
    private static func failed() -> Never { preconditionFailure("libcrypto has no SHA-256") }
}
