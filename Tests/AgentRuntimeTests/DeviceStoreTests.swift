// The card's budget, shared by all that is written: what waits, what is owed.

import AgentCore
import FixtureSupport
import Foundation
import Model
import Spool
import TensorPool
import Testing

@testable import AgentRuntime

@Suite struct DeviceStoreTests {
    private let state = AgentState.minted(
        serial: "10000000c2a1b3d4", random: [UInt8](repeating: 7, count: 16), seed: [UInt8](repeating: 9, count: 32))

    private func store(_ tree: Scratch, level: Int64? = nil, arguments: [String] = []) throws -> DeviceStore {
        let options = try Options(
            arguments: ["--state-dir", tree.at("state"), "--run-dir", tree.at("run")] + arguments)
        for folder in ["state", "run"] {
            try FileManager.default.createDirectory(atPath: tree.at(folder), withIntermediateDirectories: true)
        }
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
        store.journalled(bytes: 100)
        let state = WriteBudget.replace(self.state.text.utf8.count + 32)
        #expect(abs(try level(store) - (full - state - cost)) < 4096, "but for what flowed in meanwhile")
        #expect(!store.mayJournal())
        #expect(try self.store(try Scratch()).mayJournal())
        #expect(try !self.store(try Scratch(), level: 0).mayJournal())
    }

    /// A whole record that was cut since, or damaged at its end, takes its interval along.
    @Test(arguments: [false, true]) func whatAPowerCutTakesIsToldAtMost(isCut: Bool) throws {
        let tree = try Scratch()
        var state = state
        state.boot = 4
        let spool = Spool(folder: tree.at("state/spool"), device: state.device, capBytes: Spool.defaultCapBytes)
        let stamp = SpoolStamp(
            device: state.device, stream: 4, boot: 4, kernelBootID: "kernel",
            instant: Instant(monotonicMs: 1, wallMs: 1, isSynced: false), samplesTaken: 12, samplesAtRiskMost: 13,
            dropped: ValueCounts(), names: [], acknowledged: [])
        let pool = try TensorPool(budgetBytes: 256 * 1024)
        try pool.declare(SeriesDeclaration(id: 1, kind: .signal, lower: 0, upper: 100))
        for index in 0..<4 {
            try pool.append(series: 1, timeMs: Int64(index), value: 5, score: 0.5)
            _ = spool.write(
                SpoolBatch(stamp: stamp, chunks: pool.run(of: 1, from: UInt64(index)), isLast: false))
        }
        if isCut {
            let path = tree.at("state/spool/n0000000000000001.seg")
            let bytes = try Data(contentsOf: URL(filePath: path))
            try bytes.dropLast(3).write(to: URL(filePath: path))
        }
        let found = try store(tree, arguments: ["--server", "http://127.0.0.1:1"]).inheritance(of: state)
        #expect(found.samplesLost == nil && found.samplesLostMost == (isCut ? 26 : 13))
    }

    /// An agent that is started anew three times in a row, say for an upgrade, has its full pool each time; one
    /// that is all the time hasn't.
    @Test func aCleanEndMayOweItsSnapshots() throws {
        let pool = [UInt8](repeating: 1, count: 512 << 10)
        let record = HardwareRecord(model: "a board", serial: "1", cpuCores: 4, cpuMaxMHz: 1000, memoryBytes: 1 << 29)
        let tree = try Scratch()
        func isKept(_ store: DeviceStore) throws -> Bool {
            for name in try FileManager.default.contentsOfDirectory(atPath: tree.at("state")) where name != "spool" {
                try tree.remove("state/\(name)")
            }
            store.keep(.pool, pool, of: record, isLast: true)
            return try FileManager.default.contentsOfDirectory(atPath: tree.at("state"))
                .contains { try FileManager.default.attributesOfItem(atPath: tree.at("state/\($0)"))[.size] as? Int ?? 0 >= pool.count }
        }
        var level: Int64?
        var kept: [Bool] = []
        for _ in 0..<6 {
            let run = try store(tree, level: level)
            kept.append(try isKept(run))
            level = run.charged(state).writeLeftBytes
        }
        #expect(kept.prefix(3) == [true, true, true] && kept.last == false, "\(kept)")
    }

    /// Starts in a row can't wait: they are owed, to a quarter of a day's budget.
    @Test func aStormOfRestartsIsOwed() throws {
        let store = try store(try Scratch())
        for _ in 0..<200 { _ = store.charged(state) }
        let left = try #require(store.charged(state).writeLeftBytes)
        #expect(left < -3 << 20 && left >= -WriteBudget.defaultBytesPerDay / 4)
    }
}
