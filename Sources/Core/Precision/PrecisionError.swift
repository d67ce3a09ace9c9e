/// Why a decoder of this module refused its bytes. A decoder never traps and never reads past its
/// input; what it allocates is bounded by the length of that input and by the declared limits.
public enum PrecisionError: Error, Equatable, Sendable {
    /// The input ends before the coding does.
    case truncated
    /// A field holds what no encoder writes.
    case malformed
    /// A count or a length lies above the limit of its kind.
    case tooLarge

    public var hint: StaticString {
        switch self {
        case .truncated: "the bytes end too early: fetch the chunk again"
        case .malformed: "not written by this format, or damaged: fetch the chunk again"
        case .tooLarge: "a count exceeds the format's limit: not written by this format"
        }
    }
}
