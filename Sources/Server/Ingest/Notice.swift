// What the server has to say to its log, from wherever it happens.

public enum NoticeLevel: Sendable {
    case info
    case warning
    case error
}

public typealias Notice = @Sendable (NoticeLevel, String) -> Void
