// The demo as a pipe and as terminals of several sizes see it.

import Testing

@testable import AgentRuntime

@Suite struct DemoTests {
    private static func run(_ form: DemoView.Form) -> [String] {
        var writes: [String] = []
        var demo = Demo(pauseMs: 0, view: DemoView(form)) { writes.append($0) }
        demo.run()
        return writes
    }

    private static let lines = run(.lines).joined().split(
        separator: "\n", omittingEmptySubsequences: false
    ).map(String.init)

    @Test func theFormFollowsTheOutput() {
        func form(
            _ isTerminal: Bool = true, _ columns: Int? = 100, _ terminal: String? = "xterm",
            _ noColour: String? = nil
        ) -> String {
            "\(DemoView.form(isTerminal: isTerminal, columns: columns, terminal: terminal, noColour: noColour))"
        }
        #expect(form() == "picture(columns: 80, isColoured: true)")
        #expect(form(true, 72) == "picture(columns: 72, isColoured: true)")
        #expect(form(true, 80, "xterm", "1") == "picture(columns: 80, isColoured: false)")
        #expect(form(true, 80, "xterm", "") == "picture(columns: 80, isColoured: true)")
        for form in [form(false), form(true, 40), form(true, 80, "dumb"), form(true, 80, nil)] {
            #expect(form == "lines")
        }
    }

    @Test func aPipeGetsNoControlCharactersAndNarrowLines() {
        #expect(Self.lines.allSatisfy { !$0.contains("\u{1b}") })
        #expect(Self.lines.allSatisfy { $0.count <= 88 })
        #expect(Self.lines.filter { $0.count > 80 }.count < Self.lines.count / 20)
    }

    /// Column 4 of a scene's rows: the factor.
    private func rows(_ scene: String) -> [[Substring]] {
        Self.lines.drop { !$0.hasPrefix("\(scene):") }.dropFirst(2).prefix { !$0.isEmpty }
            .map { $0.split(separator: " ") }
    }

    @Test func eachSceneShowsWhatItTells() throws {
        #expect(rows("normal").allSatisfy { $0[3] == "1.000" })
        let volatile = rows("volatile")
        #expect(volatile.allSatisfy { (Double($0[3]) ?? 0) > 1.2 && $0.last == "market-entropy" })
        let hot = rows("hot")
        #expect(hot.allSatisfy { (Double($0[2]) ?? 99) < 80.5 })
        #expect(try #require(Double(hot.last?[3] ?? "")) < 0.8)
        #expect(hot.last?.last == "thermal-mirror")
        let profitable = rows("profitable")
        #expect(profitable.allSatisfy { (Double($0[3]) ?? 0) > 1.3 })
        #expect(profitable.contains { $0[4] == "81" })
        let changed = rows("hardware-change")
        #expect(changed.first?[1] == "collapsed")
        let factors = changed.dropFirst(3).compactMap { Double($0[3]) }
        #expect(try #require(factors.first) > 1.2)
        #expect(changed.last?.last == "hardware-observer")
    }

    @Test(arguments: [60, 72, 80])
    func aPictureNeverWrapsNorScrolls(columns: Int) {
        let writes = Self.run(.picture(columns: columns, isColoured: false))
        for picture in writes.dropFirst().dropLast() where !picture.isEmpty {
            let rows = picture.replacing("\u{1b}[H", with: "").replacing("\u{1b}[J", with: "")
                .replacing("\u{1b}[K", with: "").split(separator: "\n", omittingEmptySubsequences: false)
            #expect(rows.count <= 24)
            #expect(rows.allSatisfy { $0.unicodeScalars.count <= columns })
            #expect(!picture.contains("\u{1b}[3") && !picture.contains("\u{1b}[1m"))
        }
    }

    @Test func colourIsClosedOnEveryLine() {
        let writes = Self.run(.picture(columns: 80, isColoured: true))
        #expect(writes.contains { $0.contains("\u{1b}[32m") })
        for line in writes.flatMap({ $0.split(separator: "\n") }) {
            let opened = line.split(separator: "\u{1b}[").filter { part in
                ["1m", "2m", "7m", "31m", "32m", "33m"].contains { part.hasPrefix($0) }
            }
            #expect(opened.count == line.split(separator: "\u{1b}[").filter { $0.hasPrefix("0m") }.count)
        }
    }
}
