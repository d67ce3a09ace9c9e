// Files as the operator's command needs them: read whole, written whole or not at all.

import Glibc

enum Files {
    /// Larger than any file this command reads (a parameter file with 1024 devices is 40 KB).
    static let byteCountMax = 4 << 20

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func isEmptyFolder(_ path: String) -> Bool {
        guard let folder = opendir(path) else { return false }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { return false }
        }
        return true
    }

    static func read(_ path: String) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("can't read \(path)") }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("can't read \(path)") }
            if count == 0 { return content }
            content += buffer[..<count]
            guard content.count <= byteCountMax else {
                throw Failure("\(path) is larger than \(byteCountMax >> 20) MiB")
            }
        }
    }

    /// A new file that must not exist yet, on the disk when this returns.
    static func create(_ path: String, _ content: [UInt8], mode: mode_t) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("can't create \(path)") }
        defer { close(descriptor) }
        // The mode given to open() is cut by the umask.
        guard fchmod(descriptor, mode) == 0 else { throw failure("can't set the mode of \(path)") }
        var rest = content[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("can't write \(path)") }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw failure("can't write \(path)") }
    }

    /// Puts the content in the place of what was there, in one step.
    static func replace(_ path: String, _ content: [UInt8], mode: mode_t) throws(Failure) {
        let temporary = "\(path).new-\(getpid())"
        do {
            try create(temporary, content, mode: mode)
            try move(temporary, to: path)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// Puts two files that belong together in the place of two in one folder, or neither. Their owner
    /// stays: whoever renews for a service is seldom its user.
    static func replace(
        _ first: (path: String, content: [UInt8], mode: mode_t),
        _ second: (path: String, content: [UInt8], mode: mode_t)
    ) throws(Failure) {
        let ending = ".new-\(getpid())"
        let kept = ".kept-\(getpid())"
        defer {
            for path in [first.path, second.path] { unlink(path + ending) }
            unlink(first.path + kept)
        }
        for file in [first, second] {
            try create(file.path + ending, file.content, mode: file.mode)
            try takeOwner(of: file.path, for: file.path + ending)
        }
        let wasThere = link(first.path, first.path + kept) == 0
        guard wasThere || errno == ENOENT else { throw failure("can't keep \(first.path)") }
        try move(first.path + ending, to: first.path)
        do { try move(second.path + ending, to: second.path) } catch {
            if wasThere { rename(first.path + kept, first.path) } else { unlink(first.path) }
            throw error
        }
    }

    /// The owner of the file, or else of its folder.
    private static func takeOwner(of path: String, for file: String) throws(Failure) {
        var model = stat()
        var own = stat()
        guard stat(path, &model) == 0 || stat(parent(of: path), &model) == 0, stat(file, &own) == 0 else {
            throw failure("can't look at \(path)")
        }
        if model.st_uid == own.st_uid, model.st_gid == own.st_gid { return }
        guard chown(file, model.st_uid, model.st_gid) == 0 else {
            throw failure("can't give \(file) to the owner of \(path)")
        }
    }

    static func isFolder(_ path: String) -> Bool {
        guard let folder = opendir(path) else { return false }
        closedir(folder)
        return true
    }

    static func move(_ path: String, to target: String) throws(Failure) {
        guard rename(path, target) == 0 else { throw failure("can't rename \(path) to \(target)") }
        syncFolder(parent(of: target))
    }

    /// The folder and those above it; what is missing gets the mode.
    static func makeFolder(_ path: String, mode: mode_t) throws(Failure) {
        if exists(path) { return }
        let above = parent(of: path)
        if above != path { try makeFolder(above, mode: mode) }
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw failure("can't make \(path)") }
    }

    /// Removes a folder of plain files, as `server init` leaves one when it fails half-way.
    static func discard(folder: String, files: [String]) {
        for file in files { unlink("\(folder)/\(file)") }
        rmdir(folder)
    }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// A rename is only durable once its folder is.
    private static func syncFolder(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func failure(_ what: String) -> Failure {
        Failure("\(what): \(String(cString: strerror(errno)))")
    }
}
