// `openssl s_server` in a throw-away folder with an authority and certificates of its own. Its pages tell
// what was negotiated: "New, TLSv1.3, Cipher is …" or "Reused, …".

import Foundation
import Testing

struct Authority {
    let folder: URL
    var certificate: String { folder.appending(path: "ca.crt").path }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "phi-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Self.openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=test authority", "-keyout", path("ca.key"), "-out", path("ca.crt"))
        try Data().write(to: folder.appending(path: "index"))
        try Data("01\n".utf8).write(to: folder.appending(path: "serial"))
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    /// A certificate and its key, `NAME.crt` and `NAME.key`.
    func issue(_ name: String, for hosts: String, from: String = "20200101000000Z", to: String = "20490101000000Z")
        throws
    {
        let settings = """
            [ca]
            default_ca = own
            [own]
            database = \(path("index"))
            serial = \(path("serial"))
            new_certs_dir = \(folder.path)
            certificate = \(path("ca.crt"))
            private_key = \(path("ca.key"))
            default_md = sha256
            policy = any
            unique_subject = no
            x509_extensions = names
            [any]
            commonName = supplied
            [names]
            subjectAltName = \(hosts)
            """
        try Data(settings.utf8).write(to: folder.appending(path: "\(name).conf"))
        try Self.openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)",
            "-keyout", path("\(name).key"), "-out", path("\(name).csr"))
        try Self.openssl(
            "ca", "-batch", "-notext", "-config", path("\(name).conf"), "-startdate", from, "-enddate", to,
            "-in", path("\(name).csr"), "-out", path("\(name).crt"))
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    private static func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments.joined(separator: " "))")
    }
}

/// Ends with the value.
final class SecureServer {
    let port: Int
    private let process = Process()

    init(_ authority: Authority, certificate: String, _ options: String...) throws {
        let log = authority.folder.appending(path: "\(certificate)-\(UUID().uuidString).log")
        try Data().write(to: log)
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = [
            "s_server", "-accept", "127.0.0.1:0", "-www", "-cert", authority.path("\(certificate).crt"),
            "-key", authority.path("\(certificate).key"),
        ] + options
        process.standardOutput = try FileHandle(forWritingTo: log)
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // "ACCEPT 127.0.0.1:PORT", the kernel's choice.
        var found: Int?
        for _ in 0..<500 where found == nil {
            usleep(10_000)
            let text = try String(contentsOf: log, encoding: .utf8)
            found = text.split(separator: "\n").first { $0.hasPrefix("ACCEPT ") }
                .flatMap { Int($0.split(separator: ":").last ?? "") }
        }
        port = try #require(found, "openssl s_server doesn't listen")
    }

    deinit {
        // Not SIGTERM: what a thread of the tests starts has its signals blocked.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func url(_ host: String = "127.0.0.1") -> String { "https://\(host):\(port)/" }
}
