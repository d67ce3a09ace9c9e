// The identity on disk: whose it is, what it rests on, and who else may read it.

import AgentCore
import FixtureSupport
import Foundation
import Model
import Testing

@testable import AgentRuntime
@testable import Telemetry

@Suite struct StateFolderTests {
    static let quiet = Log(.error)

    static func serial(_ text: String, _ source: SerialSource) -> BoardSerial {
        BoardSerial(text: text, source: source)
    }

    private func load(
        _ tree: Scratch, _ serials: [BoardSerial], hides: SerialSource? = nil, save: Bool = true
    ) throws -> AgentState {
        let folder = try StateFolder(tree.at("state"))
        let state = try folder.load(serials: serials, hides: { $0 == hides }, log: Self.quiet)
        if save { #expect(folder.save(state) == nil) }
        return state
    }

    private var aside: (Scratch) throws -> [String] {
        { try FileManager.default.contentsOfDirectory(atPath: $0.at("state")).filter { $0.contains(".of-") } }
    }

    @Test func aNewBoardGetsAnIdentityByItsBestSerial() throws {
        let tree = try Scratch()
        let serials = [Self.serial("10000000c2a1b3d4", .deviceTree), Self.serial("machine-1", .machineID)]
        let state = try load(tree, serials)
        #expect(state.serialSource == .deviceTree)
        #expect(state.device == DeviceID(serial: "10000000c2a1b3d4", installID: state.installID))
        let mode = try FileManager.default.attributesOfItem(atPath: tree.at("state/state"))[.posixPermissions]
        #expect(mode as? Int == 0o600)
        #expect(try load(tree, serials) == state)
    }

    /// The agent ran as a user first and as root later, or the other way round: one and the same device.
    @Test func anIdentityKeepsToItsOwnSource() throws {
        let tree = try Scratch()
        let uuid = Self.serial("35363448-3233", .productUUID)
        let machine = Self.serial("machine-1", .machineID)
        let state = try load(tree, [machine])
        #expect(state.serialSource == .machineID)
        let again = try load(tree, [uuid, machine])
        #expect(again.device == state.device)
        #expect(again.serialSource == .machineID)
        #expect(try aside(tree) == [])
    }

    @Test func aSerialThatCanNotBeReadAnyMoreMakesNoNewDevice() throws {
        let tree = try Scratch()
        let uuid = Self.serial("35363448-3233", .productUUID)
        let machine = Self.serial("machine-1", .machineID)
        let state = try load(tree, [uuid, machine])
        #expect(state.serialSource == .productUUID)
        #expect(throws: UsageError.self) { try load(tree, [machine], hides: .productUUID, save: false) }
        #expect(try aside(tree) == [])
        #expect(try load(tree, [uuid, machine]).device == state.device)
    }

    @Test func aClonedCardIsSetAside() throws {
        let tree = try Scratch()
        let first = try load(tree, [Self.serial("aaaa", .deviceTree)])
        let second = try load(tree, [Self.serial("bbbb", .deviceTree)])
        #expect(second.device != first.device)
        #expect(second.installID != first.installID)
        #expect(try aside(tree) == ["state.of-\(first.device.hex)"])
    }

    /// A state of before the source was noted belongs to the board all the same, and learns it.
    @Test func anOldStateLearnsItsSource() throws {
        let tree = try Scratch()
        let serials = [Self.serial("aaaa", .deviceTree)]
        let state = try load(tree, serials)
        let text = try tree.text("state/state").replacingOccurrences(of: "serial-source device-tree\n", with: "")
        try tree.write("state/state", text)
        #expect(AgentState(text: Array(text.utf8))?.serialSource == nil)
        #expect(try load(tree, serials).serialSource == .deviceTree)
        #expect(try load(tree, serials).device == state.device)
    }

    @Test func aKeyFileThatOthersMayWriteIsRefused() throws {
        let tree = try Scratch()
        let serials = [Self.serial("aaaa", .deviceTree)]
        let state = try load(tree, serials)
        for mode in [0o620, 0o602, 0o666] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: tree.at("state/state"))
            let error = #expect(throws: UsageError.self) { try load(tree, serials, save: false) }
            #expect(error?.hint?.contains("chmod 600") == true)
        }
        // Read by others it is taken, and 0600 with the next write.
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: tree.at("state/state"))
        #expect(try load(tree, serials) == state)
        let mode = try FileManager.default.attributesOfItem(atPath: tree.at("state/state"))[.posixPermissions]
        #expect(mode as? Int == 0o600)
    }

    @Test func sourcesHaveNames() {
        for source in SerialSource.allCases {
            #expect(SerialSource(name: Array(source.name.utf8)[...]) == source)
        }
        #expect(SerialSource(name: Array("moon".utf8)[...]) == nil)
    }
}
