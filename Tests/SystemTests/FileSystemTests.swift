import FixtureSupport
import Foundation
import System
import Testing

@Suite struct FileSystemTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func replaceIsWholeAndLeavesNothingBehind() throws {
        let path = scratch.at("state")
        try FileSystem.replace(path, with: Array("one".utf8), mode: 0o600)
        try FileSystem.replace(path, with: Array("two".utf8), mode: 0o600)
        #expect(try scratch.text("state") == "two")
        #expect(try FileSystem.status(path).mode == 0o600)
        #expect(try FileSystem.list(scratch.path) == ["state"])
    }

    @Test func replaceSetsTheModeWhateverTheUmask() throws {
        let path = scratch.at("open")
        try FileSystem.replace(path, with: [], mode: 0o666, durable: false)
        #expect(try FileSystem.status(path).mode == 0o666)
    }

    /// Lines that end in another piece than they begin in, and one that no buffer holds.
    @Test(arguments: [
        ("one\ntwo\n\nthree", ["one", "two", "", "three"]), ("", []), ("\n", [""]),
        ("1234567\n12345678\n", ["1234567", "12345678", ""]), ("123456789012\n3\n", ["12345678", "9012", "3"]),
    ])
    func aFileIsReadByLines(text: String, lines: [String]) throws {
        try FileSystem.replace(scratch.at("lines"), with: Array(text.utf8))
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 8)
        defer { buffer.deallocate() }
        var seen: [String] = []
        FileSystem.forEachLine(of: scratch.at("lines"), using: buffer) { seen.append(String(decoding: $0, as: UTF8.self)) }
        #expect(seen == lines)
        FileSystem.forEachLine(of: scratch.at("nothing"), using: buffer) { _ in Issue.record("a line of no file") }
    }

    @Test func replaceInAMissingFolderSaysSo() {
        #expect(throws: Errno.notFound) {
            try FileSystem.replace(scratch.at("no/where"), with: [1])
        }
    }

    @Test(arguments: [0, 1, 4095, 4096, 4097, 100_000])
    func readReturnsEveryByte(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        try FileSystem.replace(scratch.at("file"), with: bytes, durable: false)
        #expect(try FileSystem.read(scratch.at("file")) == bytes)
    }

    @Test func readStopsAtItsLimit() throws {
        let bytes = [UInt8](repeating: 7, count: 5000)
        try FileSystem.replace(scratch.at("file"), with: bytes, durable: false)
        #expect(try FileSystem.read(scratch.at("file"), limit: 5000) == bytes)
        #expect(throws: Errno.tooLong) { try FileSystem.read(scratch.at("file"), limit: 4999) }
    }

    @Test func aFifoOrFolderIsRefusedAtOnce() throws {
        #expect(mkfifo(scratch.at("fifo"), 0o600) == 0)
        #expect(throws: Errno.invalid) { try FileSystem.read(scratch.at("fifo")) }
        #expect(throws: Errno(code: EISDIR)) { try FileSystem.read(scratch.path) }
        #expect(throws: Errno.self) { try FileSystem.writeExisting(scratch.at("fifo"), [1]) }
    }

    @Test func writeExistingCreatesNothingAndCutsTheRest() throws {
        #expect(throws: Errno.notFound) { try FileSystem.writeExisting(scratch.at("x"), [1]) }
        try scratch.write("x", "max 100000\n")
        try FileSystem.writeExisting(scratch.at("x"), Array("5\n".utf8))
        #expect(try scratch.text("x") == "5\n")
    }

    @Test func foldersAreMadeWithTheirMode() throws {
        let path = scratch.at("a/b/c")
        try FileSystem.makeFolder(path, mode: 0o700)
        try FileSystem.makeFolder(path, mode: 0o700)
        #expect(try FileSystem.status(path).isFolder)
        #expect(try FileSystem.status(scratch.at("a")).mode == 0o700)
        try scratch.write("file", "")
        #expect(throws: Errno.self) { try FileSystem.makeFolder(scratch.at("file/below")) }
    }

    @Test func listsSortedNames() throws {
        for name in ["b", "a", "ä", "B"] { try scratch.write(name, "") }
        #expect(try FileSystem.list(scratch.path) == ["B", "a", "b", "ä"])
        #expect(throws: Errno.notFound) { try FileSystem.list(scratch.at("none")) }
    }

    @Test func appendAdds() throws {
        try FileSystem.append(scratch.at("log"), Array("a".utf8))
        try FileSystem.append(scratch.at("log"), Array("b".utf8))
        #expect(try scratch.text("log") == "ab")
    }

    @Test func lockIsExclusiveUntilItIsLetGo() throws {
        let path = scratch.at("lock")
        do {
            let lock = try Lock(path)
            #expect(throws: Errno.wouldBlock) { _ = try Lock(path) }
            _ = consume lock
        }
        _ = try Lock(path)
    }

    @Test func openFileSeesChangesInPlaceAndByRename() throws {
        try scratch.write("temp", "1")
        let file = OpenFile(scratch.at("temp"))
        #expect(try Array(file.read()) == Array("1".utf8))
        let handle = try #require(FileHandle(forWritingAtPath: scratch.at("temp")))
        try handle.write(contentsOf: Data("2".utf8))
        #expect(try Array(file.read()) == Array("2".utf8))
        try FileSystem.replace(scratch.at("temp"), with: Array("33".utf8), durable: false)
        #expect(try Array(file.read()) == Array("33".utf8))
        try scratch.remove("temp")
        #expect(throws: Errno.notFound) { try file.read() }
        try scratch.write("temp", "4")
        #expect(try Array(file.read()) == Array("4".utf8))
    }
}
