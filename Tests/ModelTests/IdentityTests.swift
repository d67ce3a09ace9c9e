import Bytes
import CoreTesting
import Digest
import Model
import Testing

@Suite struct IdentityTests {
    @Test func deviceIDs() throws {
        let id = try #require(DeviceID(Array(0..<16)))
        #expect(id.high == 0x0001_0203_0405_0607 && id.low == 0x0809_0a0b_0c0d_0e0f)
        #expect(id.hex == "000102030405060708090a0b0c0d0e0f")
        #expect(id.bytes == Array(0..<16))
        #expect(DeviceID(hex: id.hex) == id)
        #expect(DeviceID(Array(0..<15)) == nil && DeviceID(Array(0..<17)) == nil)
        #expect(DeviceID(hex: "00") == nil && DeviceID(hex: String(repeating: "g", count: 32)) == nil)
        try forSeeds(500) { random in
            let bytes = random.bytes(16)
            try hold(DeviceID(bytes)?.bytes == bytes, "\(bytes)")
        }
    }

    @Test func aDeviceIsItsSerialAndItsInstallation() {
        let a = [UInt8](repeating: 1, count: 16)
        let b = [UInt8](repeating: 2, count: 16)
        let id = DeviceID(serial: "10000000abcdef", installID: a)
        #expect(id == DeviceID(serial: "10000000abcdef", installID: a))
        // A cloned card in another board, and another installation on the same board.
        #expect(id != DeviceID(serial: "10000000abcdee", installID: a))
        #expect(id != DeviceID(serial: "10000000abcdef", installID: b))
        #expect(
            id.bytes
                == Array(Digest.sha256(Array("phi-device\0".utf8) + Array("10000000abcdef\0".utf8) + a).bytes[..<16]))
        // The serial's end is marked.
        #expect(
            DeviceID(serial: "a", installID: Array("b".utf8) + a)
                != DeviceID(serial: "ab", installID: a))
    }

    @Test(arguments: [
        ("site=a", "site", "a"), ("a=", "a", ""), ("rack_1.x-Y=9.9-z_", "rack_1.x-Y", "9.9-z_"),
    ])
    func labels(_ text: String, _ key: String, _ value: String) throws {
        let label = try #require(Label(text))
        #expect(label == Label(key: key, value: value))
        #expect(label.text == text)
    }

    @Test(arguments: [
        "", "=", "=a", "site", "si te=a", "site=a b", "site=a=b", "site=é", "é=a", "site=a\n", "s/t=a",
        "site=a,b", "site=\u{1b}[31m",
    ])
    func noLabels(_ text: String) { #expect(Label(text) == nil) }

    @Test func labelsHaveALength() {
        func text(_ count: Int) -> String { String(repeating: "k", count: count) }
        #expect(Label("\(text(63))=\(text(63))") != nil)
        #expect(Label("\(text(64))=v") == nil)
        #expect(Label("k=\(text(64))") == nil)
    }

    @Test func scopes() throws {
        let one = DeviceID(high: 1, low: 1)
        let two = DeviceID(high: 2, low: 2)
        let site = Label(key: "site", value: "a")
        let rack = Label(key: "rack", value: "7")
        #expect(Scope().isEveryDevice)
        #expect(Scope().includes(one, labels: []))
        let named = Scope(devices: [one])
        #expect(!named.isEveryDevice)
        #expect(named.includes(one, labels: []) && !named.includes(two, labels: [site]))
        // Every label must be carried, key and value.
        let labelled = Scope(labels: [site, rack])
        #expect(labelled.includes(one, labels: [rack, site, Label(key: "x", value: "")]))
        #expect(!labelled.includes(one, labels: [site]))
        #expect(!labelled.includes(one, labels: []))
        #expect(!labelled.includes(one, labels: [site, Label(key: "rack", value: "8")]))
        // Named, or labelled.
        let both = Scope(devices: [one], labels: [site])
        #expect(both.includes(one, labels: []) && both.includes(two, labels: [site]))
        #expect(!both.includes(two, labels: [rack]))
    }

    @Test func keyIDs() throws {
        let key = try #require(PublicKey([UInt8](repeating: 3, count: 32)))
        #expect(KeyID(of: key).value == key.fingerprint.words.0)
    }

    @Test func refusalsHaveStableNumbers() {
        let refusals: [Refusal] = [
            .malformed, .unknownRoot, .badKeySetSignature, .keySetReplayed, .unknownKey, .badSignature,
            .wrongScope, .notNewer, .expired, .outOfRange("x"),
        ]
        #expect(refusals.map(\.code) == Array(1...10))
        #expect(Set(refusals.map(\.text)).count == refusals.count)
    }
}

