// Which addresses hold a name, and what becomes of one that leads nowhere.

import Foundation
import Testing

@testable import Transport

@Suite(.serialized) struct NameTests {
    init() { #expect(Curl.start()) }

    @Test(arguments: [
        ("https://fleet.example:8440/v1/reports", "fleet.example", 8440),
        ("https://fleet.example", "fleet.example", 443),
        ("http://fleet/v1?after=1", "fleet", 80),
        ("http://1.example:1", "1.example", 1),
    ])
    func namesAreFound(_ url: String, _ name: String, _ port: Int) throws {
        let destination = try #require(Destination(url: url))
        #expect(String(decoding: destination.name, as: UTF8.self) == name)
        #expect(destination.port == port)
    }

    @Test(arguments: [
        "https://192.0.2.1:8440/v1", "https://[2001:db8::1]:8440", "http://localhost:80/", "https://",
        "ftp://fleet.example", "", "https://fleet.example:port/", "https://:80/",
    ])
    func nothingToLookUp(_ url: String) { #expect(Destination(url: url) == nil) }

    /// `.invalid` never exists (RFC 6761); where there is no DNS at all it is the same fault.
    @Test func aNameThatLeadsNowhere() throws {
        let loop = TransferLoop(settings: TransportSettings(caFile: nil, userAgent: "test"))
        let transfer = Transfer()
        let request = TransportRequest(method: "GET", url: "http://no-such-fleet.invalid:1/", timeoutMs: 2_000)
        #expect(loop.start(transfer, request))
        #expect(loop.isRunning(transfer))
        #expect(!loop.start(transfer, request))
        var fault: TransportFault?
        for _ in 0..<1_500 where fault == nil {
            _ = loop.wait([], timeoutMs: 20)
            if case (_, .failure(let found))? = loop.ended() { fault = found }
        }
        guard case .unreachable(let text) = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
        #expect(text.contains("no-such-fleet.invalid"), "\(text)")
        #expect(!loop.isRunning(transfer))
        // The transfer is free for the next attempt.
        #expect(loop.start(transfer, request))
        loop.cancel(transfer)
        #expect(!loop.isRunning(transfer))
    }

    /// A name of /etc/hosts other than localhost, with an IPv4 address of this machine.
    static let hostsName: String? = {
        let text = (try? String(contentsOfFile: "/etc/hosts", encoding: .utf8)) ?? ""
        for line in text.split(separator: "\n") where line.hasPrefix("127.") {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst()
            if let name = words.first(where: { $0 != "localhost" && !$0.hasPrefix("#") }) { return String(name) }
        }
        return nil
    }()

    @Test(.enabled(if: hostsName != nil, "/etc/hosts names only localhost here"))
    func aNameOfTheHostsFileLeadsSomewhere() throws {
        let loop = TransferLoop(settings: TransportSettings(caFile: nil, userAgent: "test"))
        let transfer = Transfer()
        // Nobody listens on port 1: the connection is refused, so the name was resolved.
        let url = "http://\(try #require(Self.hostsName)):1/"
        #expect(loop.start(transfer, TransportRequest(method: "GET", url: url, timeoutMs: 2_000)))
        for _ in 0..<500 {
            _ = loop.wait([], timeoutMs: 20)
            guard case (_, let result)? = loop.ended() else { continue }
            guard case .failure(.unreachable(let text)) = result else { break }
            #expect(!text.contains("resolved"), "\(text)")
            return
        }
        Issue.record("the transfer to \(url) didn't end as refused")
    }
}
