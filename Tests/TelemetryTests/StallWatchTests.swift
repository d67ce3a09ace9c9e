// How stalls become known: by the kernel's trigger, or the next best.

import FixtureSupport
import Foundation
import Model
import System
import Testing

@testable import Telemetry

@Suite struct StallWatchTests {
    @Test func fixturesAreReadAndNeverWrittenTo() throws {
        let tree = try Scratch(fixture: "pi4")
        let text = try tree.text("proc/pressure/memory")
        let watch = StallWatch(procfsRoot: tree.at("proc"), groupFolder: tree.at("cgroup/workload.slice"))
        #expect(watch.source == .averages)
        #expect(watch.descriptor == nil)
        #expect(try tree.text("proc/pressure/memory") == text)
    }

    @Test func withoutPSITheGroupsEventsAndThenTheCountersStandIn() throws {
        let tree = try Scratch(fixture: "zero2w")
        let group = tree.at("cgroup/workload.slice")
        #expect(StallWatch(procfsRoot: tree.at("proc"), groupFolder: group).source == .vmstat)
        try tree.write("cgroup/workload.slice/memory.events", "low 0\nhigh 0\nmax 0\noom 0\n")
        let watch = StallWatch(procfsRoot: tree.at("proc"), groupFolder: group)
        #expect(watch.source == .memoryEvents)
        #expect(watch.descriptor == nil)
        try tree.remove("proc/vmstat")
        #expect(StallWatch(procfsRoot: tree.at("proc")).source == nil)
    }

    @Test func aGroupThatComesLateIsFound() throws {
        let tree = try Scratch(fixture: "zero2w")
        let watch = StallWatch(
            procfsRoot: tree.at("proc"), groupFolder: tree.at("cgroup/late.slice"))
        #expect(watch.source == .vmstat)
        try tree.write("cgroup/late.slice/memory.events", "high 0\n")
        let isEarly = watch.retry(nowMs: 1000)
        #expect(!isEarly)
        _ = watch.retry(nowMs: 100_000)
        #expect(watch.source == .memoryEvents)
    }

    /// Where this machine's kernel has PSI it either gives a trigger, which is quiet now or not but can
    /// be polled, or says why not.
    @Test func thisMachinesKernelGivesATriggerOrAReason() throws {
        let watch = StallWatch()
        guard (try? FileSystem.read("/proc/pressure/memory")) != nil else {
            #expect(watch.source == .vmstat)
            return
        }
        guard let descriptor = watch.descriptor else {
            #expect(watch.refusal != nil)
            #expect(watch.source == .averages)
            return
        }
        #expect(watch.source == .trigger)
        var items = [PollItem(descriptor, .priority)]
        _ = try PollItem.wait(&items, timeoutMs: 0)
        #expect(!items[0].ready.contains(.error))
        let goesOn = watch.rearm()
        #expect(goesOn)
    }
}
