import Digest

enum KeyListCommand {
    static let command = Command(
        path: ["key", "list"], summary: "the parameter keys that devices may trust",
        common: [.output, .home],
        json: "{\"version\", \"rootFingerprint\", \"keys\": [{\"id\", \"publicKeyHex\", \"signs\"}]}",
        examples: [Example("which key signs here", "fleet key list")],
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        let set = try SignedKeySet(file: call.home.path("keyset.json"))
        // Where the signing key is kept elsewhere, the list is still worth seeing.
        let own = try? call.home.privateKey(call.home.path("parameters.key"), hint: "").publicKey
        if call.wantsJSON {
            let keys = set.keySet.keys.map { key in
                JSON.object([
                    "id": .text(SignedKeySet.name(of: key)), "publicKeyHex": .text(key.hex),
                    "signs": .bool(key == own),
                ])
            }
            let json = JSON.object([
                "version": .number(set.keySet.version),
                "rootFingerprint": .text(set.root.fingerprint.hex), "keys": .array(keys),
            ])
            call.terminal.verbatim(json.pretty)
            return .success
        }
        call.terminal.line("key set \(set.keySet.version), signed by root \(set.root.fingerprint.hex)")
        var table = Table([.left("KEY"), .left("PUBLIC KEY"), .left("")])
        for key in set.keySet.keys {
            table.add([
                Styled(SignedKeySet.name(of: key)), Styled(key.hex),
                key == own ? Styled("signs", .good) : "",
            ])
        }
        call.terminal.table(table)
        if own.map({ !set.contains($0) }) ?? false {
            call.terminal.line(
                Styled("parameters.key isn't among them: devices would refuse what it signs", .bad))
        }
        return .success
    }
}
