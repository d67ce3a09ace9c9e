// The server's folder, as `fleet server init` makes it: keys, certificates, operators; and the
// database, which is ours.

import Bytes
import Digest
import Glibc

/// Why the service can't start, with what to do about it.
public struct StartFault: Error, Equatable, Sendable {
    public let text: String
    public let hint: String
}

struct DataFolder: Sendable {
    let path: String
    let masterKey: [UInt8]
    let operators: Operators
    /// nil: any root that signs for itself (a trial without `fleet server init`'s file).
    let rootFingerprint: Digest32?
    let certificate: [UInt8]?
    let certificateKey: [UInt8]?

    private static let initHint = "make it with: fleet server init --data DIR --operator DIR2 --host NAME"
    /// Keys, certificates and lists of operators are far smaller.
    private static let fileBytesMax = 1 << 20

    init(_ path: String) throws(StartFault) {
        self.path = path
        guard let operators = try Self.read(path + "/operators") else {
            throw StartFault(text: "there is no file \(path)/operators", hint: Self.initHint)
        }
        self.operators = try Operators(operators, path: path + "/operators")
        guard let master = try Self.read(path + "/master.key"),
            let key = Hex.decode(Text.trimmed(master[...])), key.count == 32
        else {
            throw StartFault(
                text: "\(path)/master.key doesn't hold 64 hexadecimal digits", hint: Self.initHint)
        }
        masterKey = key
        if let text = try Self.read(path + "/root.fingerprint") {
            guard let bytes = Hex.decode(Text.trimmed(text[...])), let digest = Digest32(bytes) else {
                throw StartFault(
                    text: "\(path)/root.fingerprint doesn't hold 64 hexadecimal digits",
                    hint: Self.initHint)
            }
            rootFingerprint = digest
        } else {
            rootFingerprint = nil
        }
        certificate = try Self.read(path + "/server.crt")
        certificateKey = try Self.read(path + "/server.key")
        guard (certificate == nil) == (certificateKey == nil) else {
            throw StartFault(
                text: "of server.crt and server.key in \(path) only one is there", hint: Self.initHint)
        }
    }

    var databasePath: String { path + "/phi.db" }

    /// nil where there is no such file. One that is there and can't be read is a fault: a server that took
    /// it for missing would go on without its certificates.
    private static func read(_ path: String) throws(StartFault) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw unreadable(path, errno)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
        while bytes.count < fileBytesMax {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 { throw unreadable(path, errno) }
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return bytes
    }

    private static func unreadable(_ path: String, _ code: Int32) -> StartFault {
        StartFault(
            text: "can't read \(path): \(String(cString: strerror(code)))",
            hint: "make it readable for the user that phi-aggregator runs as")
    }
}

/// Holds the folder for one aggregator; the system lets go of it when the process ends, however it ends.
final class FolderLock: Sendable {
    private let descriptor: Int32

    init(_ folder: String) throws(StartFault) {
        descriptor = open(folder + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StartFault(
                text: "can't write to \(folder) (errno \(errno))", hint: "is it this user's folder?")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw StartFault(
                text: "another phi-aggregator runs on \(folder)",
                hint: "stop it first, or name another folder")
        }
    }

    func release() { flock(descriptor, LOCK_UN) }

    deinit { close(descriptor) }
}
