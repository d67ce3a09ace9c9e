// Lines of text become commands, or an error that says what to write instead; whatever the bytes are.

import AgentCore
import CoreTesting
import Model
import TensorPool
import Testing

@testable import LocalAPI

@Suite struct CommandTests {
    private func parse(_ line: String) throws -> LocalCommand? {
        try LocalCommand(line: Array(line.utf8)[...])
    }

    private func mistake(_ line: String) -> String {
        do throws(LocalMistake) {
            _ = try LocalCommand(line: Array(line.utf8)[...])
            return ""
        } catch {
            return "\(error.code)"
        }
    }

    private func hint(_ line: String) -> String {
        do throws(LocalMistake) {
            _ = try LocalCommand(line: Array(line.utf8)[...])
            return ""
        } catch {
            return "\(error.hint)"
        }
    }

    @Test func signals() throws {
        #expect(
            try parse("signal entropy=0.5 value=0.8") == .ask(.signal(Signals(entropy: 0.5, value: 0.8))))
        #expect(try parse("  signal\tvalue=1 \r") == .ask(.signal(Signals(value: 1))))
        #expect(mistake("signal") == "no-signal")
        #expect(mistake("signal 0.5") == "no-signal")
        #expect(mistake("signal value=1.5") == "out-of-range")
        #expect(mistake("signal value=nan") == "bad-number")
        #expect(mistake("signal value=") == "bad-number")
        #expect(mistake("signal value=1 value=1") == "option-twice")
        #expect(mistake("signal value=1 worth=1") == "unknown-option")
    }

    @Test func appends() throws {
        var append = LocalAppend(name: Array("queue.length".utf8), values: [12, -0.5, 3e-7])
        #expect(try parse("append queue.length 12 -0.5 3e-7") == .ask(.append(append)))
        append.score = 0.9
        append.timeMs = 1_700_000_000_000
        append.stepMs = 10
        append.kind = .scratch
        append.lower = -1
        append.upper = 1e6
        #expect(
            try parse(
                "append queue.length value=0.9 12 -0.5 class=scratch 3e-7 time=1700000000000 step=10 "
                    + "min=-1 max=1e6") == .ask(.append(append)))
        #expect(mistake("append") == "no-name")
        #expect(hint("append") == "e.g. append queue.length 12")
        #expect(hint("read") == "e.g. read queue.length")
        #expect(mistake("append q") == "no-values")
        #expect(mistake("append 9q 1") == "bad-name")
        #expect(mistake("append q/x 1") == "bad-name")
        #expect(mistake("append \(String(repeating: "a", count: 65)) 1") == "bad-name")
        #expect(mistake("append q one") == "bad-number")
        #expect(mistake("append q inf") == "bad-number")
        #expect(mistake("append q \(String(repeating: "1", count: 65))") == "bad-number")
        #expect(mistake("append q 1 min=0") == "half-a-scale")
        #expect(mistake("append q 1 class=gold") == "bad-class")
        // Seconds where milliseconds are meant.
        #expect(mistake("append q 1 time=1700000000") == "bad-time")
        let many = String(repeating: " 1", count: 257)
        #expect(mistake("append q\(many)") == "too-many-values")
    }

    @Test func reads() throws {
        var read = LocalRead(name: Array("q".utf8))
        #expect(try parse("read q") == .ask(.read(read)))
        read.fromMs = 0
        read.toMs = 1_700_000_000_000
        read.limit = 512
        read.before = 77
        #expect(try parse("read q from=0 to=1700000000000 limit=512 before=77") == .ask(.read(read)))
        #expect(mistake("read") == "no-name")
        #expect(mistake("read q r") == "unexpected-word")
        #expect(mistake("read q limit=0") == "out-of-range")
        #expect(mistake("read q limit=513") == "out-of-range")
        #expect(mistake("read q before=-1") == "out-of-range")
        #expect(mistake("read q from=yesterday") == "bad-time")
    }

    @Test func plainOnes() throws {
        #expect(try parse("decision") == .decision)
        #expect(try parse("status") == .ask(.status))
        #expect(try parse("series") == .ask(.series))
        #expect(try parse("subscribe") == .subscribe)
        #expect(try parse("help") == .help)
        #expect(try parse(" \t\r") == nil)
        #expect(mistake("status now") == "unexpected-word")
        #expect(mistake("status all=1") == "unknown-option")
        #expect(mistake("STATUS") == "unknown-command")
        #expect(mistake("GET / HTTP/1.1") == "unknown-command")
    }

    /// Random bytes, and random words of the language itself: a command, nothing, or an error with
    /// words in it; and every answer to it is one line.
    @Test func anyBytesAreAnswered() throws {
        let words = [
            "signal", "append", "read", "decision", "status", "series", "subscribe", "help", "value=",
            "value=0.5", "entropy=1", "time=1700000000000", "q", "queue.length", "1", "-1e9", "=", "class=",
            "limit=5", "before=", "min=0", "max=1", "\0", "é", "\u{7f}", "==", "step=1",
        ]
        try forSeeds(4000) { random in
            var line: [UInt8] = []
            if random.oneIn(3) {
                line = random.bytes(random.below(200))
            } else {
                for _ in 0..<random.below(12) {
                    line += Array(random.pick(words).utf8) + [random.oneIn(9) ? 0x3d : 0x20]
                }
            }
            do throws(LocalMistake) {
                _ = try LocalCommand(line: line[...])
            } catch let error {
                try hold(!error.text.isEmpty && !"\(error.hint)".isEmpty, "an error without words: \(line)")
                let reply = LocalReplies.error(error)
                try hold(reply.last == 0x0a && reply.dropLast().allSatisfy { $0 >= 0x20 }, "no line: \(line)")
            }
        }
    }

    /// What a client may write comes out as it was meant.
    @Test func everyNumberComesThroughExactly() throws {
        try forSeeds(2000) { random in
            let values = (0...random.below(20)).map { _ in random.finite() }
            let line = "append s.\(random.below(99)) " + values.map { "\($0)" }.joined(separator: " ")
            guard case .ask(.append(let append)) = try LocalCommand(line: Array(line.utf8)[...]) else {
                throw Broken("not an append: \(line)")
            }
            try hold(append.values.map(\.bitPattern) == values.map(\.bitPattern), line)
        }
    }
}

