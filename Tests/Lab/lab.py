#!/usr/bin/env python3
"""Emulated Raspberry Pi boards (see README.md).

usage: lab.py build                       the image that boards boot from (as root; once)
       lab.py boot NAME [--memory MIB] [--cores N] [--temperature MILLI_C] [--keep]
       lab.py run NAME COMMAND...         in the board, as root
       lab.py put NAME FILE TARGET        copies a file into the board
       lab.py temp NAME MILLI_C           what the board's sensor measures from now on
       lab.py link NAME on|off            its network cable
       lab.py kill NAME                   a power cut; boot --keep goes on with its disk
       lab.py stop NAME                   the power button
       lab.py list
"""

import argparse
import pathlib
import subprocess

from board import Board, CACHE, LabError, image, run_main


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="lab.py", usage=__doc__, add_help=True)
    verbs = top.add_subparsers(dest="verb", required=True)
    verbs.add_parser("build")
    verbs.add_parser("list")
    named = {name: verbs.add_parser(name) for name in ("boot", "run", "put", "temp", "link", "kill", "stop")}
    for verb in named.values():
        verb.add_argument("name")
    named["boot"].add_argument("--memory", type=int, default=512)
    named["boot"].add_argument("--cores", type=int, default=4)
    named["boot"].add_argument("--temperature", type=int, default=45_000)
    named["boot"].add_argument("--keep", action="store_true")
    named["run"].add_argument("command", nargs=argparse.REMAINDER)
    named["put"].add_argument("file", type=pathlib.Path)
    named["put"].add_argument("target")
    named["temp"].add_argument("milli_c", type=int)
    named["link"].add_argument("state", choices=("on", "off"))
    return top


def main() -> int:
    chosen = parser().parse_args()
    if chosen.verb == "build":
        print(image())
        return 0
    if chosen.verb == "list":
        for folder in sorted((CACHE / "boards").glob("*")):
            print(folder.name, "running" if Board(folder.name).is_running else "off")
        return 0
    board = Board(chosen.name)
    if chosen.verb != "boot" and not board.is_running:
        raise LabError(f"board {board.name} isn't running", f"lab.py boot {board.name}")
    match chosen.verb:
        case "boot":
            if board.is_running:
                print(f"{board.name} is running")
            else:
                board.boot(chosen.memory, chosen.cores, chosen.temperature, chosen.keep)
                print(f"{board.name} is up: Tests/Lab/lab.py run {board.name} COMMAND")
        case "run":
            return subprocess.run(board.ssh(*chosen.command), check=False).returncode
        case "put":
            board.put(chosen.file, chosen.target)
        case "temp":
            board.set_temperature(chosen.milli_c)
        case "link":
            board.set_link(chosen.state == "on")
        case "kill":
            board.kill()
        case "stop":
            board.stop()
    return 0


if __name__ == "__main__":
    run_main(main)
