// The card's budget, shared by all that is written: what waits, what is owed.

import AgentCore
import FixtureSupport
import Foundation
import Model
import Spool
import Testing

@testable import AgentRuntime

@Suite struct DeviceStoreTests {
    private let state = AgentState.minted(
        serial: "10000000c2a1b3d4", random: [UInt8](repeating: 7, count: 16), seed: [UInt8](repeating: 9, count: 32))

    private func store(_ tree: Scratch, level: Int64? = nil) throws -> DeviceStore {
        let options = try Options(arguments: ["--state-dir", tree.at("state"), "--run-dir", tree.at("run")])
        try FileManager.default.createDirectory(atPath: tree.at("state"), withIntermediateDirectories: true)
        var state = state
        state.writeLeftBytes = level
        return DeviceStore(
            options, state,
            HardwareRecord(model: "a board", serial: "1", cpuCores: 4, cpuMaxMHz: 1000, memoryBytes: 1 << 29),
            kernelBootID: "kernel", log: Log(.error))
    }

    private func level(_ store: DeviceStore) throws -> Int64 {
        try #require(store.charged(state).writeLeftBytes) + WriteBudget.replace(state.text.utf8.count + 32)
    }

    /// The governor's journal is charged; what is urgent is owed; the rest is written once an hour at most.
    @Test func theJournalIsCharged() throws {
        let store = try store(try Scratch())
        let cost = WriteBudget.replaceLoosely(100)
        let full = try level(store)
        #expect(store.mayJournal(bytes: 100, isUrgent: true))
        let state = WriteBudget.replace(self.state.text.utf8.count + 32)
        #expect(abs(try level(store) - (full - state - cost)) < 4096, "but for what flowed in meanwhile")
        for _ in 0..<28 { #expect(!store.mayJournal(bytes: 100, isUrgent: false)) }
        #expect(store.mayJournal(bytes: 100, isUrgent: true))
        #expect(try self.store(try Scratch()).mayJournal(bytes: 100, isUrgent: false))
        #expect(try !self.store(try Scratch(), level: 0).mayJournal(bytes: 100, isUrgent: false))
    }

    /// Starts in a row can't wait: they are owed, to a quarter of a day's budget.
    @Test func aStormOfRestartsIsOwed() throws {
        let store = try store(try Scratch())
        for _ in 0..<200 { _ = store.charged(state) }
        let left = try #require(store.charged(state).writeLeftBytes)
        #expect(left < -3 << 20 && left >= -WriteBudget.defaultBytesPerDay / 4)
    }
}
