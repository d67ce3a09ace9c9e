import Testing

@testable import FleetKit

@Suite struct TerminalTests {
    private func table() -> Table {
        var table = Table([.left("ID"), .text("MODEL"), .right("TEMP")])
        table.add(["a", "Raspberry Pi 4 Model B Rev 1.4", "54.5 °C"])
        table.add(["bb", "日本のラズベリー", "8.0 °C"])
        table.add(["ccc", "e\u{301}", ""])
        return table
    }

    @Test func columnsAreAlignedByDisplayWidth() {
        #expect(
            table().lines(width: nil).map(\.plain) == [
                "ID   MODEL                              TEMP",
                "a    Raspberry Pi 4 Model B Rev 1.4  54.5 °C",
                "bb   日本のラズベリー                 8.0 °C",
                "ccc  e\u{301}",
            ])
    }

    @Test(arguments: [5, 12, 20, 30, 43, 44, 80])
    func onATerminalRowsFit(_ width: Int) {
        for line in table().lines(width: width) { #expect(line.width <= width) }
    }

    @Test func whatIsCutIsSeenToBe() {
        #expect(table().lines(width: 30).map(\.plain)[1] == "a    Raspberry Pi 4 …  54.5 °C")
    }

    @Test func controlCharactersNeverPass() {
        let console = FakeConsole()
        console.width = 80
        let terminal = Terminal(console, environment: [:])
        terminal.line(Styled("a\u{1b}]0;title\u{7}\r\u{8}\u{9b}2J\u{202e}b\nc", .bad))
        terminal.progress(Styled("x\u{1b}[1Ay"))
        terminal.fail(Failure("w\u{1b}c", hint: "h\u{7f}"))
        #expect(console.out.hasPrefix("\u{1b}[31ma\u{fffd}]0;title\u{fffd}\u{fffd}\u{fffd}\u{fffd}2J\u{fffd}b\u{fffd}c\u{1b}[0m\n"))
        #expect(console.out.contains("x\u{fffd}[1Ay"))
        #expect(console.error == "fleet: w\u{fffd}c\nhint: h\u{fffd}\n")
    }

    @Test func coloursNeedATerminalAndNoNoColor() {
        func shown(_ width: Int?, _ environment: [String: String]) -> String {
            let console = FakeConsole()
            console.width = width
            Terminal(console, environment: environment).line(Styled("x", .good))
            return console.out
        }
        #expect(shown(80, [:]) == "\u{1b}[32mx\u{1b}[0m\n")
        #expect(shown(80, ["NO_COLOR": ""]) == "\u{1b}[32mx\u{1b}[0m\n")
        #expect(shown(80, ["NO_COLOR": "1"]) == "x\n")
        #expect(shown(nil, [:]) == "x\n")
    }

    @Test func figures() {
        #expect(Format.ago(1000, now: 13_500).plain == "12 s ago")
        #expect(Format.ago(1000, now: 4_000).plain == "3 s ago")
        #expect(Format.ago(1000, now: 1_500).plain == "just now")
        #expect(Format.ago(nil, now: 0).plain == "never")
        #expect(Format.ago(.min, now: .max).plain.isEmpty == false)
        #expect(Format.ago(0, now: 3 * 86_400_000).plain == "3 d ago")
        #expect(Format.bytes(512).plain == "512 B")
        #expect(Format.bytes(1536).plain == "1.5 KiB")
        #expect(Format.bytes(3_900_000_000).plain == "3.6 GiB")
        #expect(Format.bytes(nil).plain == "no data")
        #expect(Format.bytes(.nan).plain == "no data")
        #expect(Format.temperature(54.46).plain == "54.5 °C")
        #expect(Format.temperature(.infinity).plain == "no data")
        #expect(Format.span(seconds: 1.24) == "1.2 s")
        #expect(Format.span(seconds: 0.0404) == "40 ms")
        #expect(Format.span(seconds: -3) == "0 ms")
        #expect(Format.span(seconds: 1e300) == "ages")
        #expect(RuntimeCommand.significant(0.00125) == "1.25e-3" || RuntimeCommand.significant(0.00125) == "0.00125")
        #expect(RuntimeCommand.significant(0.5) == "0.500")
        #expect(RuntimeCommand.significant(12_345) == "1.23e4")
    }

    @Test func dates() {
        for (text, time) in [
            ("1970-01-01", Int64(0)), ("2026-11-20T12:00:00Z", FakeTimepiece.startMs),
            ("2024-02-29T23:59Z", 1_709_251_140_000),
        ] { #expect(CivilTime.milliseconds(text) == time) }
        #expect(CivilTime.text(FakeTimepiece.startMs) == "2026-11-20T12:00:00Z")
        for bad in ["", "2026-13-01", "2026-02-29", "2026-00-10", "2026-1-1", "2026-11-20T24:00Z", "2026-11-20 12:00Z", "日本日本日本日"] {
            #expect(CivilTime.milliseconds(bad) == nil, "\(bad)")
        }
        _ = CivilTime.text(.min)
        _ = CivilTime.text(.max)
        for day in stride(from: Int64(-1_000_000), to: 1_000_000, by: 997) {
            let text = CivilTime.text(day * 86_400_000)
            if text.hasPrefix("-") || text.count != 20 { continue }
            #expect(CivilTime.milliseconds(text) == day * 86_400_000)
        }
    }
}
