// The operator's side: keys, and signed sets.

import Bytes
import Digest
import Model
import Wire

public struct TestOperator: Sendable {
    public static let token = "operator-token-of-the-tests"
    public let root: PrivateKey
    public let key: PrivateKey

    public init(_ name: String = "tests") {
        root = PrivateKey(seed: Digest.sha256(Array("root \(name)".utf8)).bytes) ?? .generate()
        key = PrivateKey(seed: Digest.sha256(Array("key \(name)".utf8)).bytes) ?? .generate()
    }

    public func envelope(_ set: ParameterSet) -> Envelope {
        let keySet = KeySet(version: 1, keys: [key.publicKey]).encoded()
        return Envelope(
            signing: set, with: key, keySet: keySet, root: root.publicKey,
            rootSignature: root.signature(over: Envelope.keySetDomain + keySet))
    }

    public func push(
        _ set: ParameterSet, strategy: String = "golden", soakS: Double = 0, canary: String = "1",
        author: String = "ada"
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.value(Hex.encode(envelope(set).encoded()), "envelopeHex")
        writer.value(strategy, "strategy")
        writer.value(canary, "canary")
        writer.value(soakS, "soakS")
        writer.value(author, "author")
        writer.value("a test", "message")
        writer.endObject()
        return writer.bytes
    }
}
