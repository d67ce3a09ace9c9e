// Stalls found in the kernel's account, between the samples.

import FixtureSupport
import Testing

@testable import Telemetry

@Suite struct StallLookTests {
    private func put(_ total: UInt64, on board: Board) throws {
        let averages = "avg10=0.00 avg60=0.00 avg300=0.00"
        try board.tree.write(
            "proc/pressure/memory", "some \(averages) total=\(total)\nfull \(averages) total=0\n")
    }

    @Test func eachStallIsFoundOnce() throws {
        let board = try Board("pi4")
        var total: UInt64 = 1_000_000
        try put(total, on: board)
        // The tree wasn't looked through yet.
        #expect(!board.sensors.hasStalled())
        _ = board.sample()
        for _ in 0..<100 {
            // Whatever it grows by, it's the growth since the last look that counts.
            let growth = UInt64.random(in: 0..<300_000)
            total += growth
            try put(total, on: board)
            #expect(board.sensors.hasStalled() == (growth >= 150_000), "\(growth)")
            #expect(!board.sensors.hasStalled())
        }
    }

    @Test(arguments: [UInt64(149_999), 150_000]) func theLeastIsTheTriggers(growth: UInt64) throws {
        let board = try Board("pi4")
        try put(7, on: board)
        _ = board.sample()
        try put(7 + growth, on: board)
        #expect(board.sensors.hasStalled() == (growth == 150_000))
    }

    /// What a sample has seen wakes nobody again.
    @Test func aSampleIsALook() throws {
        let board = try Board("pi4")
        try put(0, on: board)
        _ = board.sample()
        try put(900_000, on: board)
        _ = board.sample()
        #expect(!board.sensors.hasStalled())
    }

    @Test func anAccountThatCantBeReadIsNoStall() throws {
        let board = try Board("pi4")
        try put(0, on: board)
        _ = board.sample()
        try board.tree.write("proc/pressure/memory", "some avg10=0.00 total=much\n")
        #expect(!board.sensors.hasStalled())
        // From nothing to something is no growth, nor is one that begins anew.
        try put(900_000, on: board)
        #expect(!board.sensors.hasStalled())
        try put(400_000, on: board)
        #expect(!board.sensors.hasStalled())
        try board.tree.remove("proc/pressure/memory")
        #expect(!board.sensors.hasStalled())
    }

    @Test func withoutPSIThereIsNoAccount() throws {
        let board = try Board("zero2w")
        _ = board.sample()
        #expect(!board.sensors.hasStalled())
    }
}
