// The two folders of a new fleet: the server's and the operator's. Each is made beside its place
// under another name and then renamed, so that a half-written one never stands there.

import Bytes
import Digest
import Glibc
import Model

struct FleetFoundation {
    let data: String
    let operatorFolder: String
    /// Empty: no certificates, HTTP on this machine.
    let hosts: [String]
    let port: Int
    let operatorName: String
    let isForced: Bool
    let nowMs: Int64

    var isPlain: Bool { hosts.isEmpty }

    var server: String {
        guard let host = hosts.first else { return "http://127.0.0.1:\(port)" }
        return "https://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    /// What the aggregator needs beside --data: its own default is loopback.
    var listenOption: String {
        isPlain ? (port == 8440 ? "" : " --listen 127.0.0.1:\(port)") : " --listen 0.0.0.0:\(port)"
    }

    struct Made {
        let plan: FleetFoundation
        let rootFingerprint: String
        let parameterKey: String
        let setAside: [String]

        var json: JSON {
            .object([
                "data": .text(plan.data), "operator": .text(plan.operatorFolder),
                "server": .text(plan.server), "rootFingerprint": .text(rootFingerprint),
                "parameterKey": .text(parameterKey), "setAside": .array(setAside.map { .text($0) }),
            ])
        }
    }

    private struct File {
        let name: String
        let content: [UInt8]

        init(_ name: String, _ text: String) {
            self.name = name
            content = Array(text.utf8)
        }
    }

    func lay() throws(Failure) -> Made {
        guard data != operatorFolder else {
            throw .usage("the server's and the operator's folder must differ: \(data)")
        }
        for folder in [data, operatorFolder] where isOccupied(folder) && !isForced {
            throw Failure(
                "\(folder) isn't empty, and is left alone",
                hint: "choose another folder, or let --force set it aside", exit: .refused)
        }
        let root = PrivateKey.generate()
        let parameterKey = PrivateKey.generate()
        let token = Hex.encode(Digest.random(32))
        let certificates = isPlain ? nil : try Certificates(hosts: hosts)
        let keySet = SignedKeySet(
            signing: KeySet(version: 1, keys: [parameterKey.publicKey]), with: root)
        let setAside = try place([
            (data, serverFiles(root, token, certificates)),
            (operatorFolder, operatorFiles(root, parameterKey, keySet, token, certificates)),
        ])
        return Made(
            plan: self, rootFingerprint: root.publicKey.fingerprint.hex,
            parameterKey: SignedKeySet.name(of: parameterKey.publicKey), setAside: setAside)
    }

    private func serverFiles(_ root: PrivateKey, _ token: String, _ certificates: Certificates?) -> [File] {
        let hash = Digest.sha256(Array(token.utf8)).hex
        var files = [
            File("master.key", Hex.encode(Digest.random(32)) + "\n"),
            // The first operator may do everything; others are added by hand with less.
            File("operators", "admin \(hash) \(operatorName)\n"),
            File("root.fingerprint", root.publicKey.fingerprint.hex + "\n"),
        ]
        if let certificates {
            files += [File("server.crt", certificates.server.certificate), File("server.key", certificates.server.key)]
        }
        return files
    }

    private func operatorFiles(
        _ root: PrivateKey, _ parameterKey: PrivateKey, _ keySet: SignedKeySet, _ token: String,
        _ certificates: Certificates?
    ) -> [File] {
        let configuration: JSON =
            isPlain
            ? .object(["server": .text(server)])
            : .object(["server": .text(server), "ca": .text("ca.crt")])
        var files = [
            File("config.json", configuration.pretty),
            File("operator.token", token + "\n"),
            File("root.key", Hex.encode(root.seed) + "\n"),
            File("parameters.key", Hex.encode(parameterKey.seed) + "\n"),
            File("keyset.json", keySet.json.pretty),
        ]
        if let certificates {
            files += [File("ca.crt", certificates.authority), File("ca.key", certificates.authorityKey)]
        }
        return files
    }

    private func isOccupied(_ folder: String) -> Bool {
        Files.exists(folder) && !Files.isEmptyFolder(folder)
    }

    /// Writes all folders under temporary names, then moves them into place; undoes what it did when
    /// anything fails.
    private func place(_ folders: [(path: String, files: [File])]) throws(Failure) -> [String] {
        var moved: [(from: String, to: String)] = []
        do {
            for (path, files) in folders { try write(files, into: temporary(path)) }
            for (path, _) in folders {
                if isOccupied(path) {
                    let old = "\(path).old-\(nowMs / 1000)"
                    try Files.move(path, to: old)
                    moved.append((path, old))
                }
                try Files.move(temporary(path), to: path)
                moved.append((temporary(path), path))
            }
        } catch {
            for move in moved.reversed() { rename(move.to, move.from) }
            for (path, files) in folders {
                Files.discard(folder: temporary(path), files: files.map(\.name))
            }
            throw error
        }
        return moved.map(\.to).filter { $0.contains(".old-\(nowMs / 1000)") }
    }

    private func temporary(_ path: String) -> String { "\(path).new-\(getpid())" }

    private func write(_ files: [File], into folder: String) throws(Failure) {
        try Files.makeFolder(Files.parent(of: folder), mode: 0o700)
        guard mkdir(folder, 0o700) == 0, chmod(folder, 0o700) == 0 else {
            throw Failure("can't make \(folder): \(String(cString: strerror(errno)))")
        }
        for file in files {
            try Files.create("\(folder)/\(file.name)", file.content, mode: 0o600)
        }
    }
}
