// When memory is given back, and that the program goes on without it.

import System
import Testing

@testable import AgentRuntime

@Suite struct MemoryReleaseTests {
    @Test func onceAfterTheStart() {
        var release = MemoryRelease(startedMs: 1_000)
        let due = [10_999, 11_000, 10_000_000].map { release.isCodeDue(nowMs: $0) }
        #expect(due == [false, true, false])
    }

    @Test func afterTheLastOfSomeConnections() {
        var release = MemoryRelease(startedMs: 0)
        release.noteConnection(nowMs: 4_000)
        release.noteConnection(nowMs: 9_000)
        let due = [18_999, 19_000].map { release.isCodeDue(nowMs: $0) }
        #expect(due == [false, true])
    }

    @Test func seldomWhereEachRequestOpensOne() {
        var release = MemoryRelease(startedMs: 0)
        var times = 0
        for second in 0..<3_600 {
            if second % 15 == 0 { release.noteConnection(nowMs: Int64(second) * 1000) }
            if release.isCodeDue(nowMs: Int64(second) * 1000) { times += 1 }
        }
        #expect((5...6).contains(times))
    }

    @Test func theUnusedEachTenMinutes() {
        var release = MemoryRelease(startedMs: 0)
        let due = (0..<3_600).filter { release.isUnusedDue(nowMs: Int64($0) * 1000) }
        #expect(due == [10, 610, 1_210, 1_810, 2_410, 3_010])
    }

    /// Constants and written data are what they were.
    @Test func theProgramGoesOn() throws {
        let before = "\(Process.id) of \(Machine.architecture)"
        try Process.releaseCode()
        #expect("\(Process.id) of \(Machine.architecture)" == before)
    }
}
