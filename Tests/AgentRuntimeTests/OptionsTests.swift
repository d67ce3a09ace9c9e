import Foundation
import Model
import Testing

@testable import AgentRuntime

private func options(_ arguments: String...) throws -> Options { try Options(arguments: arguments) }

private func scratch(_ text: String) throws -> String {
    let file = FileManager.default.temporaryDirectory.appending(path: "options-\(UUID().uuidString)")
    try text.write(to: file, atomically: true, encoding: .utf8)
    return file.path
}

private let secret = "00112233445566778899aabbccddeeff"
private let fingerprint = String(repeating: "ab", count: 32)

@Test func flagsAndTheFileHaveTheSameNamesAndFlagsWin() throws {
    let file = try scratch(
        """
        # a comment
        server = https://fleet.example:8440
        interval = 2s
        label = site=roof
        dry-run
        """)
    let both = try options("--interval", "5s", "--config", file, "--group=workload.slice")
    #expect(both.server == "https://fleet.example:8440")
    #expect(both.intervalMs == 5_000)
    #expect(both.labels == [Label(key: "site", value: "roof")])
    #expect(both.isDryRun)
    #expect(both.group == "workload.slice")
}

@Test func everyOptionIsSetByItsName() throws {
    // An option that the table names and `set` forgets would be accepted and ignored.
    let before = try options()
    let cases: [(String, String?, (Options) -> Bool)] = [
        ("server", "https://a", { $0.server != before.server }),
        ("token", "\(secret).\(fingerprint)", { $0.token != nil && $0.root != nil }),
        ("token-file", try scratch("\(secret).\(fingerprint)\n"), { $0.token == secret && $0.tokenFile != nil }),
        ("insecure", nil, { $0.isInsecure }),
        ("ca-file", try scratch("x"), { $0.caFile != nil }), ("ca-file", "system", { $0.trustsSystem && $0.caFile == nil }),
        ("label", "a=b", { $0.labels.count == 1 }),
        ("state-dir", "/x", { $0.stateFolder == "/x" }),
        ("run-dir", "/x", { $0.runFolder == "/x" }),
        ("signals", "/x", { $0.signalFile == "/x" }),
        ("socket", "/x", { $0.socketPath == "/x" }),
        ("socket-group", "workers", { $0.socketGroup == "workers" }),
        ("group", "a/b", { $0.group == "a/b" }),
        ("dry-run", nil, { $0.isDryRun }),
        ("cpufreq", nil, { $0.scalesFrequency }),
        ("govern-by", "systemd", { $0.governBy == .systemd }),
        ("helper", "/x", { $0.helperSocket == "/x" }),
        ("interval", "250ms", { $0.intervalMs == 250 }),
        ("log-level", "debug", { $0.logLevel == .debug }),
        ("sysfs-root", "/x", { $0.sysfsRoot == "/x" }),
        ("procfs-root", "/x", { $0.procfsRoot == "/x" }),
        ("cgroup-root", "/x", { $0.cgroupRoot == "/x" }),
        ("spool-cap", "1MiB", { $0.spoolCapBytes == 1 << 20 }),
        ("write-budget", "2MiB", { $0.writeBudgetBytes == 2 << 20 }),
        ("checkpoint", "30s", { $0.checkpointMs == 30_000 }),
        ("time-scale", "7", { $0.timeScale == 7 }),
        ("config", try scratch("dry-run\n"), { $0.isDryRun }),
    ]
    #expect(Set(cases.map(\.0)) == Set(Options.flags.map { "\($0.name)" }))
    for (name, value, isSet) in cases {
        let set = try Options(arguments: ["--\(name)"] + (value.map { [$0] } ?? []))
        #expect(isSet(set), "--\(name)")
    }
}

@Test func theSocketStandsInTheRunFolderUnlessToldOtherwise() throws {
    #expect(try options("--run-dir", "/x").socketPath == "/x/agent.sock")
    #expect(try options("--socket", "none").socketPath == nil)
}

