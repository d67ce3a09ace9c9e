// The process and the machine it runs on. Embedded Swift has no CommandLine, no exit, no print to
// standard error: these stand in, on the host too, so that there is one path to test.

import CPosix

public enum CommandLineArguments {
    /// The program's name first.
    public static var all: [String] {
        var arguments: [String] = []
        for index in 0..<cposix_argc() {
            if let text = cposix_argv(index) { arguments.append(String(cString: text)) }
        }
        return arguments
    }
}

public enum Process {
    public static var id: Int32 { cposix_process_id() }

    /// The effective user id.
    public static var user: UInt32 { cposix_user() }

    /// The variable's value; nil when unset.
    public static func environment(_ name: String) -> String? {
        guard let text = name.withCString({ cposix_environment($0) }) else { return nil }
        return String(cString: text)
    }

    public static func exit(_ status: Int32) -> Never { cposix_exit(status) }

    /// From now on the heap doesn't stay as large as it was when something large was needed for a moment.
    public static func keepHeapSmall() { cposix_keep_heap_small() }

    /// Bytes that malloc has handed out and not got back.
    public static var heapInUseBytes: UInt64 { cposix_heap_in_use_bytes() }

    /// Lets go of the mappings of the program's own code: what is used again comes back from the page
    /// cache, by one fault for some sixteen pages.
    public static func releaseCode() throws(Errno) { _ = try checked(cposix_release_program()) }

    /// Gives back the pages of the heap that are free, and those of the stack that lie below what is under
    /// way. For the first thread.
    public static func releaseUnused() throws(Errno) { _ = try checked(cposix_release_unused()) }

    /// Tells the service manager, e.g. `READY=1` or `WATCHDOG=1`. True when someone listens.
    /// https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
    @discardableResult
    public static func notify(_ state: String) throws(Errno) -> Bool {
        try checked(state.withCString { cposix_notify($0) }) == 1
    }
}

public enum Machine {
    /// CPUs online now, at least 1.
    public static var cpuCount: Int { Int(cposix_cpu_count()) }
    public static var pageSizeBytes: Int { Int(cposix_page_size()) }

    /// The architecture as uname has it, e.g. "aarch64".
    public static var architecture: String { name { cposix_machine($0, $1) } }
    public static var hostName: String { name { cposix_host_name($0, $1) } }

    private static func name(_ fill: (UnsafeMutablePointer<CChar>, Int) -> Int32) -> String {
        // uname's fields are 65 bytes.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 65) { buffer in
            guard let start = buffer.baseAddress, fill(start, 65) >= 0 else { return "" }
            return String(cString: start)
        }
    }
}

/// A stream that the process was started with.
public enum Standard {
    public static func output(_ text: String) { write(1, text) }
    public static func error(_ text: String) { write(2, text) }

    public static var outputIsTerminal: Bool { cposix_is_terminal(1) == 1 }
    public static var errorIsTerminal: Bool { cposix_is_terminal(2) == 1 }

    /// Columns of the terminal; nil where the output goes elsewhere.
    public static var outputColumns: Int? {
        let columns = Int(cposix_terminal_columns(1))
        return columns > 0 ? columns : nil
    }

    /// Standard input to its end; an error beyond `limit` bytes.
    public static func input(limit: Int) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = try checked(
                chunk.withUnsafeMutableBufferPointer {
                    cposix_read(0, $0.baseAddress, $0.count)
                })
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else { throw .tooLong }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// A reader that went away (`phi-agent … | head`) is no error of ours.
    private static func write(_ descriptor: Int32, _ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBufferPointer { cposix_write_all(descriptor, $0.baseAddress, $0.count) }
    }
}
