"""One emulated board: QEMU's aarch64 machine in a process of its own, reached over ssh.

A board has a folder with its disk (an overlay of the image's, so booting anew begins with a fresh one), its
console's text, and the sockets to drive it. It outlives the program that booted it.
"""

import contextlib
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import devicetree

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "phifleet"
# The guest's RAM is a file, so that the lab can write the sensor's register in it.
RAM_FOLDER = pathlib.Path("/dev/shm")
MIB = 1 << 20
# An emulated boot takes some 20 s on an idle machine of two cores.
BOOT_SECONDS_MAX = 300
STOP_SECONDS_MAX = 60


class LabError(Exception):
    """What went wrong, and what to do about it."""

    def __init__(self, text: str, hint: str):
        super().__init__(f"{text}\nhint: {hint}")


@contextlib.contextmanager
def fresh_board(name: str, **settings: Any) -> Iterator["Board"]:
    """A board that is booted for this alone: an earlier one of its name is gone, and so is this one afterwards.

    The settings are those of `Board.boot`."""
    board = Board(name)
    board.kill()
    board.boot(**settings)
    try:
        yield board
    finally:
        board.kill()


def run_main(main: Callable[[], int]) -> None:
    """A program of the lab's: what goes wrong is told with what to do about it."""
    try:
        sys.exit(main())
    except LabError as error:
        print(f"lab: error: {error}", file=sys.stderr)
        sys.exit(1)


def image() -> pathlib.Path:
    """Where kernel, first root and disk are; builds them when they aren't there."""
    built = subprocess.run([HERE / "image.sh"], stdout=subprocess.PIPE, text=True, check=False)
    if built.returncode != 0:
        raise LabError("there is no image to boot from", "see what image.sh says above")
    return pathlib.Path(built.stdout.strip())


