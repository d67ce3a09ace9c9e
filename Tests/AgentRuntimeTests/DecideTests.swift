// `phi-agent decide`: its options, and that its table says what its JSON says.

import FixtureSupport
import Foundation
import Model
import PhiChamber
import Testing

@testable import AgentRuntime

@Suite struct DecideTests {
    static let desktop = [
        "--profile", "desktop", "--gpu-memory", "8", "--gpu-cores", "4864", "--gpu-tier", "mid_range",
        "--ram", "32", "--cores", "8", "--cpu-mhz", "3600",
    ]

    @Test func theOptionsDescribeAMachine() throws {
        let options = try DecideOptions(Self.desktop + ["--available=0.5", "--json"])
        #expect(options.describesAll && options.isJSON)
        #expect(options.availableMemory == 0.5)
        let hardware = try #require(options.scaler()).hardware
        #expect(hardware.cpuCores == 8 && hardware.memoryBytes == 32 << 30)
        #expect(
            hardware.gpu == GPURecord(name: "described", memoryGB: 8, cores: 4864, tier: .midRange))
    }

    /// The tier follows from cores or memory where it isn't given; no GPU option, no GPU.
    @Test func aTierThatIsNotGivenFollows() throws {
        let machine = ["--ram", "8", "--cores", "4", "--cpu-mhz", "2400"]
        let none = try #require(try DecideOptions(machine).scaler())
        #expect(none.hardware.gpu == nil)
        for (given, tier) in [
            (["--gpu-memory", "2"], GPUTier.lowEnd), (["--gpu-memory", "24"], .extreme),
            (["--gpu-cores", "4864"], .midRange), (["--gpu-memory", "2", "--gpu-tier", "ultra"], .ultra),
        ] {
            let scaler = try #require(try DecideOptions(machine + given).scaler())
            #expect(scaler.hardware.gpu?.tier == tier)
        }
    }

    /// What isn't given is the running machine's.
    @Test func theRestIsDetected() throws {
        let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/desktop").path
        let roots = ["--sysfs-root", "\(fixtures)/sys", "--procfs-root", "\(fixtures)/proc"]
        let own = try #require(try DecideOptions(roots).scaler()).hardware
        #expect(own.model == "PRIME Z490-P" && own.gpu?.cores == 4864)
        let more = try #require(try DecideOptions(roots + ["--ram", "64"]).scaler()).hardware
        #expect(more.memoryBytes == 64 << 30)
        #expect(more.model == own.model && more.gpu == own.gpu && more.cpuCores == own.cpuCores)
        #expect(try DecideOptions(["--procfs-root", "/nowhere"]).scaler() == nil)
    }

    @Test(arguments: [
        (["--gpu-memory", "-1"], "a number from 0.0010 to 4096"),
        (["--ram", "lots"], "--ram lots: a number"), (["--ram", "1e99"], "--ram 1e99"),
        (["--cores", "0"], "a whole number from 1 to 65536"), (["--cores", "2.5"], "--cores 2.5"),
        (["--cpu-mhz", "99999999999999999999"], "--cpu-mhz"), (["--entropy", "1.1"], "from 0 to 1"),
        (["--thermal", "nan"], "--thermal nan"), (["--value", ""], "--value"),
        (["--gpu-tier", "best"], "low_end"), (["--profile", "Pi"], "pi or desktop"),
        (["--available"], "--available needs a value"), (["--colour", "red"], "unknown option: --colour"),
        (["value"], "unknown option: value"), (["--json=yes"], "takes no value"),
        (["--model", String(repeating: "x", count: 129)], "1 to 128 bytes"),
    ])
    func mistakesAreSaidPlainly(_ arguments: [String], _ said: String) {
        do throws(UsageError) {
            _ = try DecideOptions(arguments)
            Issue.record("accepted: \(arguments)")
        } catch {
            #expect(error.text.contains(said), "\(error.text)")
            #expect(error.hint?.isEmpty == false)
        }
    }

    @Test func aRecordingStandsAlone() throws {
        for arguments in [["--replay", "x.csv"], ["--json", "--replay", "x.csv"], ["--replay=x.csv", "--json"]] {
            #expect(try DecideOptions(arguments).recording == "x.csv")
        }
        for arguments in [["--value", "1", "--replay", "x.csv"], ["--replay", "x.csv", "--value", "1"]] {
            do throws(UsageError) {
                _ = try DecideOptions(arguments)
                Issue.record("accepted: \(arguments)")
            } catch {
                #expect(error.text.hasPrefix("--value and --replay don't go together"))
                #expect(error.hint?.isEmpty == false)
            }
        }
        #expect(throws: UsageError.self) { try DecideOptions(["--replay"]) }
    }

    /// A file that isn't there, and one that is no recording: as of every command, wrong usage.
    @Test func aRecordingThatCantBeReadIsWrongUsage() throws {
        #expect(Subcommand.decide.run(["--replay", "/nowhere.csv"]) == 2)
        let scratch = try Scratch()
        try scratch.write("bad.csv", "colour\n1\n")
        #expect(Subcommand.decide.run(["--json", "--replay", scratch.at("bad.csv")]) == 2)
        #expect(Subcommand.circuit.run(["--qasm", "/nowhere.qasm"]) == 2)
        #expect(Subcommand.pool.run(["replay", "/nowhere.csv"]) == 2)
        try scratch.write("state", "junk")
        #expect(Subcommand.status.run(["--state-dir", scratch.path, "--run-dir", scratch.path]) == 2)
    }

    /// Without a temperature nothing is applied: the table says so beside the state.
    @Test func aStateForWantOfAReadingSaysWhich() throws {
        func table(_ json: String) throws -> String {
            var table = MetricsTable()
            table.show(try #require(FlatJSON(Array(json.utf8))))
            return table.text
        }
        let blind = try table(#"{"state":"superposed","heat":{"temperatureC":null}}"#)
        #expect(blind.contains("superposed: there is no temperature\n"))
        let sees = #"{"state":"superposed","heat":{"temperatureC":40},"coherenceParts":{"availableMemory":"#
        #expect(try table(sees + "null}}").contains("superposed: memory isn't known\n"))
        #expect(try table(sees + "0.5}}").contains("superposed\n"))
    }

    // MARK: Numbers beyond reason

    @Test(arguments: [
        ("1e300", "of an unknown time"), ("-1e300", "of an unknown time"), ("9e18", "from before"),
        ("5000", "0 s ago"), ("1000", "4 s ago"), ("5001", "0 s ago"),
    ])
    func anAgeIsToldOfAnyNumber(_ monotonicMs: String, _ said: String) throws {
        let json = try #require(FlatJSON(Array(#"{"monotonicMs":\#(monotonicMs)}"#.utf8)))
        #expect(Subcommand.age(json, nowMs: 5_000).hasPrefix(said))
    }

    @Test func anAnswerOfAnyNumbersIsShown() {
        for count in ["1e300", "-1e300", "0.5", "9223372036854775808", "2"] {
            let line = Array(#"{"values":[[1,2],[3,4]],"ranges":[{"count":\#(count),"errorBound":0}]}"#.utf8)
            #expect(Subcommand.values(line[...]).split(separator: "\n").count == 2)
        }
        for factor in ["1e300", "-1e300", "1.5"] {
            let line = Array(#"{"factor":\#(factor),"wallMs":-9223372036854775807}"#.utf8)
            #expect(DecisionView.lines(line[...]).count == 8)
        }
        #expect(Shown.time(ms: -1) == "1969-12-31 23:59:59.999")
        #expect(Shown.time(ms: -86_400_000) == "1969-12-31 00:00:00.000")
        #expect(Shown.time(ms: 1_700_000_000_123) == "2023-11-14 22:13:20.123")
        #expect(Shown.time(ms: .min).hasPrefix("-"))
    }

    // MARK: Reading back

    @Test func whatWasWrittenIsReadBack() throws {
        let text = #"{"a":1,"b":{"c":[true,null,"x\"y",-2.5e-3],"d":{}},"e":[]}"#
        let json = try #require(FlatJSON(Array(text.utf8)))
        #expect(json.number("a") == 1)
        #expect(json.isTrue("b.c.0"))
        #expect(json.text("b.c.2") == "x\"y")
        #expect(json.number("b.c.3") == -0.0025)
        #expect(json["b.c.1"] != nil && json.number("b.c.1") == nil)
        #expect(json.items("b.c").count == 4)
        #expect(json["b.d"] == nil && json.items("e").isEmpty)
    }

    @Test(arguments: [
        "", "{", #"{"a":1"#, #"{"a":1}x"#, #"{"a"}"#, #"{"a":wrong}"#, #"{"a":"x}"#, #"[1,]"#, #"{"a":1,}"#,
        #"{"a":"\u00"#, #"{"a":1e9999}"#, "[[[[[[[[[[1]]]]]]]]]]",
    ])
    func whatIsCutShortOrStrangeIsRefused(_ text: String) {
        #expect(FlatJSON(Array(text.utf8)) == nil)
    }

    /// Cut anywhere, a file is refused and nothing traps.
    @Test func everyPrefixIsRefused() {
        let whole = Array(#"{"a":[1,{"b":"c\n"}],"d":-1.5e-7,"e":null}"#.utf8)
        #expect(FlatJSON(whole) != nil)
        for count in 0..<whole.count { #expect(FlatJSON(Array(whole[..<count])) == nil) }
    }
}
