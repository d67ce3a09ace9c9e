"""What the lab's measurements do in a board: C programs built for it, processes started in it."""

import os
import pathlib
import subprocess

from board import Board
from processes import ROOT

AGENT = pathlib.Path(os.environ.get("PHI_DEVICE_AGENT", ROOT / ".build/device/phi-agent"))
SOURCES = pathlib.Path(__file__).resolve().parent / "src"


def compile_for_device(source: str, target: pathlib.Path) -> pathlib.Path:
    """A static program for the device, with the compiler and the libraries that the agent is built with."""
    sdk = subprocess.run([ROOT / "toolchains/sdk.sh", "arm64"], stdout=subprocess.PIPE, text=True, check=True)
    sysroot = pathlib.Path(sdk.stdout.strip(), "pi-aarch64.artifactbundle/pi-aarch64/sysroot")
    swift = pathlib.Path(subprocess.run(["which", "swift"], capture_output=True, text=True, check=True)
                         .stdout.strip()).resolve()
    subprocess.run([swift.parent / "clang", "--target=aarch64-linux-gnu", f"--sysroot={sysroot}", "-static",
                    "-fuse-ld=lld", "-O2", "-Wall", "-o", target, SOURCES / source, "-lpthread"], check=True)
    return target


def start(board: Board, unit: str, command: str) -> None:
    """Runs a command in the board as a unit of its own; its words go to /run/UNIT.log."""
    board.run(f"systemctl reset-failed {unit} 2>/dev/null; systemd-run --quiet --unit={unit} "
              f"-p StandardOutput=append:/run/{unit}.log -p StandardError=append:/run/{unit}.log {command}")
