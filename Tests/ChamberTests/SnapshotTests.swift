import Model
import Precision
import Testing

@testable import Chamber

@Suite struct SnapshotTests {
    private func taught() -> Settled {
        var board = Settled(celsius: 75)
        _ = board.decide(celsius: 75, throttle: 4, value: 0.9, times: 120)
        return board
    }

    @Test func whatWasLearnedOutlivesARestart() throws {
        let board = taught()
        let bytes = board.chamber.snapshot()
        #expect(bytes.count <= Chamber.snapshotBytesMost)
        #expect(board.chamber.learned.slots.live > 0)
        let again = try #require(Chamber(restoring: bytes, knownHardware: pi4.hash))
        #expect(again.learned.slots.slots == board.chamber.learned.slots.slots)
        #expect(again.chainHead == board.chamber.chainHead)
        #expect(again.snapshot() == bytes)
        var restarted = Settled(celsius: 75)
        restarted.chamber = again
        let after = restarted.decide(celsius: 75, throttle: 4, value: 0.9, times: 8)
        #expect(after[.thermal].weight > 1.05)
    }

    @Test func everyFlippedByteAndEveryCutIsRefused() {
        let bytes = taught().chamber.snapshot()
        for index in bytes.indices {
            var flipped = bytes
            flipped[index] ^= 0x10
            #expect(Chamber(restoring: flipped).map { _ in 1 } == nil)
            #expect(Chamber(restoring: Array(bytes[..<index])).map { _ in 1 } == nil)
        }
        #expect(Chamber(restoring: bytes + [0]).map { _ in 1 } == nil)
        #expect(Chamber(restoring: bytes).map { _ in 1 } == 1)
    }

    @Test func whatIsWrongIsSaid() {
        func fault(_ bytes: [UInt8]) -> SnapshotFault? {
            do throws(SnapshotFault) {
                _ = try Chamber.restore(bytes)
                return nil
            } catch {
                return error
            }
        }
        let bytes = taught().chamber.snapshot()
        #expect(fault(bytes) == nil)
        #expect(fault([]) == .foreign)
        #expect(fault(Array("no snapshot at all".utf8)) == .foreign)
        var newer = bytes
        newer[3] = 0x32
        #expect(fault(newer) == .version(0x32))
        #expect(fault(Array(bytes.prefix(40))) == .length(40))
        #expect(fault(Array(bytes.dropLast())) == .checksum)
        var damaged = bytes
        damaged[50] ^= 1
        #expect(fault(damaged) == .checksum)
        // Well-formed bytes with impossible content: the sum is right, the values are not.
        func sealed(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
            var body = Array(bytes.dropLast(4))
            change(&body)
            let sum = body.withUnsafeBytes { Checksum.crc32c($0) }
            return body + (0..<4).map { UInt8(truncatingIfNeeded: sum >> UInt32(8 * $0)) }
        }
        #expect(fault(sealed { _ in }) == nil)
        // No visits; a share of nothing; one slot twice; a count that isn't the length's.
        #expect(fault(sealed { for at in 96...97 { $0[at] = 0 } }) == .content)
        #expect(fault(sealed { for at in 88...89 { $0[at] = 0 } }) == .content)
        #expect(
            fault(sealed { $0 += $0[87..<100]; $0[85] += 1 }) == .content)
        #expect(fault(sealed { $0[85] += 1 }) == .length(bytes.count))
        // A rise that no board has.
        #expect(
            fault(
                sealed { body in
                    body[68] = 1
                    for at in 69..<85 { body[at] = 0xff }
                }) == .content)
        for fault in [SnapshotFault.foreign, .version(9), .length(3), .checksum, .content] {
            #expect(!fault.text.isEmpty && !fault.hint.isEmpty)
        }
    }

    @Test func randomBytesNeitherTrapNorRestore() {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        let bytes = taught().chamber.snapshot()
        for round in 0..<4000 {
            var mutated = bytes
            switch round % 4 {
            case 0: mutated = (0..<Int(next() % 4000)).map { _ in UInt8(truncatingIfNeeded: next()) }
            case 1: mutated[Int(next() % UInt64(bytes.count))] ^= UInt8(truncatingIfNeeded: next() | 1)
            case 2: mutated.removeLast(Int(next() % UInt64(bytes.count)) + 1)
            default:
                mutated.insert(
                    UInt8(truncatingIfNeeded: next()), at: Int(next() % UInt64(bytes.count)))
            }
            #expect(Chamber(restoring: mutated).map { _ in 1 } == nil)
        }
    }

    /// Whatever was learned comes back as it was: slots of every fill, of every use.
    @Test func snapshotsAreWhatTheyWereMadeOf() throws {
        var chamber = Chamber()
        for slot in 0..<256 {
            for visit in 0...(slot % 5) {
                let loss = Double(visit) / 5
                chamber.learned.slots.learn(UInt8(slot), losses: (loss, 0.5, 1 - loss, 0.2))
            }
            let bytes = chamber.snapshot()
            #expect(bytes.count <= Chamber.snapshotBytesMost)
            let again = try Chamber.restore(bytes)
            #expect(again.learned.slots.slots == chamber.learned.slots.slots)
            #expect(again.learned.slots.live == slot + 1)
            #expect(again.snapshot() == bytes)
        }
        #expect(chamber.snapshot().count == Chamber.snapshotBytesMost)
    }

    @Test func anotherClassOfHardwareSetsItAsideAndTheFormerFindsItAgain() {
        var board = taught()
        let before = board.chamber.learned.slots.live
        var other = pi4
        other.memoryBytes = 8 << 30
        _ = board.decide(celsius: 50, hardware: other, times: 3)
        #expect(board.chamber.learned.slots.live < before)
        #expect(board.chamber.setAside?.slots.live == before)
        board.ms += 120_000
        _ = board.decide(celsius: 75)
        #expect(board.chamber.learned.slots.live >= before)
    }
}
