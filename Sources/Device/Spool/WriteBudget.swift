// How much may be written to the card in a day, whatever for.
//
// A bucket: full it holds a quarter of the day's budget, and it fills by three quarters of it in a day.
// So no 24 hours, wherever they begin, see more than the budget, and a burst (a restart's snapshots)
// finds room. What must be written (a boot counter, a trial record) is written and runs into debt;
// what can wait (a checkpoint) waits until the bucket has it.
//
// A write costs what it does to a card: its bytes, rounded up to blocks of the file system, and what the
// file system writes beside them (ext4 commits a descriptor block, the inode's block and a commit
// block for each sync). An estimate, and on the safe side: the device counts its own blocks.

public struct WriteBudget: Equatable, Sendable {
    public static let defaultBytesPerDay: Int64 = 16 << 20
    /// Below it a checkpoint an hour doesn't fit.
    public static let leastBytesPerDay: Int64 = 1 << 20

    static let blockBytes: Int64 = 4096
    /// Journal blocks of one sync; a replaced file also touches its folder and a second inode.
    static let appendOverheadBytes: Int64 = 3 * blockBytes
    static let replaceOverheadBytes: Int64 = 5 * blockBytes
    static let msPerDay: Int64 = 86_400_000

    public let bytesPerDay: Int64
    public private(set) var levelBytes: Int64
    /// Written by this process, as it is counted here.
    public private(set) var spentBytes: Int64 = 0
    private var lastMs: Int64
    /// What a refill left over, in bytes · ms, so that frequent small refills lose nothing.
    private var remainder: Int64 = 0

    public var capacityBytes: Int64 { bytesPerDay / 4 }
    private var refillBytesPerDay: Int64 { bytesPerDay - capacityBytes }

    /// - Parameter levelBytes: as an earlier run left it; nil: full.
    public init(bytesPerDay: Int64, levelBytes: Int64?, nowMs: Int64) {
        self.bytesPerDay = max(Self.leastBytesPerDay, bytesPerDay)
        let capacity = self.bytesPerDay / 4
        self.levelBytes = min(capacity, max(-capacity, levelBytes ?? capacity))
        lastMs = nowMs
    }

    public static func append(_ bytes: Int) -> Int64 { blocks(bytes) + appendOverheadBytes }
    public static func replace(_ bytes: Int) -> Int64 { blocks(bytes) + replaceOverheadBytes }

    private static func blocks(_ bytes: Int) -> Int64 {
        (Int64(bytes) + blockBytes - 1) / blockBytes * blockBytes
    }

    public mutating func advance(to nowMs: Int64) {
        // A day at most: no product below overflows, and the bucket is full by then.
        let passed = min(Self.msPerDay, max(0, nowMs - lastMs))
        lastMs = max(lastMs, nowMs)
        let grown = passed * refillBytesPerDay + remainder
        levelBytes += grown / Self.msPerDay
        remainder = grown % Self.msPerDay
        if levelBytes >= capacityBytes {
            levelBytes = capacityBytes
            remainder = 0
        }
    }

    public func allows(_ costBytes: Int64) -> Bool {
        // What is larger than the bucket would wait for ever: a full one lets it pass, into debt.
        levelBytes >= min(costBytes, capacityBytes)
    }

    public mutating func charge(_ costBytes: Int64) {
        levelBytes = max(-capacityBytes, levelBytes - costBytes)
        spentBytes += costBytes
    }

    /// How long until `costBytes` are there.
    public func waitMs(for costBytes: Int64) -> Int64 {
        let missing = min(costBytes, capacityBytes) - levelBytes
        guard missing > 0 else { return 0 }
        return (missing * Self.msPerDay - remainder + refillBytesPerDay - 1) / refillBytesPerDay
    }
}
