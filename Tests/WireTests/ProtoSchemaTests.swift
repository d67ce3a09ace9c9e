// The public schema and the hand-written codec, held to one another by protoc.

import CoreTesting
import Digest
import Foundation
import Model
import Testing

@testable import Wire

@Suite struct ProtoSchemaTests {
    private func check(_ name: String, _ bytes: [UInt8], _ expected: Expected) throws {
        let found = Expected.normalized(try Protoc.decode(name, bytes), like: expected.fields)
        try hold(unknown(found) == [], "\(name) has unknown fields \(unknown(found))")
        guard found != expected.fields else { return }
        let first = zip(found, expected.fields).first { $0 != $1 }
        throw Broken(
            "\(name): protoc read \(first?.0.description ?? "\(found.count) fields"), "
                + "expected \(first?.1.description ?? "\(expected.fields.count)")")
    }

    /// Bare numbers at any depth.
    private func unknown(_ fields: [ProtoField]) -> [String] {
        fields.flatMap { field -> [String] in
            if field.name.first?.isNumber == true { return [field.name] }
            guard case .message(let inner) = field.value else { return [] }
            return unknown(inner).map { "\(field.name).\($0)" }
        }
    }

    private func all(
        report: Report, reply: ReportReply, request: EnrolRequest, key: PrivateKey,
        enrolled: EnrolReply, set: ParameterSet, keys: KeySet, envelope: Envelope
    ) throws {
        let sealed = SealedReport(sealing: report)
        try check("Report", sealed.bytes, Expected(report, head: sealed.head))
        try check("ReportReply", reply.encoded(), Expected(reply))
        let signed = request.encoded(signedBy: key)
        try check("EnrolRequest", signed, Expected(request, signature: Array(signed.suffix(64))))
        try check("EnrolReply", enrolled.encoded(), Expected(enrolled))
        try check("ParameterSet", set.encoded(), Expected(set))
        try check("KeySet", keys.encoded(), Expected(keys))
        try check("Envelope", envelope.encoded(), Expected(envelope))
    }

    @Test func protocReadsWhatWeWrite() throws {
        let fixed = try Fixed()
        try all(
            report: fixed.report, reply: fixed.reply, request: fixed.enrolRequest,
            key: fixed.deviceKey, enrolled: fixed.enrolReply, set: fixed.set, keys: fixed.keySet,
            envelope: fixed.envelope)
    }

    @Test func protocReadsRandomMessages() throws {
        try forSeeds(20) { random in
            let key = random.key()
            try all(
                report: random.report(), reply: try random.reportReply(),
                request: random.enrolRequest(key), key: key, enrolled: random.enrolReply(),
                set: random.parameterSet(), keys: random.keySet(), envelope: try random.envelope())
        }
    }

    /// And writes the same bytes, where nothing is zero: the order and every type agree. So what
    /// others write with generated code, we read.
    @Test func protocWritesWhatWeWrite() throws {
        let fixed = try Fixed()
        for (name, bytes) in [
            ("Report", SealedReport(sealing: fixed.report).bytes),
            ("ReportReply", fixed.reply.encoded()),
            ("EnrolRequest", fixed.enrolRequest.encoded(signedBy: fixed.deviceKey)),
            ("EnrolReply", fixed.enrolReply.encoded()),
            ("ParameterSet", fixed.set.encoded()),
            ("KeySet", fixed.keySet.encoded()),
            ("Envelope", fixed.envelope.encoded()),
        ] {
            #expect(try Protoc.recoded(name, bytes) == bytes, "\(name)")
        }
    }

    /// The check above would notice: a field that the schema lacks comes out as a bare number.
    @Test func anUnknownFieldShows() throws {
        let found = try Protoc.decode("KeySet", [0x08, 0x01, 0x18, 0x05])
        #expect(unknown(found) == ["3"])
    }

    @Test func theTableOfParametersAndTheSchemaAgree() throws {
        let text = try String(contentsOf: Protoc.schema, encoding: .utf8)
        let body = try #require(text.components(separatedBy: "message ParameterSet {").last)
            .components(separatedBy: "\n}").first ?? ""
        let declared = body.split(separator: "\n").compactMap { line -> String? in
            let words = line.trimmingCharacters(in: .whitespaces)
            return words.hasPrefix("optional ") ? words : nil
        }
        let table = Parameter.allCases.map { "optional double \($0.schemaName) = \($0.rawValue);" }
        #expect(declared == table)
        #expect(Parameter.memoryFloorMiB.schemaName == "memory_floor_mib")
        #expect(Parameter.hardwareHalfLifeS.schemaName == "hardware_half_life_s")
    }

    /// Enumerators have the model's numbers; the names are compared as protoc prints them.
    @Test func enumeratorsAgree() throws {
        let fixed = try Fixed()
        for state in OperatingState.allCases {
            for (mode, depth) in [
                (ControlMode.apiOnly, BitDepth.bits8), (.dryRun, .bits16), (.partial, .bits81),
                (.full, .bits16),
            ] {
                var report = fixed.report
                report.decision.state = state
                report.decision.bitDepth = depth
                report.controlMode = mode
                let sealed = SealedReport(sealing: report)
                try check("Report", sealed.bytes, Expected(report, head: sealed.head))
            }
        }
        for tier in GPUTier.allCases {
            var report = fixed.report
            report.hardware?.gpu?.tier = tier
            report.sample.hwmon = [HwmonKind.temperature, .fan, .voltage, .alarm, .power].map {
                HwmonReading(chip: "c", label: "l", kind: $0, value: 0)
            }
            report.sample.throttle?.source = tier == .ultra ? .firmware : .voltageAlarm
            let sealed = SealedReport(sealing: report)
            try check("Report", sealed.bytes, Expected(report, head: sealed.head))
        }
        for (basis, phase) in [
            (PoolSummary.Basis.noData, ApplyStatus.Phase.none), (.projected, .trial),
            (.atLeast, .confirmed), (.measured, .refused), (.measured, .reverted),
        ] {
            var report = fixed.report
            report.pool.basis = basis
            report.applyStatus.phase = phase
            let sealed = SealedReport(sealing: report)
            try check("Report", sealed.bytes, Expected(report, head: sealed.head))
        }
        for profile in Profile.allCases {
            var set = fixed.set
            set.profile = profile
            try check("ParameterSet", set.encoded(), Expected(set))
        }
    }
}
