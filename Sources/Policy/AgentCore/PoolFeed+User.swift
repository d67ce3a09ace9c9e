// The workload's values into the pool and out of it.
//
// A value that the workload scores at 1/φ or above is exact for good. Heat and a filling pool raise
// that threshold for the agent's own readings; what a workload itself calls important isn't judged
// again. What has no room is refused, told and counted.

import Bytes
import TensorPool

extension PoolFeed {
    /// Indices that one read looks through at most: decoding them takes some tens of ms on a board,
    /// in the one thread that also governs. The answer says where to go on.
    static let readSpanMax: UInt64 = 64 * 1024
    /// Indices decoded at a time: one cold chunk.
    private static let readWindow: UInt64 = 4096

    mutating func append(_ request: LocalAppend, score given: Double, timeMs: Int64)
        throws(LocalRefusal) -> LocalReceipt
    {
        let index = try self.index(of: request)
        let isHigh = given >= pool.settings.exactScore
        var isExact = true
        var taken = 0
        for value in request.values {
            let exactScore = pool.exactScoreInForce
            let score = isHigh ? max(given, exactScore) : given
            isExact = isExact && score >= exactScore
            let time = timeMs + request.stepMs * Int64(taken)
            do throws(PoolError) {
                try pool.append(
                    series: UserSeries.id(index), timeMs: time, value: value, score: score)
            } catch {
                // The pool counts the one value it refused; those behind it were not even tried.
                let refused = request.values.count - taken
                user[index].refused += UInt64(refused)
                noteRejected(UInt64(refused - 1))
                throw .full(taken: taken, refused: refused)
            }
            taken += 1
            user[index].note(value, time)
            if let wider = user[index].widened { rescale(index, wider) }
        }
        return LocalReceipt(
            name: request.name, count: taken, isExact: isExact, score: given,
            nextIndex: pool.indices(of: UserSeries.id(index))?.upperBound ?? 0)
    }

    /// The series, made where it is new.
    private mutating func index(of request: LocalAppend) throws(LocalRefusal) -> Int {
        if Self.isOwn(request.name) { throw .ownName }
        if let known = user.index(of: request.name) {
            let kind = user[known].declaration.kind
            if let wanted = request.kind, wanted != kind { throw .otherClass(kind) }
            return known
        }
        guard user.entries.count < UserSeries.countMax else { throw .tooManySeries }
        let low = request.values.min() ?? 0
        let high = request.values.max() ?? 0
        let learned = UserSeries.scale(low, high)
        let declaration = SeriesDeclaration(
            id: UserSeries.id(user.entries.count), kind: request.kind ?? .history,
            lower: request.lower ?? learned.lower, upper: request.upper ?? learned.upper)
        do throws(PoolError) { try pool.declare(declaration) } catch {
            if case .badFullScale = error { throw .badScale }
            throw .tooManySeries
        }
        noteDeclared(declaration.id)
        user.add(
            UserSeries.Entry(
                name: request.name, declaration: declaration, low: low, high: high,
                isScaleFixed: request.lower != nil && request.upper != nil))
        return user.entries.count - 1
    }

    /// Nothing depends on it: without room the values stay in the old scale, within its bound.
    private mutating func rescale(_ index: Int, _ declaration: SeriesDeclaration) {
        do throws(PoolError) { try pool.redeclare(declaration) } catch { return }
        user[index].declaration = declaration
        user[index].rescales += 1
    }

