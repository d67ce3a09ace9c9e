// The repository as the tests see it, and files of expected bytes in it.

import Foundation

public enum Repository {
    public static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}

/// What must stay as it is, in `Tests/Golden`. UPDATE_GOLDEN=1 writes it anew.
public enum Golden {
    /// A text that people or programs read.
    public static func text(_ name: String, now text: String) throws -> String {
        let file = Repository.root.appending(path: "Tests/Golden/\(name)")
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        return try String(contentsOf: file, encoding: .utf8)
    }

    /// Bytes, written as hexadecimal lines so that a change can be read in a diff.
    public static func bytes(_ name: String, now bytes: [UInt8]) throws -> [UInt8] {
        let lines = stride(from: 0, to: bytes.count, by: 32).map { start in
            bytes[start..<min(start + 32, bytes.count)]
                .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        let kept = try text("\(name).hex", now: lines.joined(separator: "\n") + "\n")
        let digits = Array(kept.utf8.filter { $0 > 0x20 })
        guard digits.count % 2 == 0 else { throw Broken("\(name): an odd number of digits") }
        return try stride(from: 0, to: digits.count, by: 2).map { index in
            let pair = String(decoding: digits[index...index + 1], as: UTF8.self)
            guard let byte = UInt8(pair, radix: 16) else { throw Broken("\(name): \(pair)") }
            return byte
        }
    }
}
