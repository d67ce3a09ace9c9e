// JSON → text, two spaces a level. What could act on a terminal is escaped, so that a document is
// safe to look at too.

extension JSON {
    public var pretty: String {
        var text = ""
        print(into: &text, indent: 0)
        return text + "\n"
    }

    public var compact: [UInt8] {
        var text = ""
        print(into: &text, indent: nil)
        return Array(text.utf8)
    }

    private func print(into text: inout String, indent: Int?) {
        switch value {
        case .null: text += "null"
        case .bool(let flag): text += flag ? "true" : "false"
        case .number(let digits): text += digits
        case .string(let string): Self.quote(string, into: &text)
        case .array(let items):
            Self.list("[", "]", items, &text, indent) { $0.print(into: &$1, indent: $2) }
        case .object(let members):
            Self.list("{", "}", members, &text, indent) { member, text, indent in
                Self.quote(member.name, into: &text)
                text += indent == nil ? ":" : ": "
                member.value.print(into: &text, indent: indent)
            }
        }
    }

    private static func list<Item>(
        _ open: String, _ close: String, _ items: [Item], _ text: inout String, _ indent: Int?,
        _ each: (Item, inout String, Int?) -> Void
    ) {
        text += open
        for (index, item) in items.enumerated() {
            if index > 0 { text += "," }
            if let indent { text += "\n" + String(repeating: " ", count: indent + 2) }
            each(item, &text, indent.map { $0 + 2 })
        }
        if let indent, !items.isEmpty { text += "\n" + String(repeating: " ", count: indent) }
        text += close
    }

    private static func quote(_ string: String, into text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case let other where Styled.isUnsafe(other):
                let hex = String(other.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
