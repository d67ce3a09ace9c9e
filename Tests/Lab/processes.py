"""Processes that are measured: their memory, their processor time, and that none is left behind."""

import os
import pathlib
import signal
import subprocess
import time
from dataclasses import dataclass

KIB = 1024


@dataclass(frozen=True)
class Memory:
    """Of one process, in bytes. Private is what is anonymous: nobody shares it, no file backs it."""
    resident: int
    proportional: int
    private: int

    @staticmethod
    def parse(smaps_rollup: str) -> "Memory":
        fields = {}
        for line in smaps_rollup.splitlines():
            name, _, rest = line.partition(":")
            words = rest.split()
            if len(words) == 2 and words[1] == "kB":
                fields[name] = int(words[0]) * KIB
        # Anonymous counts pages shared between a process and its fork too; none of these forks.
        return Memory(fields["Rss"], fields["Pss"], fields["Anonymous"])

    @staticmethod
    def of(pid: int) -> "Memory":
        return Memory.parse(pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text())


def cpu_ns(pid: int) -> int:
    """Time on a processor, all threads that live, as the scheduler counts it (no ticks)."""
    total = 0
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((thread / "schedstat").read_text().split()[0])
    return total


def write_bytes(pid: int) -> int:
    """What it made dirty on disks; memory file systems don't count."""
    for line in pathlib.Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    raise ValueError("no write_bytes")


class Running:
    """A process that ends with the block it is started in."""

    def __init__(self, command: list[str], log: pathlib.Path, **options: object):
        self.command = command
        self.log = log
        self.options = options

    def __enter__(self) -> "Running":
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(  # type: ignore[call-overload]
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.options)
        return self

    @property
    def pid(self) -> int:
        return self.process.pid

    def check(self) -> None:
        if self.process.poll() is not None:
            lines = self.log.read_text(errors="replace").splitlines()[-5:]
            raise RuntimeError(f"{self.command[0]} ended with {self.process.returncode}: " + " | ".join(lines))

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def wait_for(seconds: float, what: str, is_there: "callable[[], bool]") -> None:
    end = time.monotonic() + seconds
    while not is_there():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)


def version_of(package: str) -> str:
    """Of a Debian package that is installed."""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package],
                          capture_output=True, text=True, check=False)
    return done.stdout or "not installed"


ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("PHI_BIN", ROOT / ".build/release"))
