#!/usr/bin/env python3
"""make lab-trial: what a workload that leaks gets done, in an emulated board with the kernel's real cgroup v2.

Each run has a board of its own, freshly booted: 512 MB, compressed swap (zram) of 256 MB, as recent
images of Raspberry Pi OS have. The workload (src/workload.c) does units of work, each verified, and
leaks meanwhile, in a thread of its own or in the one that works. Counted are the units until it dies or until the
first stall of more than 5 s: a workload that is frozen has not survived. One that lives to the end of the
run is counted so far. It is watched from inside (src/watch.c).

The board's clock goes by the instructions that it executes, so what else this machine does changes no
result. Its two cores share them: a second that both are busy in is half a second of work for each.

  ungoverned      alone on the board
  governed        under `phi-agent run --`: memory.high by the group's pressure, memory.max by the decision
  heeding         the same, and it asks the agent: it says its signals, keeps to the bit depth and the ceiling
  agent removed   the workload that would heed, without an agent
"""

import argparse
import pathlib
import statistics
import tempfile
import time
from dataclasses import dataclass

from board import Board, LabError, fresh_board, run_main
from device import AGENT, compile_for_device
from processes import ROOT
from results import Results

# Seconds of this machine for one of the board's: a busy machine of two cores takes five.
PATIENCE = 30
AGENT_RUN = ("/root/phi-agent run --interval 2s --state-dir /run/trial/state --run-dir /run/trial/run "
             "--log-level info -- ")
GROUP = "/sys/fs/cgroup/system.slice/trial.service"
SOCKET = "socket=/run/trial/run/agent.sock"
WAYS = {
    "ungoverned": ("", ""),
    "governed": (AGENT_RUN, ""),
    "heeding": (AGENT_RUN, SOCKET),
    "agent removed": ("", SOCKET),
}
ZRAM = "modprobe zram && echo 256M > /sys/block/zram0/disksize && mkswap -q /dev/zram0 && swapon -p 100 /dev/zram0"


@dataclass
class Outcome:
    units: int
    seconds: float
    end: str
    longest_gap_s: float


def trial(way: str, programs: dict[str, pathlib.Path], options: argparse.Namespace, log: pathlib.Path) -> Outcome:
    with fresh_board(options.board, cores=2, nanoseconds_exponent=options.shift) as board:
        board.put(AGENT, "/root/phi-agent")
        for name, program in programs.items():
            board.put(program, f"/root/{name}")
        board.run(f"{ZRAM}; mkdir -p /run/trial")
        start(board, way, options)
        try:
            found = outcome(board, PATIENCE * options.limit)
        finally:
            told = board.run("cat /run/trial/watch /run/trial/log; dmesg | grep -i -E 'oom|killed' | tail -n 5; "
                             "cat /sys/block/zram0/mm_stat", check=False, timeout_s=60)
            log.write_text(told.stdout)
    if found is None:
        raise LabError(f"{way}: no end within {PATIENCE * options.limit:g} s", f"see {log}")
    return found


def start(board: Board, way: str, options: argparse.Namespace) -> None:
    before, heeds = WAYS[way]
    group = f"{GROUP}/workload" if before else GROUP
    board.run("systemd-run --quiet --unit=trial -p Delegate=yes -p KillMode=mixed "
              "-p StandardOutput=append:/run/trial/log -p StandardError=append:/run/trial/log "
              f"{before} /root/workload /run/trial/progress leak={options.leak:g} threads={options.threads} "
              f"{heeds}; systemd-run --quiet --unit=watch -p StandardOutput=append:/run/trial/watch "
              f"/root/watch /run/trial/progress {group} {options.limit:g}")


def outcome(board: Board, patience_s: float) -> Outcome | None:
    late = time.monotonic() + patience_s
    while time.monotonic() < late:
        time.sleep(5)
        last = board.run("tail -n 1 /run/trial/watch", check=False, timeout_s=60).stdout.split()
        if last[:1] == ["END"]:
            return Outcome(int(last[3]), float(last[2]), last[1], float(last[4]))
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description="a leaking workload, governed and not")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "bench/results/trial.jsonl")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--leak", type=float, default=10, help="MiB a second")
    parser.add_argument("--threads", type=int, default=2, choices=(1, 2), help="1: it leaks where it works")
    parser.add_argument("--limit", type=float, default=120, help="seconds that a run lasts at most")
    parser.add_argument("--shift", type=int, default=2, help="2^this ns an instruction")
    parser.add_argument("--board", default="trial", help="a name, for several at once")
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=list(WAYS))
    options = parser.parse_args()
    results = Results("trial", "make lab-trial")
    outcomes: dict[str, list[Outcome]] = {way: [] for way in options.ways}
    logs = options.results.parent / "trial-logs"
    logs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        programs = {name: compile_for_device(f"{name}.c", pathlib.Path(folder, name)) for name in ("workload", "watch")}
        for number in range(options.rounds):
            for way in options.ways:
                name = f"{way} {options.threads} threads {number}".replace(" ", "-")
                ended = trial(way, programs, options, logs / f"{name}.log")
                outcomes[way].append(ended)
                print(f"{way:14}  {ended.units:7,} units, {ended.end} after {ended.seconds:.0f} s, longest "
                      f"gap {ended.longest_gap_s:.1f} s", flush=True)
    print(f"\n{'':14}  median  runs")
    for way, found in outcomes.items():
        runs = "; ".join(f"{one.units:,} {one.end} {one.seconds:.0f} s" for one in found)
        print(f"{way:14} {statistics.median(one.units for one in found):7,.0f}  {runs}")
    units = {way: [float(one.units) for one in found] for way, found in outcomes.items()}
    for way, found in units.items():
        beside = {"governed": "ungoverned", "heeding": "governed"}.get(way)
        results.add(f"units done, {way}", "", found, is_floor=True,
                    **({"peer": beside, "peer_values": units[beside], "ratio_goal": 1.0}
                       if beside and units.get(beside) else {}))
    if units.get("heeding") and units.get("agent removed"):
        results.add("units done, heeding, beside the same with the agent removed", "", units["heeding"],
                    is_floor=True, peer="agent removed", peer_values=units["agent removed"], ratio_goal=1.0)
    results.write(options.results)
    print("\n" + results.table())
    return 0


if __name__ == "__main__":
    run_main(main)
