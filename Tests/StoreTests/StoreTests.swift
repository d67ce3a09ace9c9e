import Digest
import Foundation
import Merge
import Model
import Rollout
import ServerTesting
import Testing
import Wire

@testable import Store

private func temporaryPath() -> String {
    TemporaryFolders.make() + "/phi.db"
}

private func enrolled(_ device: TestDevice, in store: FleetStore) throws -> DeviceRecord {
    let request = try EnrolRequest(verifying: device.enrolment(token: "secret"))
    var record = DeviceRecord(enrolling: request, status: .accepted, token: "t", nowMs: 5)
    try store.save(&record)
    return record
}

@Suite struct StoreTests {
    @Test func isDurableByItsSettings() throws {
        let store = try FleetStore(path: temporaryPath(), nowMs: 1)
        #expect(try store.database.query("PRAGMA journal_mode") { $0.text(0) } == ["wal"])
        // 2 is FULL.
        #expect(try store.database.query("PRAGMA synchronous") { $0.int(0) } == [2])
    }

    @Test func aClosedStoreLeavesNothingInItsLog() throws {
        let path = temporaryPath()
        let store = try FleetStore(path: path, nowMs: 1)
        let reader = try FleetStore(readingFrom: path)
        _ = try enrolled(TestDevice(1), in: store)
        #expect(try reader.devices().count == 1)
        reader.close()
        store.close()
        #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
        #expect(throws: StoreFault.self) { try store.devices() }
        store.rollback()
    }

    @Test func keepsItsEpochAndRefusesANewerSchema() throws {
        let path = temporaryPath()
        let epoch = try FleetStore(path: path, nowMs: 1).epoch
        do {
            let store = try FleetStore(path: path, nowMs: 2)
            #expect(store.epoch == epoch)
            try store.database.run("INSERT INTO migrations VALUES (99, 0)")
        }
        #expect(throws: StoreFault.newerSchema(found: 99, known: Schema.version)) {
            try FleetStore(path: path, nowMs: 3)
        }
    }

    @Test func refusesAFolderThatIsNotThere() {
        #expect(throws: StoreFault.self) { try FleetStore(path: "/nonexistent/phi.db", nowMs: 1) }
    }

    @Test func refusesAFileThatIsNoDatabase() throws {
        let path = temporaryPath()
        try Data(repeating: 0x41, count: 5000).write(to: URL(fileURLWithPath: path))
        #expect(throws: StoreFault.self) { try FleetStore(path: path, nowMs: 1) }
    }

    @Test func aReportIsStoredOnceWithItsExactBytes() throws {
        let store = try FleetStore(path: temporaryPath(), nowMs: 1)
        var device = TestDevice(1)
        let record = try enrolled(device, in: store)
        let chunks: [[UInt8]] = [[1, 2, 3], [0], [UInt8](repeating: 7, count: 5000)]
        let reports = [device.report(), device.report(chunks: chunks)]
        for sealed in reports {
            #expect(try store.insert(sealed, device: record.number, receivedMs: 9))
            #expect(try !store.insert(sealed, device: record.number, receivedMs: 10))
        }
        for sealed in reports {
            let position = Position(boot: 1, sequence: sealed.report.sequence)
            let stored = try #require(try store.report(device: record.number, position))
            #expect(stored.sealed == sealed && stored.receivedMs == 9)
        }
        var history: [(sequence: UInt64, chunkCount: Int, receivedMs: Int64)] = []
        try store.history(device: record.number, limit: 10) {
            history.append(($0.sequence, $0.chunks.count, $1))
        }
        #expect(history.map(\.sequence) == [2, 1])
        #expect(history.allSatisfy { $0.receivedMs == 9 && $0.chunkCount == 0 })
        history = []
        try store.history(device: record.number, limit: 1) { history.append(($0.sequence, 0, $1)) }
        #expect(history.count == 1)
        #expect(try store.chunks(device: record.number, Position(boot: 1, sequence: 2)) == chunks)
        // The chunks aren't in the report's row too.
        let size = try store.database.query("SELECT length(body) FROM reports WHERE sequence = 2") { $0.int(0) }
        #expect((size.first ?? 0) < 2000)
    }

    @Test func forksOfADeviceAreBounded() throws {
        let store = try FleetStore(path: temporaryPath(), nowMs: 1)
        let (one, two) = (try enrolled(TestDevice(1), in: store), try enrolled(TestDevice(2), in: store))
        try store.addFork(device: two.number, Position(boot: 1, sequence: 1), head: .zero, nowMs: 1)
        for sequence in 1...200 as ClosedRange<UInt64> {
            try store.addFork(device: one.number, Position(boot: 1, sequence: sequence), head: .zero, nowMs: 1)
        }
        let forks = try store.forks()
        #expect(forks[one.number] == Set((137...200).map { Position(boot: 1, sequence: $0) }))
        #expect(forks[two.number]?.count == 1)
    }

    @Test func devicesComeBackAsTheyWere() throws {
        let path = temporaryPath()
        var device = TestDevice(2)
        device.labels = [Label(key: "site", value: "a"), Label(key: "rack", value: "7")]
        let record = try enrolled(device, in: try FleetStore(path: path, nowMs: 1))
        #expect(try FleetStore(path: path, nowMs: 2).devices() == [record])
    }

    @Test func rolloutsGoOnWhereTheyWere() throws {
        let path = temporaryPath()
        let set = ParameterSet(version: 2)
        let key = TestDevice(1).key
        let envelope = Envelope(
            signing: set, with: key, keySet: [], root: key.publicKey,
            rootSignature: [UInt8](repeating: 0, count: 64))
        let plan = RolloutPlan(
            id: RolloutID(value: .max), version: 2, scope: set.scope, strategy: .golden, soakMs: 7,
            author: "ada", message: "why", createdMs: 3)
        var state = RolloutState(plan, targets: (0..<9).map { TestDevice($0).id }) { _ in true }
        do {
            let store = try FleetStore(path: path, nowMs: 1)
            try store.add(
                SetRecord(set: set, envelope: envelope, author: "ada", message: "why", createdMs: 3))
            try store.add(state)
            for nowMs in [10, 20] as [Int64] {
                let change = state.step(.tick, nowMs: nowMs) { _ in true }
                try store.save(state, change)
            }
        }
        let store = try FleetStore(path: path, nowMs: 2)
        #expect(try store.sets().map(\.envelope) == [envelope])
        #expect(try store.rollouts { _ in set.scope } == [state])
    }

    @Test func aTransactionThatSQLiteGaveUpIsTold() throws {
        struct Stop: Error {}
        let store = try FleetStore(path: temporaryPath(), nowMs: 1)
        try store.begin()
        _ = try enrolled(TestDevice(1), in: store)
        #expect(throws: StoreFault.transactionLost) {
            try store.atomically {
                // As after SQLITE_FULL.
                store.rollback()
                throw Stop()
            }
        }
        #expect(throws: StoreFault.self) { try store.commit() }
        #expect(try store.devices().isEmpty)
    }

    @Test func aFailedPartLeavesTheRestOfItsTransaction() throws {
        struct Stop: Error {}
        let store = try FleetStore(path: temporaryPath(), nowMs: 1)
        try store.begin()
        _ = try enrolled(TestDevice(1), in: store)
        #expect(throws: Stop.self) {
            try store.atomically {
                _ = try enrolled(TestDevice(2), in: store)
                throw Stop()
            }
        }
        try store.commit()
        #expect(try store.devices().map(\.id) == [TestDevice(1).id])
    }
}
