// Why a request of the workload wasn't done, in words for whoever wrote it.

import Bytes
import TensorPool

public enum LocalRefusal: Error, Equatable, Sendable {
    case unknownSeries([UInt8])
    /// The agent's own names can be read only.
    case ownName
    case tooManySeries
    /// The series has another class.
    case otherClass(SeriesClass)
    /// Its full scale can't be used.
    case badScale
    /// The pool has no room: so many values were taken, so many were not.
    case full(taken: Int, refused: Int)
    /// A chunk that was to be read is damaged.
    case damaged
    case stopping
    /// Nothing has been observed yet.
    case noDecision

    /// For programs.
    public var code: StaticString {
        switch self {
        case .unknownSeries: "unknown-series"
        case .ownName: "own-name"
        case .tooManySeries: "too-many-series"
        case .otherClass: "other-class"
        case .badScale: "bad-scale"
        case .full: "full"
        case .damaged: "damaged"
        case .stopping: "stopping"
        case .noDecision: "no-decision"
        }
    }

    /// For people.
    public var text: String {
        switch self {
        case .unknownSeries(let name): "there is no series \(Text.string(name[...]))"
        case .ownName: "names that begin with agent. are the agent's own"
        case .tooManySeries: "there are \(UserSeries.countMax) series already, or no room for one more"
        case .otherClass(let kind): "the series has the class \(kind.name)"
        case .badScale: "min and max are no full scale"
        case .full(let taken, let refused):
            "the pool is full: \(taken) values taken, \(refused) refused"
        case .damaged: "a part of the series is damaged in memory"
        case .stopping: "the agent is stopping"
        case .noDecision: "no decision yet"
        }
    }

    public var hint: StaticString {
        switch self {
        case .unknownSeries: "`series` lists the names; append makes a new one"
        case .ownName: "choose another name"
        case .tooManySeries: "use fewer names, or raise the parameter budgets.poolKiB"
        case .otherClass: "leave class= out, or use another name"
        case .badScale: "give finite ends, min below max and not too near to it"
        case .full:
            "send less, or values of less worth; the room comes back as the aggregator takes chunks"
        case .damaged: "read another range; if it recurs, check the board's memory"
        case .stopping: "connect again in a few seconds"
        case .noDecision: "ask again after the first observation; a signal was taken all the same"
        }
    }
}

extension SeriesClass {
    public var name: StaticString {
        switch self {
        case .signal: "signal"
        case .history: "history"
        case .scratch: "scratch"
        }
    }
}
