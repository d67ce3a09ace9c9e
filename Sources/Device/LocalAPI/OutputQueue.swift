// What waits to be sent to one client.

struct OutputQueue {
    private var bytes: [UInt8] = []
    private var start = 0

    var count: Int { bytes.count - start }
    var isEmpty: Bool { count == 0 }
    var waiting: ArraySlice<UInt8> { bytes[start...] }

    mutating func add(_ line: [UInt8]) {
        // Bytes that were sent leave before the array would grow over them.
        if start > 0, start >= bytes.count / 2 {
            bytes.removeFirst(start)
            start = 0
        }
        bytes += line
    }

    mutating func sent(_ count: Int) {
        start += count
        guard start >= bytes.count else { return }
        start = 0
        // A large answer's room isn't kept for ever.
        if bytes.capacity > 4096 { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
    }
}
