// Bytes of the hardware record and of enrolment.

import Bytes
import Digest
import Model

extension HardwareRecord {
    public func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.string(1, model, upTo: 128)
        writer.string(2, serial, upTo: 128)
        writer.unsigned(3, cpuCores)
        writer.unsigned(4, cpuMaxMHz)
        writer.unsigned(5, memoryBytes)
        if let gpu {
            var inner = ProtoWriter()
            inner.string(1, gpu.name, upTo: 128)
            inner.double(2, gpu.memoryGB)
            inner.unsigned(3, gpu.cores)
            inner.unsigned(4, UInt64(gpu.tier.rawValue))
            writer.message(6, inner)
        }
        return writer
    }

    public init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(model: "", serial: "", cpuCores: 0, cpuMaxMHz: 0, memoryBytes: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: model = try reader.string(field, upTo: 128)
            case 2: serial = try reader.string(field, upTo: 128)
            case 3: cpuCores = try reader.int(field, upTo: 65_536)
            case 4: cpuMaxMHz = try reader.int(field, upTo: 1_000_000)
            case 5: memoryBytes = try reader.unsigned(field)
            case 6: gpu = try GPURecord(decoding: try reader.message(field))
            default: break
            }
        }
    }
}

extension GPURecord {
    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(name: "", memoryGB: 0, cores: 0, tier: .integrated)
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try reader.string(field, upTo: 128)
            case 2:
                memoryGB = try reader.finite(field)
                guard memoryGB >= 0, memoryGB <= 1e6 else { throw .outOfRange(field: 2) }
            case 3: cores = try reader.int(field, upTo: 10_000_000)
            case 4:
                tier = GPUTier(rawValue: UInt8(clamping: try reader.unsigned(field))) ?? .integrated
            default: break
            }
        }
    }
}

extension EnrolRequest {
    /// The request with the device key's signature as its last field, over all that precedes it.
    public func encoded(signedBy key: PrivateKey) -> [UInt8] {
        var writer = ProtoWriter()
        writer.string(1, token)
        writer.data(2, publicKey.bytes)
        writer.data(3, installID)
        writer.message(4, hardware.encoded())
        for label in labels { writer.message(5, label.encoded()) }
        writer.string(6, agentVersion)
        writer.data(15, key.signature(over: Self.domain + writer.bytes))
        return writer.bytes
    }

    /// Decodes and verifies that the sender holds the private key.
    public init(verifying bytes: [UInt8]) throws(WireFault) {
        var token = ""
        var publicKey: PublicKey?
        var installID: [UInt8] = []
        var hardware: HardwareRecord?
        var labels: [Label] = []
        var agentVersion = ""
        var signed: (bytes: [UInt8], signature: [UInt8])?
        var reader = ProtoReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: token = try reader.string(field, upTo: 128)
            case 2: publicKey = PublicKey(try reader.data(field, exactly: 32))
            case 3: installID = try reader.data(field, exactly: 16)
            case 4: hardware = try HardwareRecord(decoding: try reader.message(field))
            case 5:
                guard labels.count < Label.countMax else {
                    throw .tooLong(field: 5, limit: Label.countMax)
                }
                let label = try Label(decoding: try reader.message(field))
                // Two values for one key: in whose scope would the device be?
                guard !labels.contains(where: { $0.key == label.key }) else {
                    throw .outOfRange(field: 5)
                }
                labels.append(label)
            case 6: agentVersion = try reader.string(field, upTo: 64)
            case 15:
                signed = (Array(bytes[..<field.start]), try reader.data(field, exactly: 64))
                guard reader.position == bytes.count else { throw .outOfRange(field: 15) }
            default: break
            }
        }
        guard let publicKey else { throw .missing(field: 2) }
        guard installID.count == 16 else { throw .missing(field: 3) }
        guard let hardware else { throw .missing(field: 4) }
        guard let signed else { throw .missing(field: 15) }
        guard publicKey.isValid(signature: signed.signature, over: Self.domain + signed.bytes) else {
            throw .outOfRange(field: 15)
        }
        self.init(
            token: token, publicKey: publicKey, installID: installID, hardware: hardware,
            labels: labels, agentVersion: agentVersion)
    }
}

extension EnrolReply {
    public func encoded() -> [UInt8] {
        var writer = ProtoWriter()
        writer.data(1, device.bytes)
        writer.data(2, reportKey)
        writer.bool(3, isAccepted)
        writer.signed(4, serverTimeMs)
        writer.unsigned(5, serverEpoch)
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireFault) {
        var device: DeviceID?
        var reportKey: [UInt8]?
        var isAccepted = false
        var serverTimeMs: Int64 = 0
        var serverEpoch: UInt64 = 0
        var reader = ProtoReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: device = DeviceID(try reader.data(field, exactly: 16))
            case 2: reportKey = try reader.data(field, exactly: 32)
            case 3: isAccepted = try reader.bool(field)
            case 4: serverTimeMs = try reader.signed(field)
            case 5: serverEpoch = try reader.unsigned(field)
            default: break
            }
        }
        guard let device else { throw .missing(field: 1) }
        guard let reportKey else { throw .missing(field: 2) }
        self.init(
            device: device, reportKey: reportKey, isAccepted: isAccepted,
            serverTimeMs: serverTimeMs, serverEpoch: serverEpoch)
    }
}
