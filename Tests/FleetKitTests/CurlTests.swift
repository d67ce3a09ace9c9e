// The real client, against an address where nobody listens.

import Testing

@testable import FleetKit

@Suite struct CurlTests {
    @Test func nobodyListens() throws {
        let bench = try Bench()
        let exit = Program.run(
            ["status", "--server", "http://127.0.0.1:1"],
            Surroundings(
                environment: bench.environment, console: bench.console, timepiece: bench.timepiece,
                connect: { CurlClient(caFile: $0) }))
        #expect(exit == .unreachable)
        #expect(bench.console.error.hasPrefix("fleet: can't reach http://127.0.0.1:1: "))
        #expect(bench.console.error.contains("\nhint: "))
    }
}
