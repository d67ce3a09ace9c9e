// Style and structure as a test: floors, forbidden imports, traps, files without an opening.

import Foundation
import Testing

struct SourceFile {
    let path: String
    let floor: String
    let module: String
    let text: String

    var imports: [String] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ").filter {
                !["public", "internal", "private", "@testable", "@preconcurrency"].contains($0)
            }
            guard words.count >= 2, words[0] == "import" else { return nil }
            return String(words[words.count - 1].split(separator: ".")[0])
        }
    }
}

enum Tree {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Lowest first.
    static let floors = ["Shims", "Core", "Policy", "Device", "Server", "CLI", "Simulation"]

    static func sources() throws -> [SourceFile] {
        let folder = root.appending(path: "Sources")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        return try paths.filter { $0.hasSuffix(".swift") }.sorted().map { path in
            let parts = path.split(separator: "/").map(String.init)
            let text = try String(contentsOf: folder.appending(path: path), encoding: .utf8)
            // Simulation is one library room and its programs: Simulation/File.swift.
            let module = parts.count > 2 ? parts[1] : parts[0]
            return SourceFile(path: path, floor: parts[0], module: module, text: text)
        }
    }

    /// Module name → floor index.
    static func modules() throws -> [String: Int] {
        var found: [String: Int] = [:]
        for (index, floor) in floors.enumerated() {
            let folder = root.appending(path: "Sources/\(floor)").path
            for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
                if !name.hasSuffix(".swift") { found[name] = index }
            }
        }
        if FileManager.default.fileExists(atPath: root.appending(path: "Sources/Simulation").path) {
            found["Simulation"] = floors.firstIndex(of: "Simulation")
        }
        return found
    }
}

@Test func everyFloorIsKnown() throws {
    let folders = try FileManager.default.contentsOfDirectory(
        atPath: Tree.root.appending(path: "Sources").path)
    #expect(Set(folders).isSubset(of: Set(Tree.floors)))
    #expect(try Tree.sources().count > 40)
}

@Test func importsGoDownward() throws {
    let modules = try Tree.modules()
    var upward: [String] = []
    for file in try Tree.sources() {
        guard let own = Tree.floors.firstIndex(of: file.floor) else { continue }
        for name in file.imports {
            if let floor = modules[name], floor > own { upward.append("\(file.path) imports \(name)") }
        }
    }
    #expect(upward == [])
}

@Test func theCheckSeesAnUpwardImport() throws {
    let file = SourceFile(
        path: "Core/Phi/X.swift", floor: "Core", module: "Phi",
        text: "// x\npublic import Store\nimport struct Model.Sample\n@testable import Chamber\n")
    #expect(file.imports == ["Store", "Model", "Chamber"])
    #expect(try #require(try Tree.modules()["Store"]) > 1)
}

@Test func theOperatorsCommandKnowsNoServer() throws {
    let server = try Tree.modules().filter { $0.value == 4 }.map(\.key)
    for file in try Tree.sources() where file.floor == "CLI" {
        #expect(file.imports.filter { server.contains($0) } == [], "\(file.path)")
    }
}

/// Foundation and libc are for Server and CLI, on the device libc only behind the shims; a shim has
/// its own rooms.
@Test func forbiddenImports() throws {
    let shimUsers: [String: Set<String>] = [
        "CPosix": ["System"],
        "CCares": ["Transport"],
        "CCurl": ["Transport"],
        "CCrypto": ["Digest", "FleetKit"],
        "CSensors": ["Telemetry"],
        "CMeasure": ["chamber-bench", "pool-bench", "sensing-bench"],
        "CMicrohttpd": ["HTTPServer"],
        "CSQLite": ["Store"],
    ]
    var wrong: [String] = []
    for file in try Tree.sources() {
        for name in file.imports {
            let isHosted = name.hasPrefix("Foundation") || ["Glibc", "Musl"].contains(name)
            if isHosted, ["Core", "Policy", "Device"].contains(file.floor) {
                wrong.append("\(file.path) imports \(name)")
            }
            if let users = shimUsers[name], !users.contains(file.module) {
                wrong.append("\(file.path) imports \(name)")
            }
        }
    }
    #expect(wrong == [])
}

@Test func noTrapsOnInput() throws {
    var wrong: [String] = []
    for file in try Tree.sources() {
        for (index, line) in file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let code = line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[0]
            for word in ["try!", "as!", "fatalError("] where code.contains(word) {
                wrong.append("\(file.path):\(index + 1): \(word)")
            }
        }
    }
    #expect(wrong == [])
}

@Test func everyFileOpensWithItsJobAndFitsOneRoom() throws {
    for file in try Tree.sources() where !file.path.hasSuffix("main.swift") {
        let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false).count
        // A short file of one declaration is opened by its name.
        #expect(
            lines <= 100 || file.text.hasPrefix("//"), "\(file.path) has no opening comment")
        #expect(lines <= 420, "\(file.path) has \(lines) lines: move walls")
    }
}

@Test func shimHeadersAreFreestanding() throws {
    for shim in ["CPosix", "CCares", "CCurl", "CCrypto", "CSensors"] {
        let folder = Tree.root.appending(path: "Sources/Shims/\(shim)/include")
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            for line in text.split(separator: "\n") where line.hasPrefix("#include <") {
                #expect(
                    ["#include <stddef.h>", "#include <stdint.h>", "#include <stdbool.h>"]
                        .contains(String(line)), "\(shim)/\(name): \(line)")
            }
        }
    }
}
