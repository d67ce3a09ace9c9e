// `phi-agent decide`: its options, and that its table says what its JSON says.

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
            #expect(!error.hint.isEmpty)
        }
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
