// Messages put together on the stack are the bytes they look like.

import Digest
import Testing

@Suite struct ShortMessageTests {
    @Test func everyLengthHashesAsItsBytes() {
        var bytes: [UInt8] = []
        var message = ShortMessage()
        #expect(Digest.sha256(message) == Digest.sha256([]))
        for index in 0..<ShortMessage.limit {
            let byte = UInt8(truncatingIfNeeded: index &* 37 &+ 11)
            bytes.append(byte)
            message.append(byte)
            #expect(message.count == bytes.count)
            #expect(Digest.sha256(message) == Digest.sha256(bytes))
        }
    }

    @Test(arguments: 0..<8)
    func wordsAndDigestsLieWhereTheyArePut(offset: Int) {
        var bytes: [UInt8] = []
        var message = ShortMessage()
        for index in 0..<offset {
            bytes.append(UInt8(index))
            message.append(UInt8(index))
        }
        let word: UInt64 = 0x0123_4567_89ab_cdef
        message.append(word)
        bytes += (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) }
        let digest = Digest.sha256([1, 2, 3])
        message.append(digest)
        bytes += digest.bytes
        message.append("phi\0")
        bytes += Array("phi\0".utf8)
        #expect(Digest.sha256(message) == Digest.sha256(bytes))
        for index in 0..<32 { #expect(digest.byte(index) == digest.bytes[index]) }
    }
}
