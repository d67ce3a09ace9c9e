// A disk that is full, a folder that can't be made, and how large files become.

import AgentCore
import CoreTesting
import FixtureSupport
import Foundation
import Model
import System
import TensorPool
import Testing

@testable import Spool

@Suite struct DiskTests {
    /// /dev/full answers every write with ENOSPC.
    @Test func aFullDiskIsSaidOnceAndTheNextWriteSucceeds() throws {
        let scratch = try Scratch()
        let spool = Spool(scratch)
        try spool.store(try chunks(0, 5), stamp())
        let name = try #require(try segments(scratch).first)
        let path = scratch.at("spool/\(name)")
        let kept = try contents(path)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/full")
        // A symbolic link isn't followed: an error all the same, and the agent goes on.
        #expect(spool.write(batch(try chunks(5, 5), stamp(atMs: 2_000))) == .failed)
        #expect(spool.fault != nil)
        let notes = spool.takeNotes()
        #expect(notes.count == 1 && notes[0].level == .error && notes[0].text.contains("goes on in memory"))
        // A new segment takes the next one.
        try FileManager.default.removeItem(atPath: path)
        try put(kept, path)
        try spool.store(try chunks(5, 5), stamp(atMs: 3_000))
        #expect(spool.fault == nil)
        #expect(spool.takeNotes().map(\.level) == [.notice])
        #expect(Set(try drain(Spool(scratch), nothing(2))) == Set(names(1, 0..<10)))
    }

    @Test func aFolderThatCannotBeMadeIsNoEnd() throws {
        let scratch = try Scratch()
        try scratch.write("spool", "a file in the folder's place")
        let spool = Spool(scratch)
        #expect(spool.fault != nil)
        #expect(spool.takeNotes().count == 1)
        #expect(spool.write(batch(try chunks(0, 5), stamp())) == .failed)
        #expect(spool.fetch(maxBytes: 1 << 20, nothing(1)).isEmpty)
    }

    @Test func segmentsStayWithinTheirSizeAndRecordsWithinAReport() throws {
        let scratch = try Scratch()
        let spool = Spool(scratch)
        let noise = try Noise(series: Array(1...8))
        for turn in 0..<12 { try spool.store(try noise.next(score: 0.5), stamp(atMs: Int64(turn))) }
        let found = try SpoolInspection.look(scratch.at("spool"), decodesChunks: true) { found in
            let bytes = found.record.chunks.reduce(0) { $0 + $1.count }
            #expect(bytes <= SpoolRecord.chunkBytesMax || found.record.chunks.count == 1)
        }
        #expect(found.count > 1)
        for segment in found { #expect(segment.bytes <= Spool.segmentBytes && segment.isSound) }
        #expect(found.reduce(0) { $0 + $1.values } == 12 * 512 * 8)
    }
}
