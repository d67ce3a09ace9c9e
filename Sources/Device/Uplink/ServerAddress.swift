// The aggregator's address as it is given: a scheme and an authority, nothing behind it, since every MAC
// covers the path as the server sees it.

import Bytes

struct ServerAddress {
    /// With its brackets where it is an IPv6 address.
    let host: ArraySlice<UInt8>
    /// What stands behind the host's colon; nil without a colon.
    let port: ArraySlice<UInt8>?

    /// - Parameter authority: what stands between the scheme and slashes at the end.
    init(authority: ArraySlice<UInt8>) {
        var end = authority.firstIndex(of: 0x3a) ?? authority.endIndex
        if authority.first == 0x5b {
            // The colons within brackets are the address's own.
            end = authority.firstIndex(of: 0x5d).map { $0 + 1 } ?? authority.endIndex
        }
        guard end < authority.endIndex, authority[end] == 0x3a else {
            (host, port) = (authority, nil)
            return
        }
        (host, port) = (authority[..<end], authority[(end + 1)...])
    }

    /// What is wrong with it; nil for one that can be used.
    var problem: String? {
        if host.isEmpty { return "an address names a host" }
        guard host.first == 0x5b ? Self.isBracketed(host) : Self.isName(host) else {
            return "the host is a name, an IPv4 address, or an IPv6 address in brackets such as [::1]"
        }
        guard let port else { return nil }
        let isNumber = !port.isEmpty && port.allSatisfy { (0x30...0x39).contains($0) }
        guard isNumber, let number = Text.integer(port), (1...65_535).contains(number) else {
            return "the port is a number from 1 to 65535"
        }
        return nil
    }

    /// Labels between dots, of which one may end the name; an IPv4 address has that form, too.
    private static func isName(_ host: ArraySlice<UInt8>) -> Bool {
        var labels = host.split(separator: 0x2e, omittingEmptySubsequences: false)
        if labels.count > 1, labels.last?.isEmpty == true { labels.removeLast() }
        return labels.allSatisfy { label in !label.isEmpty && label.allSatisfy { isOfName($0) } }
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x5f: true
        default: false
        }
    }

    /// `[ADDRESS]` or, for an address of one link, `[ADDRESS%25ZONE]` (RFC 6874).
    private static func isBracketed(_ host: ArraySlice<UInt8>) -> Bool {
        guard host.count > 2, host.last == 0x5d else { return false }
        let inner = host.dropFirst().dropLast()
        guard let percent = inner.firstIndex(of: 0x25) else { return isIPv6(inner) }
        let zone = inner[(percent + 1)...]
        return isIPv6(inner[..<percent]) && !zone.isEmpty && zone.allSatisfy { isOfName($0) || $0 == 0x2e }
    }

    /// Eight groups, of which "::" once stands for those that are zero (RFC 4291, 2.2).
    private static func isIPv6(_ text: ArraySlice<UInt8>) -> Bool {
        var gap = text.startIndex
        while gap + 1 < text.endIndex, text[gap] != 0x3a || text[gap + 1] != 0x3a { gap += 1 }
        guard gap + 1 < text.endIndex else { return groups(text, isEnd: true) == 8 }
        guard let head = groups(text[..<gap], isEnd: false), let tail = groups(text[(gap + 2)...], isEnd: true)
        else { return false }
        return head + tail < 8
    }

    /// Groups of 16 bits in a run of them; nil where it is none. An IPv4 address may end the whole.
    private static func groups(_ text: ArraySlice<UInt8>, isEnd: Bool) -> Int? {
        if text.isEmpty { return 0 }
        var count = 0
        let parts = text.split(separator: 0x3a, omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if isEnd, index == parts.count - 1, isIPv4(part) {
                count += 2
            } else {
                guard (1...4).contains(part.count), part.allSatisfy({ isHexadecimal($0) }) else { return nil }
                count += 1
            }
        }
        return count
    }

    private static func isIPv4(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(separator: 0x2e, omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                part.allSatisfy { (0x30...0x39).contains($0) }
                    && Text.integer(part).map { $0 <= 255 } == true
            }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }
}
