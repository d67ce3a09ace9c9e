// Who a device is: ids, labels, the hardware it runs on.

import Bytes
import Digest
import Phi

/// A device's id: 16 bytes, the head of SHA-256 over its serial number and install UUID, so that a
/// cloned card in another board is another device. Shown as 32 hexadecimal digits.
public struct DeviceID: Hashable, Sendable {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for index in 0..<8 {
            words.0 = words.0 << 8 | UInt64(bytes[index])
            words.1 = words.1 << 8 | UInt64(bytes[index + 8])
        }
        self.init(high: words.0, low: words.1)
    }

    public init?(hex: String) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes)
    }

    /// The id of the board with `serial` on which the agent was installed as `installID`.
    public init(serial: String, installID: [UInt8]) {
        let digest = Digest.sha256(Array("phi-device\0".utf8), Array(serial.utf8) + [0], installID)
        self.init(high: digest.words.0, low: digest.words.1)
    }

    public var bytes: [UInt8] {
        var result: [UInt8] = []
        for word in [high, low] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                result.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return result
    }

    public var hex: String { Hex.encode(bytes) }
}

/// `key=value`, set at enrolment and signed by the device: a server can't relabel a device into the
/// scope of a parameter set.
public struct Label: Hashable, Sendable {
    public var key: String
    public var value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }

    /// `key=value` in text: key 1…63 of letters, digits, `-`, `_`, `.`; value up to 63 without spaces.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let equals = bytes.firstIndex(of: 0x3d) else { return nil }
        let key = bytes[..<equals]
        let value = bytes[(equals + 1)...]
        func isAllowed(_ byte: UInt8) -> Bool {
            (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a)
                || (byte >= 0x61 && byte <= 0x7a) || byte == 0x2d || byte == 0x5f || byte == 0x2e
        }
        guard (1...63).contains(key.count), value.count <= 63,
            key.allSatisfy(isAllowed), value.allSatisfy(isAllowed)
        else { return nil }
        self.init(key: Text.string(key), value: Text.string(value))
    }

    public var text: String { "\(key)=\(value)" }

    /// Most labels one device may carry: enough for site, rack, role, owner and the like.
    public static let countMax = 16
}

/// The class of a GPU, with the weight its score gets.
public enum GPUTier: UInt8, Sendable, CaseIterable {
    case integrated = 1
    case lowEnd
    case midRange
    case highEnd
    case ultra
    case extreme

    /// Of a card with memory of its own. With cores known, by them: an RTX 3060 Ti (4864) is the source
    /// documents' mid range, an RTX 4090 (16384) their extreme. Else by memory, the one figure that a
    /// driver tells. A card of which neither is known (0) gets the least tier that a card can have.
    public init(memoryGB: Double, cores: Int) {
        if cores > 0 {
            switch cores {
            case ..<2_000: self = .lowEnd
            case ..<5_000: self = .midRange
            case ..<8_500: self = .highEnd
            case ..<12_000: self = .ultra
            default: self = .extreme
            }
        } else {
            switch memoryGB {
            case ..<4: self = .lowEnd
            case ..<10: self = .midRange
            case ..<16: self = .highEnd
            case ..<24: self = .ultra
            default: self = .extreme
            }
        }
    }

    /// The source documents' word.
    public var name: String {
        switch self {
        case .integrated: "integrated"
        case .lowEnd: "low_end"
        case .midRange: "mid_range"
        case .highEnd: "high_end"
        case .ultra: "ultra"
        case .extreme: "extreme"
        }
    }

    public var weight: Double {
        switch self {
        case .integrated: 0.1
        case .lowEnd: 0.3
        case .midRange: 0.6
        case .highEnd: 0.8
        case .ultra: 0.9
        case .extreme: 1.0
        }
    }
}

public struct GPURecord: Equatable, Sendable {
    public var name: String
    public var memoryGB: Double
    public var cores: Int
    public var tier: GPUTier

    public init(name: String, memoryGB: Double, cores: Int, tier: GPUTier) {
        self.name = name
        self.memoryGB = memoryGB
        self.cores = cores
        self.tier = tier
    }
}

/// What the observer found the device to be. No timestamp and nothing that moves at run time: the
/// hash of this record changes only when the hardware does.
public struct HardwareRecord: Equatable, Sendable {
    /// Board model, e.g. "Raspberry Pi 4 Model B Rev 1.4"; on x86 the DMI product name.
    public var model: String
    /// SoC or product serial number; empty where the board gives none.
    public var serial: String
    public var cpuCores: Int
    public var cpuMaxMHz: Int
    /// Installed memory, rounded up to the size that modules come in (see `rounded(memoryTotal:)`).
    public var memoryBytes: UInt64
    public var gpu: GPURecord?

    public init(
        model: String, serial: String, cpuCores: Int, cpuMaxMHz: Int, memoryBytes: UInt64,
        gpu: GPURecord? = nil
    ) {
        self.model = model
        self.serial = serial
        self.cpuCores = cpuCores
        self.cpuMaxMHz = cpuMaxMHz
        self.memoryBytes = memoryBytes
        self.gpu = gpu
    }

    /// The hardware hash: SHA-256 over the record, its fields separated by NULs.
    public var hash: Digest32 { Digest.sha256(canonical(with: serial)) }

    /// The hash of the hardware *class*: without the serial, so that like boards share slots.
    public var classHash: Digest32 { Digest.sha256(canonical(with: "")) }

    private func canonical(with serial: String) -> [UInt8] {
        var text = "phi-hardware\0\(model)\0\(serial)\0\(cpuCores)\0\(cpuMaxMHz)\0\(memoryBytes)\0"
        if let gpu {
            // Tenths of a gigabyte: no floating-point text in a digest. Within the wire's limits, since
            // an Int holds no NaN.
            let tenths = Int((clamp(gpu.memoryGB, 0...1e6) * 10).rounded())
            text += "\(gpu.name)\0\(tenths)\0\(gpu.cores)\0\(gpu.tier.rawValue)\0"
        }
        return Array(text.utf8)
    }

    /// MemTotal lies below the installed size by what kernel and firmware keep, and moves with a
    /// kernel update: it is rounded up to the next power of two or one and a half of it.
    public static func rounded(memoryTotal: UInt64) -> UInt64 {
        var size: UInt64 = 64 << 20
        while size < memoryTotal, size < 1 << 46 {
            if size + size / 2 >= memoryTotal { return size + size / 2 }
            size *= 2
        }
        return size
    }
}
