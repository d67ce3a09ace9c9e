// Damaged messages: cut, flipped, oversized, senseless. A decoder throws; it never traps.

import Bytes
import CoreTesting
import Digest
import Model
import Testing

@testable import Wire

private struct Decoder {
    let name: String
    let bytes: [UInt8]
    let decode: ([UInt8]) throws -> any Equatable
    /// Some part is required at the end: no cut is a message.
    var isWhole = false
    /// Flips that a reader may not see: six bits of each true bool, which is any number but zero; and
    /// the bit that makes a space a NUL, which is read as a space.
    var blindFlips = 0
}

private func same<Message: Equatable>(_ message: Message, _ other: any Equatable) -> Bool {
    other as? Message == message
}

private func decoders() throws -> [Decoder] {
    let fixed = try Fixed()
    // A parameter at its default may as well be absent: damage to it would not show.
    var set = fixed.set
    for parameter in Parameter.allCases { set.values[parameter] = Double(parameter.rawValue) + 0.5 }
    return [
        Decoder(
            name: "report", bytes: SealedReport(sealing: fixed.report).bytes,
            decode: { try SealedReport(decoding: $0) }, isWhole: true),
        Decoder(
            name: "enrol request", bytes: fixed.enrolRequest.encoded(signedBy: fixed.deviceKey),
            decode: { try EnrolRequest(verifying: $0) }, isWhole: true),
        Decoder(
            name: "enrol reply", bytes: fixed.enrolReply.encoded(),
            decode: { try EnrolReply(decoding: $0) }, blindFlips: 6),
        Decoder(
            name: "report reply", bytes: fixed.reply.encoded(),
            decode: { try ReportReply(decoding: $0) }),
        Decoder(
            name: "parameter set", bytes: set.encoded(),
            decode: { try ParameterSet(decoding: $0) }),
        Decoder(
            name: "key set", bytes: fixed.keySet.encoded(), decode: { try KeySet(decoding: $0) }),
        Decoder(
            name: "envelope", bytes: fixed.envelope.encoded(),
            decode: { try Envelope(decoding: $0) }, isWhole: true),
        Decoder(
            name: "hardware", bytes: fixed.report.hardware?.encoded().bytes ?? [],
            decode: { try HardwareRecord(decoding: ProtoReader($0)) }, blindFlips: 7),
    ]
}

@Suite struct DamageTests {
    @Test func everyTruncationIsAnErrorOrLess() throws {
        for decoder in try decoders() {
            let original = try decoder.decode(decoder.bytes)
            for length in 0..<decoder.bytes.count {
                guard let cut = try? decoder.decode(Array(decoder.bytes[..<length])) else { continue }
                if decoder.isWhole || same(original, cut) {
                    Issue.record("\(decoder.name) cut at \(length) went unseen")
                }
            }
        }
    }

    @Test func everyFlippedBitIsAnErrorOrAnotherMessage() throws {
        for decoder in try decoders() {
            let original = try decoder.decode(decoder.bytes)
            var unseen: [Int] = []
            for bit in 0..<decoder.bytes.count * 8 {
                var bytes = decoder.bytes
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                if let flipped = try? decoder.decode(bytes), same(original, flipped) { unseen.append(bit) }
            }
            #expect(unseen.count == decoder.blindFlips, "\(decoder.name), bits \(unseen)")
        }
    }

    @Test func everyFlippedBitOfASealedReportIsRefused() throws {
        try forSeeds(3) { random in
            let sealed = SealedReport(sealing: random.report())
            for bit in 0..<sealed.bytes.count * 8 {
                var bytes = sealed.bytes
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                try hold((try? SealedReport(decoding: bytes)) == nil, "bit \(bit) went unseen")
            }
        }
    }

