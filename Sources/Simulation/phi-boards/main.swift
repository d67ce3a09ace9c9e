// phi-boards: a shelf of simulated Raspberry Pi boards, as file trees that agents run on. It serves
// `make demo` and trials without hardware. The boards heed the limits that agents write for them.

import Bytes
import Phi
import Simulation
import System

let help = """
    usage: phi-boards --out DIR [--count N] [--seed N] [--speed X]

    Makes DIR/board-0 … board-(N-1), Pi 4 and Zero 2W in turn, each with sys, proc and cgroup, and
    keeps their temperature, memory, load and frequency moving until SIGTERM or Ctrl-C. Point an
    agent at one with
      --sysfs-root DIR/board-K/sys --procfs-root DIR/board-K/proc --cgroup-root DIR/board-K/cgroup
    and the group /workload.slice.

      --out DIR    folder of the trees; made when missing
      --count N    boards, 1…1000 (8)
      --seed N     everything follows from it, serial numbers too (1)
      --speed X    simulated seconds per second, 0.1…100 (1)

    The thermal behaviour is fitted to single boards: a demonstration, not a prediction.

    """

struct Options {
    var folder = ""
    var count = 8
    var seed: UInt64 = 1
    var speed = 1.0

    /// Nil for arguments that make no sense.
    init?(_ arguments: [String]) {
        var rest = arguments.dropFirst()
        while let flag = rest.popFirst() {
            guard let value = rest.popFirst() else { return nil }
            switch flag {
            case "--out": folder = value
            case "--count": count = Int(Text.integer(value) ?? 0)
            case "--seed":
                guard let number = Text.integer(value), number >= 0 else { return nil }
                seed = UInt64(number)
            case "--speed": speed = Text.decimal(value) ?? 0
            default: return nil
            }
        }
        guard !folder.isEmpty, (1...1000).contains(count), (0.1...100).contains(speed) else {
            return nil
        }
    }
}

struct Shelf {
    private var boards: [(board: SimulatedBoard, tree: BoardTree)] = []

    init(_ options: Options) throws(Errno) {
        var random = SeededRandom(seed: options.seed)
        for index in 0..<options.count {
            let model = index % 2 == 0 ? BoardModel.pi4 : .zero2W
            // From a cool shelf to a closed case in the sun: some boards reach their limit.
            let ambientC = random.uniform(0...16)
            let board = SimulatedBoard(model, seed: random.next(), ambientOffsetC: ambientC)
            let tree = BoardTree(folder: "\(options.folder)/board-\(index)")
            try tree.create(board, bootID: Self.bootID(&random))
            boards.append((board, tree))
        }
        try step(seconds: 0)
    }

    mutating func step(seconds: Double) throws(Errno) {
        for index in boards.indices {
            boards[index].board.step(seconds: seconds, limits: boards[index].tree.limits())
            try boards[index].tree.update(&boards[index].board)
        }
    }

    /// In the form of the kernel's: 8-4-4-4-12 hexadecimal digits.
    private static func bootID(_ random: inout SeededRandom) -> String {
        var bytes: [UInt8] = []
        for _ in 0..<16 { bytes.append(UInt8(truncatingIfNeeded: random.next())) }
        var parts: [String] = []
        for range in [0..<4, 4..<6, 6..<8, 8..<10, 10..<16] { parts.append(Hex.encode(bytes[range])) }
        return parts.joined(separator: "-")
    }
}

func run(_ options: Options) throws(Errno) {
    let signals = try Signals.open()
    var shelf = try Shelf(options)
    Standard.output("ready: \(options.count) boards in \(options.folder)\n")
    var last = Clock.monotonicNs
    while true {
        // As often as the kernel polls a thermal zone.
        var items = [PollItem(signals)]
        try PollItem.wait(&items, timeoutMs: 1000)
        if let signal = Signals.next(), signal != .hangUp { return }
        let now = Clock.monotonicNs
        try shelf.step(seconds: Double(now - last) / 1e9 * options.speed)
        last = now
    }
}

let arguments = CommandLineArguments.all
if arguments.contains("--help") {
    Standard.output(help)
} else if let options = Options(arguments) {
    do throws(Errno) {
        try run(options)
    } catch {
        Standard.error("phi-boards: \(options.folder): \(error.text)\n")
        System.Process.exit(1)
    }
} else {
    Standard.error(help)
    System.Process.exit(2)
}
