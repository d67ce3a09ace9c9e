// What a commit that fails means: nobody is acknowledged, and people hear of it.

import Aggregator
import Foundation
import Model
import ServerTesting
import Synchronization
import Testing

@testable import Ingest
@testable import Store

private final class Heard: Sendable {
    let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var count: Int { lines.withLock { $0.count } }
}

@Suite struct CommitTests {
    @Test func failuresAreLoggedOnceCountedAndMakeItUnready() throws {
        let heard = Heard()
        let harness = try Harness { level, text in heard.add("\(level) \(text)") }
        var device = try harness.enrolled(1)
        #expect(harness.client.request("GET", "/readyz")?.status == 200)
        // Another program, up to no good.
        let other = try FleetStore(path: harness.folder + "/phi.db", nowMs: 0)
        try other.database.execute("ALTER TABLE reports RENAME TO hidden")
        let report = device.report()
        for _ in 0..<3 { #expect(try harness.client.send(report, of: device).status == 503) }
        #expect(harness.client.request("GET", "/readyz")?.status == 503)
        #expect(harness.client.request("GET", "/healthz")?.status == 200)
        #expect(try harness.metric("phi_commit_failures_total") == 3)
        #expect(heard.count == 1)
        try other.database.execute("ALTER TABLE hidden RENAME TO reports")
        #expect(try harness.client.send(report, of: device).status == 200)
        #expect(harness.client.request("GET", "/readyz")?.status == 200)
        #expect(heard.lines.withLock { $0.last } == "info commits succeed again")
        #expect(heard.count == 2)
        harness.service.stop()
    }

    @Test func aLostTransactionFailsTheWholeBatch() throws {
        struct Stop: Error {}
        let path = temporaryFolder() + "/phi.db"
        let store = try FleetStore(path: path, nowMs: 1)
        let key = [UInt8](repeating: 1, count: 32)
        let registry = Registry(FleetView(startedMs: 1, silentAfterMs: nil))
        let ledger = Ledger(
            store: store, registry: registry, counters: Counters(), masterKey: key, wake: { _ in })
        let results = Mutex<[String]>([])
        func job(_ work: @escaping @Sendable (Ledger) throws -> Void) -> Job {
            .task(LedgerTask(work) { result in
                let word = if case .success = result { "success" } else { "failure" }
                results.withLock { $0.append(word) }
            })
        }
        let make = job { _ = try $0.makeToken(label: "", uses: 1, lifetimeMs: 1, autoAccepts: true) }
        ledger.commit([make, job { _ in throw Stop() }, make], nowMs: 2)
        #expect(results.withLock { $0 } == ["success", "failure", "success"])
        #expect(try store.tokens().count == 2)
        results.withLock { $0 = [] }
        ledger.commit(
            [make, job { $0.store.rollback(); throw Stop() }, make], nowMs: 3)
        #expect(results.withLock { $0 } == ["failure", "failure", "failure"])
        #expect(try store.tokens().count == 2)
    }
}