    @Test func everyFlippedBitOfAnEnrolRequestIsRefused() throws {
        let fixed = try Fixed()
        let bytes = fixed.enrolRequest.encoded(signedBy: fixed.deviceKey)
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            if (try? EnrolRequest(verifying: flipped)) != nil { Issue.record("bit \(bit)") }
        }
    }

    /// The seal keeps damage out, but not a device that seals nonsense: behind a right head every
    /// inner decoder meets every cut and flip. What is taken must be stable when written again.
    @Test func innerMessagesNeverTrap() throws {
        let whole = body(of: SealedReport(sealing: try Fixed().report))
        var taken = 0
        func feed(_ body: [UInt8], _ what: String) throws {
            guard let sealed = try? SealedReport(decoding: reseal(body)) else { return }
            taken += 1
            _ = sealed.report.sample.temperatureMilliC
            _ = sealed.report.sample.memory?.availableShare
            _ = sealed.report.hardware?.hash
            let again = try SealedReport(decoding: SealedReport(sealing: sealed.report).bytes)
            try hold(again.report == sealed.report, what)
        }
        for length in 0..<whole.count { try feed(Array(whole[..<length]), "cut at \(length)") }
        for bit in 0..<whole.count * 8 {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            try feed(bytes, "bit \(bit)")
        }
        try forSeeds(5000) { random in
            var bytes = whole
            for _ in 0..<1 + random.below(8) {
                bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.wide())
            }
            try feed(bytes, "some bytes")
        }
        #expect(taken > 1000)
    }

    @Test func arbitraryBytesNeverTrap() throws {
        let all = try decoders()
        try forSeeds(10_000) { random in
            let bytes = random.bytes(random.below(64))
            for decoder in all { _ = try? decoder.decode(bytes) }
            _ = RequestMAC(header: String(decoding: bytes, as: UTF8.self))
            _ = RequestMAC(header: "PHI-HMAC " + String(decoding: bytes, as: UTF8.self))
        }
    }
}

@Suite struct LimitTests {
    private func decode(_ change: (inout Report) -> Void) throws -> Report {
        var report = try Fixed().report
        change(&report)
        return try SealedReport(decoding: SealedReport(sealing: report).bytes).report
    }

    /// A body with one field more, sealed.
    private func decode(adding field: (inout ProtoWriter) -> Void, to sample: Bool) throws -> SealedReport {
        var inner = try Fixed().report.sample.encoded()
        if sample { field(&inner) }
        var writer = ProtoWriter()
        writer.message(9, inner)
        if !sample { field(&writer) }
        return try SealedReport(
            decoding: reseal(body(of: SealedReport(sealing: try Fixed().report)) + writer.bytes))
    }

    @Test func zonesAndSensors() throws {
        let zone = ThermalReading(name: "z", temperatureMilliC: 1)
        let fan = HwmonReading(chip: "c", label: "l", kind: .fan, value: 1)
        // The encoder keeps within the limit ...
        #expect(try decode { $0.sample.zones = Array(repeating: zone, count: 40) }.sample.zones.count == 32)
        #expect(try decode { $0.sample.hwmon = Array(repeating: fan, count: 70) }.sample.hwmon.count == 64)
        // ... and the decoder insists on it: three zones and two sensors stand there already.
        func zones(_ count: Int) throws -> SealedReport {
            try decode(
                adding: { for _ in 0..<count { $0.message(2, zone.encoded()) } }, to: true)
        }
        func fans(_ count: Int) throws -> SealedReport {
            try decode(
                adding: { for _ in 0..<count { $0.message(3, fan.encoded()) } }, to: true)
        }
        #expect(try zones(29).report.sample.zones.count == 32)
        #expect(throws: WireFault.tooLong(field: 2, limit: 32)) { try zones(30) }
        #expect(try fans(62).report.sample.hwmon.count == 64)
        #expect(throws: WireFault.tooLong(field: 3, limit: 64)) { try fans(63) }
    }

