// The values or the times of one chunk while it is recoded: 32 KiB on the stack, for as long as that takes.
// On the heap they would stay with a process that recodes seldom; what is unused of a stack goes back.

/// Room for `ChunkLimits.values` numbers of 64 bits.
struct ChunkNumbers {
    // As many as `ChunkLimits.values`, which a type's length can't be taken from; a test holds them together.
    private var numbers = InlineArray<4096, UInt64>(repeating: 0)

    /// Nil if the body says so, or for more numbers than a chunk has: a count may come from a damaged header.
    @inline(__always)
    static func with<Number: BitwiseCopyable, Result>(
        _ count: Int, as type: Number.Type, _ body: (UnsafeMutableBufferPointer<Number>) -> Result?
    ) -> Result? {
        var room = ChunkNumbers()
        guard count <= MemoryLayout<ChunkNumbers>.size / MemoryLayout<Number>.stride else { return nil }
        return withUnsafeMutablePointer(to: &room) { room in
            let numbers = UnsafeMutableRawPointer(room).assumingMemoryBound(to: type)
            return body(UnsafeMutableBufferPointer(start: numbers, count: count))
        }
    }
}
