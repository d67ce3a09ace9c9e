// chamber-bench as a command: a recorded log through the online model, and what is wrong with a bad one.

import FixtureSupport
import Foundation
import Testing

@testable import Simulation

@Suite struct BenchCommandTests {
    private func bench(_ arguments: [String]) throws -> (status: Int32, out: String, err: String) {
        let program = Foundation.Process()
        program.executableURL = try LoopTests.products().appendingPathComponent("chamber-bench")
        program.arguments = arguments
        let out = Pipe()
        let err = Pipe()
        program.standardOutput = out
        program.standardError = err
        try program.run()
        let shown = out.fileHandleForReading.readDataToEndOfFile()
        let said = err.fileHandleForReading.readDataToEndOfFile()
        program.waitUntilExit()
        return (
            program.terminationStatus, String(decoding: shown, as: UTF8.self),
            String(decoding: said, as: UTF8.self)
        )
    }

    /// An hour of a Pi 4 under changing load, a reading each two seconds, some missing, some absurd.
    private func log(_ scratch: Scratch) throws -> String {
        var plant = ThermalPlant(.pi4Bare, ambientOffsetC: 5)
        var random = SeededRandom(seed: 4)
        var text = "time_s,note,temperature_milli_c,busy_share\n"
        for row in 0..<1800 {
            let busy = [0.1, 0.9, 0.4, 1, 0, 0.7][row / 30 % 6]
            plant.step(seconds: 2, load: busy)
            let shown = row % 50 == 49 ? "" : row % 90 == 89 ? "-40000" : "\(plant.sensorMilliC(&random))"
            text += "\(row * 2),,\(shown),\(busy)\n"
        }
        let path = scratch.at("log.csv")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test func aRecordedLogIsIdentifiedAndItsForecastsMeasured() throws {
        let scratch = try Scratch()
        let shown = try bench(["--log", try log(scratch)])
        #expect(shown.status == 0, "\(shown.err)")
        let lines = shown.out.split(separator: "\n").map(String.init)
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix("readings  1800, taken for spikes "))
        // The plant's rises are 9.3 °C in 3.7 s and 16.1 °C in 95 s.
        #expect(lines[1].hasPrefix("fit       fast 9.") || lines[1].hasPrefix("fit       fast 8."))
        #expect(lines[1].contains("slow 15.") || lines[1].contains("slow 16.") || lines[1].contains("slow 17."))
        #expect(lines[2].hasPrefix("error     60 s ahead: mean 0."))
    }

    @Test func whatIsWrongIsSaidByFileAndLine() throws {
        let scratch = try Scratch()
        let path = scratch.at("bad.csv")
        try "time_s,temperature_c,load\n1,40,1\n2,warm,1\n".write(
            toFile: path, atomically: true, encoding: .utf8)
        let bad = try bench(["--log", path])
        #expect(bad.status == 1)
        #expect(bad.err.contains("\(path):3: temperature_c is no number"))
        let absent = try bench(["--log", scratch.at("none.csv")])
        #expect(absent.status == 1)
        #expect(absent.err.contains("none.csv"))
        let short = scratch.at("short.csv")
        try "time_s,temperature_c,load\n1,40,1\n2,40,1\n".write(
            toFile: short, atomically: true, encoding: .utf8)
        #expect(try bench(["--log", short]).out.contains("shorter than six minutes"))
    }

    @Test(arguments: [
        ["--log"], ["--what", "x"], ["--log", "a", "--out", "b"], ["--cycles", "none"],
        ["--cycles", "0"], ["--cycles", "5", "--steps", "-1"], ["x"],
    ])
    func badArgumentsAreRefused(arguments: [String]) throws {
        let result = try bench(arguments)
        #expect(result.status == 2)
        #expect(!result.err.isEmpty)
    }

    @Test func cyclesAreTurnedAndNothingElse() throws {
        let plain = try bench(["--cycles", "40"])
        #expect(plain.status == 0 && plain.out.hasPrefix("40 cycles, factors "))
        #expect(try bench(["--cycles", "40", "--steps", "3"]).out != plain.out)
    }
}
