import Bytes
import Digest
import Model

enum KeyGenerateCommand {
    private static let rootKey = Option.value(
        "root-key", "FILE", "the root key, where it is kept offline (default root.key in the operator's folder)")
    private static let revokeOthers = Option.flag(
        "revoke-others", "trust the new key alone: what another key signs is refused from the next push on")

    static let command = Command(
        path: ["key", "generate"],
        summary: "make a new parameter key and have the root vouch for it",
        discussion: [
            "The new key takes the place of parameters.key and signs from now on; older keys stay valid unless "
                + "revoked. Devices learn of the new set of keys with the next push."
        ],
        options: [rootKey, revokeOthers], common: [.output, .home],
        json: "the same as fleet key list",
        examples: [
            Example("rotate", "fleet key generate"),
            Example(
                "a key was lost; the root is on a stick",
                "fleet key generate --revoke-others --root-key /media/stick/root.key"),
        ],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        let home = call.home
        let old = try SignedKeySet(file: home.path("keyset.json"))
        let root = try home.privateKey(
            call.arguments.value(rootKey) ?? home.path("root.key"),
            hint: "only the root can vouch for a new key; point to it with --root-key")
        guard root.publicKey == old.root else {
            throw Failure(
                "this root key isn't the one that keyset.json is signed by",
                hint: "devices trust the root with fingerprint \(old.root.fingerprint.hex)")
        }
        let key = PrivateKey.generate()
        let kept = call.arguments.has(revokeOthers) ? [] : old.keySet.keys
        guard kept.count < KeySet.keyCountMax else {
            throw Failure(
                "the set holds \(KeySet.keyCountMax) keys, which is the most",
                hint: "add --revoke-others")
        }
        let new = SignedKeySet(
            signing: KeySet(version: old.keySet.version + 1, keys: kept + [key.publicKey]), with: root)
        // The key first, under another name: whatever fails after it, no vouched-for key is lost.
        let waiting = home.path("parameters.key.next")
        try Files.replace(waiting, Array((Hex.encode(key.seed) + "\n").utf8), mode: 0o600)
        try Files.replace(home.path("keyset.json"), Array(new.json.pretty.utf8), mode: 0o600)
        try Files.move(waiting, to: home.path("parameters.key"))
        return try KeyListCommand.run(call)
    }
}
