import AgentCore
import CoreTesting
import Model
import Testing

@testable import Spool

@Suite struct RecordTests {
    private func records() throws -> [SpoolRecord] {
        try (0..<4).map { number in
            SpoolRecord(
                number: UInt64(100 + number), kind: ValueClass.allCases[number % 3],
                stamp: stamp(
                    stream: UInt64(number + 1), atMs: Int64(number) * 120_000, isSynced: number > 1,
                    acknowledged: [SeriesMark(series: 1, end: UInt64(number))]),
                chunks: try chunks(number * 12, 12).map(\.bytes))
        }
    }

    @Test func aRecordComesBackAsItWas() throws {
        let records = try records()
        let bytes = records.flatMap { $0.encoded() }
        let scan = SegmentScan(bytes)
        #expect(scan.damaged == 0 && scan.tornBytes == 0 && scan.end == bytes.count)
        let back = scan.records.map {
            SpoolRecord(number: $0.number, kind: $0.kind, payload: Array(bytes[$0.payload]))
        }
        #expect(back == records)
    }

    /// Cut anywhere: every record that is whole is there, the rest is a torn tail.
    @Test func aCutAtAnyByteCostsOnlyWhatItCuts() throws {
        let parts = try records().map { $0.encoded() }
        let bytes = parts.flatMap { $0 }
        var ends: [Int] = []
        for part in parts { ends.append((ends.last ?? 0) + part.count) }
        for length in stride(from: 0, through: bytes.count, by: 1) {
            let scan = SegmentScan(Array(bytes[..<length]))
            let whole = ends.filter { $0 <= length }.count
            #expect(scan.records.count == whole)
            #expect(scan.damaged == 0)
            #expect(scan.tornBytes == length - (whole == 0 ? 0 : ends[whole - 1]))
        }
    }

    /// Any flipped bit, in a length or a magic too: its record is skipped and counted, the others stay.
    @Test func aFlippedBitCostsItsRecordAlone() throws {
        let parts = try records().map { $0.encoded() }
        let bytes = parts.flatMap { $0 }
        var start = 0
        for (number, part) in parts.enumerated() {
            for at in start..<start + part.count {
                var flipped = bytes
                flipped[at] ^= UInt8(1 << (at % 8))
                let scan = SegmentScan(flipped)
                let found = scan.records.map(\.number)
                let others = parts.indices.filter { $0 != number }.map { UInt64(100 + $0) }
                #expect(found == others, "byte \(at)")
                if number == parts.count - 1 {
                    #expect(scan.damaged == 0 && scan.tornBytes == part.count)
                } else {
                    #expect(scan.damaged == 1 && scan.damagedBytes == part.count)
                }
            }
            start += part.count
        }
    }

    /// Whatever a card makes of a segment: nothing traps, and no record is found that wasn't written.
    @Test func noNoiseMakesARecord() throws {
        let known = try records()
        let bytes = known.flatMap { $0.encoded() }
        try forSeeds(300) { random in
            var noisy = bytes
            for _ in 0..<1 + random.below(8) {
                switch random.below(4) {
                case 0 where !noisy.isEmpty:
                    let at = random.below(noisy.count)
                    noisy.removeSubrange(at..<min(noisy.count, at + random.below(200)))
                case 1: noisy.insert(contentsOf: random.bytes(random.below(200)), at: random.below(noisy.count + 1))
                case 2 where !noisy.isEmpty:
                    let at = random.below(noisy.count)
                    for index in at..<min(noisy.count, at + random.below(64)) { noisy[index] = 0 }
                default:
                    let at = random.below(noisy.count + 1)
                    noisy.insert(contentsOf: SpoolRecord.magic, at: at)
                }
            }
            let scan = SegmentScan(noisy)
            for place in scan.records {
                let record = SpoolRecord(number: place.number, kind: place.kind, payload: Array(noisy[place.payload]))
                try hold(record.map { known.contains($0) } ?? false, "a record that was never written")
            }
        }
    }

    @Test func payloadsThatMakeNoSenseAreRefused() throws {
        let whole = Array(try records()[0].encoded().dropFirst(20).dropLast(4))
        try forSeeds(500) { random in
            _ = SpoolRecord(number: 1, kind: .low, payload: random.bytes(random.below(300)))
            var payload = whole
            payload[random.below(payload.count)] ^= UInt8(1 + random.below(255))
            _ = SpoolRecord(number: 1, kind: .low, payload: payload)
        }
        #expect(SpoolRecord(number: 1, kind: .low, payload: []) == nil)
    }

    @Test func namesOfSegmentsSortByAge() {
        #expect(SegmentName(kind: .high, number: 0x4d2).text == "h00000000000004d2.seg")
        for kind in ValueClass.allCases {
            let name = SegmentName(kind: kind, number: SegmentName.nameLimit - 1)
            #expect(SegmentName(name.text) == name && !SegmentName.isBeyond(name.text))
            let beyond = SegmentName(kind: kind, number: SegmentName.nameLimit).text
            #expect(SegmentName(beyond) == nil && SegmentName.isBeyond(beyond))
        }
        for bad in ["", "x00000000000004d2.seg", "h0000000000004d2.seg", "h00000000000004dX.seg", "h00000000000004d2.tmp"] {
            #expect(SegmentName(bad) == nil)
        }
    }
}
