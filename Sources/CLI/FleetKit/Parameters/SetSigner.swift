// What signs parameter sets on this machine: the parameter key, and the root's word for it.

import Digest
import Model
import Wire

struct SetSigner {
    private let key: PrivateKey
    private let keySet: SignedKeySet

    init(_ home: OperatorHome) throws(Failure) {
        key = try home.privateKey(
            home.path("parameters.key"), hint: "sets are signed on this machine; make a key: fleet key generate")
        keySet = try SignedKeySet(file: home.path("keyset.json"))
        guard keySet.contains(key.publicKey) else {
            throw Failure(
                "parameters.key isn't in the root's set of keys: every device would refuse",
                hint: "see: fleet key list; a parameters.key.next beside it is the key to use")
        }
    }

    func envelope(of set: ParameterSet) throws(Failure) -> Envelope {
        let envelope = Envelope(
            signing: set, with: key, keySet: keySet.encoded, root: keySet.root,
            rootSignature: keySet.signature)
        // What every device will check is checked here first.
        do { _ = try envelope.verified(root: keySet.root.fingerprint) } catch {
            throw Failure("devices would refuse this set: \(error.text)")
        }
        guard envelope.encoded().count <= Envelope.byteCountMax else {
            throw Failure("the set is larger than \(Envelope.byteCountMax) bytes", hint: "name devices by a label")
        }
        return envelope
    }
}
