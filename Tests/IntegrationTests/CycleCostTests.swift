// What a decision cycle may cost, held on the program as it is built for use: a debug build boxes and
// copies what an optimised one doesn't.

import Foundation
import Testing

@Suite struct CycleCostTests {
    @Test(arguments: [0, 4])
    func aDecisionCycleAllocatesNothingAfterWarmUp(steps: Int) throws {
        let bench = Programs.root.appending(path: ".build/release/chamber-bench").path
        try #require(FileManager.default.fileExists(atPath: bench), "make build makes \(bench)")
        let run = try Programs.run(bench, ["--cycles", "2048", "--steps", "\(steps)"])
        #expect(run.status == 0, "\(run.err)")
        let line = try #require(run.out.split(separator: "\n").last)
        // The counter counts: setting up did allocate.
        #expect(!line.hasPrefix("allocations: 0 in"), "\(line)")
        #expect(line.hasSuffix("then 0"), "\(line)")
    }
}
