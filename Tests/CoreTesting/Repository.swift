// The repository as the tests see it, and files of expected bytes in it.

import Foundation

public enum Repository {
    public static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}

/// Bytes as they must stay, in `Tests/Golden`, written as hexadecimal lines so that a change can be
/// read in a diff. UPDATE_GOLDEN=1 writes them anew.
public enum Golden {
    public static func bytes(_ name: String, now bytes: [UInt8]) throws -> [UInt8] {
        let file = Repository.root.appending(path: "Tests/Golden/\(name).hex")
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            let lines = stride(from: 0, to: bytes.count, by: 32).map { start in
                bytes[start..<min(start + 32, bytes.count)]
                    .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            }
            try (lines.joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
        }
        let digits = Array(try String(contentsOf: file, encoding: .utf8).utf8.filter { $0 > 0x20 })
        guard digits.count % 2 == 0 else { throw Broken("\(name): an odd number of digits") }
        return try stride(from: 0, to: digits.count, by: 2).map { index in
            let pair = String(decoding: digits[index...index + 1], as: UTF8.self)
            guard let byte = UInt8(pair, radix: 16) else { throw Broken("\(name): \(pair)") }
            return byte
        }
    }
}
