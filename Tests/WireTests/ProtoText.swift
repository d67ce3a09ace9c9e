// protoc, and the text format it prints.

import CoreTesting
import Foundation

/// One field of a decoded message. An unknown field's name is its bare number.
struct ProtoField: Equatable, CustomStringConvertible {
    enum Value: Equatable {
        /// As printed: a number, an enumerator's name, true or false.
        case word(String)
        case bytes([UInt8])
        case message([ProtoField])
    }

    var name: String
    var value: Value

    var description: String {
        switch value {
        case .word(let word): "\(name): \(word)"
        case .bytes(let bytes): "\(name): \(String(decoding: bytes, as: UTF8.self).debugDescription)"
        case .message(let fields): "\(name) { \(fields.map(\.description).joined(separator: " ")) }"
        }
    }
}

enum Protoc {
    static let schema = Repository.root.appending(path: "fleet/phi.proto")

    /// What `protoc --decode` reads in the bytes of `message`, e.g. "Report".
    static func decode(_ message: String, _ bytes: [UInt8]) throws -> [ProtoField] {
        let text = try run("--decode=phi.v1.\(message)", bytes)
        var lines = String(decoding: text, as: UTF8.self).split(separator: "\n")[...]
        return try fields(&lines)
    }

    /// The text of a decoded message as bytes again.
    static func recoded(_ message: String, _ bytes: [UInt8]) throws -> [UInt8] {
        try run("--encode=phi.v1.\(message)", try run("--decode=phi.v1.\(message)", bytes))
    }

    private static func run(_ option: String, _ input: [UInt8]) throws -> [UInt8] {
        // Through files: two pipes may block one another.
        let folder = FileManager.default.temporaryDirectory.appending(path: "phi-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (inFile, outFile, errorFile) = (
            folder.appending(path: "in"), folder.appending(path: "out"), folder.appending(path: "error")
        )
        try Data(input).write(to: inFile)
        try Data().write(to: outFile)
        try Data().write(to: errorFile)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "protoc", "--proto_path=\(schema.deletingLastPathComponent().path)", option,
            schema.lastPathComponent,
        ]
        process.standardInput = try FileHandle(forReadingFrom: inFile)
        process.standardOutput = try FileHandle(forWritingTo: outFile)
        process.standardError = try FileHandle(forWritingTo: errorFile)
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let text = String(decoding: try Data(contentsOf: errorFile), as: UTF8.self)
            throw Broken("protoc \(option) (Debian package protobuf-compiler): \(text)")
        }
        return Array(try Data(contentsOf: outFile))
    }

    private static func fields(_ lines: inout ArraySlice<Substring>) throws -> [ProtoField] {
        var found: [ProtoField] = []
        while let raw = lines.popFirst() {
            let line = raw.trimmingCharacters(in: .whitespaces)
            if line == "}" { return found }
            if line.hasSuffix(" {") {
                found.append(
                    ProtoField(name: String(line.dropLast(2)), value: .message(try fields(&lines))))
                continue
            }
            guard let colon = line.range(of: ": ") else { throw Broken("protoc printed: \(line)") }
            let value = line[colon.upperBound...]
            found.append(
                ProtoField(
                    name: String(line[..<colon.lowerBound]),
                    value: value.hasPrefix("\"")
                        ? .bytes(try unescaped(Array(value.utf8.dropFirst().dropLast())))
                        : .word(String(value))))
        }
        return found
    }

    /// C escapes: \n, \r, \t, \", \', \\ and three octal digits.
    private static func unescaped(_ text: [UInt8]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var index = 0
        while index < text.count {
            guard text[index] == 0x5c else {
                bytes.append(text[index])
                index += 1
                continue
            }
            guard index + 1 < text.count else { throw Broken("a lone backslash") }
            switch text[index + 1] {
            case 0x6e: bytes.append(0x0a)
            case 0x72: bytes.append(0x0d)
            case 0x74: bytes.append(0x09)
            case 0x22, 0x27, 0x5c: bytes.append(text[index + 1])
            default:
                guard index + 3 < text.count,
                    let octal = UInt8(String(decoding: text[index + 1...index + 3], as: UTF8.self), radix: 8)
                else { throw Broken("an unknown escape") }
                bytes.append(octal)
                index += 2
            }
            index += 2
        }
        return bytes
    }
}