class Board:
    def __init__(self, name: str):
        if not name.isidentifier():
            raise LabError(f"{name!r} is no name for a board", "letters, digits and _ make a name")
        self.name = name
        self.folder = CACHE / "boards" / name
        self.ram = RAM_FOLDER / f"phifleet-{name}"

    # Life

    def boot(self, memory_mib: int = 512, cores: int = 4, milli_c: int = 45_000, keeps_disk: bool = False,
             serial: str = "10000000cafe0001", nanoseconds_exponent: int | None = None,
             options: tuple[str, ...] = ()) -> None:
        if self.is_running:
            raise LabError(f"board {self.name} is running", f"lab.py stop {self.name}, or use it as it is")
        source = image()
        self.folder.mkdir(parents=True, exist_ok=True)
        disk = self.folder / "disk.qcow2"
        if not (keeps_disk and disk.exists()):
            disk.unlink(missing_ok=True)
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw",
                            "-b", source / "disk.ext4", disk], check=True)
        with open(self.ram, "wb") as ram:
            ram.truncate(memory_mib * MIB)
        self.set_temperature(milli_c)
        # A board's core is slower than any host's: one thread each, and no more of them than help.
        machine = ["qemu-system-aarch64", "-M", "virt,memory-backend=ram", "-cpu", "cortex-a53",
                   "-smp", str(cores), "-m", str(memory_mib), "-object",
                   f"memory-backend-file,id=ram,size={memory_mib}M,mem-path={self.ram},share=on"]
        if nanoseconds_exponent is None:
            accelerator = ["-accel", "tcg,thread=multi,tb-size=64"]
        else:
            accelerator = ["-accel", "tcg,thread=single,tb-size=64",
                           "-icount", f"shift={nanoseconds_exponent},sleep=on,align=off"]
        devicetree.write(self.folder / "board.dtb", machine, memory_mib * MIB, cores, serial)
        port = _free_port()
        (self.folder / "port").write_text(str(port))
        (self.folder / "id").unlink(missing_ok=True)
        (self.folder / "id").symlink_to(source / "id")
        (self.folder / "qmp").unlink(missing_ok=True)
        subprocess.run(
            [*machine, *accelerator, "-name", self.name,
             "-dtb", self.folder / "board.dtb", "-kernel", source / "vmlinuz",
             "-initrd", source / "initrd.img",
             "-append", f"console=ttyAMA0 quiet rw psi=1 systemd.hostname={self.name}",
             "-drive", f"file={disk},if=none,id=disk", "-device", "virtio-blk-device,drive=disk",
             "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:22",
             "-device", "virtio-net-device,netdev=net", "-device", "virtio-rng-device",
             "-display", "none", "-serial", f"file:{self.folder / 'console'}",
             "-qmp", f"unix:{self.folder / 'qmp'},server=on,wait=off",
             "-daemonize", "-pidfile", self.folder / "pid", *options], check=True, close_fds=True)
        self._wait_until_reachable()

    @property
    def pid(self) -> int | None:
        """The emulator's process, if it is one and lives."""
        try:
            pid = int((self.folder / "pid").read_text())
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if b"qemu-system-aarch64" in command else None

    @property
    def is_running(self) -> bool:
        return self.pid is not None

    def stop(self) -> None:
        """The power button: systemd shuts down."""
        pid = self.pid
        if pid is None:
            return
        self.command("system_powerdown")
        end = time.monotonic() + STOP_SECONDS_MAX
        while self.is_running and time.monotonic() < end:
            time.sleep(0.2)
        self.kill()

    def kill(self) -> None:
        """A power cut: what isn't on the disk is gone."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            while self.is_running:
                time.sleep(0.05)
        self.ram.unlink(missing_ok=True)

    def _wait_until_reachable(self) -> None:
        end = time.monotonic() + BOOT_SECONDS_MAX
        while self.run("true", check=False).returncode != 0:
            if not self.is_running:
                raise LabError(f"board {self.name} ended while it booted", f"see {self.folder / 'console'}")
            if time.monotonic() > end:
                raise LabError(f"board {self.name} isn't up after {BOOT_SECONDS_MAX} s",
                               f"see {self.folder / 'console'}")
            time.sleep(0.5)
        # It has no clock chip; TLS wants the right year.
        self.run(f"date -u -s @{int(time.time())} >/dev/null")

    # Inside

    def ssh(self, *command: str) -> list[str]:
        port = (self.folder / "port").read_text()
        return ["ssh", "-q", "-i", str(self.folder / "id"), "-p", port, "-o", "BatchMode=yes",
                "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                "-o", "ConnectTimeout=5", "-o", "ControlMaster=auto", "-o", "ControlPersist=60",
                "-o", f"ControlPath={self.folder / 'ssh'}", "root@127.0.0.1", *command]

    def run(self, command: str, check: bool = True, timeout_s: float = 120,
            input_bytes: bytes | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a shell command inside; its output as text."""
        try:
            done = subprocess.run(self.ssh(command), input=input_bytes, timeout=timeout_s,
                                  stdin=None if input_bytes is not None else subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        except subprocess.TimeoutExpired as late:
            if not check:
                return subprocess.CompletedProcess(command, 124, "", "")
            raise LabError(f"{command}: not done within {timeout_s} s", "is the board stalled?") from late
        result = subprocess.CompletedProcess(
            command, done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
        if check and result.returncode != 0:
            raise LabError(f"{command}: exit {result.returncode}: {result.stderr.strip()}",
                           f"lab.py run {self.name} … to look yourself")
        return result

    def put(self, source: pathlib.Path, target: str, mode: str = "755") -> None:
        quoted = shlex.quote(target)
        self.run(f"cat > {quoted}.new && chmod {mode} {quoted}.new && mv {quoted}.new {quoted}",
                 input_bytes=source.read_bytes())

    # From outside

    def set_temperature(self, milli_c: int) -> None:
        with open(self.ram, "r+b") as ram:
            ram.seek(devicetree.register_offset_bytes(self.ram.stat().st_size))
            ram.write(devicetree.register(milli_c))

    def set_link(self, is_up: bool) -> None:
        """Plugs the network in or out."""
        self.command("set_link", {"name": "net", "up": is_up})

    def command(self, name: str, arguments: dict[str, object] | None = None) -> object:
        """One command to the emulator (QEMU's machine protocol)."""
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(self.folder / "qmp"))
            with link.makefile("rw") as text:
                text.readline()
                reply: dict[str, object] = {}
                for execute, values in (("qmp_capabilities", {}), (name, arguments or {})):
                    text.write(json.dumps({"execute": execute, "arguments": values}) + "\n")
                    text.flush()
                    reply = json.loads(text.readline())
                    while "event" in reply:
                        reply = json.loads(text.readline())
                if "error" in reply:
                    raise LabError(f"{name}: {reply['error']}", "see QEMU's machine protocol")
                return reply.get("return")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
