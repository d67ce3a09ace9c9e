import Model
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
