// An agent's first connection to OpenSSL's own server, which says what was agreed on.

import Foundation
import Testing

struct Handshake {
    private let fleet: TestFleet
    private let authority: String

    /// - Parameter options: of the server, e.g. the one group that it takes.
    init(
        _ fleet: TestFleet, certificate: String, key: String, authority: String, options: [String] = []
    ) throws {
        self.fleet = fleet
        self.authority = authority
        try fleet.start(
            "s_server",
            [
                "/usr/bin/openssl", "s_server", "-accept", "127.0.0.1:0", "-rev", "-cert", certificate,
                "-key", key,
            ] + options)
    }

    /// The cipher suite's name. It gets no enrolment here; the handshake is what is looked at.
    /// - Parameter command: of the agent, up to its own arguments.
    func suite(of command: [String]) throws -> String {
        try startAgent(command)
        let title = "Ciphersuite: "
        try fleet.eventually(60, "a handshake") { line(title, of: "s_server.log") != nil }
        return String(try #require(line(title, of: "s_server.log")).dropFirst(title.count))
    }

    /// What the agent says of a connection that it doesn't make.
    func refusal(of command: [String], saying words: String) throws -> String {
        try startAgent(command)
        try fleet.eventually(60, "the agent says why not") { fleet.text("agent.log").contains(words) }
        return fleet.text("s_server.log")
    }

    private func startAgent(_ command: [String]) throws {
        try fleet.eventually(10, "openssl s_server listens") { line("ACCEPT ", of: "s_server.out") != nil }
        let port = try #require(line("ACCEPT ", of: "s_server.out")?.split(separator: ":").last)
        let token = String(repeating: "0", count: 32) + "." + String(repeating: "0", count: 64)
        try Data(token.utf8).write(to: fleet.folder.appending(path: "some-token"))
        try fleet.start(
            "agent",
            command + [
                "run", "--server", "https://127.0.0.1:\(port)", "--ca-file", authority,
                "--token-file", fleet.path("some-token"), "--state-dir", fleet.path("cipher/state"),
                "--run-dir", fleet.path("cipher/run"), "--interval", "500ms",
            ])
    }

    private func line(_ beginning: String, of file: String) -> String? {
        fleet.text(file).split(separator: "\n").first { $0.hasPrefix(beginning) }.map(String.init)
    }
}
