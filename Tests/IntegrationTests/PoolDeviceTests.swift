// `phi-agent pool replay` as it ships: the device's binary makes the host's bytes, of every sealed
// chunk, from the same data.

import Foundation
import Testing

@Suite(.serialized) struct PoolDeviceTests {
    /// Everything but what the machine's speed decides.
    private func fixed(_ json: [String: Any]) -> NSDictionary {
        NSDictionary(dictionary: json.filter { !$0.key.hasSuffix("_ns") })
    }

    /// A log with what a log has: gaps, jitter, steps, noise, a sensor that fails, an odd exponent.
    private func log(rows: Int) -> String {
        var state: UInt64 = 99
        func noise() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(Int64(bitPattern: state) >> 11) / Double(1 << 52)
        }
        var text = "time,temp,rate,load,raw\n"
        var (time, temperature) = (1_600_000_000, 40.0)
        for row in 0..<rows {
            time += row % 997 == 0 ? 4000 : [10, 11, 9][row % 3]
            temperature += noise() * (row / 1000 % 3 == 0 ? 0.4 : 0.02)
            let temp = row % 411 == 0 ? "" : "\((temperature * 100).rounded() / 100)"
            text += "\(time),\(temp),\((noise() * 1e6).rounded() / 1e6),\(row / 90 % 4),\(noise() * 1e-9)\n"
        }
        return text
    }

    @Test(arguments: ["8bit", "16bit", "exact", "policy", "mixed"])
    func theDevicesBytesAreTheHosts(_ bound: String) throws {
        try #require(
            FileManager.default.fileExists(atPath: Programs.deviceAgent.path),
            "no device binary: run make device first")
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).csv")
        try Data(log(rows: 5000).utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let arguments = ["pool", "replay", "--json", "--budget", "32KiB", "--bound", bound, file.path]
        let host = try Programs.run("phi-agent", arguments, seconds: 180)
        let device = try Programs.run(
            Programs.qemu, [Programs.deviceAgent.path] + arguments, seconds: 180)
        #expect(host.status == 0 && device.status == 0, "\(host.err)\(device.err)")
        #expect(host.json["exhausted"] as? Bool == true)
        #expect(host.json["high_degraded"] as? Int == 0)
        let digest = try #require(host.json["digest"] as? String)
        #expect(digest.count == 64 && digest != String(repeating: "0", count: 64))
        #expect(device.json["digest"] as? String == digest)
        #expect(fixed(host.json) == fixed(device.json))
    }

    @Test func mistakesAreSaidPlainly() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).csv")
        try Data("name,place\nanna,here\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let words = try Programs.run("phi-agent", ["pool", "replay", file.path])
        #expect(words.status == 2 && words.err.contains("hint:"), "\(words.out)\(words.err)")
        for arguments in [
            ["--bound", "7bit", file.path], ["--budget", "much", file.path], ["--budget"], [], ["--nope", "1"],
        ] {
            let output = try Programs.run("phi-agent", ["pool", "replay"] + arguments)
            #expect(output.status == 2 && !output.err.isEmpty, "\(arguments)")
        }
        let missing = try Programs.run("phi-agent", ["pool", "replay", "/nowhere.csv"])
        #expect(missing.status == 2 && missing.err.contains("/nowhere.csv"))
    }
}
