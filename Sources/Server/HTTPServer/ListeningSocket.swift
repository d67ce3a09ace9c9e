// The listening socket is ours, not libmicrohttpd's: a wrong address then gives its own error, and
// port 0 can be asked for the port it became.

import Glibc

struct ListeningSocket: ~Copyable {
    let descriptor: Int32
    /// `127.0.0.1:8440`, `[::1]:8440`, with the port really bound.
    let address: String
    let port: UInt16

    /// - Parameter text: ADDRESS:PORT; the address numeric, IPv6 in brackets, or `localhost`.
    init(_ text: String, backlog: Int32) throws(HTTPServerFault) {
        let (host, wanted) = try Self.split(text)
        let isIPv6 = host.utf8.contains(0x3a)
        let descriptor = socket(
            isIPv6 ? AF_INET6 : AF_INET,
            Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .cannotListen(text, errno: errno) }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, 4)
        guard try Self.bind(descriptor, host, wanted, isIPv6, text), listen(descriptor, backlog) == 0
        else {
            let code = errno
            close(descriptor)
            throw .cannotListen(text, errno: code)
        }
        self.descriptor = descriptor
        port = Self.boundPort(descriptor, isIPv6) ?? wanted
        address = isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    static func split(_ text: String) throws(HTTPServerFault) -> (host: String, port: UInt16) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...])
        else { throw .badAddress(text) }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw .badAddress(text)
        }
        return (host == "localhost" ? "127.0.0.1" : String(host), port)
    }

    /// Whether ADDRESS:PORT is reached from this machine alone; false for what is no address.
    static func isLoopback(_ text: String) -> Bool {
        guard let (host, _) = try? split(text) else { return false }
        var address4 = sockaddr_in()
        address4.sin_family = sa_family_t(AF_INET)
        if inet_pton(AF_INET, host, &address4.sin_addr) == 1 {
            return withSocketAddress(&address4) { address, _ in HTTPServer.isLoopback(address) ? 1 : 0 } == 1
        }
        var address6 = sockaddr_in6()
        address6.sin6_family = sa_family_t(AF_INET6)
        guard inet_pton(AF_INET6, host, &address6.sin6_addr) == 1 else { return false }
        return withSocketAddress(&address6) { address, _ in HTTPServer.isLoopback(address) ? 1 : 0 } == 1
    }

    private static func bind(
        _ descriptor: Int32, _ host: String, _ port: UInt16, _ isIPv6: Bool, _ text: String
    ) throws(HTTPServerFault) -> Bool {
        if isIPv6 {
            var off: Int32 = 0
            setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, 4)
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            guard inet_pton(AF_INET6, host, &address.sin6_addr) == 1 else {
                close(descriptor)
                throw .badAddress(text)
            }
            return withSocketAddress(&address) { Glibc.bind(descriptor, $0, $1) } == 0
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
            close(descriptor)
            throw .badAddress(text)
        }
        return withSocketAddress(&address) { Glibc.bind(descriptor, $0, $1) } == 0
    }

    private static func boundPort(_ descriptor: Int32, _ isIPv6: Bool) -> UInt16? {
        // Port and family stand at the same place in both kinds of address.
        var address = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &size)
            }
        }
        return result == 0 ? UInt16(bigEndian: address.sin6_port) : nil
    }
}

private func withSocketAddress<Address>(
    _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
    withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<Address>.size))
        }
    }
}

/// 127.0.0.0/8, ::1, and IPv4 loopback mapped into IPv6.
func isLoopback(_ address: UnsafePointer<sockaddr>) -> Bool {
    switch Int32(address.pointee.sa_family) {
    case AF_INET:
        return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            UInt32(bigEndian: $0.pointee.sin_addr.s_addr) >> 24 == 127
        }
    case AF_INET6:
        return address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
            withUnsafeBytes(of: $0.pointee.sin6_addr) { bytes in
                let head = bytes.prefix(10).allSatisfy { $0 == 0 }
                let isOne = bytes[10..<15].allSatisfy { $0 == 0 } && bytes[15] == 1
                let isMapped = bytes[10] == 0xff && bytes[11] == 0xff && bytes[12] == 127
                return head && (isOne || isMapped)
            }
        }
    default: return false
    }
}
