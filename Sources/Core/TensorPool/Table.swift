// A growing row of elements at a fixed place in memory. What an Array does on every write (is the
// storage shared?) costs more than appending a value to the pool; a table is never shared: the pool
// owns it, and gives it back by `deallocate`.

struct Table<Element>: RandomAccessCollection {
    private var base: UnsafeMutablePointer<Element>?
    private(set) var count = 0
    private(set) var capacity = 0

    init() {}

    var startIndex: Int { 0 }
    var endIndex: Int { count }

    /// Where an element lies, until the table grows.
    @inline(__always)
    func pointer(_ index: Int) -> UnsafeMutablePointer<Element> {
        precondition(index >= 0 && index < count)
        return pointer(unchecked: index)
    }

    /// The same for an index that is known to be one.
    @inline(__always)
    func pointer(unchecked index: Int) -> UnsafeMutablePointer<Element> {
        base.unsafelyUnwrapped + index
    }

    @inline(__always)
    func find(_ index: Int) -> UnsafeMutablePointer<Element>? {
        index >= 0 && index < count ? pointer(unchecked: index) : nil
    }

    subscript(index: Int) -> Element {
        @inline(__always) _read { yield pointer(index).pointee }
        @inline(__always) nonmutating _modify { yield &pointer(index).pointee }
    }

    mutating func reserve(_ wanted: Int) {
        guard wanted > capacity else { return }
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: wanted)
        if let base {
            larger.moveInitialize(from: base, count: count)
            base.deallocate()
        }
        (base, capacity) = (larger, wanted)
    }

    mutating func append(_ element: Element) {
        if count == capacity { reserve(Swift.max(8, 2 * capacity)) }
        (base.unsafelyUnwrapped + count).initialize(to: element)
        count += 1
    }

    /// On the heap.
    var bytes: Int { capacity * MemoryLayout<Element>.stride }

    mutating func removeAll() {
        base?.deinitialize(count: count)
        count = 0
    }

    mutating func insert(_ element: Element, at index: Int) {
        append(element)
        for place in stride(from: count - 1, to: index, by: -1) { self[place] = self[place - 1] }
        self[index] = element
    }

    mutating func removeLast() {
        precondition(count > 0)
        count -= 1
        (base.unsafelyUnwrapped + count).deinitialize(count: 1)
    }

    /// Its elements, until the table grows.
    var all: UnsafeBufferPointer<Element> { UnsafeBufferPointer(start: base, count: count) }

    /// The room that is reserved, for a table of plain numbers without elements.
    func memory<Number: BitwiseCopyable>(as type: Number.Type) -> UnsafeMutablePointer<Number>? {
        base.map { UnsafeMutableRawPointer($0).assumingMemoryBound(to: type) }
    }

    /// Where the element of a key is, of a table in the order of its keys.
    func place<Key: Comparable>(of wanted: Key, by key: (Element) -> Key) -> Int? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if key(self[middle]) < wanted { low = middle + 1 } else { high = middle }
        }
        return low < count && key(self[low]) == wanted ? low : nil
    }

    /// By a key that is ascending afterwards; in place, so that it takes no memory (a heap sort).
    /// Elements of one key end up in any order.
    func sort<Key: Comparable>(by key: (Element) -> Key) {
        for root in stride(from: count / 2 - 1, through: 0, by: -1) { sink(root, below: count, key) }
        for end in stride(from: count - 1, to: 0, by: -1) {
            (self[0], self[end]) = (self[end], self[0])
            sink(0, below: end, key)
        }
    }

    /// Moves an element down to where it is no smaller than what hangs on it.
    private func sink<Key: Comparable>(_ root: Int, below end: Int, _ key: (Element) -> Key) {
        let element = self[root]
        var place = root
        while 2 * place + 1 < end {
            var child = 2 * place + 1
            if child + 1 < end, key(self[child]) < key(self[child + 1]) { child += 1 }
            guard key(element) < key(self[child]) else { break }
            self[place] = self[child]
            place = child
        }
        self[place] = element
    }

    mutating func deallocate() {
        base?.deinitialize(count: count)
        base?.deallocate()
        (base, count, capacity) = (nil, 0, 0)
    }
}
