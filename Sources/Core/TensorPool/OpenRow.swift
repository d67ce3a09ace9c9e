// A row of values, or of times, that is still being filled: a record in the arena, owned by whoever
// holds the row. The record's header names the owner, so that whoever moves the record can tell it.

struct OpenRow<Element: BitwiseCopyable> {
    /// The record, and the first element in it. Meaningful while its owner has a record.
    private(set) var ref = RecordRef(segment: 0, offset: 0)
    private(set) var base: UnsafeMutablePointer<Element>?
    /// Elements that the record has room for; 0 without a record.
    private(set) var capacity: UInt16 = 0

    private static var header: Int { 8 }

    /// The record of a row of this capacity.
    static func bytes(capacity: Int) -> Int { header + capacity * MemoryLayout<Element>.stride }

    /// The owner that a record names.
    static func owner(at record: UnsafeMutableRawPointer) -> Int {
        Int(record.load(fromByteOffset: 4, as: UInt16.self))
    }

    /// The record has moved.
    mutating func lies(in ref: RecordRef, at record: UnsafeMutableRawPointer) {
        self.ref = ref
        base = (record + Self.header).assumingMemoryBound(to: Element.self)
    }

    /// Takes a new record, larger than the one before, and brings along its first elements.
    mutating func move(
        to ref: RecordRef, at record: UnsafeMutableRawPointer, capacity: Int, owner: Int,
        keeping count: Int
    ) {
        record.storeBytes(of: UInt16(owner), toByteOffset: 4, as: UInt16.self)
        let before = base
        lies(in: ref, at: record)
        if count > 0, let before {
            (record + Self.header).copyMemory(
                from: before, byteCount: count * MemoryLayout<Element>.stride)
        }
        self.capacity = UInt16(capacity)
    }

    /// Gives its record to another use.
    mutating func leave() { capacity = 0 }
}
