// The cipher suites that are offered, by what the processor does fast. The cores of a Raspberry Pi up to the
// 4 have no AES instructions: ChaCha20-Poly1305 takes them a third of the time of AES-GCM.
// Only suites with forward secrecy and authenticated encryption.

import CCurl

enum CipherOrder: Sendable {
    case chachaFirst
    case aesFirst

    /// The processor doesn't change while the program runs.
    static let current: CipherOrder = ccurl_prefers_chacha20() == 1 ? .chachaFirst : .aesFirst

    var tls12: StaticString {
        switch self {
        case .chachaFirst: "ECDHE+CHACHA20:ECDHE+AESGCM"
        case .aesFirst: "ECDHE+AESGCM:ECDHE+CHACHA20"
        }
    }

    var tls13: StaticString {
        switch self {
        case .chachaFirst:
            "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"
        case .aesFirst:
            "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
        }
    }

    func withCStrings<R>(_ body: (UnsafePointer<CChar>, UnsafePointer<CChar>) -> R) -> R {
        // A literal's text ends in a NUL and lives as long as the program.
        tls12.utf8Start.withMemoryRebound(to: CChar.self, capacity: tls12.utf8CodeUnitCount + 1) { tls12 in
            tls13.utf8Start.withMemoryRebound(to: CChar.self, capacity: tls13.utf8CodeUnitCount + 1) {
                body(tls12, $0)
            }
        }
    }
}
