"""What the lab's measurements do in a board: C programs built for it, memory read from it."""

import pathlib
import subprocess

from processes import ROOT

AGENT = ROOT / ".build/device/phi-agent"
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
