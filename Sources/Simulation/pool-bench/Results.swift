// The table for people, and one JSON object a line for programs.

import Foundation

struct Results {
    private let path: String?
    private var lines: [String] = []

    init(path: String?) { self.path = path }

    static func head() {
        print("  " + "coder".padding(toLength: 32, withPad: " ", startingAt: 0)
            + "bits/value   x81     x64    in ns  out ns")
    }

    mutating func row(
        _ trace: String, _ coder: String, bits: Double, encode: Double?, decode: Double?,
        goal: Double? = nil, peer: Double? = nil
    ) {
        func time(_ value: Double?) -> String { value.map { String(format: "%7.1f", $0) } ?? "      -" }
        print("  " + coder.padding(toLength: 32, withPad: " ", startingAt: 0)
            + String(format: "%10.3f %6.2f  %6.2f", bits, 81 / bits, 64 / bits)
            + " " + time(encode) + " " + time(decode))
        var object: [String: Any] = [
            "bench": "pool", "figure": "extension of \(coder) on \(trace)", "value": 81 / bits,
            "unit": "x against 81 bits", "runs": 1, "spread": 0, "bits_per_value": bits,
            "command": CommandLine.arguments.joined(separator: " "),
        ]
        if let encode { object["encode_ns"] = encode }
        if let decode { object["decode_ns"] = decode }
        if let goal {
            object["goal"] = goal
            object["met"] = 81 / bits >= goal
        }
        if let peer {
            object["peer"] = "Gorilla XOR"
            object["peer_value"] = 81 / peer
            object["ratio"] = peer / bits
        }
        append(object)
    }

    /// A count: the same in every run.
    mutating func count(
        _ figure: String, _ value: Double?, unit: String, goal: Double? = nil, peer: (String, Double)? = nil,
        why: String? = nil
    ) {
        let shown = value.map { String(format: "%10.0f", $0) } ?? "         -"
        var line = "  " + figure.padding(toLength: 58, withPad: " ", startingAt: 0) + shown + " \(unit)"
        var object: [String: Any] = [
            "bench": "pool", "figure": figure, "unit": unit, "runs": 1, "spread": 0,
            "command": CommandLine.arguments.joined(separator: " "),
        ]
        object["value"] = value ?? NSNull()
        if let goal {
            object["goal"] = goal
            line += " (goal: at most \(Int(goal)))"
            if let value { object["met"] = value <= goal }
        }
        if let peer, let value {
            object["peer"] = peer.0
            object["peer_value"] = peer.1
            object["ratio"] = value / peer.1
        }
        if let why {
            object["why"] = why
            line += "  \(why)"
        }
        print(line)
        append(object)
    }

    mutating func missing(_ trace: String, _ coder: String, why: String) {
        print("  " + coder.padding(toLength: 32, withPad: " ", startingAt: 0) + "  - (\(why))")
        append([
            "bench": "pool", "figure": "extension of \(coder) on \(trace)", "value": NSNull(),
            "why": why,
        ])
    }

    private mutating func append(_ object: [String: Any]) {
        guard let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
        else { return }
        lines.append(String(decoding: data, as: UTF8.self))
    }

    func write() {
        guard let path else { return }
        let folder = (path as NSString).deletingLastPathComponent
        if !folder.isEmpty {
            try? FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
        }
        let text = lines.joined(separator: "\n") + "\n"
        if !FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) {
            print("pool-bench: cannot write \(path)")
        }
    }
}
