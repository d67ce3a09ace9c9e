// A group's number by its name. /etc/group is read here and not by the C library: the device's
// program is static, and would look nowhere else.

import Bytes
import System

public enum UserGroup {
    /// A name of /etc/group, or a number.
    public static func id(of name: String, file: String = "/etc/group") throws(LocalFault) -> UInt32 {
        if let number = Text.integer(name), let id = UInt32(exactly: number), id != UInt32.max { return id }
        let wanted = Array(name.utf8)
        let bytes: [UInt8]
        do throws(Errno) { bytes = try FileSystem.read(file, limit: 4 << 20) } catch {
            throw LocalFault("\(file): \(error.text)", hint: "give --socket-group a number")
        }
        // name:password:number:members, group(5)
        for line in Text.lines(bytes[...]) {
            let fields = line.split(separator: 0x3a, omittingEmptySubsequences: false)
            guard fields.count >= 3, fields[0].elementsEqual(wanted), let number = Text.integer(fields[2]),
                let id = UInt32(exactly: number)
            else { continue }
            return id
        }
        throw LocalFault(
            "there is no group \(name)", hint: "make it: sudo groupadd --system \(name); or give a number")
    }
}
