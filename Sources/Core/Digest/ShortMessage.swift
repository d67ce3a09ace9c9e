// A short message to be hashed, put together on the stack: a decision cycle hashes twice, and must not
// touch the heap for it.

public struct ShortMessage: Sendable {
    /// Most bytes of a message: two of SHA-256's blocks, padding included, hold 119.
    public static let limit = 112

    /// The bytes in order of memory; whole words are stored as they lie.
    var words: InlineArray<14, UInt64> = .init(repeating: 0)
    public private(set) var count = 0

    public init() {}

    public mutating func append(_ byte: UInt8) {
        precondition(count < Self.limit, "a short message holds 112 bytes")
        // Byte i of a word lies at its bits 8·i in a little-endian memory, the only kind there is here.
        words[count >> 3] |= UInt64(byte) << UInt64(8 * (count & 7))
        count += 1
    }

    /// Eight bytes, the highest first.
    public mutating func append(_ word: UInt64) {
        precondition(count + 8 <= Self.limit, "a short message holds 112 bytes")
        let swapped = word.byteSwapped
        let shift = UInt64(8 * (count & 7))
        words[count >> 3] |= swapped << shift
        if shift > 0 { words[count >> 3 + 1] |= swapped >> (64 - shift) }
        count += 8
    }

    public mutating func append(_ digest: Digest32) {
        append(digest.words.0)
        append(digest.words.1)
        append(digest.words.2)
        append(digest.words.3)
    }

    public mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { for byte in $0 { append(byte) } }
    }
}
