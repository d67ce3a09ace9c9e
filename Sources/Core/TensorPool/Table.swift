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

    mutating func deallocate() {
        base?.deinitialize(count: count)
        base?.deallocate()
        (base, count, capacity) = (nil, 0, 0)
    }
}
