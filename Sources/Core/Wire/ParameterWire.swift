// Bytes of parameter sets, key sets and envelopes, and the one place where an envelope is verified.

import Bytes
import Digest
import Model

extension ParameterSet {
    public func encoded() -> [UInt8] {
        var writer = ProtoWriter()
        writer.unsigned(1, version)
        writer.unsigned(2, previousVersion)
        writer.signed(3, createdMs)
        writer.signed(4, notAfterMs)
        writer.unsigned(5, UInt64(profile.rawValue))
        for device in scope.devices { writer.data(6, device.bytes) }
        for label in scope.labels { writer.message(7, label.encoded()) }
        for parameter in Parameter.allCases {
            writer.double(parameter.rawValue, values[parameter])
        }
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireFault) {
        self.init(version: 0)
        var hasVersion = false
        var reader = ProtoReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1:
                version = try reader.unsigned(field)
                hasVersion = true
            case 2: previousVersion = try reader.unsigned(field)
            case 3: createdMs = try reader.signed(field)
            case 4: notAfterMs = try reader.signed(field)
            case 5:
                guard let known = Profile(rawValue: UInt8(clamping: try reader.unsigned(field)))
                else { throw .outOfRange(field: 5) }
                profile = known
            case 6:
                guard scope.devices.count < Scope.deviceCountMax else {
                    throw .tooLong(field: 6, limit: Scope.deviceCountMax)
                }
                if let id = DeviceID(try reader.data(field, exactly: 16)) { scope.devices.append(id) }
            case 7:
                guard scope.labels.count < Label.countMax else {
                    throw .tooLong(field: 7, limit: Label.countMax)
                }
                scope.labels.append(try Label(decoding: try reader.message(field)))
            default:
                if let parameter = Parameter(rawValue: field.number) {
                    values[parameter] = try reader.finite(field)
                }
            }
        }
        guard hasVersion else { throw .missing(field: 1) }
    }
}

extension Label {
    func encoded() -> ProtoWriter {
        var writer = ProtoWriter()
        writer.string(1, key)
        writer.string(2, value)
        return writer
    }

    init(decoding message: ProtoReader) throws(WireFault) {
        var reader = message
        self.init(key: "", value: "")
        while let field = try reader.next() {
            switch field.number {
            case 1: key = try reader.string(field, upTo: 63)
            case 2: value = try reader.string(field, upTo: 63)
            default: break
            }
        }
        // Stored and shown as text: what couldn't be read back from it is no label.
        guard Label(text) != nil else { throw .outOfRange(field: 1) }
    }
}

extension KeySet {
    public func encoded() -> [UInt8] {
        var writer = ProtoWriter()
        writer.unsigned(1, version)
        for key in keys { writer.data(2, key.bytes) }
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireFault) {
        self.init(version: 0, keys: [])
        var reader = ProtoReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: version = try reader.unsigned(field)
            case 2:
                guard keys.count < Self.keyCountMax else {
                    throw .tooLong(field: 2, limit: Self.keyCountMax)
                }
                if let key = PublicKey(try reader.data(field, exactly: 32)) { keys.append(key) }
            default: break
            }
        }
    }
}

extension Envelope {
    public func encoded() -> [UInt8] {
        var writer = ProtoWriter(reserving: payload.count + keySet.count + 256)
        writer.data(1, payload)
        writer.unsigned(2, keyID.value)
        writer.data(3, signature)
        writer.data(4, keySet)
        writer.data(5, root.bytes)
        writer.data(6, rootSignature)
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireFault) {
        guard bytes.count <= Self.byteCountMax else {
            throw .tooLong(field: 0, limit: Self.byteCountMax)
        }
        var payload: [UInt8]?
        var keyID: UInt64 = 0
        var signature: [UInt8]?
        var keySet: [UInt8]?
        var root: PublicKey?
        var rootSignature: [UInt8]?
        var reader = ProtoReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: payload = try reader.data(field, upTo: Self.byteCountMax)
            case 2: keyID = try reader.unsigned(field)
            case 3: signature = try reader.data(field, exactly: 64)
            case 4: keySet = try reader.data(field, upTo: 1024)
            case 5: root = PublicKey(try reader.data(field, exactly: 32))
            case 6: rootSignature = try reader.data(field, exactly: 64)
            default: break
            }
        }
        guard let payload else { throw .missing(field: 1) }
        guard let signature else { throw .missing(field: 3) }
        guard let keySet else { throw .missing(field: 4) }
        guard let root else { throw .missing(field: 5) }
        guard let rootSignature else { throw .missing(field: 6) }
        self.init(
            payload: payload, keyID: KeyID(value: keyID), signature: signature, keySet: keySet,
            root: root, rootSignature: rootSignature)
    }

    /// Signs a set: the operator's side of `verified`.
    public init(
        signing set: ParameterSet, with key: PrivateKey, keySet: [UInt8], root: PublicKey,
        rootSignature: [UInt8]
    ) {
        let payload = set.encoded()
        self.init(
            payload: payload, keyID: KeyID(of: key.publicKey),
            signature: key.signature(over: Self.domain + payload), keySet: keySet, root: root,
            rootSignature: rootSignature)
    }

    /// Checks both signatures, the root against its pinned fingerprint (nil: any, for tools that only
    /// look), and the hard limits. Whom it is for, replay and expiry are the caller's to judge: they
    /// need the device's own state.
    /// - Returns: the set, and the version of the set of keys that vouches for it.
    public func verified(root pinned: Digest32?) throws(Refusal) -> (ParameterSet, keySetVersion: UInt64) {
        if let pinned, root.fingerprint != pinned { throw .unknownRoot }
        guard root.isValid(signature: rootSignature, over: Self.keySetDomain + keySet) else {
            throw .badKeySetSignature
        }
        let keys: KeySet
        do { keys = try KeySet(decoding: keySet) } catch { throw .malformed }
        guard let key = keys.keys.first(where: { KeyID(of: $0) == keyID }) else { throw .unknownKey }
        guard key.isValid(signature: signature, over: Self.domain + payload) else {
            throw .badSignature
        }
        let set: ParameterSet
        do { set = try ParameterSet(decoding: payload) } catch { throw .malformed }
        guard set.version < ParameterSet.versionLimit else {
            throw .outOfRange("version \(set.version)")
        }
        if let problem = set.values.problems.first { throw .outOfRange(problem.text) }
        return (set, keys.version)
    }
}