@Test(arguments: [
    ["--socket", ""], ["--socket", "/" + String(repeating: "x", count: 107)],
    ["--server"], ["--server", "ftp://x"], ["--server", "https://"], ["--server", "https://a b"],
    ["--token", "x.y"], ["--token", "\(secret)"], ["--label", "nothing"], ["--label", "a=b c"],
    ["--interval", "5"], ["--interval", "1ms"], ["--interval", "2h"], ["--interval", "99999999999999999999s"],
    ["--log-level", "loud"], ["--dry-run=maybe"], ["--cpufreq=maybe"], ["--govern-by", "magic"], ["--helper", "x"], ["--insecure=2"], ["--group", "."], ["--group", "a/./b"],
    ["--server", "https://user@host"], ["--server", "https://host/path"], ["--server", "https://h?x"],
    ["--server", "http://127.evil.example:1", "--token", "\(secret).\(fingerprint)"],
    ["--server", "http://127.0.0.1.evil:1", "--token", "\(secret).\(fingerprint)"], ["--group", ".."], ["--group", "a/../b"], ["--config", "/nowhere"],
    ["--ca-file", "/nowhere"], ["stray"], ["-x"], ["--"],
    ["--server", "http://192.0.2.1:1", "--token", "\(secret).\(fingerprint)"],
])
func wrongOnesAreRefused(arguments: [String]) {
    #expect(throws: UsageError.self) { try Options(arguments: arguments) }
}

@Test(arguments: [
    "https://:8440", "http://a:b:c", "http://[::1", "http://a:", "http://a:0", "http://a:65536", "http://a:+80",
    "http://a:99999999999999999999", "http://a..b", "http://.", "http://[]", "http://[::1]x", "http://[::1]:",
    "http://[1:2]", "http://[:::]", "http://[1::2::3]", "http://[1.2.3.4::]", "http://[::1.2.3]",
    "http://[12345::]", "http://[1:2:3:4:5:6:7:8:9]", "http://[::1%]", "http://]", "http://::1", "http://a,b",
])
func anAddressOfNoHostOrPortIsRefused(server: String) throws {
    do throws(UsageError) {
        _ = try Options(arguments: ["--server", server])
        Issue.record("accepted: \(server)")
    } catch {
        #expect(error.text.hasPrefix("--server \(server): "))
        #expect(error.hint?.contains("https://fleet.example:8440") == true)
    }
}

@Test(arguments: [
    "https://a", "https://a:1", "http://fleet_1.example.:65535", "http://127.0.0.1:8440/", "http://[::1]",
    "http://[::]:1", "http://[fe80::1%25eth0]:8440", "http://[::ffff:192.0.2.1]:1", "http://[1:2:3:4:5:6:7:8]",
    "http://[1:2:3:4:5:6:192.0.2.1]", "http://[2001:db8::1]:8440",
])
func addressesAreTaken(server: String) throws {
    #expect(try options("--server", server).server == server)
}

/// An ordinary user may look without being let at the token.
@Test func aTokensFileIsReadByWhoEnrolsAlone() throws {
    #expect(throws: UsageError.self) { try options("--token-file", "/nowhere/token") }
    let looked = try Options(arguments: ["--token-file", "/nowhere/token"], readsToken: false)
    #expect(looked.tokenFile == "/nowhere/token" && looked.token == nil)
    // What `run` would refuse is refused, whoever may read the file.
    #expect(throws: UsageError.self) {
        try Options(arguments: ["--server", "http://192.0.2.1", "--token-file", "/nowhere/token"], readsToken: false)
    }
}

@Test func aMistakeWithoutAHintOfItsOwnPointsToItsCommand() throws {
    func mistake(_ make: () throws -> Void) -> UsageError? {
        do { try make() } catch { return error as? UsageError }
        return nil
    }
    for made in [
        mistake { _ = try LocalTalk(["--colour"]) }, mistake { _ = try LocalTalk(["x"], takesWords: false) },
        mistake { _ = try options("--colour") }, mistake { _ = try options("stray") },
        mistake { _ = try HelperOptions(arguments: ["--config", "/nowhere"]) },
        mistake { _ = try HelperOptions(arguments: ["--colour"]) },
    ] {
        #expect(made?.hint(of: "signal") == "phi-agent signal --help lists the options")
    }
}

