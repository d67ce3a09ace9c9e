#!/usr/bin/env python3
"""Prints this machine's own Debian archives as one deb822 file, for a private apt folder.

The device SDK is made of Debian's arm64 packages. Where this machine gets Debian from (a mirror, a
cache, a snapshot) and which key signs it is the administrator's choice, so it is read from apt's
own files and no host is named in this repository. Both of apt's formats are read: one-line
(`deb [options] URI suite component...`) and deb822 (`Types: deb`). Each archive is asked for both
binary and source packages, whatever the machine asks for; its architecture options are dropped.

A third party's archive is left out: its suites or its components are not Debian's. The private
apt's pin on `o=Debian` (sdk.sh) is the second lock on that door.

Usage: debian_sources.py CODENAME [APT_FOLDER]
"""

import pathlib
import re
import sys

# What decides how an archive is fetched and trusted; the rest of its options stay behind.
KEPT = ("signed-by", "trusted", "check-valid-until", "valid-until-max", "check-date",
        "date-max-future", "allow-insecure", "allow-weak", "by-hash")
YES = ("yes", "true", "with", "on", "enable")


def one_line_entries(text):
    """Entries of the one-line format: each a dictionary of lower-case field to text."""
    for line in text.splitlines():
        line = line.split("#", 1)[0].strip()
        match = re.match(r"deb(?:-src)?\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<rest>.+)$", line)
        if not match:
            continue
        uri, suite, *components = match["rest"].split()
        entry = {"uris": uri, "suites": suite, "components": " ".join(components)}
        for option in (match["options"] or "").split():
            name, _, value = option.partition("=")
            # `arch+=x` and `arch-=x` are also options; none that is kept is written so.
            entry[name.lower()] = value.replace(",", " ")
        yield entry


def deb822_entries(text):
    """Entries of the deb822 format. A folded value (an embedded key) keeps its lines."""
    entry, field = {}, None
    for line in text.splitlines() + [""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if entry:
                yield entry
            entry, field = {}, None
        elif line[0] in " \t" and field:
            entry[field] += "\n" + line
        elif ":" in line:
            field, _, value = line.partition(":")
            field = field.strip().lower()
            entry[field] = value.strip()


def entries(apt):
    """Every entry of apt's folder, in the order apt reads them."""
    parts = apt / "sources.list.d"
    found = sorted(parts.iterdir()) if parts.is_dir() else []
    for path in [apt / "sources.list"] + found:
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".list":
            yield from one_line_entries(text)
        elif path.suffix == ".sources":
            for entry in deb822_entries(text):
                if entry.get("enabled", "yes").lower() in YES:
                    yield entry


def debian_part(entry, codename):
    """The suites of an entry that are Debian's own, or nothing when it is a third party's."""
    # No backports: the SDK is stable plus its security fixes.
    wanted = {codename, f"{codename}-updates", f"{codename}-security", f"{codename}/updates"}
    if "main" not in entry.get("components", "").split():
        return []
    return [suite for suite in entry.get("suites", "").split() if suite in wanted]


def main(arguments):
    if len(arguments) not in (1, 2):
        sys.exit(__doc__.strip().splitlines()[-1])
    codename = arguments[0]
    apt = pathlib.Path(arguments[1] if len(arguments) == 2 else "/etc/apt")
    stanzas = []
    for entry in entries(apt):
        suites = debian_part(entry, codename)
        if not suites:
            continue
        lines = ["Types: deb deb-src", f"URIs: {entry['uris']}", f"Suites: {' '.join(suites)}",
                 "Components: main"]
        lines += [f"{name.title()}: {entry[name]}" for name in KEPT if name in entry]
        stanza = "\n".join(lines) + "\n"
        # `deb` and `deb-src` lines of one archive become the same stanza.
        if stanza not in stanzas:
            stanzas.append(stanza)
    if not stanzas:
        sys.exit(f"no archive of Debian {codename} in {apt}/sources.list or {apt}/sources.list.d")
    print("\n".join(stanzas), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
