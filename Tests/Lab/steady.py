#!/usr/bin/env python3
"""make steady-functions: which functions an agent runs through once it has started.

They are some hundreds of the program's ten thousand, and lie apart, so each drags its neighbours into
memory: the kernel maps a file by sixteen pages. The linker puts those that are listed side by side
(toolchains/steady-functions.txt). Recorded is the program itself in an emulator that counts, over HTTPS and
over HTTP, with an aggregator of its own; a name that isn't in the program any more does no harm.
"""

import argparse
import mmap
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import time

from fleet import Fleet
from processes import ROOT, wait_for

# The list's, and of a function in the link map: address, address, size, alignment, name.
SYMBOL = re.compile(r"^ *([0-9a-f]+) +[0-9a-f]+ +([0-9a-f]+) +[0-9a-f]+ {9,}([^\s/:]+)$")
# A label of the compiler's, or a mark between code and data.
NO_FUNCTION = re.compile(r"\.|\$[xdt](\.\d+)?$")
LIST = ROOT / "toolchains/steady-functions.txt"
# The agent lets go of what only its start needed ten seconds after its last connection: that is still recorded.
START_SECONDS = 7
INTERVAL = "100ms"


def functions(link_map: pathlib.Path) -> list[tuple[int, int, str]]:
    """Address, size and name of what lies in .text, by address."""
    found = []
    is_text = False
    for line in link_map.read_text(errors="replace").splitlines():
        words = line.split()
        # A section of the program's own.
        if len(words) == 5 and words[4].startswith(".") and "(" not in words[4]:
            is_text = words[4] == ".text"
        symbol = SYMBOL.match(line)
        if is_text and symbol and int(symbol[2], 16) > 0 and not NO_FUNCTION.match(symbol[3]):
            found.append((int(symbol[1], 16), int(symbol[2], 16), symbol[3]))
    return sorted(found)


def record(agent: pathlib.Path, link_map: pathlib.Path, emulator: str, seconds: float, is_secure: bool) -> list[str]:
    """The names of the functions run through between the start and the end of that time, by address."""
    known = functions(link_map)
    if not known:
        raise RuntimeError(f"{link_map} has no functions: is it the linker's map of {agent}?")
    with tempfile.TemporaryDirectory(prefix="phi-steady-") as name:
        folder = pathlib.Path(name)
        counter = folder / "libcount.so"
        source = pathlib.Path(__file__).resolve().parent / "src/count.c"
        subprocess.run(["clang", "-O2", "-Wall", "-shared", "-fPIC", "-o", counter, source], check=True)
        addresses, out = folder / "addresses", folder / "counters"
        addresses.write_text("".join(f"{address:x}\n" for address, _, _ in known))

        def counts() -> tuple[int, ...]:
            with open(out, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
                return struct.unpack_from(f"{2 + len(known)}Q", text)[2:]

        with Fleet(folder / "f", is_secure) as fleet:
            prefix = (emulator, "-plugin", f"{counter},out={out},from={addresses}")
            with fleet.agent(agent, "a", "--interval", INTERVAL, prefix=prefix) as running:
                wait_for(60, "a report", lambda: fleet.accepted() > 0)
                time.sleep(START_SECONDS)
                running.check()
                before, reports = counts(), fleet.accepted()
                time.sleep(seconds)
                running.check()
                after, reports = counts(), fleet.accepted() - reports
    run = [known[i] for i in range(len(known)) if after[i] > before[i]]
    stems = {stem for _, _, name in run if (stem := variant(name))}
    names = {name for _, _, name in run}
    steady = [one for one in known if one[2] in names or variant(one[2]) in stems]
    print(f"{agent.relative_to(ROOT)}, {'HTTPS' if is_secure else 'HTTP'}: {reports} reports, {len(steady)} of {len(known)} functions, "
          f"{sum(size for _, size, _ in steady) // 1024} KiB", flush=True)
    return [name for _, _, name in steady]


def variant(name: str) -> str | None:
    """What glibc's function does, of which it has one for each kind of processor that the emulator isn't."""
    found = re.fullmatch(r"__(\w+?)_(avx|evex)(2|512)?(_movbe|_unaligned)?(_erms)?"
                         r"|__(\w+?)_sse[234_1]+(_unaligned)?(_erms)?", name)
    return found[1] or found[6] if found else None


def main() -> int:
    parser = argparse.ArgumentParser(description="records the functions of steady cycles for the linker")
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--out", type=pathlib.Path, default=LIST)
    options = parser.parse_args()
    names: dict[str, None] = {}
    for folder, emulator in (("device", "qemu-aarch64"), ("device-amd64", "qemu-x86_64")):
        agent = ROOT / ".build" / folder / "phi-agent"
        for is_secure in (True, False):
            found = record(agent, agent.with_suffix(".map"), emulator, options.seconds, is_secure)
            names.update(dict.fromkeys(found))
    options.out.write_text("".join(f"{name}\n" for name in names))
    print(f"{options.out}: {len(names)} functions; make device links with it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
