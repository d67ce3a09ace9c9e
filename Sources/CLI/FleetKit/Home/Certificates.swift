// The fleet's own certificate authority and the server's certificate, by libcrypto.

import Bytes
import CCrypto

struct Certificates {
    let authority: String
    let authorityKey: String
    let server: String
    let serverKey: String

    /// Ten years: as long as a device may stand somewhere without being touched.
    static let authorityDays = 3650
    /// The longest life that TLS clients commonly accept of a server's certificate.
    static let serverDays = 825

    /// A name or address a server is reached by; nil for text that is neither.
    static func isHost(_ text: String) -> Bool {
        if isAddress(text) { return true }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        // Digits and points only were meant as an address.
        guard text.utf8.count <= 253, text.utf8.contains(where: { $0 > 0x39 }) else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy {
                    ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a) || $0 == 0x2d
                }
        }
    }

    /// IPv4 or IPv6.
    static func isAddress(_ text: String) -> Bool { ccrypto_is_address(text) == 1 }

    init(hosts: [String]) throws(Failure) {
        let hint = "see: fleet server init --help"
        guard !hosts.isEmpty, hosts.allSatisfy(Self.isHost) else {
            throw Failure("a certificate needs host names or addresses", hint: hint)
        }
        guard
            let (key, certificate) = Self.pair({ key, certificate, capacity in
                ccrypto_x509_authority(
                    "PhiFleet authority", Int32(Self.authorityDays), key, certificate, capacity)
            })
        else { throw Failure("libcrypto can't make a certificate authority") }
        guard
            let (serverKey, server) = Self.pair({ serverKey, server, capacity in
                ccrypto_x509_server(
                    key, certificate, hosts[0], hosts.joined(separator: ","), Int32(Self.serverDays),
                    serverKey, server, capacity)
            })
        else { throw Failure("libcrypto can't make a certificate for \(hosts.joined(separator: ", "))") }
        authority = certificate
        authorityKey = key
        self.server = server
        self.serverKey = serverKey
    }

    /// Two PEM texts that a call of the shim writes.
    private static func pair(
        _ make: (UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<CChar>?, Int) -> Int32
    ) -> (String, String)? {
        // A certificate with a hundred names is 4 KB.
        let capacity = 65_536
        var first = [CChar](repeating: 0, count: capacity)
        var second = [CChar](repeating: 0, count: capacity)
        let done = first.withUnsafeMutableBufferPointer { first in
            second.withUnsafeMutableBufferPointer { second in
                make(first.baseAddress, second.baseAddress, capacity)
            }
        }
        guard done == 1 else { return nil }
        func text(_ buffer: [CChar]) -> String {
            String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return (text(first), text(second))
    }
}
