// How a command ends: an exit code that a script can act upon, and for people one line that says
// what went wrong and one that says what to do.

public enum ExitCode: Int32, Sendable {
    /// Converged, or the same.
    case success = 0
    /// Differs, or failed.
    case differs = 1
    case usage = 2
    case gateFailed = 3
    /// Paused or inconclusive.
    case paused = 4
    case timedOut = 5
    case unreachable = 6
    /// Authentication, role or conflict.
    case refused = 7
}

public struct Failure: Error, Equatable, Sendable {
    public let what: String
    public let hint: String?
    public let exit: ExitCode

    public init(_ what: String, hint: String? = nil, exit: ExitCode = .differs) {
        self.what = what
        self.hint = hint
        self.exit = exit
    }

    static func usage(_ what: String, hint: String? = nil) -> Failure {
        Failure(what, hint: hint, exit: .usage)
    }
}
