// Hash activation: the state in buckets, hashed with the hardware class. Equal states fall in equal
// slots on every like board and every architecture.

import Digest
import Model
import Phi

public struct Activation: Equatable, Sendable {
    public let digest: Digest32

    /// One of 256 slots: byte 0.
    public var slot: UInt8 { UInt8(truncatingIfNeeded: digest.words.0 >> 56) }

    /// Radians, [0, 2π): bytes 8…15.
    public var phase: Double {
        Phi.twoPi * (Double(digest.words.1) / 18_446_744_073_709_551_616)
    }

    /// Eight lanes in [0,1): the 32-bit words in order.
    public var lanes: [Double] { Self.laneIndices.map { lane($0) } }

    static let laneIndices = 0..<8

    func lane(_ index: Int) -> Double {
        let word =
            switch index >> 1 {
            case 0: digest.words.0
            case 1: digest.words.1
            case 2: digest.words.2
            default: digest.words.3
            }
        return Double(index & 1 == 0 ? word >> 32 : word & 0xffff_ffff) / 4_294_967_296
    }

    init(digest: Digest32) { self.digest = digest }
    private static let domain: ShortMessage = {
        var message = ShortMessage()
        message.append("phi-activation-1\0")
        return message
    }()

    init(classHash: Digest32, buckets: StateBuckets) {
        // 54 bytes: one block of SHA-256.
        var message = Self.domain
        message.append(classHash)
        buckets.append(to: &message)
        digest = Digest.sha256(message)
    }
}

/// The quantised state. 255 stands for "no data", so that a lost sensor is a state of its own.
struct StateBuckets: Equatable, Sendable {
    let thermal: UInt8
    let memoryUse: UInt8
    let pressure: UInt8
    let entropy: UInt8
    let value: UInt8

    /// Each signal in [0,1] or nil.
    init(thermal: Double?, memoryUse: Double?, pressure: Double?, entropy: Double?, value: Double?) {
        self.thermal = Self.bucket(thermal, of: 8)
        self.memoryUse = Self.bucket(memoryUse, of: 8)
        self.pressure = Self.bucket(pressure, of: 4)
        self.entropy = Self.bucket(entropy, of: 8)
        self.value = Self.bucket(value, of: 8)
    }

    func append(to message: inout ShortMessage) {
        message.append(thermal)
        message.append(memoryUse)
        message.append(pressure)
        message.append(entropy)
        message.append(value)
    }

    static func bucket(_ signal: Double?, of count: Double) -> UInt8 {
        guard let signal else { return 255 }
        return UInt8(min(count - 1, clamp(signal, 0...1) * count))
    }
}