@Test func aWriteBudgetHasBounds() throws {
    #expect(try options("--write-budget", "64GiB").writeBudgetBytes == 64 << 30)
    for wrong in ["1023KiB", "65GiB", "1000000000GiB"] {
        do {
            _ = try options("--write-budget", wrong)
            Issue.record("\(wrong) is accepted")
        } catch let error as UsageError {
            #expect(error.text.contains("between 1MiB and 64GiB") && error.hint?.isEmpty == false)
        }
    }
}

@Test func aWrongLineOfTheFileIsNamed() throws {
    let file = try scratch("interval = 1s\nnonsense = 2\n")
    do {
        _ = try options("--config", file)
        Issue.record("accepted")
    } catch let error as UsageError {
        #expect(error.text.contains(":2: unknown setting: nonsense"))
    }
}

@Test func switchesCanBeOff() throws {
    #expect(try !options("--insecure=no").isInsecure)
    #expect(try options("--insecure=yes").isInsecure)
    let file = try scratch("dry-run = 1\ninsecure = off\n")
    let read = try options("--config", file)
    #expect(read.isDryRun && !read.isInsecure)
    #expect(throws: UsageError.self) { try options("--config", try scratch("=\n")) }
    #expect(throws: UsageError.self) { try options("--config", try scratch("= x\n")) }
}

@Test func loopbackIsNotInClear() throws {
    for server in ["http://127.0.0.1:8440", "http://localhost:1", "http://localhost", "http://[::1]:1"] {
        _ = try options("--server", server, "--token", "\(secret).\(fingerprint)")
    }
    _ = try options(
        "--server", "http://192.0.2.1", "--token", "\(secret).\(fingerprint)", "--insecure")
}

@Test func signalsAreReadWordByWord() {
    #expect(SignalFile.parse(Array("entropy=0.42 value=0.9\n".utf8)) == Model.Signals(entropy: 0.42, value: 0.9))
    #expect(SignalFile.parse(Array("value=1".utf8)) == Model.Signals(value: 1))
    #expect(SignalFile.parse(Array("entropy=1.5 value=-1 x value= entropy".utf8)) == Model.Signals())
    #expect(SignalFile.parse([0, 255, 61, 32, 61]) == Model.Signals())
}

@Test func staleSignalsSayNothing() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "signals-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try "value=0.5".write(to: folder.appending(path: "signals"), atomically: true, encoding: .utf8)
    let file = SignalFile(path: folder.appending(path: "signals").path)
    let now = Int64(Date().timeIntervalSince1970 * 1000)
    #expect(file.read(nowMs: now, freshMs: 5_000).value == 0.5)
    #expect(file.read(nowMs: now + 60_000, freshMs: 5_000) == Model.Signals())
    #expect(SignalFile(path: "/nowhere/signals").read(nowMs: now, freshMs: 5_000) == Model.Signals())
}

@Test func replayNamesTheWrongLine() throws {
    func lines(_ text: String) throws -> [String] { try DecisionReplay.lines(Array(text.utf8)) }
    #expect(try lines("time_ms,value\n1,0.5\n\n2,\n").count == 2)
    for (text, line) in [
        ("", 1), ("time_ms,colour\n", 1), ("value\n1\n", 1), ("time_ms\nx\n", 2),
        ("time_ms,value\n1,0.5\n2,high\n", 3), ("time_ms,memory_total_kib\n1,-5\n", 2),
        ("time_ms\n99999999999999999999\n", 2),
    ] {
        do {
            _ = try lines(text)
            if !text.isEmpty { Issue.record("accepted: \(text)") }
        } catch let error as ReplayError {
            #expect(error.line == line, "\(text)")
        }
    }
}
