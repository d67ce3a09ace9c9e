// The operator's folder: where the server is, whom to trust, the token and the keys.
//
//     config.json      {"server": "https://host:8440", "ca": "ca.crt"}
//     operator.token   the bearer token
//     ca.crt, ca.key   the fleet's certificate authority
//     root.key         signs the set of parameter keys; may be kept offline
//     parameters.key   signs parameter sets
//     keyset.json      the parameter keys, signed by the root
//     last-version     the newest version of parameters that was signed here

import Bytes
import Digest
import Model

struct OperatorHome {
    let folder: String

    /// `--home`, else $PHIFLEET_HOME, else $XDG_CONFIG_HOME/phifleet, else ~/.config/phifleet.
    static func folder(option: String?, environment: [String: String]) -> String {
        func set(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        if let option { return option }
        if let home = set("PHIFLEET_HOME") { return home }
        let configuration = set("XDG_CONFIG_HOME") ?? (set("HOME") ?? ".") + "/.config"
        return configuration + "/phifleet"
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    struct Configuration {
        var server: String?
        var caFile: String?
    }

    /// Empty where there is no file: the options may say it all.
    func configuration() throws(Failure) -> Configuration {
        let file = path("config.json")
        guard Files.exists(file) else { return Configuration() }
        let json = try Self.json(file)
        let ca = json["ca"].string.map { $0.hasPrefix("/") ? $0 : path($0) }
        return Configuration(server: json["server"].string, caFile: ca)
    }

    var lastVersionFile: String { path("last-version") }

    /// The newest version that was signed here; 0 before the first.
    func lastVersion() throws(Failure) -> UInt64 {
        guard Files.exists(lastVersionFile) else { return 0 }
        let text = Text.string(Text.trimmed(try Files.read(lastVersionFile)[...]))
        guard let version = UInt64(text), version < ParameterSet.versionLimit else {
            throw Failure(
                "\(lastVersionFile) holds no version of parameters",
                hint: "write the newest version there that the fleet has: fleet parameters list")
        }
        return version
    }

    /// Before the set is sent: what may be out there is known here, whatever happens next.
    func remember(lastVersion version: UInt64) throws(Failure) {
        let newest = max(version, try lastVersion())
        try Files.replace(lastVersionFile, Array("\(newest)\n".utf8), mode: 0o600)
    }

    static func token(file: String) throws(Failure) -> String {
        let hint = "run `fleet server init`, or point to it with --token-file"
        guard Files.exists(file) else {
            throw Failure("there is no token at \(file)", hint: hint, exit: .refused)
        }
        let text = Text.string(Text.trimmed(try Files.read(file)[...]))
        // It becomes a header: a line end within it would begin another one.
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw Failure("\(file) holds no token", hint: hint, exit: .refused)
        }
        return text
    }

    static func json(_ file: String) throws(Failure) -> JSON {
        let content = try Files.read(file)
        do { return try JSONReader.read(content) } catch {
            throw Failure("\(file):\(error.line):\(error.column): \(error.text)")
        }
    }

    func privateKey(_ file: String, hint: String) throws(Failure) -> PrivateKey {
        guard Files.exists(file) else { throw Failure("there is no key at \(file)", hint: hint) }
        guard let seed = Hex.decode(Text.trimmed(try Files.read(file)[...])),
            let key = PrivateKey(seed: seed)
        else { throw Failure("\(file) holds no key (64 hexadecimal digits)", hint: hint) }
        return key
    }
}
