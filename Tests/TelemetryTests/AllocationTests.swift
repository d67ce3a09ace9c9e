// A steady cycle asks the heap for nothing: counted, not believed.

import CMeasure
import FixtureSupport
import Model
import Testing

@testable import Telemetry

@Suite struct AllocationTests {
    /// What a cycle may ask for: nothing. A build without optimisation makes a block for each access
    /// through a collection, some seven a file; texts built in a cycle would still show there.
    /// `sensing-bench` counts in the optimised program, and fails when it finds any.
    private func most(_ files: Int) -> UInt64 {
        var isOptimised = true
        assert({ isOptimised = false; return true }())
        return isOptimised ? 0 : UInt64(files) * 8 * 20
    }

    /// The counter counts: an array's storage is one block.
    @Test func theCounterSeesAnAllocation() {
        let before = cmeasure_allocations()
        let array = [Int](unsafeUninitializedCapacity: 1000) { _, count in count = 0 }
        withExtendedLifetime(array) { #expect(cmeasure_allocations() > before) }
    }

    /// After the warm-up, with the last sample held as the agent holds it, over two looks through the
    /// tree: none at all.
    @Test(arguments: ["pi4", "zero2w", "pi5", "x86"])
    func aSteadyCycleAllocatesNothing(name: String) throws {
        let board = try Board(name)
        var held = board.sample()
        for _ in 0..<8 { held = board.sample() }
        let before = cmeasure_allocations()
        for _ in 0..<20 {
            held = board.sample(afterMs: 10_000)
            for step in 0..<4 {
                board.sensors.step(atMs: held.instant.monotonicMs + Int64(step))
                _ = board.sensors.hasStalled()
            }
        }
        let count = cmeasure_allocations() - before
        #expect(count <= 2 * most(board.sensors.files.count), "\(count) allocations in 20 cycles")
        #expect(held.memory != nil)
    }

    /// Nor does one in which sensors fail.
    @Test func aFailingSensorAllocatesNothing() throws {
        let board = try Board("zero2w")
        _ = board.sample()
        try board.tree.write("sys/class/thermal/thermal_zone0/temp", "hot\n")
        try board.tree.write("proc/loadavg", "many\n")
        var held = board.sample()
        for _ in 0..<8 { held = board.sample() }
        let before = cmeasure_allocations()
        for _ in 0..<20 { held = board.sample(afterMs: 10_000) }
        let count = cmeasure_allocations() - before
        #expect(count <= most(board.sensors.files.count), "\(count) allocations in 20 cycles")
        #expect(held.faults.count == 2)
    }

    /// Nor does a look that finds the same machine.
    @Test(arguments: ["pi4", "zero2w", "pi5", "x86"])
    func aLookAtTheSameHardwareAllocatesNothing(name: String) throws {
        let board = try Board(name)
        let first = try #require(board.sensors.hardware())
        let before = cmeasure_allocations()
        for _ in 0..<20 { _ = board.sensors.hardware() }
        let count = cmeasure_allocations() - before
        #expect(count <= 2 * most(board.sensors.files.count), "\(count) allocations in 20 looks")
        #expect(board.sensors.hardware() == first)
    }

    @Test func thisMachineIsSampledWithoutAllocating() {
        let sensors = DeviceSensors()
        var instant = Instant.now()
        var held = sensors.sample(at: instant)
        for _ in 0..<8 { held = sensors.sample(at: instant) }
        let before = cmeasure_allocations()
        for _ in 0..<20 {
            instant.monotonicMs += 10_000
            held = sensors.sample(at: instant)
        }
        let count = cmeasure_allocations() - before
        #expect(count <= most(sensors.files.count), "\(count) allocations in 20 cycles")
        #expect(held.memory != nil)
    }
}
