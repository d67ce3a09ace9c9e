// The limits of the local API, each with its reason. Together they bound what anyone on the socket
// can cost the agent: at worst some 600 KB of memory, by sixteen clients that misbehave at once.

import AgentCore

public enum LocalLimits {
    /// Connections at a time: a board runs a handful of workloads.
    public static let clientsMax = 16
    /// Of these, kept for root and the agent's own user: a workload that leaks connections must not
    /// lock out whoever wants to look at it.
    public static let clientsKept = 4
    /// Connections that the kernel lets wait to be accepted.
    static let waitingMax: Int32 = 16
    /// Bytes of one line: 256 values of 15 characters.
    public static let lineBytesMax = 4096
    /// Bytes waiting for a client that doesn't read. A subscriber beyond it is cut off (it is some
    /// twenty decisions behind); anyone else isn't listened to until they read.
    public static let backlogBytesMax = 32 * 1024
    /// Above this a client's next command waits.
    static let backlogBytesPaused = 8 * 1024
    /// What the kernel may hold beside that for each client.
    static let sendBufferBytes = 32 * 1024
    /// Half a line, or an answer that nobody reads, is waited for so long.
    static let patienceMs: Int64 = 30_000
    /// A line that goes on and on is thrown away up to here, and its sender then cut off.
    static let endlessBytes = 256 * 1024
    /// A day: longer steps between the values of one line are a mistake.
    static let stepMsMax: Int64 = 86_400_000
    /// Of a value, ms since 1970: from 1971 to the year 2100. Seconds or microseconds in their place
    /// are noticed by it: today's would lie in January 1970, or far beyond.
    static let timesMs: ClosedRange<Int64> = 31_536_000_000...4_102_444_800_000
    /// Of a question: any time.
    static let readTimesMs: ClosedRange<Int64> = 0...4_102_444_800_000
}
