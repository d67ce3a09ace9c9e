#!/usr/bin/env python3
"""make bench-agent: what the agent costs, beside other agents on the same machine in the same run.

Measured is the program as it ships: the static one for this machine's processor (make device-amd64), and
for instructions and allocations also the one for the device, under qemu-user. Ratios count, not absolute
values: the machine is whatever it is. Each round measures everyone in turn, so that a noisy minute hits all.
"""

import argparse
import contextlib
import functools
import http.server
import itertools
import json
import mmap
import os
import pathlib
import platform
import re
import shutil
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator

import peers
from fleet import Fleet
from processes import ROOT, Memory, Running, cpu_ns, version_of, wait_for, write_bytes
from results import Results

MIB = 1 << 20
# The agent's shortest interval: ten cycles a second.
INTERVAL_MS = 100
INTERVAL = f"{INTERVAL_MS}ms"
WARM_UP_SECONDS = 3.0
# Goals (docs/figures.md).
PRIVATE_HTTP_MIB = 1.2
PRIVATE_HTTPS_MIB = 1.6
RESIDENT_MIB = 5.0
START_MS = 100.0
BINARY_MB = 5.5
DAILY_WRITE_MIB = 16.0
GROWTH_CYCLES = 100_000
# C loops that read the same files: one that holds them open, one that opens them in each cycle, and one
# that posts as much as a report over a connection it keeps.
FLOORS = {
    "C loop": (),
    "C loop that opens": ("--open",),
    "C loop that posts": ("--post", "{port}", "700"),
}
ALLOCATORS = ("malloc", "calloc", "realloc", "memalign", "posix_memalign", "aligned_alloc")
DEVICE = pathlib.Path(os.environ.get("PHI_DEVICE_AGENT", ROOT / ".build/device/phi-agent"))
TOOLS = pathlib.Path(__file__).resolve().parent / "src"


