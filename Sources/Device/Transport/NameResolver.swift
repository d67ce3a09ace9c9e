// The server's addresses, asked for when they are needed.
//
// The device's libcurl has no resolver (toolchains/README.md), so whoever starts a transfer says where the
// name leads. An agent talks to one server: its addresses are asked for once, used until a transfer
// doesn't get through, and then asked for anew. A connection that lives needs no name.

import Bytes
import CCares

/// Where a request goes: the name and port of an address such as `https://fleet.example:8440/v1/…`.
struct Destination: Equatable {
    let name: [UInt8]
    let port: Int

    /// - Returns: nil where there is no name to look up: a number, the machine itself, or nothing at all.
    init?(url: String) {
        let text = Array(url.utf8)
        let isSecure = text.starts(with: Array("https://".utf8))
        guard isSecure || text.starts(with: Array("http://".utf8)) else { return nil }
        let authority = text[(isSecure ? 8 : 7)...].prefix { $0 != 0x2f && $0 != 0x3f && $0 != 0x23 }
        let name = authority.prefix { $0 != 0x3a }
        let port = authority[name.endIndex...].dropFirst()
        // A bracket begins an IPv6 address; dots and digits alone are an IPv4 address.
        guard let first = name.first, first != 0x5b, !name.allSatisfy({ $0 == 0x2e || (0x30...0x39).contains($0) }),
            !Text.equal(name, "localhost")
        else { return nil }
        if port.isEmpty {
            self.port = isSecure ? 443 : 80
        } else {
            guard let number = Text.integer(port), let port = Int(exactly: number) else { return nil }
            self.port = port
        }
        self.name = Array(name)
    }
}

final class NameResolver {
    enum Answer {
        /// "ADDRESS,ADDRESS", to be tried in that order.
        case addresses(String)
        case none(why: String)
    }

    /// No name needs more sockets: two families, over UDP or TCP.
    private static let descriptorsMax = 4

    private var query: OpaquePointer?
    private var asked: Destination?
    private var known: (destination: Destination, addresses: String)?

    deinit { ccares_end(query) }

    var isAsking: Bool { query != nil }

    func addresses(of destination: Destination) -> String? {
        known?.destination == destination ? known?.addresses : nil
    }

    /// What was known led nowhere.
    func forget() { known = nil }

    /// - Returns: false where c-ares can't start.
    func ask(for destination: Destination) -> Bool {
        guard query == nil else { return asked == destination }
        asked = destination
        query = Text.string(destination.name[...]).withCString { ccares_begin($0) }
        return query != nil
    }

    /// The descriptors to wait for, and whether each is to be written to.
    func descriptors() -> [(descriptor: Int32, isWritten: Bool)] {
        guard let query else { return [] }
        var found = [Int32](repeating: -1, count: Self.descriptorsMax)
        var writable: UInt32 = 0
        let count = ccares_descriptors(query, &found, found.count, &writable)
        return (0..<count).map { (found[$0], writable & (1 << UInt32($0)) != 0) }
    }

    func timeoutMs(atMost ms: Int) -> Int {
        query.map { Int(ccares_timeout_ms($0, Int32(clamping: ms))) } ?? ms
    }

    /// To be called after each wait.
    /// - Returns: the answer, once.
    func proceed() -> (Destination, Answer)? {
        guard let query, let asked else { return nil }
        ccares_proceed(query)
        guard ccares_is_done(query) == 1 else { return nil }
        let addresses = String(cString: ccares_addresses(query))
        let why = String(cString: ccares_error(query))
        ccares_end(query)
        self.query = nil
        self.asked = nil
        guard !addresses.utf8.isEmpty else { return (asked, .none(why: why)) }
        known = (asked, addresses)
        return (asked, .addresses(addresses))
    }
}
