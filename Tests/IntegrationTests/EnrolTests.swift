// `phi-agent enrol` against a real aggregator: once, again, with a new identity, and refused.

import Foundation
import Testing

@Suite(.serialized) struct EnrolTests {
    private func enrol(_ fleet: TestFleet, _ more: [String] = []) throws -> Output {
        try Programs.run(
            "phi-agent",
            [
                "enrol", "--server", fleet.server, "--state-dir", fleet.path("agent-0/state"),
                "--sysfs-root", fleet.path("boards/board-0/sys"),
                "--procfs-root", fleet.path("boards/board-0/proc"),
            ] + more)
    }

    private func line(_ fleet: TestFleet, _ name: String) throws -> String {
        let lines = fleet.text("agent-0/state/state").split(separator: "\n")
        return String(try #require(lines.first { $0.hasPrefix("\(name) ") }).dropFirst(name.count + 1))
    }

    @Test func onceThenAgainUnderTheSameIdThenAsAnother() throws {
        let fleet = try TestFleet.started()
        _ = try fleet.token(uses: 3)
        let token = ["--token-file", fleet.path("token")]
        let first = try enrol(fleet, token + ["--label", "site=roof"])
        let device = try line(fleet, "device")
        #expect(first.status == 0 && first.out == "enrolled as \(device)\n", "\(first.err)")
        let mode = try FileManager.default.attributesOfItem(atPath: fleet.path("agent-0/state/state"))
        #expect((mode[.posixPermissions] as? Int) == 0o600)
        #expect(try fleet.devices().map { $0["id"] as? String } == [device])
        let state = fleet.text("agent-0/state/state")

        // Once is enough: nothing is asked, nothing changes.
        let again = try enrol(fleet, token)
        #expect(again.status == 0 && again.out.contains("enrolled already as \(device)"))
        #expect(fleet.text("agent-0/state/state") == state)

        // The agent goes on with it, without a token.
        try fleet.start(
            "agent-0",
            [
                "phi-agent", "run", "--server", fleet.server, "--interval", "300ms",
                "--state-dir", fleet.path("agent-0/state"), "--run-dir", fleet.path("agent-0/run"),
                "--sysfs-root", fleet.path("boards/board-0/sys"),
                "--procfs-root", fleet.path("boards/board-0/proc"),
            ])
        try fleet.eventually(60, "reports arrive") {
            try fleet.devices().first?["reportsStored"] as? Int ?? 0 >= 2
        }
        let busy = try enrol(fleet, token + ["--force"])
        #expect(busy.status == 2 && busy.err.contains("another agent uses the state folder"))
        #expect(try fleet.end("agent-0") == 0)

        // Forced: a report key that the aggregator doesn't take any more is replaced by the one it
        // does, under the same id and device keys, and the boot counter stays where it was.
        let (key, boot) = (try line(fleet, "report-key"), try line(fleet, "boot"))
        let wrong = fleet.text("agent-0/state/state")
            .replacingOccurrences(of: key, with: String(repeating: "5a", count: 32))
        try wrong.write(toFile: fleet.path("agent-0/state/state"), atomically: false, encoding: .utf8)
        let forced = try enrol(fleet, token + ["--force"])
        #expect(forced.status == 0 && forced.out == "enrolled as \(device)\n", "\(forced.err)")
        #expect(try line(fleet, "report-key") == key)
        #expect(try line(fleet, "boot") == boot)
        #expect(try fleet.devices().count == 1)
        let stored = try fleet.devices().first?["reportsStored"] as? Int ?? 0
        try fleet.startAgent(0)
        try fleet.eventually(60, "reports arrive again") {
            try fleet.devices().first?["reportsStored"] as? Int ?? 0 >= stored + 2
        }
        #expect(try fleet.end("agent-0") == 0)

        // Another identity: new keys, a new id, and the old state kept aside.
        let seed = try line(fleet, "device-seed")
        let other = try enrol(fleet, token + ["--new-identity"])
        let id = try line(fleet, "device")
        #expect(other.status == 0 && other.out == "enrolled as \(id)\n" && id != device, "\(other.err)")
        #expect(try line(fleet, "device-seed") != seed)
        #expect(fleet.text("agent-0/state/state.of-\(device)").contains(seed))
        #expect(try Set(fleet.devices().compactMap { $0["id"] as? String }) == [device, id])
    }

    @Test func aRefusalChangesNothingAndSaysWhatToDo() throws {
        let fleet = try TestFleet.started()
        let away = try Programs.run("phi-agent", ["enrol", "--state-dir", fleet.path("agent-0/state")])
        #expect(away.status == 2 && away.err.contains("--server"))
        let bare = try enrol(fleet)
        #expect(bare.status == 2 && bare.err.contains("fleet enroll token"))
        let both = try enrol(fleet, ["--force", "--new-identity"])
        #expect(both.status == 2)

        // A token of one use: the same device may ask again with it, another may not.
        let token = try fleet.token(uses: 1, accepted: false)
        let pending = try enrol(fleet, ["--token", token])
        #expect(pending.status == 0 && pending.out.contains("pending: accept it with fleet devices accept"))
        let state = fleet.text("agent-0/state/state")
        let wrong = String(repeating: "0", count: 32) + token.dropFirst(32)
        let refused = try enrol(fleet, ["--token", wrong, "--force"])
        #expect(refused.status == 1 && refused.err.contains("enrolment refused (403)"))
        #expect(refused.err.contains("hint: fleet enroll token"))
        #expect(fleet.text("agent-0/state/state") == state, "the key in force stays")

        // Another operator's token, and an aggregator that is away: the old one's key stays too.
        #expect(try fleet.end("aggregator") == 0)
        let stranger = token.prefix(33) + String(repeating: "ab", count: 32)
        let offline = try enrol(fleet, ["--token", String(stranger), "--force"])
        #expect(offline.status == 1 && offline.err.contains("phi-agent doctor"))
        #expect(fleet.text("agent-0/state/state") == state)
    }
}
