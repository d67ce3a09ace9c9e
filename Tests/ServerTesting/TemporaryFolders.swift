// Folders for tests, all inside one that is removed when the tests' process ends.

import Foundation

public enum TemporaryFolders {
    private static let root: String = {
        let path = NSTemporaryDirectory() + "phi-server-tests-\(UUID().uuidString)"
        atexit { TemporaryFolders.removeAll() }
        return path
    }()

    private static func removeAll() { try? FileManager.default.removeItem(atPath: root) }

    public static func make() -> String {
        let path = root + "/" + UUID().uuidString
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}
