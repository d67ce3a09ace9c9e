// Files that stay open from one read to the next, as the kernel has them: a group of cgroup v2 goes and comes
// back, and its files with it.

import FixtureSupport
import Foundation
import Testing

@testable import System

@Suite struct HeldFileTests {
    private func text(_ file: HeldFile) -> (count: Int, text: String) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 512) { buffer in
            let count = file.read(into: buffer)
            return (count, String(decoding: buffer.prefix(max(0, count)), as: UTF8.self))
        }
    }

    @Test(.enabled(if: KernelTree.root != nil, "no cgroup v2 tree to write to"))
    func whatTheDeviceTookAlongIsFoundAgain() throws {
        let group = "\(try #require(KernelTree.root))/phi-held-\(getpid())"
        try #require(mkdir(group, 0o755) == 0)
        defer { rmdir(group) }
        let file = HeldFile("\(group)/cgroup.type")
        #expect(text(file).text == "domain\n")
        #expect(FileSystem.isKernels("\(group)/cgroup.type"))
        // Of a file that is open the kernel says ENODEV, of its name ENOENT.
        #expect(rmdir(group) == 0)
        #expect(text(file).count == -Int(ENOENT))
        #expect(text(file).count == -Int(ENOENT))
        try #require(mkdir(group, 0o755) == 0)
        #expect(text(file).text == "domain\n")
        // Gone and back between two reads: the descriptor is stale, the next read has the new file.
        #expect(rmdir(group) == 0)
        try #require(mkdir(group, 0o755) == 0)
        #expect(text(file).text == "domain\n")
    }

    @Test func aFileThatIsReplacedIsReadAnew() throws {
        let scratch = try Scratch()
        try scratch.write("file", "first")
        let file = HeldFile(scratch.at("file"))
        #expect(text(file).text == "first")
        try scratch.write("file", "second, and longer")
        #expect(text(file).text == "second, and longer")
        try scratch.write("file", String(repeating: "x", count: 512))
        #expect(text(file).count == -Int(EFBIG))
        try scratch.remove("file")
        #expect(text(file).count == -Int(ENOENT))
    }
}