    /// The newest values that fit the question, by index. Times are those of the pool.
    func read(_ request: LocalRead, fromMs: Int64, toMs: Int64) throws(LocalRefusal) -> LocalValues {
        guard let series = series(named: request.name), let held = pool.indices(of: series.id) else {
            throw .unknownSeries(request.name)
        }
        var values = LocalValues(name: request.name, samples: [], before: nil)
        var end = min(held.upperBound, request.before ?? held.upperBound)
        let last = end
        while end > held.lowerBound {
            let wanted = request.limit - values.samples.count
            if wanted <= 0 || last - end >= Self.readSpanMax {
                values.before = end
                break
            }
            // The usual question, for the newest few, decodes no more than these.
            let isOpen = fromMs == Int64.min && toMs == Int64.max
            let window = isOpen ? max(128, UInt64(wanted)) : Self.readWindow
            let start = end - held.lowerBound > window ? end - window : held.lowerBound
            var found: [PoolSample] = []
            var isPassed = false
            do throws(PoolError) {
                try pool.forEach(series: series.id, in: start..<end) { sample in
                    isPassed = series.isOrdered && sample.timeMs < fromMs
                    if sample.timeMs >= fromMs, sample.timeMs <= toMs { found.append(sample) }
                }
            } catch {
                throw .damaged
            }
            if found.count > wanted { found.removeFirst(found.count - wanted) }
            end = found.count == wanted ? (found.first?.index ?? start) : start
            values.samples.insert(contentsOf: found, at: 0)
            // The window's newest is too old already, and an ordered series has nothing newer before.
            if isPassed { break }
        }
        return values
    }

    var allSeries: [LocalSeries] {
        var all: [LocalSeries] = []
        for (id, name) in ownSeries {
            guard let indices = pool.indices(of: id) else { continue }
            all.append(
                LocalSeries(
                    id: id, name: name, kind: .signal, isOwn: true, indices: indices, refused: 0,
                    lower: 0, upper: 0))
        }
        for (index, entry) in user.entries.enumerated() {
            let id = UserSeries.id(index)
            all.append(
                LocalSeries(
                    id: id, name: entry.name, kind: entry.declaration.kind, isOwn: false,
                    indices: pool.indices(of: id) ?? 0..<0, refused: entry.refused,
                    lower: entry.declaration.lower, upper: entry.declaration.upper))
        }
        return all
    }

    // MARK: names

    private static let ownPrefix = Array("agent.".utf8)

    static func isOwn(_ name: [UInt8]) -> Bool { name.starts(with: ownPrefix) }

    private func series(named name: [UInt8]) -> (id: UInt16, isOrdered: Bool)? {
        if let index = user.index(of: name) { return (UserSeries.id(index), user[index].isOrdered) }
        guard Self.isOwn(name) else { return nil }
        return ownSeries.first { $0.name == name }.map { ($0.id, true) }
    }

    /// The agent's own, as a workload names them: `agent.temperature`, `agent.zone.cpu-thermal`.
    private var ownSeries: [(id: UInt16, name: [UInt8])] {
        let fixed: [(UInt16, StaticString)] = [
            (SeriesID.temperature, "temperature"), (SeriesID.memoryAvailable, "memory-available"),
            (SeriesID.swapUsed, "swap-used"), (SeriesID.load, "load"),
            (SeriesID.memoryPressure, "memory-pressure"), (SeriesID.frequency, "frequency"),
            (SeriesID.factor, "factor"), (SeriesID.confidence, "confidence"),
        ]
        var all: [(id: UInt16, name: [UInt8])] = []
        for (id, name) in fixed { all.append((id, Self.ownPrefix + Array("\(name)".utf8))) }
        for (index, sensor) in sensors.enumerated() {
            // A sensor's words are the kernel's: what isn't of the alphabet becomes a point.
            let name = sensor.utf8.map { SeriesAlphabet.contains($0) ? $0 : 0x2e }
            all.append((SeriesID.firstSensor + UInt16(index), Self.ownPrefix + name))
        }
        return all
    }
}

/// Letters, digits, `_`, `-` and `.`: what needs quoting nowhere, in no shell, JSON or query.
public enum SeriesAlphabet {
    /// Long enough for a path of words, short enough to travel with a report 64 times.
    public static let bytesMax = 64

    public static func contains(_ byte: UInt8) -> Bool {
        isLetter(byte) || (byte >= 0x30 && byte <= 0x39) || byte == 0x5f || byte == 0x2d || byte == 0x2e
    }

    /// A letter first, so that a name is never taken for a number or an option.
    public static func isName(_ name: ArraySlice<UInt8>) -> Bool {
        guard let first = name.first, isLetter(first), name.count <= bytesMax else { return false }
        return name.allSatisfy { contains($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
    }
}
