// A throw-away folder, often a copy of a fixture tree whose files a test then moves. All of a
// process's lie in one folder that goes when the process ends: what a test reads there must not
// depend on how long the compiler keeps a variable alive.

import Foundation

private enum Root {
    static let url: URL = {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("phi-test-\(getpid())")
        try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(at: Root.url) }
        return url
    }()
}

public struct Scratch: Sendable {
    public let path: String

    /// An empty folder, or a copy of `Tests/Fixtures/<fixture>`.
    public init(fixture: String? = nil) throws {
        let folder = Root.url.appendingPathComponent(UUID().uuidString)
        path = folder.path
        if let fixture {
            let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .deletingLastPathComponent().appendingPathComponent("Fixtures/\(fixture)")
            try FileManager.default.copyItem(at: source, to: folder)
        } else {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
    }

    public func at(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes in place (same file), creating folders on the way.
    public func write(_ name: String, _ text: String) throws {
        let url = URL(fileURLWithPath: at(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    public func text(_ name: String) throws -> String {
        try String(contentsOfFile: at(name), encoding: .utf8)
    }

    public func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: at(name))
    }

    public func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: at(name)) }
}
