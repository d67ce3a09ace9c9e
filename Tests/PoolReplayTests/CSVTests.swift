import Testing

@testable import PoolReplay

func table(_ text: String, pieces: Int = 3) -> CSVTable {
    var table = CSVTable()
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
        let end = min(bytes.count, start + pieces)
        bytes[start..<end].withUnsafeBytes { table.feed($0) }
        start = end
    }
    table.finish()
    return table
}

@Suite struct CSVTests {
    @Test func readsNumbersTimesAndScores() {
        let read = table(
            "id,temp,name,\"load, total\",value,time_stamp\r\n"
                + "1,20.5,a,1e3,0.9,2015-08-20 23:58:30\r\n"
                + "2,,b,-2.5,0.1,2015-08-20T23:58:40.250Z\r\n"
                + "3,21,c,nan,0.2\r\n")
        #expect(read.rows == 3)
        #expect(read.names.map { String(decoding: $0, as: UTF8.self) } == ["id", "temp", "load, total"])
        #expect(read.columns[0] == [1, 2, 3])
        #expect(read.columns[1][0] == 20.5 && read.columns[1][1].isNaN && read.columns[1][2] == 21)
        #expect(read.columns[2][0] == 1000 && read.columns[2][1] == -2.5)
        #expect(read.scores == [0.9, 0.1, 0.2])
        #expect(read.timesMs.prefix(2) == [1_440_115_110_000, 1_440_115_120_250])
    }

    @Test func piecesOfAnySizeGiveTheSameTable() {
        let text = "t;a\n1;2\n3;4\n\n5;6"
        let whole = table(text, pieces: 1000)
        for size in 1...7 {
            let read = table(text, pieces: size)
            #expect(read.columns == whole.columns)
            #expect(read.rows == 3)
        }
        #expect(whole.columns == [[1, 3, 5], [2, 4, 6]])
    }

    @Test func numbersAreRoundedCorrectly() {
        for (text, value) in [
            ("0.1", 0.1), ("-0", -0.0), ("1e-400", 0), ("1e400", .infinity), ("4.9e-324", .leastNonzeroMagnitude),
            ("2.4703282292062327e-324", 0), ("2.4703282292062329e-324", .leastNonzeroMagnitude),
            ("9007199254740993", 9007199254740992), ("9007199254740993.0000001", 9007199254740994),
            ("179769313486231580793728971405301e276", 1.797693134862315807e308),
            ("0.000000000000000000000000000000000000000000123456789012345678901", 1.2345678901234568e-43),
        ] as [(String, Double)] {
            #expect(CSVNumber.parse(Array(text.utf8))?.bitPattern == value.bitPattern, "\(text)")
        }
        for text in ["", "-", "1e", "abc", "1.2.3", "1x", "."] {
            #expect(CSVNumber.parse(Array(text.utf8)) == nil, "\(text)")
        }
    }
}
