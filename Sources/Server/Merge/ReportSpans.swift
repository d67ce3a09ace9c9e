// Which reports of a device are here, as runs of neighbours: the part of a device's state from which
// holes are read off.
//
// A run knows the head before its first report and the head of its last, so that when two runs meet,
// whichever arrived first, the chain is checked across the seam, once. Joining is the union of sets of
// reports: commutative, associative, idempotent, as long as one (boot, sequence) means one report. Two
// reports for one place are a fork; the database's key finds it and the second one never gets here.

import Bytes
import Digest
import Model
import Wire

/// Where a report stands in its device's life.
public struct Position: Hashable, Comparable, Sendable {
    public var boot: UInt64
    public var sequence: UInt64

    public init(boot: UInt64, sequence: UInt64) {
        self.boot = boot
        self.sequence = sequence
    }

    public static func < (a: Position, b: Position) -> Bool {
        a.boot != b.boot ? a.boot < b.boot : a.sequence < b.sequence
    }
}

public struct Span: Equatable, Sendable {
    public var boot: UInt64
    public var first: UInt64
    public var last: UInt64
    /// The head that the first report names as the one before it.
    public var headBefore: Digest32
    /// The head of the last report.
    public var head: Digest32
}

public struct ReportSpans: Equatable, Sendable {
    /// By (boot, first), apart by at least one missing report.
    public private(set) var spans: [Span] = []
    /// Places where a report doesn't name its predecessor's head: the newest `countMax`.
    public private(set) var breaks: Set<Position> = []

    /// Runs kept: a device whose spool lost more than this many stretches is shown by its newest ones.
    public static let countMax = 64

    public init() {}

    public init(_ position: Position, previousHead: Digest32, head: Digest32) {
        spans = [
            Span(
                boot: position.boot, first: position.sequence, last: position.sequence,
                headBefore: previousHead, head: head)
        ]
    }

    public func contains(_ position: Position) -> Bool {
        spans.contains {
            $0.boot == position.boot && $0.first <= position.sequence && position.sequence <= $0.last
        }
    }

    /// The hole of missing sequences that ends just before `position`; nil where there is none.
    public func hole(before position: Position) -> ClosedRange<UInt64>? {
        guard
            let index = spans.firstIndex(where: {
                $0.boot == position.boot && $0.first == position.sequence
            }), position.sequence > 1
        else { return nil }
        let previous = index > 0 && spans[index - 1].boot == position.boot ? spans[index - 1].last : 0
        return previous + 1...position.sequence - 1
    }

    /// The usual case in place: the next report of the newest run.
    public mutating func insert(
        _ position: Position, of device: DeviceID, previousHead: Digest32, head: Digest32
    ) {
        if let last = spans.last, last.boot == position.boot, last.last &+ 1 == position.sequence,
            last.head == previousHead
        {
            spans[spans.count - 1].last = position.sequence
            spans[spans.count - 1].head = head
            return
        }
        join(ReportSpans(position, previousHead: previousHead, head: head))
        if position.sequence == 1,
            previousHead != Report.firstHead(of: device, boot: position.boot)
        {
            breaks.insert(position)
            trimBreaks()
        }
    }

    /// The newest of a union are the newest of the newest: joining stays a join.
    private mutating func trimBreaks() {
        while breaks.count > Self.countMax, let oldest = breaks.min() { breaks.remove(oldest) }
    }

    public mutating func join(_ other: ReportSpans) {
        breaks.formUnion(other.breaks)
        let all = (spans + other.spans).sorted {
            ($0.boot, $0.first, $0.last) < ($1.boot, $1.first, $1.last)
        }
        var joined: [Span] = []
        for span in all {
            guard let last = joined.last, last.boot == span.boot, span.first <= last.last &+ 1 else {
                joined.append(span)
                continue
            }
            if span.first == last.last + 1, span.headBefore != last.head {
                breaks.insert(Position(boot: span.boot, sequence: span.first))
            }
            if span.last > last.last {
                joined[joined.count - 1].last = span.last
                joined[joined.count - 1].head = span.head
            }
        }
        spans = joined.suffix(Self.countMax)
        trimBreaks()
    }
}

extension ReportSpans {
    public func encoded() -> [UInt8] {
        var writer = ProtoWriter(reserving: 96 * spans.count)
        for span in spans {
            var inner = ProtoWriter(reserving: 96)
            inner.unsigned(1, span.boot)
            inner.unsigned(2, span.first)
            inner.unsigned(3, span.last)
            inner.data(4, span.headBefore.bytes)
            inner.data(5, span.head.bytes)
            writer.message(1, inner)
        }
        for position in breaks.sorted() {
            var inner = ProtoWriter()
            inner.unsigned(1, position.boot)
            inner.unsigned(2, position.sequence)
            writer.message(2, inner)
        }
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireFault) {
        self.init()
        var reader = ProtoReader(bytes)
        while let field = try reader.next() {
            guard field.number <= 2 else { continue }
            var inner = try reader.message(field)
            var span = Span(boot: 0, first: 0, last: 0, headBefore: .zero, head: .zero)
            while let part = try inner.next() {
                switch part.number {
                case 1: span.boot = try inner.unsigned(part)
                case 2: span.first = try inner.unsigned(part)
                case 3: span.last = try inner.unsigned(part)
                case 4: span.headBefore = Digest32(try inner.data(part, exactly: 32)) ?? .zero
                case 5: span.head = Digest32(try inner.data(part, exactly: 32)) ?? .zero
                default: break
                }
            }
            if field.number == 1 {
                spans.append(span)
            } else {
                breaks.insert(Position(boot: span.boot, sequence: span.first))
            }
        }
    }
}
