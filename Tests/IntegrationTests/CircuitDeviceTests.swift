// `phi-agent circuit` as it ships: the device's binary gives the host's bits, the figures at 16
// qubits, and a budget that holds.

import Foundation
import Testing

@Suite(.serialized) struct CircuitDeviceTests {
    /// `make build` makes it; the figures below want optimised code.
    static let optimised = Programs.root.appending(path: ".build/release/phi-agent")

    static func circuit(_ name: String) -> String {
        Programs.root.appending(path: "Tests/Golden/circuits/\(name).qasm").path
    }

    /// Everything but what the machine's speed and load decide.
    private func fixed(_ json: [String: Any]) -> NSDictionary {
        func without(_ value: Any) -> Any {
            if let object = value as? [String: Any] {
                return object.filter { $0.key != "measured" }.mapValues(without)
            }
            return (value as? [Any])?.map(without) ?? value
        }
        return NSDictionary(dictionary: json.mapValues(without).filter { $0.key != "measured" })
    }

    @Test(arguments: [
        [], ["--qasm", circuit("qelib1-5")], ["--qasm", circuit("teleport-3"), "--seed", "7"],
        ["--qasm", circuit("random-8")], ["--qasm", circuit("qft-10"), "--shots", "50"],
    ])
    func theDevicesBitsAreTheHosts(_ options: [String]) throws {
        try #require(
            FileManager.default.fileExists(atPath: Programs.deviceAgent.path),
            "no device binary: run make device first")
        let arguments = ["circuit", "--json", "--budget", "1MiB"] + options
        let host = try Programs.run("phi-agent", arguments)
        let device = try Programs.run(
            Programs.qemu, [Programs.deviceAgent.path] + arguments, seconds: 120)
        #expect(host.status == 0 && device.status == 0, "\(host.err)\(device.err)")
        #expect((host.json["programs"] as? [Any])?.isEmpty == false)
        #expect(fixed(host.json) == fixed(device.json))
    }

    /// Fidelity at 16 bits ≥ 0.999 up to 16 qubits and depth 100; at 8 bits what it honestly is.
    @Test(arguments: [
        ("ghz-16", 0.999999), ("qft-16", 0.9995), ("adder-16", 0.999999), ("random-16", 0.96),
    ])
    func fidelityAtSixteenQubits(_ name: String, _ least8: Double) throws {
        try #require(
            FileManager.default.fileExists(atPath: Self.optimised.path),
            "no optimised agent: run make build first")
        let output = try Programs.run(
            Self.optimised.path, ["circuit", "--json", "--qasm", Self.circuit(name)], seconds: 180)
        let program = try #require((output.json["programs"] as? [[String: Any]])?.first)
        #expect(program["qubits"] as? Int == 16)
        let results = try #require(program["results"] as? [[String: Any]])
        var fidelity: [Int: Double] = [:]
        for result in results {
            let bits = try #require(result["bits"] as? Int)
            fidelity[bits] = result["fidelity"] as? Double
            #expect(result["reference_bits"] as? Int == 81)
        }
        #expect(try #require(fidelity[64]) >= 1 - 1e-12)
        #expect(try #require(fidelity[16]) >= 0.999)
        #expect(try #require(fidelity[8]) >= least8)
    }

    /// The whole process, code and libraries included, in an address space of the budget's size;
    /// and at 8 bits three qubits more than at 81.
    @Test func theLargestRegistersFitTheBudget() throws {
        try #require(
            FileManager.default.fileExists(atPath: Self.optimised.path),
            "no optimised agent: run make build first")
        let script = "ulimit -v 131072; exec '\(Self.optimised.path)' circuit --json --budget 128MiB"
        let output = try Programs.run("/bin/sh", ["-c", script], seconds: 120)
        #expect(output.status == 0, "\(output.err)")
        let registers = try #require(output.json["registers"] as? [[String: Any]])
        #expect(registers.compactMap { $0["qubits"] as? Int } == [22, 22, 24, 25])
        #expect(registers.allSatisfy { $0["allocated"] as? Bool == true })
    }

    @Test func mistakesAreSaidPlainly() throws {
        let scratch = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).qasm")
        try Data("OPENQASM 2.0;\nqreg q[2];\nh q[0];\n".utf8).write(to: scratch)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let wrong = try Programs.run("phi-agent", ["circuit", "--qasm", scratch.path])
        #expect(wrong.status == 2)
        #expect(wrong.err.contains(".qasm:3:1: unknown gate \"h\""))
        for arguments in [
            ["--budget", "1KiB"], ["--budget", "12"], ["--shots", "0"], ["--seed", "x"], ["--nope"],
            ["--qasm"],
        ] {
            let output = try Programs.run("phi-agent", ["circuit"] + arguments)
            #expect(output.status == 2 && output.err.contains("hint:"))
        }
        let missing = try Programs.run("phi-agent", ["circuit", "--qasm", "/nowhere.qasm"])
        #expect(missing.status == 2 && missing.out.isEmpty)
    }
}
