// keyset.json: the parameter keys that devices may trust, under the root's signature.

import Bytes
import Digest
import Model
import Wire

struct SignedKeySet {
    let keySet: KeySet
    /// The exact bytes that are signed.
    let encoded: [UInt8]
    let root: PublicKey
    let signature: [UInt8]

    init(signing keySet: KeySet, with root: PrivateKey) {
        self.keySet = keySet
        encoded = keySet.encoded()
        self.root = root.publicKey
        signature = root.signature(over: Envelope.keySetDomain + encoded)
    }

    /// Reads and verifies: a key set that doesn't hold would only be refused by every device.
    init(file: String) throws(Failure) {
        let hint = "run `fleet server init`, or point to the operator's folder with --home"
        guard Files.exists(file) else { throw Failure("there is no key set at \(file)", hint: hint) }
        let json = try OperatorHome.json(file)
        guard let encoded = json["keySetHex"].string.flatMap({ Hex.decode($0) }),
            let root = json["rootHex"].string.flatMap({ PublicKey(hex: $0) }),
            let signature = json["rootSignatureHex"].string.flatMap({ Hex.decode($0) }),
            let keySet = try? KeySet(decoding: encoded)
        else { throw Failure("\(file) can't be read as a key set", hint: hint) }
        guard root.isValid(signature: signature, over: Envelope.keySetDomain + encoded) else {
            throw Failure(
                "the root's signature in \(file) doesn't hold",
                hint: "restore the file, or sign it again: fleet key generate")
        }
        self.keySet = keySet
        self.encoded = encoded
        self.root = root
        self.signature = signature
    }

    var json: JSON {
        .object([
            "keySetHex": .text(Hex.encode(encoded)), "rootHex": .text(root.hex),
            "rootSignatureHex": .text(Hex.encode(signature)),
        ])
    }

    func contains(_ key: PublicKey) -> Bool { keySet.keys.contains(key) }

    /// How people tell keys apart: the key id, as in an envelope.
    static func name(of key: PublicKey) -> String { String(key.fingerprint.hex.prefix(16)) }
}
