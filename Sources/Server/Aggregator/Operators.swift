// Who may do what through the operator API: a file of roles and hashes of tokens.

import Bytes
import Digest

enum Role: Int, Comparable, Sendable {
    case viewer = 1
    case `operator`
    case admin

    init?(name: String) {
        switch name {
        case "viewer": self = .viewer
        case "operator": self = .operator
        case "admin": self = .admin
        default: return nil
        }
    }

    var name: String {
        switch self {
        case .viewer: "viewer"
        case .operator: "operator"
        case .admin: "admin"
        }
    }

    static func < (a: Role, b: Role) -> Bool { a.rawValue < b.rawValue }
}

struct Operator: Sendable {
    let role: Role
    let name: String
}

struct Operators: Sendable {
    /// By the SHA-256 of the token: looking one up tells nothing of the token, however long it takes.
    private var byHash: [Digest32: Operator] = [:]

    /// Lines `ROLE SHA256HEX NAME`; empty ones and those that begin with # are skipped.
    init(_ file: [UInt8], path: String) throws(StartFault) {
        for (index, line) in Text.lines(file[...]).enumerated() {
            let words = Text.words(line)
            guard let first = words.first, first.first != 0x23 else { continue }
            guard words.count >= 2, let role = Role(name: Text.string(first)),
                let bytes = Hex.decode(words[1]), let hash = Digest32(bytes)
            else {
                throw StartFault(
                    text: "line \(index + 1) of \(path) isn't ROLE SHA256HEX NAME",
                    hint: "roles are viewer, operator, admin; the hash is SHA-256 of the token's text")
            }
            byHash[hash] = Operator(
                role: role, name: words.count > 2 ? Text.string(words[2]) : "operator")
        }
    }

    func find(authorization: String?) -> Operator? {
        guard let header = authorization, header.hasPrefix("Bearer ") else { return nil }
        return byHash[Digest.sha256(Text.bytes(header.dropFirst(7)))]
    }
}

extension Text {
    fileprivate static func bytes(_ text: Substring) -> [UInt8] {
        Array(trimmed(Array(text.utf8)[...]))
    }
}
