// libsensors on the real path, which is compiled into it: a fixture's chips are laid over /sys/class in a
// mount namespace of the program's own. That takes root, as in a container; elsewhere it is left out.

import FixtureSupport
import Foundation
import Testing

@testable import Telemetry

@Suite struct ComputeLineTests {
    @Test func chipsWithComputeLinesAreFound() {
        var lines = ComputeLines()
        lines.add(
            Array(
                """
                # compute is a word in a comment, and "chip" too
                bus "i2c-0" "SMBus"
                chip "lm78-*" "lm79-*"
                    label temp1 "compute"
                chip "it87-isa-*" \\
                     "it8712-*"
                    set in0_min 1
                    compute in3  ((6.8/10)+1)*@,  @/((6.8/10)+1)
                chip "*-i2c-4-4c"   # any
                \tcompute temp1 @-5, @+5
                """.utf8))
        #expect(lines.prefixes.map { String(decoding: $0, as: UTF8.self) } == ["it87", "it8712", "*"])
        #expect(lines.may("it8712"))
        var few = ComputeLines()
        few.add(Array("chip \"k10temp-*\"\n  compute temp1 @+1, @-1\n".utf8))
        #expect(few.may("k10temp") && !few.may("pwmfan"))
        few.add(nil)
        few.add(Array("chip \"\n compute".utf8))
    }
}

@Suite struct LibsensorsTests {
    /// Whether a folder can be laid over /sys/class here.
    static let canLayOver: Bool = {
        (try? shell("mount -t tmpfs none /sys/class", in: "/")) != nil
    }()

    struct Failed: Error {
        let text: String
    }

    /// Runs a script in a mount namespace; its output.
    static func shell(_ script: String, in folder: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["unshare", "-m", "sh", "-ec", script]
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(text: text) }
        return text
    }

    static var bench: String {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
        let folder =
            bundle.map { $0.bundleURL.deletingLastPathComponent() }
            ?? URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return folder.appendingPathComponent("sensing-bench").path
    }

    private func show(_ tree: Scratch, configuration: String) throws -> String {
        try tree.write("sensors.conf", configuration)
        return try Self.shell(
            """
            mount -t tmpfs none /sys/class
            cp -r sys/class/hwmon /sys/class/
            mount -t tmpfs none /etc/sensors.d
            mount --bind sensors.conf /etc/sensors3.conf
            exec \(Self.bench) --show
            """, in: tree.path)
    }

    @Test(.enabled(if: canLayOver)) func chipsAreFoundLabelledAndScaled() throws {
        let tree = try Scratch(fixture: "pi5")
        let text = try show(tree, configuration: "chip \"cpu_thermal-*\"\n  label temp1 \"SoC\"\n")
        for line in [
            "cpu_thermal SoC: 51.250", "rpi_volt in0: 0.000", "pwmfan fan1: 2998.000",
            "rp1_adc in1: 1.504", "computed: 0",
        ] {
            #expect(text.split(separator: "\n").contains(Substring(line)), "\(line) in \(text)")
        }
    }

    /// Where the configuration computes a value the library reads it; where the chip is to be ignored
    /// it is.
    @Test(.enabled(if: canLayOver)) func computedChannelsStayWithTheLibrary() throws {
        let tree = try Scratch(fixture: "pi5")
        let text = try show(
            tree,
            configuration: """
                chip "rp1_adc-*"
                  compute in1 @*2, @/2
                  ignore temp1

                """)
        #expect(text.contains("rp1_adc in1: 3.008\n"), "\(text)")
        #expect(text.contains("computed: 1\n"), "\(text)")
        #expect(!text.contains("rp1_adc temp1"), "\(text)")
    }

    /// A value of 0 leaves most expressions as it is: until it moves, nothing is known of them.
    @Test(.enabled(if: canLayOver)) func aStandingFanStaysWithTheLibraryForNow() throws {
        let tree = try Scratch(fixture: "pi5")
        try tree.write("sys/class/hwmon/hwmon2/fan1_input", "0\n")
        let text = try show(tree, configuration: "chip \"pwmfan-*\"\n  compute fan1 @*2, @/2\n")
        #expect(text.contains("pwmfan fan1: 0.000\n"), "\(text)")
        #expect(text.contains("computed: 1\n"), "\(text)")
        // Without such a line there is nothing to wait for.
        let plain = try show(tree, configuration: "")
        #expect(plain.contains("computed: 0\n"), "\(plain)")
    }

    @Test(.enabled(if: canLayOver)) func anAbsurdChannelIsNamed() throws {
        let tree = try Scratch(fixture: "pi5")
        try tree.write("sys/class/hwmon/hwmon0/temp1_input", "250000\n")
        let text = try show(tree, configuration: "")
        #expect(text.contains("cpu_thermal temp1: no data\n"), "\(text)")
        #expect(text.contains("hwmon0 cpu_thermal temp1_input: absurd 0\n"), "\(text)")
    }
}
