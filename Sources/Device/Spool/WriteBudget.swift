// How much may be written to the card in a day, whatever for.
//
// A bucket: full it holds 1 MiB of the day's budget (a quarter of a small one, a sixteenth of a large one),
// and it fills by the rest in a day. So no 24 hours, wherever they begin, see more than the budget from
// what can wait (a checkpoint, a snapshot): that waits until the bucket has it. A burst (a restart's
// snapshots) finds room. What can't wait (a boot counter, a trial record) is written and runs into debt.
// A quarter of a day's budget is owed at most, so that after a storm of restarts checkpoints come back
// within hours: what is beyond it is written all the same, and forgiven.
//
// A write costs what it does to a card: the blocks that its bytes touch, and those that the file system
// writes beside them. The numbers were measured on ext4 with 4 KiB blocks and its standard journal, as
// blocks that reached the device; another file system has others.

public struct WriteBudget: Equatable, Sendable {
    public static let defaultBytesPerDay: Int64 = 16 << 20
    /// Below it a checkpoint an hour doesn't fit.
    public static let leastBytesPerDay: Int64 = 1 << 20
    /// More is no budget; and no product below overflows.
    public static let mostBytesPerDay: Int64 = 64 << 30

    static let blockBytes: Int64 = 4096
    /// Of a sync: the journal's descriptor and commit blocks, and the inode's.
    static let syncBlocks: Int64 = 3
    /// When the file grows by a block: the map of blocks, and its group's descriptor.
    static let growthBlocks: Int64 = 2
    /// A file's making, with the sync of its first bytes; and its removal, some day.
    static let makingBlocks: Int64 = 8
    static let removalBlocks: Int64 = 9
    /// A new file, synced, put in the place of the old one, and the folder synced: two commits.
    static let replaceBlocks: Int64 = 17
    /// The same without a sync: one commit at most.
    static let looseBlocks: Int64 = 9
    public static let msPerDay: Int64 = 86_400_000
    private static let burstBytes: Int64 = 1 << 20

    public let bytesPerDay: Int64
    public private(set) var levelBytes: Int64
    /// Written by this process, as it is counted here.
    public private(set) var spentBytes: Int64 = 0
    private var lastMs: Int64
    /// What a refill left over, in bytes · ms, so that frequent small refills lose nothing.
    private var remainder: Int64 = 0

    public let capacityBytes: Int64
    /// Left alone by what is worth least.
    public var setByBytes: Int64 { capacityBytes / 4 * 3 }
    /// What the end of a run may owe: it comes once, and what it keeps isn't had again.
    public var lentBytes: Int64 { debtMostBytes / 2 }
    private var refillBytesPerDay: Int64 { bytesPerDay - capacityBytes }
    private var debtMostBytes: Int64 { bytesPerDay / 4 }
    /// More than a quarter of a day's budget was owed: what is beyond it is forgiven.
    public private(set) var hasForgiven = false

    /// - Parameter levelBytes: as an earlier run left it; nil: full.
    public init(bytesPerDay: Int64, levelBytes: Int64?, nowMs: Int64) {
        let perDay = min(Self.mostBytesPerDay, max(Self.leastBytesPerDay, bytesPerDay))
        let capacity = min(perDay / 4, max(perDay / 16, Self.burstBytes))
        self.bytesPerDay = perDay
        capacityBytes = capacity
        self.levelBytes = min(capacity, max(-perDay / 4, levelBytes ?? capacity))
        lastMs = nowMs
    }

    /// Bytes at a file's end, synced. At 0 the file is made, and will be removed.
    public static func append(_ bytes: Int, at start: Int) -> Int64 {
        let (before, after) = (blocks(start), blocks(start + bytes))
        let touched = after - Int64(start) / blockBytes
        if start == 0 { return (touched + makingBlocks + removalBlocks) * blockBytes }
        return (touched + syncBlocks + (after > before ? growthBlocks : 0)) * blockBytes
    }

    /// A file that takes the place of another, on the disk when it is said to be.
    public static func replace(_ bytes: Int) -> Int64 { (blocks(bytes) + replaceBlocks) * blockBytes }
    /// The same, on the disk when the file system comes round to it.
    public static func replaceLoosely(_ bytes: Int) -> Int64 { (blocks(bytes) + looseBlocks) * blockBytes }

    private static func blocks(_ bytes: Int) -> Int64 { (Int64(bytes) + blockBytes - 1) / blockBytes }

    public mutating func advance(to nowMs: Int64) {
        // A day at most: no product below overflows, and the bucket is full by then.
        let (since, isFar) = nowMs.subtractingReportingOverflow(lastMs)
        let passed = isFar ? 0 : min(Self.msPerDay, max(0, since))
        lastMs = max(lastMs, nowMs)
        let grown = passed * refillBytesPerDay + remainder
        levelBytes += grown / Self.msPerDay
        remainder = grown % Self.msPerDay
        if levelBytes >= capacityBytes {
            levelBytes = capacityBytes
            remainder = 0
        }
    }

    /// - Parameter leavesBytes: what shall be left for what is dearer.
    public func allows(_ costBytes: Int64, leavesBytes: Int64 = 0) -> Bool {
        // What is larger than the bucket would wait for ever: a full one lets it pass, into debt.
        levelBytes >= min(costBytes + leavesBytes, capacityBytes)
    }

    public mutating func charge(_ costBytes: Int64) {
        let left = levelBytes - costBytes
        hasForgiven = left < -debtMostBytes
        levelBytes = max(-debtMostBytes, left)
        spentBytes += costBytes
    }

    /// How long until `costBytes` are there, once something else was charged.
    public func waitMs(for costBytes: Int64, afterCost: Int64 = 0) -> Int64 {
        let missing = min(costBytes, capacityBytes) - max(-debtMostBytes, levelBytes - afterCost)
        guard missing > 0 else { return 0 }
        return (missing * Self.msPerDay - remainder + refillBytesPerDay - 1) / refillBytesPerDay
    }
}
