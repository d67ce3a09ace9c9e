// What `phi-agent doctor` says about one capability: how it is, what is lost without it, and the one
// line that fixes it.

struct Finding: Equatable {
    enum Grade: Equatable {
        /// It is there.
        case well
        /// Worth knowing; nothing the agent promises is lost by it, or nothing can be told from here.
        case note
        /// Something is missing that matters: the exit status is 1.
        case missing

        var name: StaticString {
            switch self {
            case .well: "well"
            case .note: "note"
            case .missing: "missing"
            }
        }
    }

    /// The capability, e.g. "memory-controller"; stable, for scripts.
    let id: String
    let grade: Grade
    /// What was found.
    let found: String
    /// What the agent can't do for want of it.
    let lost: String?
    /// One line to run, or to do.
    let fix: String?

    static func well(_ id: String, _ found: String) -> Finding {
        Finding(id: id, grade: .well, found: found, lost: nil, fix: nil)
    }

    static func note(_ id: String, _ found: String, lost: String? = nil, fix: String? = nil) -> Finding {
        Finding(id: id, grade: .note, found: found, lost: lost, fix: fix)
    }

    static func missing(_ id: String, _ found: String, lost: String, fix: String) -> Finding {
        Finding(id: id, grade: .missing, found: found, lost: lost, fix: fix)
    }
}
