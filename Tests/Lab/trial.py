#!/usr/bin/env python3
"""make lab-trial: what a workload that leaks gets done, in an emulated board with the kernel's real cgroup v2.

Each run has a board of its own, freshly booted: 512 MB, compressed swap (zram) of half of that, as recent
images of Raspberry Pi OS have. The workload (src/workload.c) does units of work, each verified, and
leaks meanwhile. Counted are the units until it dies or until the first stall of more than 5 s: a workload
that is frozen has not survived. One that lives to the end of the run is counted so far.

  ungoverned      alone on the board
  governed        under `phi-agent run --`: memory.high by the group's pressure, memory.max by the decision
  heeding         the same, and it asks the agent: it says its signals, keeps to the bit depth and the ceiling
  agent removed   the workload that would heed, without an agent
"""

import argparse
import pathlib
import struct
import sys
import tempfile
import time
from dataclasses import dataclass

from board import Board, LabError
from device import AGENT, compile_for_device
from processes import ROOT
from results import Results

NEVER = 2**64 - 1
STALL_S = 5.0
AGENT_RUN = ("/root/phi-agent run --interval 2s --state-dir /run/trial/state --run-dir /run/trial/run "
             "--log-level info -- ")
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


def progress(board: Board) -> tuple[int, int, int, int, bool, float] | None:
    """The workload's four words, whether it still runs, and the board's clock; None where the board is deaf."""
    # The clock first: what takes its time after it can only make the last unit look younger.
    text = board.run("cut -d' ' -f1 /proc/uptime; od -A n -t u8 -v /run/trial/progress; systemctl is-active trial",
                     check=False, timeout_s=20).stdout.split()
    if len(text) != 6:
        return None
    units, last, stalled, longest = (int(word) for word in text[1:5])
    return units, last, stalled, longest, text[5] in ("active", "deactivating"), float(text[0])


def trial(way: str, workload: pathlib.Path, leak: float, limit_s: float, log: pathlib.Path) -> Outcome:
    before, heeds = WAYS[way]
    board = Board("trial")
    board.kill()
    board.boot(memory_mib=512, cores=2)
    try:
        board.put(AGENT, "/root/phi-agent")
        board.put(workload, "/root/workload")
        board.run(f"{ZRAM}; mkdir -p /run/trial")
        board.run("systemd-run --quiet --unit=trial -p Delegate=yes -p KillMode=mixed "
                  "-p StandardOutput=append:/run/trial/log -p StandardError=append:/run/trial/log "
                  f"{before} /root/workload /run/trial/progress leak={leak:g} {heeds}")
        began = time.monotonic()
        seen = deaf_since = None
        while True:
            time.sleep(1)
            now = progress(board)
            if now is None:
                deaf_since = deaf_since or time.monotonic()
                if time.monotonic() - deaf_since < 60:
                    continue
                units = seen[0] if seen else 0
                return Outcome(units, time.monotonic() - began, "the board stalled", STALL_S)
            deaf_since = None
            seen = now
            units, last_ns, stalled, longest_ns, is_running, clock_s = now
            end = None
            if stalled != NEVER:
                units, end = stalled, "stalled"
            elif not is_running:
                end = "died"
            elif clock_s - last_ns / 1e9 > STALL_S:
                end = "stalled"
            elif time.monotonic() - began >= limit_s:
                end = "lived on"
            if end:
                return Outcome(units, time.monotonic() - began, end, longest_ns / 1e9)
    finally:
        log.write_text(board.run("cat /run/trial/log; dmesg | grep -i -E 'oom|killed' | tail -n 5; "
                                 "cat /sys/fs/cgroup/system.slice/trial.service/*/memory.{high,max,current} "
                                 "2>/dev/null", check=False, timeout_s=30).stdout)
        board.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description="a leaking workload, governed and not")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "bench/results/trial.jsonl")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--leak", type=float, default=10, help="MiB a second")
    parser.add_argument("--limit", type=float, default=180, help="seconds that a run lasts at most")
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=list(WAYS))
    options = parser.parse_args()
    results = Results("trial", "make lab-trial")
    outcomes: dict[str, list[Outcome]] = {way: [] for way in options.ways}
    logs = options.results.parent / "trial-logs"
    logs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        workload = compile_for_device("workload.c", pathlib.Path(folder, "workload"))
        for number in range(options.rounds):
            for way in options.ways:
                outcome = trial(way, workload, options.leak, options.limit, logs / f"{way} {number}.log")
                outcomes[way].append(outcome)
                print(f"{way:14}  {outcome.units:7,} units, {outcome.end} after {outcome.seconds:.0f} s, longest "
                      f"gap {outcome.longest_gap_s:.1f} s", flush=True)
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
    try:
        sys.exit(main())
    except LabError as error:
        print(f"lab: error: {error}", file=sys.stderr)
        sys.exit(1)
