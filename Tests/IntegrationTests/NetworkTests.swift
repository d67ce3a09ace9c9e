// Off loopback: HTTPS with the certificates of `fleet server init`, from another host. The hosts are
// two network namespaces joined by a pair of virtual interfaces.

import Foundation
import Testing

/// Two hosts on a wire of their own; gone with the value.
final class TwoHosts {
    static let serverAddress = "10.211.55.1"
    static let boardAddress = "10.211.55.2"
    let server: String
    let board: String

    /// Whether this user may make namespaces here (containers without the capability may not).
    static let arePossible: Bool = {
        let name = "phi-probe-\(getpid())"
        guard (try? ip(["netns", "add", name])) == 0 else { return false }
        defer { _ = try? ip(["netns", "del", name]) }
        return (try? Programs.run(enter, ["--net=/run/netns/\(name)", "true"]).status) == 0
    }()

    init() throws {
        let tag = "\(getpid() % 100_000)"
        server = "phi-s\(tag)"
        board = "phi-b\(tag)"
        for name in [server, board] { try Self.must(["netns", "add", name]) }
        try Self.must(
            ["link", "add", "ps\(tag)", "netns", server, "type", "veth", "peer", "name", "pb\(tag)", "netns", board])
        for (name, link, address) in [
            (server, "ps\(tag)", Self.serverAddress), (board, "pb\(tag)", Self.boardAddress),
        ] {
            try Self.must(["address", "add", "\(address)/24", "dev", link], inside: name)
            try Self.must(["link", "set", link, "up"], inside: name)
            try Self.must(["link", "set", "lo", "up"], inside: name)
        }
    }

    deinit {
        for name in [server, board] { _ = try? Self.ip(["netns", "del", name]) }
    }

    /// nsenter, since `ip netns exec` also remounts /sys, which it can't in a chroot.
    static func inside(_ host: String) -> [String] { [enter, "--net=/run/netns/\(host)"] }

    private static let enter = "/usr/bin/nsenter"

    static let program = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    } ?? "/usr/sbin/ip"

    private static func ip(_ arguments: [String]) throws -> Int32 {
        try Programs.run(program, arguments).status
    }

    private static func must(_ arguments: [String], inside host: String? = nil) throws {
        let command = (host.map { inside($0) } ?? []) + [program] + arguments
        let output = try Programs.run(command[0], Array(command.dropFirst()))
        #expect(output.status == 0, "ip \(arguments.joined(separator: " ")): \(output.err)")
    }
}

@Suite(.serialized) struct NetworkTests {
    @Test func httpsOnLoopbackTrustsTheFleetsOwnAuthorityAlone() throws {
        let fleet = try TestFleet()
        try fleet.initialise(host: "localhost,127.0.0.1")
        try fleet.startServer()
        #expect(fleet.server.hasPrefix("https://"))
        try fleet.startBoards(2)
        _ = try fleet.token(uses: 2)
        try fleet.startAgent(0)
        // The second one trusts another authority, and gets nowhere.
        let other = try TestFleet()
        try other.initialise(host: "127.0.0.1")
        try fleet.startAgent(1, extra: ["--ca-file", other.path("operator/ca.crt")])
        try fleet.eventually(40, "the first device reports") {
            (try fleet.devices().first?["reportsStored"] as? Int ?? 0) >= 3
        }
        try fleet.eventually(20, "the second one says why not") {
            fleet.text("agent-1.log").contains("the secure connection failed")
        }
        #expect(try fleet.devices().count == 1)
        // A name that the certificate doesn't hold.
        let wrong = try Programs.run(
            "fleet",
            ["status", "--home", fleet.path("operator"), "--server", "https://127.0.0.2:\(fleet.port)"])
        #expect(wrong.status == 6)
    }

    @Test(.enabled(if: TwoHosts.arePossible, "network namespaces can't be made here"))
    func enrolReportPushAndAcknowledgeFromAnotherHost() throws {
        let hosts = try TwoHosts()
        let fleet = try TestFleet()
        try fleet.initialise(host: "fleet.test,\(TwoHosts.serverAddress)")
        fleet.operatorCommand = TwoHosts.inside(hosts.board)
        try fleet.startServer(
            listen: "\(TwoHosts.serverAddress):8440", prefix: TwoHosts.inside(hosts.server))
        #expect(fleet.server == "https://\(TwoHosts.serverAddress):8440")
        try fleet.startBoards(2)
        _ = try fleet.token(uses: 2)
        fleet.agentCommand = TwoHosts.inside(hosts.board) + fleet.agentCommand
        for index in 0..<2 { try fleet.startAgent(index) }
        try fleet.eventually(60, "both devices report") {
            let devices = try fleet.devices()
            return devices.count == 2
                && devices.allSatisfy { ($0["reportsStored"] as? Int ?? 0) >= 3 }
        }
        let pushed = try fleet.fleet(
            [
                "push", "-f", try fleet.parameterFile(softLimitC: 73), "--all", "--yes", "--wait",
                "--soak", "1s",
            ])
        #expect(pushed.status == 0, "\(pushed.out)\(pushed.err)")
        #expect(pushed.out.contains("confirmed on 2 of 2"))
    }

    @Test(.enabled(if: TwoHosts.arePossible, "network namespaces can't be made here"))
    func enrolmentOverPlainHTTPFromAnotherHostIsRefused() throws {
        let hosts = try TwoHosts()
        let fleet = try TestFleet()
        try fleet.initialise()
        fleet.operatorCommand = TwoHosts.inside(hosts.board)
        try fleet.startServer(
            listen: "\(TwoHosts.serverAddress):8440", prefix: TwoHosts.inside(hosts.server),
            extra: ["--plain"])
        try fleet.startBoards(1)
        _ = try fleet.token(uses: 1)
        fleet.agentCommand = TwoHosts.inside(hosts.board) + fleet.agentCommand
        // The agent won't by itself; told to, it meets the aggregator's refusal.
        try fleet.startAgent(0)
        try fleet.eventually(10, "it doesn't begin") {
            fleet.text("agent-0.log").contains("enrolment over plain HTTP")
        }
        #expect(try fleet.end("agent-0") == 2)
        try fleet.startAgent(0, extra: ["--insecure"])
        try fleet.eventually(20, "it is refused") {
            fleet.text("agent-0.log").contains("enrolment refused (403)")
        }
        #expect(try fleet.devices().isEmpty)
    }
}
