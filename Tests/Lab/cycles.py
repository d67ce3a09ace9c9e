#!/usr/bin/env python3
"""make lab-cycles: what a cycle costs in an emulated board, beside C loops that read the same files and collectd.

The board's clock counts instructions, the kernel's too (4 ns each), and so does its scheduler: what else this
machine does changes no figure, and neither do caches, which a real processor has and this one hasn't.
"""

import argparse
import contextlib
import pathlib
import tempfile
import time
from collections.abc import Iterator

import peers
from board import Board, LabError, fresh_board, run_main
from device import AGENT, compile_for_device, start
from processes import ROOT
from results import Results

INTERVAL_MS = 100
# Each row again at the agent's own pace: a cycle in ten seconds.
STANDARD_MS = 10_000
NANOSECONDS_EXPONENT = 2
INSTRUCTION_NS = 1 << NANOSECONDS_EXPONENT
# Seconds of this machine for one of the board's, when all of its processors are busy.
PATIENCE = 30
# Beyond what the agent does once, 10 s after its start: it lets go what only a start needs, and some of that comes back.
WARM_UP_SECONDS = 16
LONGEST_SECONDS = 120.0
ALONE = "/root/phi-agent run --state-dir /run/lab/state --run-dir /run/lab/run --interval"


class Lab:
    def __init__(self, board: Board, cycles: int):
        self.board = board
        self.cycles = cycles

    def files(self) -> list[str]:
        """What the agent reads in each cycle here."""
        self.board.run(f"mkdir -p /run/lab; timeout 6 strace -f -qq -y -e trace=read,pread64 -o /run/lab/strace "
                       f"{ALONE} {INTERVAL_MS}ms >/run/lab/traced 2>&1", check=False, timeout_s=6 * PATIENCE)
        found = peers.read_again_and_again(self.board.run("cat /run/lab/strace").stdout)
        if not found:
            raise LabError("the agent read no file again and again", "see the board's /run/lab/traced")
        return found

    def instructions(self, unit: str, command: str, interval_ms: int = INTERVAL_MS) -> float:
        """Thousands a cycle, user's and kernel's, of all threads."""
        seconds = min(self.cycles * interval_ms / 1000, LONGEST_SECONDS)
        start(self.board, unit, command)
        task = f"/proc/$(systemctl show -p MainPID --value {unit})/task/*/schedstat"
        look = f"cat {task} && echo and"
        try:
            told = self.board.run(f"sleep {WARM_UP_SECONDS}; {look} && cat /proc/uptime && sleep {seconds:g} && {look} "
                                  "&& cat /proc/uptime", timeout_s=(WARM_UP_SECONDS + seconds) * PATIENCE)
        finally:
            self.board.run(f"systemctl stop {unit}", check=False)
        first, rest, last = told.stdout.split("and\n")
        began, second = rest.splitlines()[0], rest.splitlines()[1:]
        taken_ns = _sum(second) - _sum(first.splitlines())
        cycles = (float(last.split()[0]) - float(began.split()[0])) * 1000 / interval_ms
        return taken_ns / INSTRUCTION_NS / cycles / 1000

    @contextlib.contextmanager
    def collectd(self, peer: peers.Peer) -> Iterator[str]:
        with peers.Responder() as responder, tempfile.NamedTemporaryFile("w") as file:
            # This machine's loopback, seen from the board.
            host, port = ("10.0.2.2", responder.port) if peer is peers.COLLECTD_PEER else ("127.0.0.1", 25826)
            file.write(peers.collectd_settings(peer, INTERVAL_MS, "/run/collectd-lab", host, port))
            file.flush()
            self.board.run("mkdir -p /run/collectd-lab")
            self.board.put(pathlib.Path(file.name), "/run/collectd-lab/conf", "644")
            yield "/usr/sbin/collectd -f -C /run/collectd-lab/conf"


def _sum(schedstats: list[str]) -> int:
    return sum(int(line.split()[0]) for line in schedstats if line)


def measure(lab: Lab, results: Results) -> None:
    files = lab.files()
    print(f"the agent reads {len(files)} files a cycle", flush=True)
    words = " ".join(files)
    found: dict[str, float] = {}

    def take(name: str, command: str, interval_ms: int = INTERVAL_MS) -> None:
        found[name] = lab.instructions("measured", command, interval_ms)
        print(f"  {name}: {found[name]:.0f} thousand", flush=True)

    take("agent", f"{ALONE} {INTERVAL_MS}ms")
    take("C loop", f"/root/floor {INTERVAL_MS} {words}")
    take("C loop that opens", f"/root/floor --open {INTERVAL_MS} {words}")
    for peer in (peers.COLLECTD_LEAN, peers.COLLECTD_PEER):
        with lab.collectd(peer) as command:
            take(peer.name, command)
    take("agent, 10 s", f"{ALONE} {STANDARD_MS}ms", STANDARD_MS)

    unit = "k instr."
    for name, goal in (("C loop", 1.3), ("C loop that opens", 1.3), (peers.COLLECTD_LEAN.name, 0.5),
                       (peers.COLLECTD_PEER.name, 0.5)):
        results.add(f"board: a cycle of the agent, ten a second, beside {name}", unit, [found["agent"]], peer=name,
                    peer_values=[found[name]], ratio_goal=goal)
    results.add("board: a cycle of the agent, one in 10 s, with its steps between", unit, [found["agent, 10 s"]])


def main() -> int:
    parser = argparse.ArgumentParser(description="what a cycle of the device build costs in an emulated board")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "bench/results/cycles.jsonl")
    parser.add_argument("--cycles", type=int, default=150, help="to measure, of each")
    parser.add_argument("--board", default="cycles")
    options = parser.parse_args()
    results = Results("cycles", "make lab-cycles")
    began = time.monotonic()
    with fresh_board(options.board, cores=4, nanoseconds_exponent=NANOSECONDS_EXPONENT) as board:
        print(f"the board is up after {time.monotonic() - began:.0f} s", flush=True)
        board.put(AGENT, "/root/phi-agent")
        with tempfile.TemporaryDirectory() as folder:
            board.put(compile_for_device("floor.c", pathlib.Path(folder) / "floor"), "/root/floor")
        measure(Lab(board, options.cycles), results)
    results.write(options.results)
    print(results.table())
    return 0


if __name__ == "__main__":
    run_main(main)