    @Test func chunks() throws {
        let most = [[UInt8]](repeating: [1], count: Report.chunkCountMax)
        #expect(try decode { $0.chunks = most }.chunks.count == Report.chunkCountMax)
        #expect(throws: WireFault.tooLong(field: 19, limit: Report.chunkCountMax)) {
            try decode { $0.chunks = most + [[1]] }
        }
        #expect(throws: WireFault.outOfRange(field: 19)) { try decode { $0.chunks = [[1], []] } }
        let large = [UInt8](repeating: 7, count: Report.chunkBytesMax)
        #expect(try decode { $0.chunks = [large] }.chunks == [large])
        #expect(throws: WireFault.tooLong(field: 19, limit: Report.chunkBytesMax)) {
            try decode { $0.chunks = [large + [7]] }
        }
    }

    @Test func oversize() throws {
        let half = [UInt8](repeating: 7, count: Report.byteCountMax / 2)
        #expect(throws: WireFault.tooLong(field: 0, limit: Report.byteCountMax)) {
            try decode { $0.chunks = [half, half] }
        }
        #expect(throws: WireFault.tooLong(field: 0, limit: Envelope.byteCountMax)) {
            try Envelope(decoding: [UInt8](repeating: 0, count: Envelope.byteCountMax + 1))
        }
    }

    /// What a decoder would refuse for its length is cut by the encoder: a board with an absurd name
    /// still reports.
    @Test func textIsCutNotRefused() throws {
        let long = String(repeating: "ä", count: 300)
        let report = try decode {
            $0.kernelBootID = long
            $0.agentVersion = "x" + long
            $0.sample.zones[0].name = long
            $0.hardware?.model = long + long
            $0.applyStatus.reason = long
            $0.seriesNames = [SeriesName(id: 16, name: long)]
        }
        #expect(report.kernelBootID == String(repeating: "ä", count: 32))
        // Not within a character: 1 + 31 · 2 bytes.
        #expect(report.agentVersion == "x" + String(repeating: "ä", count: 31))
        #expect(report.sample.zones[0].name.utf8.count == 64)
        #expect(report.hardware?.model.utf8.count == 128)
        #expect(report.applyStatus.reason.utf8.count == 512)
        #expect(report.seriesNames.first?.name.utf8.count == 160)
    }

    @Test func textIsLimitedOnTheWire() throws {
        var hardware = ProtoWriter()
        hardware.string(1, String(repeating: "x", count: 129))
        #expect(throws: WireFault.tooLong(field: 1, limit: 128)) {
            try HardwareRecord(decoding: ProtoReader(hardware.bytes))
        }
        // The boot id of a report, at one byte more than its limit: the chain's head is right.
        var body = ProtoWriter()
        body.string(3, String(repeating: "x", count: 65))
        var sealed = body
        sealed.data(31, Digest.sha256(body.bytes).bytes)
        #expect(throws: WireFault.tooLong(field: 3, limit: 64)) {
            try SealedReport(decoding: sealed.bytes)
        }
    }

    @Test func numbersAreLimited() throws {
        #expect(throws: WireFault.outOfRange(field: 2)) { try decode { $0.boot = 0 } }
        #expect(throws: WireFault.outOfRange(field: 2)) { try decode { $0.boot = 1 << 62 } }
        #expect(throws: WireFault.outOfRange(field: 4)) { try decode { $0.sequence = 0 } }
        #expect(throws: WireFault.outOfRange(field: 4)) { try decode { $0.sequence = .max } }
        #expect(throws: WireFault.outOfRange(field: 2)) { try decode { $0.decision.factor = .nan } }
        #expect(throws: WireFault.outOfRange(field: 8)) { try decode { $0.pool.baselineHours = .infinity } }
    }

    @Test func aDecisionHasFourVotes() throws {
        func decision(votes: Int) throws -> Decision {
            var writer = ProtoWriter()
            for _ in 0..<votes { writer.message(4, Vote.neutral.encoded()) }
            return try Decision(decoding: ProtoReader(writer.bytes))
        }
        #expect(try decision(votes: 4).votes == .neutral)
        #expect(throws: WireFault.missing(field: 4)) { try decision(votes: 3) }
        #expect(throws: WireFault.tooLong(field: 4, limit: 4)) { try decision(votes: 5) }
    }

    /// An absurd reading of a device is its own problem: the report is taken, nothing traps.
    @Test func absurdTemperatures() throws {
        let report = try decode {
            $0.sample.zones = []
            $0.sample.hwmon = [HwmonReading(chip: "c", label: "l", kind: .temperature, value: 1e300)]
        }
        #expect(report.sample.temperatureMilliC == nil)
    }

    @Test func scopesLabelsAndKeys() throws {
        let fixed = try Fixed()
        var set = fixed.set
        set.scope.devices = (0..<UInt64(Scope.deviceCountMax)).map { DeviceID(high: $0, low: 0) }
        set.scope.labels = (0..<Label.countMax).map {
            Label(key: String(repeating: "k", count: 61) + "\($0 + 10)", value: String(repeating: "v", count: 63))
        }
        #expect(try ParameterSet(decoding: set.encoded()) == set)
        let keys = KeySet(
            version: .max, keys: [PublicKey](repeating: fixed.signer.publicKey, count: KeySet.keyCountMax))
        #expect(try KeySet(decoding: keys.encoded()) == keys)
        // The largest set, the most keys: within an envelope's size.
        set.version = ParameterSet.versionLimit - 1
        let bytes = Envelope(
            signing: set, with: fixed.signer, keySet: keys.encoded(), root: fixed.root.publicKey,
            rootSignature: fixed.root.signature(over: Envelope.keySetDomain + keys.encoded())
        ).encoded()
        #expect(bytes.count <= Envelope.byteCountMax)
        #expect(try Envelope(decoding: bytes).verified(root: nil).0 == set)

        set.scope.devices.append(DeviceID(high: 0, low: 1))
        #expect(throws: WireFault.tooLong(field: 6, limit: Scope.deviceCountMax)) {
            try ParameterSet(decoding: set.encoded())
        }
        set.scope.devices = []
        set.scope.labels.append(Label(key: "one", value: "more"))
        #expect(throws: WireFault.tooLong(field: 7, limit: Label.countMax)) {
            try ParameterSet(decoding: set.encoded())
        }
        #expect(throws: WireFault.tooLong(field: 2, limit: KeySet.keyCountMax)) {
            try KeySet(decoding: KeySet(version: 1, keys: keys.keys + keys.keys).encoded())
        }
        var request = fixed.enrolRequest
        request.labels = set.scope.labels
        #expect(throws: WireFault.tooLong(field: 5, limit: Label.countMax)) {
            try EnrolRequest(verifying: request.encoded(signedBy: fixed.deviceKey))
        }
    }

    /// Labels are stored and matched as text.
    @Test(arguments: ["a b", "a=b", "", "ä", "a\u{2028}"])
    func labelsKeepToTheirAlphabet(_ key: String) throws {
        let fixed = try Fixed()
        var request = fixed.enrolRequest
        for label in [Label(key: key, value: "v"), Label(key: "k", value: key.isEmpty ? " " : key)] {
            request.labels = [label]
            #expect(throws: WireFault.outOfRange(field: 1)) {
                try EnrolRequest(verifying: request.encoded(signedBy: fixed.deviceKey))
            }
            var set = fixed.set
            set.scope.labels = [label]
            #expect(throws: WireFault.outOfRange(field: 1)) { try ParameterSet(decoding: set.encoded()) }
        }
    }

    @Test func aDeviceHasOneValueForAKey() throws {
        let fixed = try Fixed()
        var request = fixed.enrolRequest
        request.labels = [Label(key: "site", value: "a"), Label(key: "site", value: "b")]
        #expect(throws: WireFault.outOfRange(field: 5)) {
            try EnrolRequest(verifying: request.encoded(signedBy: fixed.deviceKey))
        }
    }

    @Test func absentPartsAreNamed() throws {
        #expect(throws: WireFault.missing(field: 1)) { try SealedReport(decoding: []) }
        #expect(throws: WireFault.missing(field: 1)) { try ReportReply(decoding: []) }
        #expect(throws: WireFault.missing(field: 2)) { try EnrolRequest(verifying: []) }
        #expect(throws: WireFault.missing(field: 1)) { try EnrolReply(decoding: []) }
        #expect(throws: WireFault.missing(field: 1)) { try ParameterSet(decoding: []) }
        #expect(throws: WireFault.missing(field: 1)) { try Envelope(decoding: []) }
        #expect(throws: WireFault.missing(field: 31)) {
            try SealedReport(decoding: body(of: SealedReport(sealing: try Fixed().report)))
        }
    }

    /// A sensor of a kind that only a newer agent knows is left out, the report is taken.
    @Test func unknownKindsOfSensors() throws {
        let sealed = try decode(
            adding: {
                var reading = ProtoWriter()
                reading.string(1, "chip")
                reading.unsigned(3, UInt64(99))
                $0.message(3, reading)
            }, to: true)
        #expect(sealed.report.sample.hwmon == (try Fixed().report.sample.hwmon))
    }
}
