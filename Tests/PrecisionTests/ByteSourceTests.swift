import Testing

@testable import Precision

@Suite struct ByteSourceTests {
    @Test func varintsComeBack() throws {
        var sink = ByteSink()
        let values: [Int64] = [0, -1, 1, 63, -64, 64, .min, .max, 1 << 40]
        for value in values { sink.appendSignedVarint(value) }
        sink.appendVarint(.max)
        try sink.bytes.withUnsafeBytes { (raw) throws in
            var source = ByteSource(raw)
            for value in values { let back = try source.readSignedVarint()
                #expect(back == value) }
            let largest = try source.readVarint()
            #expect(largest == .max)
            #expect(source.remaining == 0)
        }
    }

    @Test(arguments: [0, 1, 127, 128, 300, UInt64.max])
    func aLengthIsInsertedBeforeWhatItIsTheLengthOf(length: UInt64) {
        let rest = (0..<200).map { UInt8($0) }
        for position in [0, 1, 150, 200] {
            var sink = ByteSink()
            sink.append(rest)
            sink.insertVarint(length, at: position)
            var varint = ByteSink()
            varint.appendVarint(length)
            #expect(sink.bytes == rest[..<position] + varint.bytes + rest[position...])
        }
    }

    @Test func badVarintsAreRefused() {
        func read(_ bytes: [UInt8]) -> PrecisionError? {
            bytes.withUnsafeBytes {
                var source = ByteSource($0)
                do throws(PrecisionError) { _ = try source.readVarint(); return nil } catch {
                    return error
                }
            }
        }
        #expect(read([]) == .truncated)
        #expect(read([0x80]) == .truncated)
        #expect(read([0x80, 0x00]) == .malformed)
        #expect(read([UInt8](repeating: 0xFF, count: 9) + [0x02]) == .malformed)
        #expect(read([UInt8](repeating: 0xFF, count: 9) + [0x01]) == nil)
        #expect(read([UInt8](repeating: 0xFF, count: 11)) == .malformed)
    }

    @Test func checksumMatchesThePublishedVectors() {
        // RFC 3720, appendix B.4; and the usual check string.
        func crc(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { Checksum.crc32c($0) } }
        #expect(crc([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(crc([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(crc(Array(0..<32)) == 0x46DD_794E)
        #expect(crc(Array("123456789".utf8)) == 0xE306_9283)
        let whole = Array("123456789".utf8)
        let first = crc(Array(whole[..<4]))
        let rest = Array(whole[4...])
        #expect(rest.withUnsafeBytes { Checksum.crc32c($0, after: first) } == 0xE306_9283)
    }
}
