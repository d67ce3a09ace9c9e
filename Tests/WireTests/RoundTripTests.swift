import Bytes
import CoreTesting
import Digest
import Model
import Testing

@testable import Wire

@Suite struct RoundTripTests {
    @Test func reports() throws {
        try forSeeds(1000) { random in
            let report = random.report()
            let sealed = SealedReport(sealing: report)
            let back = try SealedReport(decoding: sealed.bytes)
            try hold(back.report == report, "\(report)\ncame back as\n\(back.report)")
            try hold(back == sealed, "bytes or head differ")
        }
    }

    @Test func replies() throws {
        try forSeeds(2000) { random in
            let reply = try random.reportReply()
            try hold(try ReportReply(decoding: reply.encoded()) == reply, "\(reply)")
            let enrolled = random.enrolReply()
            try hold(try EnrolReply(decoding: enrolled.encoded()) == enrolled, "\(enrolled)")
        }
    }

    @Test func enrolment() throws {
        try forSeeds(200) { random in
            let key = random.key()
            let request = random.enrolRequest(key)
            try hold(
                try EnrolRequest(verifying: request.encoded(signedBy: key)) == request, "\(request)")
        }
    }

    @Test func parametersKeysAndEnvelopes() throws {
        try forSeeds(1000) { random in
            let set = random.parameterSet()
            try hold(try ParameterSet(decoding: set.encoded()) == set, "\(set)")
            let keys = random.keySet()
            try hold(try KeySet(decoding: keys.encoded()) == keys, "\(keys)")
            let envelope = try random.envelope()
            try hold(try Envelope(decoding: envelope.encoded()) == envelope, "\(envelope)")
        }
    }

    @Test func hardware() throws {
        try forSeeds(2000) { random in
            let record = random.hardware()
            let back = try HardwareRecord(decoding: ProtoReader(record.encoded().bytes))
            try hold(back == record, "\(record)")
            try hold(back.hash == record.hash, "hash of \(record)")
        }
    }

    /// A newer program's fields are skipped, wherever they stand before the seal.
    @Test func unknownFieldsAreSkipped() throws {
        let fixed = try Fixed()
        var extra = ProtoWriter()
        extra.unsigned(15_000, UInt64(5))
        extra.data(15_001, [1, 2, 3])
        extra.double(15_002, 1)
        #expect(try ReportReply(decoding: extra.bytes + fixed.reply.encoded() + extra.bytes) == fixed.reply)
        #expect(try EnrolReply(decoding: extra.bytes + fixed.enrolReply.encoded()) == fixed.enrolReply)
        #expect(try ParameterSet(decoding: fixed.set.encoded() + extra.bytes) == fixed.set)
        let sealed = SealedReport(sealing: fixed.report)
        let newer = reseal(extra.bytes + body(of: sealed) + extra.bytes)
        #expect(try SealedReport(decoding: newer).report == fixed.report)
        // After the seal nothing may stand.
        #expect(throws: WireFault.outOfRange(field: 31)) {
            try SealedReport(decoding: sealed.bytes + extra.bytes)
        }
    }

    /// A parameter that an older operator's tool doesn't know keeps its default.
    @Test func absentParametersHaveTheirDefault() throws {
        var writer = ProtoWriter()
        writer.unsigned(1, UInt64(4))
        writer.double(Parameter.idleC.rawValue, 41)
        let set = try ParameterSet(decoding: writer.bytes)
        var expected = ParameterValues()
        expected[.idleC] = 41
        #expect(set.values == expected)
        #expect(set.scope.isEveryDevice)
    }
}

/// A sealed report's bytes without the seal: two bytes of tag, one of length, 32 of digest.
func body(of sealed: SealedReport) -> [UInt8] { Array(sealed.bytes.dropLast(35)) }

/// Any bytes as the body of a report whose head is right.
func reseal(_ body: [UInt8]) -> [UInt8] {
    var seal = ProtoWriter()
    seal.data(31, Digest.sha256(body).bytes)
    return body + seal.bytes
}

/// Written once and kept: what is on disk and on other machines must stay readable.
@Suite struct GoldenTests {
    @Test func bytesStayAsTheyWere() throws {
        let fixed = try Fixed()
        let messages: [(String, [UInt8])] = [
            ("report", SealedReport(sealing: fixed.report).bytes),
            ("report-reply", fixed.reply.encoded()),
            ("enrol-request", fixed.enrolRequest.encoded(signedBy: fixed.deviceKey)),
            ("enrol-reply", fixed.enrolReply.encoded()),
            ("parameter-set", fixed.set.encoded()),
            ("key-set", fixed.keySet.encoded()),
            ("envelope", fixed.envelope.encoded()),
        ]
        for (name, bytes) in messages {
            #expect(try Golden.bytes("wire/\(name)", now: bytes) == bytes, "\(name)")
        }
    }

    @Test func bytesOnDiskAreStillRead() throws {
        let fixed = try Fixed()
        func golden(_ name: String, _ now: [UInt8]) throws -> [UInt8] {
            try Golden.bytes("wire/\(name)", now: now)
        }
        let sealed = SealedReport(sealing: fixed.report)
        #expect(try SealedReport(decoding: try golden("report", sealed.bytes)) == sealed)
        #expect(
            try ReportReply(decoding: try golden("report-reply", fixed.reply.encoded())) == fixed.reply)
        #expect(
            try EnrolRequest(
                verifying: try golden(
                    "enrol-request", fixed.enrolRequest.encoded(signedBy: fixed.deviceKey)))
                == fixed.enrolRequest)
        #expect(
            try EnrolReply(decoding: try golden("enrol-reply", fixed.enrolReply.encoded()))
                == fixed.enrolReply)
        let envelope = try Envelope(decoding: try golden("envelope", fixed.envelope.encoded()))
        let (set, keySetVersion) = try envelope.verified(root: fixed.root.publicKey.fingerprint)
        #expect(set == fixed.set && keySetVersion == 3)
    }
}