class Bench:
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path):
        self.rounds = options.rounds
        self.seconds = options.seconds
        self.growth_cycles = options.growth_cycles
        self.agent = options.agent
        self.folder = folder
        # /run is memory on a device, and so is the run folder here.
        self.volatile = pathlib.Path(tempfile.mkdtemp(prefix="phi-bench-", dir="/dev/shm"))
        self.results = Results("agent", "make bench-agent")
        self.made = 0
        helped = subprocess.run([self.agent, "help", "run"], capture_output=True, text=True, check=False)
        self.can_quicken = "--time-scale" in helped.stdout
        self.floor = self._compile("floor", "floor.c")
        self.counter = self._compile("libcount.so", "count.c", "-shared", "-fPIC")

    def _compile(self, name: str, source: str, *flags: str, compiler: tuple[str, ...] = ("clang",)) -> pathlib.Path:
        target = self.folder / name
        subprocess.run([*compiler, "-O2", "-Wall", *flags, "-o", target, TOOLS / source], check=True)
        return target

    def fresh(self, name: str) -> pathlib.Path:
        self.made += 1
        made = self.folder / f"{name.replace(' ', '-')}-{self.made}"
        made.mkdir(parents=True)
        return made

    def alone(self, program: pathlib.Path, *options: str, prefix: tuple[str, ...] = ()) -> Running:
        """An agent without a server: it senses, decides, hashes and keeps."""
        folder = self.fresh("alone")
        run = self.volatile / folder.name
        return Running(
            [*prefix, str(program), "run", "--state-dir", str(folder / "state"), "--run-dir", str(run), *options],
            folder / "log")

    @functools.cached_property
    def files(self) -> list[str]:
        """What the agent reads in each cycle."""
        found = peers.files_read(
            [str(self.agent), "run", "--state-dir", str(self.fresh("traced") / "state"),
             "--run-dir", str(self.volatile / "traced"), "--interval", INTERVAL], 5, self.folder / "strace")
        print(f"the agent reads {len(found)} files a cycle", flush=True)
        return found

    # Memory and processor time

    def paced(self) -> None:
        memory: dict[str, list[Memory]] = {}
        cpu: dict[str, list[float]] = {}

        def take(name: str, running: contextlib.AbstractContextManager[Running], is_paced: bool = True) -> None:
            with running as process:
                time.sleep(WARM_UP_SECONDS)
                process.check()
                before, began = cpu_ns(process.pid), time.monotonic()
                time.sleep(self.seconds)
                process.check()
                cycles = (time.monotonic() - began) * 1000 / INTERVAL_MS
                if is_paced:
                    cpu.setdefault(name, []).append((cpu_ns(process.pid) - before) / cycles / 1000)
                memory.setdefault(name, []).append(Memory.of(process.pid))

        files = self.files
        for round_number in range(1, self.rounds + 1):
            print(f"round {round_number} of {self.rounds}", flush=True)
            take("alone", self.alone(self.agent, "--interval", INTERVAL))
            for name, how in FLOORS.items():
                with peers.Responder() as responder:
                    words = [word.format(port=responder.port) for word in how]
                    command = [str(self.floor), *words, str(INTERVAL_MS), *files]
                    take(name, Running(command, self.fresh("floor") / "log"))
            for is_secure in (False, True):
                name = "https" if is_secure else "http"
                with Fleet(self.fresh("fleet") / "f", is_secure) as fleet:
                    take(name, fleet.agent(self.agent, "a", "--interval", INTERVAL))
            for peer in peers.ALL:
                take(peer.name, peers.running(peer, self.fresh(peer.name), INTERVAL_MS), peer.is_paced)

        def values(name: str, field: str) -> list[float]:
            return [getattr(one, field) / MIB for one in memory[name]]

        add = self.results.add
        collectd = peers.COLLECTD_PEER.name
        for name, goal in (("http", PRIVATE_HTTP_MIB), ("https", PRIVATE_HTTPS_MIB)):
            words = f"agent over {name.upper()}"
            add(f"{words}: private, after {self.seconds:g} s", "MiB", values(name, "private"), goal=goal,
                peer=collectd, peer_values=values(collectd, "private"))
            add(f"{words}: PSS", "MiB", values(name, "proportional"))
            add(f"{words}: RSS", "MiB", values(name, "resident"), goal=RESIDENT_MIB)
            for peer, ratio in ((peers.NODE_MINIMAL, 0.25), (peers.NODE_DEFAULT, 0.25), (peers.COLLECTD_PEER, 0.5),
                                (peers.COLLECTD_LEAN, 0.5)):
                add(f"{words}: RSS beside {peer.name}", "MiB", values(name, "resident"), peer=peer.name,
                    peer_values=values(peer.name, "resident"), ratio_goal=ratio)
        for name in (*(peer.name for peer in peers.ALL), "C loop"):
            for field, words in (("resident", "RSS"), ("proportional", "PSS"), ("private", "private")):
                add(f"{name}: {words}", "MiB", values(name, field))
        for peer in (peers.COLLECTD_PEER, peers.COLLECTD_LEAN):
            add(f"CPU a cycle, alone, beside {peer.name}", "µs", cpu["alone"], peer=peer.name,
                peer_values=cpu[peer.name], ratio_goal=0.5)
        for name in ("C loop", "C loop that opens"):
            add(f"CPU a cycle, alone, beside the {name}", "µs", cpu["alone"], peer=name, peer_values=cpu[name],
                ratio_goal=1.3)
        for name in ("http", "https"):
            add(f"CPU a cycle and report over {name.upper()}", "µs", cpu[name], peer=collectd,
                peer_values=cpu[collectd])
        add("CPU a cycle and report over HTTP beside the C loop that posts", "µs", cpu["http"],
            peer="C loop that posts", peer_values=cpu["C loop that posts"])
        for peer in peers.ALL:
            if peer.is_paced:
                add(f"{peer.name}: CPU a sample", "µs", cpu[peer.name])
        for name in FLOORS:
            add(f"{name}: CPU a cycle", "µs", cpu[name])

    # Instructions and allocations

    @contextlib.contextmanager
    def counted(self, emulator: str, addresses: list[int]) -> Iterator[tuple[tuple[str, ...], pathlib.Path]]:
        out = self.fresh("counted") / "counters"
        at = "".join(f",at={address:x}" for address in addresses)
        yield (emulator, "-plugin", f"{self.counter},out={out}{at}"), out

    def count(self, running: contextlib.AbstractContextManager[Running], out: pathlib.Path, addresses: int) \
            -> tuple[list[float], float]:
        """Counters a cycle: instructions, system calls, then each address's executions."""
        def read() -> list[int]:
            with open(out, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
                return list(struct.unpack_from(f"{2 + addresses}Q", text))

        with running as process:
            time.sleep(2 * WARM_UP_SECONDS)
            process.check()
            before, began = read(), time.monotonic()
            time.sleep(self.seconds)
            process.check()
            cycles = (time.monotonic() - began) * 1000 / INTERVAL_MS
            return [(b - a) / cycles for a, b in zip(before, read())], cycles

    def instructions(self) -> None:
        add = self.results.add
        native = "/usr/bin/qemu-x86_64" if platform.machine() == "x86_64" else "/usr/bin/qemu-aarch64"
        found: dict[str, float] = {}
        with self.counted(native, []) as (prefix, out):
            found["agent"] = self.count(self.alone(self.agent, "--interval", INTERVAL, prefix=prefix), out, 0)[0][0]
        with self.counted(native, []) as (prefix, out):
            command = [*prefix, str(self.floor), str(INTERVAL_MS), *self.files]
            found["floor"] = self.count(Running(command, self.fresh("floor") / "log"), out, 0)[0][0]
        with self.counted(native, []) as (prefix, out):
            collectd = peers.running(peers.COLLECTD_LEAN, self.fresh("collectd"), INTERVAL_MS, prefix)
            found["collectd"] = self.count(collectd, out, 0)[0][0]
        add("user instructions a cycle, alone", "", [found["agent"]], peer=peers.COLLECTD_LEAN.name,
            peer_values=[found["collectd"]], ratio_goal=0.5)
        add("user instructions a cycle beside the floor (its kernel's part isn't seen)", "", [found["agent"]],
            peer="C loop", peer_values=[found["floor"]])
        self.allocations()

    def allocations(self) -> None:
        name = "heap allocations a steady cycle, device build (no transfer, so none is libcurl's)"
        table = DEVICE.with_suffix(".map")
        if not DEVICE.exists() or not table.exists():
            self.results.add(name, "", [], goal=0, why="no .build/device/phi-agent with its map: run make device")
            return
        addresses = allocator_addresses(table)
        with self.counted("/usr/bin/qemu-aarch64", list(addresses)) as (prefix, out):
            counters, _ = self.count(
                self.alone(DEVICE, "--interval", INTERVAL, prefix=prefix), out, len(addresses))
        self.results.add("user instructions a cycle, alone, device build", "", [counters[0]])
        self.results.add("system calls a cycle, device build", "", [counters[1]])
        self.results.add(name, "", [sum(counters[2:])], goal=0)

    # Growth and writes

    def growth(self) -> None:
        if not self.can_quicken:
            why = "this build of the agent has no --time-scale"
            self.results.add("growth over 100,000 cycles, private", "KiB", [], goal=0, why=why)
            self.results.add("disk writes a day", "MiB", [], goal=DAILY_WRITE_MIB, why=why)
            return
        for is_secure in (False, True):
            self._growth(is_secure)

    def _growth(self, is_secure: bool) -> None:
        """The pool fills early in these cycles, so the private memory here counts it whole. What it works in
        reaches its size when it first recodes a large chunk; so the cycles are run through twice."""
        words = "HTTPS" if is_secure else "HTTP"
        with Fleet(self.fresh("fleet") / "f", is_secure) as fleet:
            run = self.volatile / f"growth-{words}"
            options = ("--interval", "10s", "--time-scale", "5000", "--run-dir", str(run))
            with fleet.agent(self.agent, "a", *options) as agent:
                wait_for(30, "the first report", lambda: fleet.accepted() > 0)
                began_ms = decision_ms(run)
                marks: dict[int, Memory] = {}
                writes = [write_bytes(agent.pid)]
                for mark in (self.growth_cycles // 10, self.growth_cycles, 2 * self.growth_cycles):
                    wait_for(900, f"{mark} cycles", lambda m=mark: (decision_ms(run) - began_ms) / 10_000 >= m)
                    agent.check()
                    marks[mark] = at_rest(agent.pid)
                    writes.append(write_bytes(agent.pid))
                days = (decision_ms(run) - began_ms) / 86_400_000
        for (start, before), (end, after) in itertools.pairwise(marks.items()):
            self.results.add(f"agent over {words}: growth from cycle {start:,} to {end:,}, private", "KiB",
                             [(after.private - before.private) / 1024], goal=0)
        last = marks[2 * self.growth_cycles]
        self.results.add(f"agent over {words}: private after {2 * self.growth_cycles:,} cycles, pool full", "MiB",
                         [last.private / MIB], goal=PRIVATE_HTTPS_MIB if is_secure else PRIVATE_HTTP_MIB)
        self.results.add(f"agent over {words}: RSS after {2 * self.growth_cycles:,} cycles", "MiB",
                         [last.resident / MIB], goal=RESIDENT_MIB)
        self.results.add(f"disk writes a day, reporting over {words}", "MiB",
                         [(writes[-1] - writes[0]) / MIB / days], goal=DAILY_WRITE_MIB)

    # Start

    def start(self) -> None:
        for is_secure in (False, True):
            words = "HTTPS" if is_secure else "HTTP"
            with Fleet(self.fresh("fleet") / "f", is_secure) as fleet:
                with fleet.agent(self.agent, "a", "--interval", "10s"):
                    wait_for(30, "the enrolment and a report", lambda: fleet.accepted() > 0)
                taken = [time_to_report(self.agent, fleet) for _ in range(10)]
            self.results.add(f"start to first report over {words}", "ms", taken, goal=START_MS)

    def size(self) -> None:
        for program, words in ((self.agent, "this machine"), (DEVICE, "the device")):
            if program.exists():
                self.results.add(f"the one program for {words}", "MB", [program.stat().st_size / 1e6], goal=BINARY_MB)
            else:
                self.results.add(f"the one program for {words}", "MB", [], goal=BINARY_MB, why=f"no {program}")


def at_rest(pid: int) -> Memory:
    """The least private memory of some looks: a report that is being made is gone in the next."""
    looks = []
    for _ in range(20):
        looks.append(Memory.of(pid))
        time.sleep(0.05)
    return min(looks, key=lambda look: look.private)


def allocator_addresses(table: pathlib.Path) -> set[int]:
    """Where the allocating functions of a static program begin, from lld's map."""
    found = set()
    for line in table.read_text(errors="replace").splitlines():
        words = line.split()
        if len(words) == 5 and words[4] in ALLOCATORS:
            found.add(int(words[0], 16))
    return found


def decision_ms(run: pathlib.Path) -> int:
    """The agent's own clock at its last decision."""
    try:
        return int(json.loads((run / "decision.json").read_text())["monotonicMs"])
    except (OSError, ValueError):
        return 0


def time_to_report(program: pathlib.Path, fleet: Fleet) -> float:
    """ms from starting an enrolled agent until its report has arrived; the stub acknowledges nothing."""
    arrived = threading.Event()

    class Stub(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802, the library's name
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.path == "/v1/reports":
                Stub.at = time.monotonic()
                arrived.set()
            self.send_error(503)

        def do_GET(self) -> None:  # noqa: N802
            self.send_error(503)

        def log_message(self, format: str, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    if fleet.is_secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(fleet.folder / "server/server.crt", fleet.folder / "server/server.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = fleet.url
    fleet.url = f"{url.split(':')[0]}://127.0.0.1:{server.server_address[1]}"
    try:
        agent = fleet.agent(program, "a", "--interval", "10s")
        began = time.monotonic()
        with agent:
            if not arrived.wait(20):
                raise RuntimeError("no report within 20 s of the start")
        return (Stub.at - began) * 1000
    finally:
        fleet.url = url
        server.shutdown()
        server.server_close()


def main() -> int:
    parser = argparse.ArgumentParser(description="measures the agent beside other agents")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "bench/results/agent.jsonl")
    parser.add_argument("--agent", type=pathlib.Path, default=ROOT / ".build/device-amd64/phi-agent"
                        if platform.machine() == "x86_64" else DEVICE)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--growth-cycles", type=int, default=GROWTH_CYCLES)
    parser.add_argument("--only", nargs="*", default=["size", "paced", "instructions", "start", "growth"])
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("bench-agent: strace and the peers want root: run it as root", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="phi-bench-") as folder:
        bench = Bench(options, pathlib.Path(folder))
        try:
            for part in options.only:
                print(f"── {part}", flush=True)
                getattr(bench, part)()
        finally:
            shutil.rmtree(bench.volatile, ignore_errors=True)
        bench.results.write(options.results)
        print(f"\n{options.agent.name} {version(options.agent)}; {platform.processor() or platform.machine()}, "
              f"Linux {platform.release()}; " + ", ".join(f"{p} {version_of(p)}" for p in (
                  "collectd-core", "prometheus-node-exporter", "earlyoom", "qemu-user")))
        print(f"paced at {1000 // INTERVAL_MS} cycles a second, {options.rounds} rounds of {options.seconds:g} s\n")
        print(bench.results.table())
    return 0


def version(program: pathlib.Path) -> str:
    done = subprocess.run([program, "version"], capture_output=True, text=True, check=False)
    found = re.search(r"phi-agent (\S+)", done.stdout)
    return found[1] if found else "of unknown version"


if __name__ == "__main__":
    sys.exit(main())
