// The fleet's own certificate authority and the server's certificate, by libcrypto.

import Bytes
import CCrypto

struct Certificates {
    let authority: String
    let authorityKey: String
    let server: ServerCertificate

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

    /// An option's list, `NAME[,NAME|IP…]`; empty where it isn't given.
    static func hosts(_ option: String?) throws(Failure) -> [String] {
        let hosts = (option ?? "").split(separator: ",").map { String($0).trimmingSpaces }
        for host in hosts where !isHost(host) {
            throw .usage("--host: “\(host)” is neither a host name nor an address")
        }
        return hosts
    }

    init(hosts: [String]) throws(Failure) {
        guard
            let (key, certificate) = Self.pair({ key, certificate, capacity in
                ccrypto_x509_authority(
                    "PhiFleet authority", Int32(Self.authorityDays), key, certificate, capacity)
            })
        else { throw Failure("libcrypto can't make a certificate authority") }
        server = try ServerCertificate(hosts: hosts, authority: certificate, authorityKey: key)
        authority = certificate
        authorityKey = key
    }

    /// Two PEM texts that a call of the shim writes.
    fileprivate static func pair(
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

/// The server's certificate and its key, as PEM.
struct ServerCertificate {
    let certificate: String
    let key: String

    init(hosts: [String], authority: String, authorityKey: String) throws(Failure) {
        guard let first = hosts.first, hosts.allSatisfy(Certificates.isHost) else {
            throw Failure("a certificate needs host names or addresses", hint: "see: fleet server init --help")
        }
        guard
            let (key, certificate) = Certificates.pair({ key, certificate, capacity in
                ccrypto_x509_server(
                    authorityKey, authority, first, hosts.joined(separator: ","),
                    Int32(Certificates.serverDays), key, certificate, capacity)
            })
        else {
            throw Failure(
                "libcrypto can't make a certificate for \(hosts.joined(separator: ", "))",
                hint: "does ca.key belong to ca.crt, and is ca.crt still valid? "
                    + "openssl x509 -enddate -noout -in ca.crt")
        }
        self.key = key
        self.certificate = certificate
    }

    /// The last day, for people.
    static func end(nowMs: Int64) -> String {
        CivilTime.date(nowMs + Int64(Certificates.serverDays - 1) * 86_400_000)
    }
}
