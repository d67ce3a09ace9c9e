#if canImport(Glibc)
    import Glibc
    import Testing

    @testable import TensorPool

    /// What the allocator says a block of its own is worth; glibc's module map leaves <malloc.h> out.
    private func usableSize(_ block: UnsafeMutableRawPointer) throws -> Int {
        typealias Function = @convention(c) (UnsafeMutableRawPointer?) -> Int
        let symbol = try #require(dlsym(nil, "malloc_usable_size"))
        return unsafeBitCast(symbol, to: Function.self)(block)
    }

    /// The budget against the allocator's own account of the pool's blocks. (The whole process's
    /// account would count the suites that run beside this one.)
    @Suite struct AllocatorTests {
        @Test func heldBytesAreWhatTheAllocatorHandsOut() throws {
            // An arena of known size, read from the allocator's blocks themselves.
            let (pool, _) = try LifetimeTests.used(bytes: 200 * 1024, rows: 30_000)
            var blocks = 0
            for segment in pool.state.arena.segments {
                blocks += try usableSize(segment.base) + 8
            }
            #expect(blocks <= pool.state.arena.heldBytes)
            #expect(pool.state.arena.heldBytes - blocks < 64 * 8)
            #expect(pool.account.heldBytes <= 200 * 1024)
            let directory = try usableSize(UnsafeMutableRawPointer(pool.state.series.pointer(0))) + 8
            let counted = PoolState.arrayBytes(
                pool.state.series.capacity, MemoryLayout<SeriesState>.stride)
            #expect(directory <= counted)
        }
    }
#endif