@Suite struct HardwareTests {
    static let gpu = GPURecord(name: "VideoCore VI", memoryGB: 0.5, cores: 8, tier: .integrated)
    static let record = HardwareRecord(
        model: "Raspberry Pi 4 Model B Rev 1.4", serial: "10000000abcdef01", cpuCores: 4,
        cpuMaxMHz: 1800, memoryBytes: 4 << 30, gpu: gpu)

    static let changes: [(String, @Sendable (inout HardwareRecord) -> Void)] = [
        ("model", { $0.model += "5" }), ("serial", { $0.serial = "1" }),
        ("no serial", { $0.serial = "" }), ("cores", { $0.cpuCores = 8 }),
        ("clock", { $0.cpuMaxMHz = 1500 }), ("memory", { $0.memoryBytes = 8 << 30 }),
        ("no GPU", { $0.gpu = nil }), ("GPU's name", { $0.gpu?.name = "other" }),
        ("GPU's memory", { $0.gpu?.memoryGB = 0.6 }), ("GPU's cores", { $0.gpu?.cores = 9 }),
        ("GPU's tier", { $0.gpu?.tier = .lowEnd }),
    ]

    @Test func everyFieldMovesTheHash() {
        var hashes = [Self.record.hash]
        for (name, change) in Self.changes {
            var other = Self.record
            change(&other)
            #expect(!hashes.contains(other.hash), "\(name)")
            hashes.append(other.hash)
            #expect((other.classHash == Self.record.classHash) == name.hasSuffix("serial"), "\(name)")
        }
        #expect(Self.record.hash == HardwareTests.record.hash)
    }

    /// What one field ends with is not what the next begins with.
    @Test func fieldsDontRunTogether() {
        func record(_ model: String, _ serial: String, _ cores: Int, _ clock: Int) -> HardwareRecord {
            HardwareRecord(
                model: model, serial: serial, cpuCores: cores, cpuMaxMHz: clock, memoryBytes: 1)
        }
        #expect(record("ab", "c", 1, 1).hash != record("a", "bc", 1, 1).hash)
        #expect(record("a", "b", 1, 12).hash != record("a", "b", 11, 2).hash)
        #expect(record("a", "1", 1, 1).hash != record("a", "", 11, 1).hash)
    }

    /// The hash is on disk and on the server: it must not move with a new build.
    @Test func theHashStays() {
        #expect(
            Digest.sha256(
                Array(
                    "phi-hardware\0Raspberry Pi 4 Model B Rev 1.4\010000000abcdef01\04\01800\04294967296\0VideoCore VI\05\08\01\0"
                        .utf8)) == Self.record.hash)
    }

    /// A tenth of a gigabyte is the finest that is hashed; what is no number is hashed as none.
    @Test func absurdGPUMemoryDoesNotTrap() {
        for memory in [Double.nan, .infinity, -.infinity, 1e300, -1e300] {
            var record = Self.record
            record.gpu?.memoryGB = memory
            #expect(record.hash != Self.record.hash)
        }
    }

    @Test(arguments: [
        (0, 64), (1, 64), (64 << 20, 64), ((64 << 20) + 1, 96), (96 << 20, 96), ((96 << 20) + 1, 128),
        // MemTotal of boards: 512 MB, 1, 2, 4 and 8 GB.
        (436_000_000, 512), (948_000_000, 1024), (1_900_000_000, 2048), (3_880_000_000, 4096),
        (8_050_000_000, 8192), (33_500_000_000, 32768), (135_000_000_000, 131072),
        (6_100_000_000, 6144),
    ] as [(UInt64, UInt64)])
    func memoryIsRoundedToModules(_ total: UInt64, _ mebibytes: UInt64) {
        #expect(HardwareRecord.rounded(memoryTotal: total) == mebibytes << 20)
    }

    @Test func roundedMemoryIsEnoughAndStays() throws {
        try forSeeds(20_000) { random in
            let total = random.next() >> UInt64(18 + random.below(40))
            let rounded = HardwareRecord.rounded(memoryTotal: total)
            try hold(rounded >= total, "\(total)")
            try hold(rounded <= max(64 << 20, total / 2 * 3 + 2), "\(total): \(rounded)")
            try hold(HardwareRecord.rounded(memoryTotal: rounded) == rounded, "\(rounded)")
        }
        // Absurd totals end at a bound, not in a loop or a trap.
        #expect(HardwareRecord.rounded(memoryTotal: .max) == 1 << 46)
    }
}
