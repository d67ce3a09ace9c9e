// Where a command's words go and come from, and the clock: the effects a test replaces.

public protocol Console: AnyObject {
    /// Columns of the terminal that standard output is; nil where it is none.
    var width: Int? { get }
    /// Whether someone sits there who can be asked.
    var canAsk: Bool { get }
    func write(_ text: String)
    func writeError(_ text: String)
    /// A line that was typed, without its end; nil at the end of input.
    func readLine() -> String?
}

public protocol Timepiece: AnyObject {
    /// Milliseconds since 1970.
    var nowMs: Int64 { get }
    /// Milliseconds that only ever grow, for measuring time-outs.
    var steadyMs: Int64 { get }
    func sleep(milliseconds: Int)
}

/// Writes styled lines to a console.
public final class Terminal {
    let console: any Console
    private let inColour: Bool
    private var lastProgress: String?

    init(_ console: any Console, environment: [String: String]) {
        self.console = console
        // https://no-color.org: any value that isn't empty switches colours off.
        inColour =
            console.width != nil && (environment["NO_COLOR"] ?? "").isEmpty
            && environment["TERM"] != "dumb"
    }

    var isTerminal: Bool { console.width != nil }

    func line(_ text: Styled = "") {
        endProgress()
        console.write(text.rendered(inColour: inColour) + "\n")
    }

    /// For people only, where standard output is for a program.
    func note(_ text: Styled) {
        endProgress()
        console.writeError(text.plain + "\n")
    }

    func table(_ table: Table, indent: Int = 0) {
        let margin = Styled(String(repeating: " ", count: indent))
        for text in table.lines(width: console.width.map { $0 - indent }) { line(margin + text) }
    }

    /// Text of ours that is already laid out, such as help and JSON.
    func verbatim(_ text: String) {
        endProgress()
        console.write(text)
    }

    func fail(_ failure: Failure) {
        endProgress()
        console.writeError("fleet: \(Styled(failure.what).plain)\n")
        if let hint = failure.hint { console.writeError("hint: \(Styled(hint).plain)\n") }
    }

    /// A line that replaces the one before on a terminal; elsewhere each new text is a line.
    func progress(_ text: Styled) {
        guard text.plain != lastProgress else { return }
        lastProgress = text.plain
        if let width = console.width {
            let fitting = text.truncated(to: max(1, width - 1))
            console.write("\r\u{1b}[2K" + fitting.rendered(inColour: inColour))
        } else {
            console.write(text.plain + "\n")
        }
    }

    func endProgress() {
        if lastProgress != nil, isTerminal { console.write("\n") }
        lastProgress = nil
    }

    func confirms(_ question: String) -> Bool {
        endProgress()
        console.write("\(Styled(question).plain) [y/N] ")
        let answer = console.readLine()?.trimmingSpaces.lowercased()
        return answer == "y" || answer == "yes"
    }
}
