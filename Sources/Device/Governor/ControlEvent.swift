// What the governor tells: each thing that it did, would do, could not do or noticed, and why.

/// One of them: for the log and decision.json.
public struct ControlEvent: Equatable, Sendable {
    public enum Outcome: Equatable, Sendable {
        case written
        /// A dry run: nothing was touched.
        case wouldWrite
        /// The system's words for why not.
        case failed(String)
        /// Somebody else had written `found` since our last write; it becomes the value to restore.
        case foreign(found: String)
        /// The original value was given back.
        case restored

        public var name: String {
            switch self {
            case .written: "written"
            case .wouldWrite: "would-write"
            case .failed: "failed"
            case .foreign: "foreign-write"
            case .restored: "restored"
            }
        }
    }

    public var control: Control
    public var value: String
    public var outcome: Outcome
    /// Why this value, e.g. "factor 0.832"; may be empty.
    public var reason: String
    /// One of many small steps: for the log's finest level.
    public var isRoutine: Bool

    public init(
        control: Control, value: String, outcome: Outcome, reason: String = "", isRoutine: Bool = false
    ) {
        self.control = control
        self.value = value
        self.outcome = outcome
        self.reason = reason
        self.isRoutine = isRoutine
    }

    public var isFailure: Bool {
        if case .failed = outcome { return true }
        return false
    }

    /// E.g. `cpu.max = 200000 100000 (written): factor 0.5`.
    public var text: String {
        let what =
            switch outcome {
            case .failed(let reason): "failed: \(reason)"
            case .foreign(let found): "foreign write found: \(found)"
            default: outcome.name
            }
        return "\(control.file) = \(value) (\(what))" + (reason.isEmpty ? "" : ": \(reason)")
    }
}

/// A limit that the governor holds now.
public struct LimitInForce: Equatable, Sendable {
    public var control: Control
    public var value: String
    /// What is given back in the end.
    public var original: String

    public init(control: Control, value: String, original: String) {
        self.control = control
        self.value = value
        self.original = original
    }
}