@Suite struct BufferTests {
    /// However the bytes are cut, the lines are the same, and no more than one line is held.
    @Test func linesDontDependOnHowTheyCome() throws {
        try forSeeds(500) { random in
            var bytes: [UInt8] = []
            var expected: [LineBuffer.Line] = []
            for _ in 0..<random.below(20) {
                let length = random.oneIn(6) ? 4090 + random.below(12) : random.below(80)
                let line = (0..<length).map { _ in UInt8(0x20 + random.below(90)) }
                bytes += line + [0x0a]
                expected.append(length > LocalLimits.lineBytesMax ? .tooLong : .whole(line[...]))
            }
            var buffer = LineBuffer()
            var rest = bytes[...]
            var found: [LineBuffer.Line] = []
            while !rest.isEmpty {
                let wanted = 1 + random.below(random.oneIn(4) ? 5000 : 40)
                let count = buffer.fill { held, room in
                    try? hold(room > 0, "no room")
                    let piece = rest.prefix(min(room, wanted))
                    held += piece
                    return piece.count
                }
                rest = rest.dropFirst(count ?? 0)
                while let line = buffer.next() {
                    if case .whole(let text) = line { found.append(.whole(Array(text)[...])) } else { found.append(line) }
                }
                try hold(buffer.bytes.count <= LocalLimits.lineBytesMax + 1, "it holds \(buffer.bytes.count)")
            }
            try hold(found == expected, "\(found.count) lines of \(expected.count)")
            try hold(!buffer.isWithinLine, "something is left")
        }
    }

    @Test func aLineWithoutItsEndIsTheRest() {
        var buffer = LineBuffer()
        _ = buffer.fill { held, _ in
            held += Array("help\nstat".utf8)
            return 9
        }
        #expect(buffer.next() == .whole(Array("help".utf8)[...]))
        #expect(buffer.next() == nil)
        #expect(buffer.isWithinLine)
        #expect(buffer.rest().map { Array($0) } == Array("stat".utf8))
        #expect(buffer.rest() == nil)
    }

    @Test func whatIsSentLeaves() throws {
        try forSeeds(200) { random in
            var queue = OutputQueue()
            var expected: [UInt8] = []
            for _ in 0..<100 {
                if random.oneIn(2) {
                    let line = random.bytes(random.below(3000))
                    queue.add(line)
                    expected += line
                } else {
                    let count = random.below(queue.count + 1)
                    queue.sent(count)
                    expected.removeFirst(count)
                }
                try hold(Array(queue.waiting) == expected, "other bytes wait")
            }
        }
    }

    @Test func aGlanceFindsTheOutermostField() throws {
        let line = Array(#"{"a":{"factor":2},"b":["factor",3],"t\"x":"factor","factor": -0.5e1,"s":"é\"}","e":[]}"#.utf8)[...]
        #expect(JSONGlance.number("factor", in: line) == -5)
        #expect(JSONGlance.text("s", in: line) == #"é\"}"#)
        #expect(JSONGlance.value("e", in: line).map { Array($0) } == Array("[]".utf8))
        #expect(JSONGlance.number("factor", in: try #require(JSONGlance.value("a", in: line))) == 2)
        #expect(JSONGlance.value("c", in: line) == nil)
        let nested = Array(#"[[1,2], {"a":[3]} ,"x,]",[]]"#.utf8)[...]
        #expect(
            JSONGlance.items(nested).map { String(decoding: $0, as: UTF8.self) }
                == ["[1,2]", #"{"a":[3]}"#, #""x,]""#, "[]"])
        #expect(JSONGlance.items(Array("[]".utf8)[...]).isEmpty)
        try forSeeds(2000) { random in
            let bytes = random.oneIn(2) ? random.bytes(60) : Array(random.text(upTo: 60).utf8)
            _ = JSONGlance.value("factor", in: bytes[...])
            _ = JSONGlance.items(bytes[...])
            _ = JSONGlance.items([0x5b] + bytes + [0x5d])
        }
    }
}
