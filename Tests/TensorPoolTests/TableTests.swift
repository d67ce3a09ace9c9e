import Testing

@testable import TensorPool

@Suite struct TableTests {
    private func table(_ elements: [Int]) -> Table<Int> {
        var table = Table<Int>()
        for element in elements { table.append(element) }
        return table
    }

    @Test func sortingSorts() {
        for count in [0, 1, 2, 3, 7, 8, 100, 1000] {
            let elements = (0..<count).map { $0 * 7919 % 503 }
            var table = table(elements)
            defer { table.deallocate() }
            table.sort { -$0 }
            #expect(Array(table) == elements.sorted { $0 > $1 })
        }
    }

    @Test func aKeyIsFoundWhereItIs() {
        var table = table([1, 3, 5, 7, 9])
        defer { table.deallocate() }
        #expect((0...10).map { table.place(of: $0) { $0 } } == [nil, 0, nil, 1, nil, 2, nil, 3, nil, 4, nil])
    }

    @Test func elementsAreInsertedAndRemoved() {
        var table = table([1, 2, 3])
        defer { table.deallocate() }
        table.insert(9, at: 0)
        table.insert(8, at: 4)
        #expect(Array(table) == [9, 1, 2, 3, 8])
        table.removeLast()
        #expect(Array(table) == [9, 1, 2, 3])
        table.removeAll()
        #expect(table.isEmpty)
        #expect(table.capacity >= 5)
    }
}
