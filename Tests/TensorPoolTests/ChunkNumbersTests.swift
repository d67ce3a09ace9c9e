import Testing

@testable import TensorPool

@Suite struct ChunkNumbersTests {
    @Test func theLargestChunkHasRoomAndOneMoreNumberHasNone() {
        for (count, fits) in [(0, true), (1, true), (ChunkLimits.values, true), (ChunkLimits.values + 1, false)] {
            let sum: Double? = ChunkNumbers.with(count, as: Double.self) { numbers in
                for index in numbers.indices { numbers[index] = 1 }
                return numbers.reduce(0, +)
            }
            #expect(sum == (fits ? Double(count) : nil))
        }
        #expect(ChunkNumbers.with(1, as: Int64.self) { _ in Int?.none } == nil)
    }
}
